"""Variables of roles in the words of their tasks: filled in where only one value is possible."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.auditing import examine
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.units import UnitFile
from dten_audit.options import Options

TASK = "- service: name={{ svc }} state=restarted\n"


def words(root: Path, tree: dict[str, str]) -> list[str]:
    """Return the words of all commands below roles, those that are computed with a mark."""
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [
        " ".join(w.text + ("?" if w.certainty == "computed" else "") for w in command.argv)
        for command in examine(root, Options()).of(Command)
    ]


CASES = [
    ({"defaults/main.yml": "svc: dten  # the unit\n"}, "dten"),
    ({"vars/main.yml": "svc: 'dten'\n"}, "dten"),
    ({"defaults/main.yml": 'svc: "{{ name }}-core"\nname: dten\n'}, "dten-core"),
    ({"defaults/main.yml": "svc: dten\n", "vars/main.yml": "svc: dten\n"}, "dten"),
    ({"defaults/main.yml": "svc: dten\n", "vars/main.yml": "svc: other\n"}, "other"),
    ({"defaults/main.yml": "svc: dten\n", "vars/Debian.yml": "svc: other\n"}, "${svc}?"),
    ({"defaults/main.yml": "svc: dten\n", "../../group_vars/all.yml": "svc: other\n"}, "other"),
    ({"defaults/main.yml": "svc: dten\n", "../../group_vars/db.yml": "svc: other\n"}, "${svc}?"),
    ({"vars/main.yml": "svc: dten\n", "../../group_vars/all.yml": "svc: other\n"}, "dten"),
    ({"../../inv/group_vars/all/main.yml": "svc: dten\n"}, "dten"),
    (
        {"../../a/group_vars/all.yml": "svc: x\n", "../../b/group_vars/all.yml": "svc: y\n"},
        "${svc}?",
    ),
    ({"defaults/main.yml": "svc: dten\n", "tasks/a.yml": "- set_fact: {svc: x}\n"}, "${svc}?"),
    ({"defaults/main.yml": 'svc: "{{ inventory_name }}"\n'}, "${svc}?"),
    ({"defaults/main.yml": "svc:\n  - dten\n"}, "${svc}?"),
    ({"defaults/main.yml": "svc: dten\n  goes on\n"}, "${svc}?"),
    ({"defaults/main.yml": "svc: !vault |\n  x\n"}, "${svc}?"),
    ({"../other/defaults/main.yml": "svc: dten\n"}, "${svc}?"),
]


@pytest.mark.parametrize(("files", "name"), CASES)
def test_what_a_role_sets_is_filled_in(tmp_path: Path, files: dict[str, str], name: str) -> None:
    role = tmp_path / "roles/app"
    role.mkdir(parents=True)
    tree = {f"roles/app/{path}": text for path, text in files.items()}
    assert words(tmp_path, {**tree, "roles/app/tasks/main.yml": TASK}) == [
        f"systemctl restart {name}"
    ]


def test_where_a_text_lands_is_filled_in(tmp_path: Path) -> None:
    task = (
        "- copy:\n    dest: /etc/systemd/system/{{ svc }}.service\n    content: |\n      [Unit]\n"
    )
    words(tmp_path, {"roles/a/defaults/main.yml": "svc: dten\n", "roles/a/tasks/main.yml": task})
    package = examine(tmp_path, Options())
    (unit,) = package.of(UnitFile)
    assert (unit.name, package.documents[unit.document].path) == (
        "dten.service",
        "/etc/systemd/system/dten.service",
    )
    assert package.of(Command)[0].argv[1].text == "/etc/systemd/system/dten.service"


def test_whom_a_task_becomes_is_filled_in(tmp_path: Path) -> None:
    task = "- command: /x\n  become: true\n  become_user: '{{ svc }}'\n"
    words(tmp_path, {"roles/a/defaults/main.yml": "svc: dten\n", "roles/a/tasks/main.yml": task})
    (command,) = examine(tmp_path, Options()).of(Command)
    assert command.layers[0].target == "dten"
