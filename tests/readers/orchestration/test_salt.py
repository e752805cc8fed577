"""Salt: states, their names, templates, users and tests."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.general import Unreadable

from .reading import commands, lines, stated, texts


def said(text: str) -> list[str]:
    return lines(text, "salt/dten/init.sls", "salt")


CASES = [
    (
        "dten:\n  service.running:\n    - enable: True\n",
        ["2: systemctl enable dten", "2: systemctl start dten"],
    ),
    ("a:\n  service.dead:\n    - name: dten\n", ["2: systemctl stop dten"]),
    ("dten:\n  service:\n    - running\n", ["2: systemctl start dten"]),
    (
        "x:\n  service.running:\n    - names:\n      - a\n      - b\n",
        ["2: systemctl start a", "2: systemctl start b"],
    ),
    (
        "{% set svc = 'dten' %}\nx:\n  service.running:\n    - name: {{ svc }}\n",
        ["3: systemctl start dten="],
    ),
    (
        "x:\n  service.running:\n    - name: {{ pillar['svc'] }}\n",
        ["2: systemctl start ${pillar_svc}?"],
    ),
    (
        (
            "{% if grains['os'] == 'Debian' %}\nx:\n  cmd.run:\n"
            "    - name: systemctl stop a\n{% endif %}\n"
        ),
        ["4: systemctl stop a"],
    ),
    (
        "run:\n  cmd.run:\n    - name: |\n        systemctl stop a\n        systemctl stop b\n",
        ["4: systemctl stop a", "5: systemctl stop b"],
    ),
    ("systemctl stop a:\n  cmd.run\n", ["1: systemctl stop a"]),
    (
        "/etc/x:\n  file.managed:\n    - source: salt://dten/files/x\n    - mode: 644\n",
        ["2: cp dten/files/x /etc/x", "2: chmod 644 /etc/x"],
    ),
    (
        "dten:\n  user.present:\n    - groups: [wheel, docker]\n",
        ["2: useradd -G wheel,docker dten"],
    ),
    (
        "dten:\n  pkg.installed:\n    - pkgs:\n      - a\n      - b: '1.0'\n",
        ["2: apt-get install -y a b"],
    ),
    ("include:\n  - dten.service\nextend:\n  dten:\n    service.running: []\n", []),
    ("base:\n  '*':\n    - dten\n", []),
    ("# x:\n#   service.dead\n", []),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_states_become_commands(text: str, wanted: list[str]) -> None:
    assert said(text) == wanted


def test_a_job_of_cron() -> None:
    text = (
        "/opt/dten/bin/x --all:\n  cron.present:\n"
        "    - user: dten\n    - minute: '*/5'\n    - dayweek: 1\n"
    )
    (part,) = texts(text, "a.sls", "salt")
    assert (part.text, dict(part.hints)) == (
        "*/5 * * * 1 /opt/dten/bin/x --all\n",
        {"user": "dten"},
    )


def test_users_and_tests_of_a_command() -> None:
    text = (
        "x:\n  cmd.run:\n    - name: psql -l\n"
        "    - runas: postgres\n    - unless: test -e /x\n    - cwd: /opt\n"
    )
    (command,) = commands(text, "a.sls", "salt")
    assert [(x.tool, x.target) for x in command.layers] == [("runuser", "postgres"), ("sh", "")]
    assert [(g.kind, g.holds) for g in command.guards] == [("root-check", True), ("other", False)]
    assert command.folder == "/opt"


def test_other_renderers_are_said_to_be_unread() -> None:
    (fact,) = stated("#!py\ndef run():\n    return {}\n", "a.sls", "salt")
    assert isinstance(fact, Unreadable)
    assert "py" in fact.reason


def test_contents_are_documents() -> None:
    text = (
        "/etc/sudoers.d/dten:\n  file.managed:\n"
        "    - contents: |\n        dten ALL=(ALL) NOPASSWD: ALL\n"
    )
    (part,) = texts(text, "a.sls", "salt")
    assert (part.kind, part.path, part.lines) == ("sudoers", "/etc/sudoers.d/dten", (4,))
