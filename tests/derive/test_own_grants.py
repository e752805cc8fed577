"""Which uses of sudo a package's own sudoers files allow."""

from __future__ import annotations

import pytest

from dten_audit.derive.privilege.own_grants import OwnGrants

GRANTS = OwnGrants(frozenset(("container",)), frozenset((("lsof", "-n -F"),)))


@pytest.mark.parametrize(
    ("command", "covered"),
    [
        ("/usr/bin/container start x", True),
        ("container", True),
        ("lsof -n -F", True),
        ("/usr/bin/lsof -n", False),
        ("lsof", False),
        ("${LSOF} -n -F", True),
        ("${LSOF}", False),
        ("${TOOL} start", False),
        ("systemctl restart x", False),
    ],
)
def test_what_is_covered(command: str, covered: bool) -> None:
    assert GRANTS.cover(command) == covered
