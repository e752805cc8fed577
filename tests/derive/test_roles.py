"""What a file of a package is for, told by its path and kind."""

from __future__ import annotations

import pytest

from dten_audit.derive.roles import role_of
from dten_audit.documents.document import Document
from dten_audit.links.package import Package


@pytest.mark.parametrize(
    ("path", "kind", "role"),
    [
        ("bin/upgrade.sh", "shell", "script"),
        ("DEBIAN/postinst", "shell", "maintainer"),
        ("docs/upgrade.sh", "shell", "documentation"),
        ("notes/upgrade.md", "markdown", "documentation"),
        ("share/examples/reload.sh", "shell", "example"),
        (".github/workflows/ci.yml", "yaml", "ci"),
        ("docker/run.sh", "shell", "container-build"),
        ("bin/uninstall.sh", "shell", "removal"),
        ("usr/share/puppet/modules/nova/manifests/init.pp", "puppet", "library"),
        ("usr/share/puppet/modules.available/nova/manifests/init.pp", "puppet", "library"),
        ("puppet/manifests/site.pp", "puppet", "script"),
        ("puppet/modules/dten/manifests/init.pp", "puppet", "script"),
    ],
)
def test_roles_by_path_and_kind(path: str, kind: str, role: str) -> None:
    document = Document(f"p.zip!/{path}", path, kind, b"x")
    assert role_of(Package([document.info()], []), document.id) == role
