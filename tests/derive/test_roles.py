"""What a file of a package is for, told by its path and kind."""

from __future__ import annotations

import pytest

from dten_audit.derive.roles import role_of
from dten_audit.documents.document import Document
from dten_audit.links.package import Package

from .trees import package_of


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
        ("ansible_collections/ovirt/ovirt/roles/setup/tasks/main.yml", "yaml", "library"),
        ("ansible_collections/ravendb/ravendb/inventory.ini", "ini", "library"),
        ("ansible_collections/ovirt/ovirt/tests/playbook.yml", "yaml", "test"),
        (
            "lib/python3/dist-packages/ansible_collections/a/b/playbooks/x.yml",
            "yaml",
            "library",
        ),
        ("collections/ansible_collections/dten/core/roles/db/tasks/main.yml", "yaml", "library"),
        ("collections/ansible_collections/dten/core/playbooks/upgrade.yml", "yaml", "script"),
        ("roles/db/tasks/main.yml", "yaml", "script"),
        ("puppet/modules/dten/manifests/init.pp", "puppet", "script"),
    ],
)
def test_roles_by_path_and_kind(path: str, kind: str, role: str) -> None:
    document = Document(f"p.zip!/{path}", path, kind, b"x")
    assert role_of(Package([document.info()], []), document.id) == role


COLLECTION = "collections/ansible_collections/dten/core"
DB = f"{COLLECTION}/roles/db/tasks/main.yml"
ONE = "- command: /opt/dten/bin/migrate\n"


@pytest.mark.parametrize(
    ("tree", "role"),
    [
        ({}, "library"),
        ({"site.yml": "- hosts: a\n  roles: [dten.core.db]\n"}, "script"),
        (
            {"a.yml": "- hosts: a\n  tasks:\n    - include_role: {name: dten.core.db}\n"},
            "script",
        ),
        ({"site.yml": "- hosts: a\n  roles: [dten.core.web]\n"}, "library"),
        ({"docs/site.yml": "- hosts: a\n  roles: [dten.core.db]\n"}, "library"),
        ({f"{COLLECTION}/roles/web/tasks/main.yml": "- import_role: {name: db}\n"}, "library"),
        (
            {
                "site.yml": "- hosts: a\n  roles: [dten.core.web]\n",
                f"{COLLECTION}/roles/web/tasks/main.yml": "- import_role: {name: db}\n",
            },
            "script",
        ),
        (
            {
                "site.yml": "- hosts: a\n  roles: [dten.core.db]\n",
                f"backup/{DB}": "- command: /opt/dten/bin/migrate\n",
            },
            "script",
        ),
        ({f"{COLLECTION}/playbooks/up.yml": "- hosts: a\n  roles: [db]\n"}, "script"),
    ],
)
def test_roles_of_a_collection_count_where_a_playbook_names_them(
    tree: dict[str, str], role: str
) -> None:
    package = package_of({DB: ONE, **tree})
    assert role_of(package, f"p.zip!/{DB}") == role


def test_long_chains_and_circles_of_includes_end() -> None:
    tree = {
        f"{COLLECTION}/roles/r{n}/tasks/main.yml": f"- import_role: {{name: r{(n + 1) % 1200}}}\n"
        for n in range(1200)
    }
    last = f"p.zip!/{COLLECTION}/roles/r1199/tasks/main.yml"
    assert role_of(package_of(tree), last) == "library"
    site = {"site.yml": "- hosts: a\n  roles: [dten.core.r0]\n"}
    assert role_of(package_of(tree | site), last) == "script"


def test_long_chains_of_makefiles_end() -> None:
    """The role of a recipe that a script makes through 1,200 others, each making the next."""
    tree = {
        f"d{n}/Makefile": f"all:\n\t$(MAKE) -C ../d{n + 1} all\n\tsystemctl restart dten\n"
        for n in range(1200)
    }
    for start, role in (("echo no", "build"), ("make -C d0 all", "script")):
        package = package_of({**tree, "install.sh": f"#!/bin/sh\n{start}\n"})
        recipes = [d for d in package.documents.values() if d.path.startswith("d1199/") and d.host]
        assert recipes
        assert {role_of(package, recipe.id) for recipe in recipes} == {role}
