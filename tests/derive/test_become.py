"""Who becomes somebody: tasks that plays, roles and command lines include."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.auditing import examine
from dten_audit.model.facts.orchestration import BecomeUse
from dten_audit.model.unknown import Unknown
from dten_audit.options import Options

ROLE = "roles/db/tasks/main.yml"
TASK = "- command: psql -l\n  become_user: postgres\n"


def becomes(root: Path, tree: dict[str, str]) -> list[bool | str]:
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    uses = examine(root, Options()).of(BecomeUse)
    return [x.becomes.needs if isinstance(x.becomes, Unknown) else x.becomes for x in uses]


CASES: list[tuple[dict[str, str], list[bool | str]]] = [
    ({}, ["package.caller"]),
    ({"site.yml": "- hosts: a\n  roles: [db]\n"}, [False]),
    ({"site.yml": "- hosts: a\n  become: yes\n  roles: [db]\n"}, [True]),
    ({"site.yml": "- hosts: a\n  roles: [{role: db, become: true}]\n"}, [True]),
    ({"site.yml": "- hosts: a\n  roles: [other]\n"}, ["package.caller"]),
    (
        {
            "site.yml": "- hosts: a\n  tasks:\n    - include_role: {name: outer}\n"
            "      become: true\n",
            "roles/outer/tasks/main.yml": "- import_role: {name: db}\n",
        },
        [True],
    ),
    ({"ansible.cfg": "[privilege_escalation]\nbecome = True\n"}, [True]),
    ({"run.sh": "#!/bin/sh\nansible-playbook -b site.yml\n"}, [True]),
]


@pytest.mark.parametrize(("tree", "wanted"), CASES)
def test_become_may_come_from_whoever_includes_the_tasks(
    tmp_path: Path, tree: dict[str, str], wanted: list[bool | str]
) -> None:
    assert becomes(tmp_path, {ROLE: TASK, **tree}) == wanted


def test_passwords_are_never_shown(tmp_path: Path) -> None:
    tree = {"inventory/hosts.ini": "[a]\nb ansible_become_pass=Wint3r ansible_user=x\n"}
    assert becomes(tmp_path, tree) == [False]
    (use,) = examine(tmp_path, Options()).of(BecomeUse)
    assert "Wint3r" not in repr(use)
