"""Sudoers files: user specifications, aliases, settings, and that any text is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.privilege import SudoersDefault, SudoersInclude, SudoersRule
from dten_audit.readers.sudoers import read

Facts = list[SudoersRule | SudoersDefault | SudoersInclude | Unreadable]


def facts(text: str | bytes, path: str = "etc/sudoers.d/dten") -> Facts:
    data = text.encode() if isinstance(text, str) else text
    return list(read(Document(f"p.zip!/{path}", path, "sudoers", data)))


def rules(text: str) -> list[SudoersRule]:
    found = facts(text)
    assert not [fact for fact in found if isinstance(fact, Unreadable)], found
    return [fact for fact in found if isinstance(fact, SudoersRule)]


@pytest.mark.parametrize(
    ("text", "who", "commands"),
    [
        ("root ALL=(ALL:ALL) ALL", ["root"], [("ALL", "ALL", False)]),
        ("dten ALL = /bin/ls", ["dten"], [("/bin/ls", "root", False)]),
        ("%wheel\tALL=(ALL)\tNOPASSWD: ALL", ["%wheel"], [("ALL", "ALL", True)]),
        (
            "a, b ALL=(root) NOPASSWD: /bin/a, /bin/b, PASSWD: /bin/c",
            ["a", "b"],
            [("/bin/a", "root", True), ("/bin/b", "root", True), ("/bin/c", "root", False)],
        ),
        (
            "dten ALL=(postgres) NOEXEC:NOPASSWD: /usr/bin/psql -c select, (root) /bin/x",
            ["dten"],
            [("/usr/bin/psql -c select", "postgres", True), ("/bin/x", "root", True)],
        ),
        ("dten ALL=(:ops) /bin/x", ["dten"], [("/bin/x", "root", False)]),
        (r"dten ALL=/bin/x a\,b\:c\=d", ["dten"], [(r"/bin/x a\,b\:c\=d", "root", False)]),
        ("dten ALL=CWD=/opt NOPASSWD: /bin/x", ["dten"], [("/bin/x", "root", True)]),
        ("#1001 ALL=ALL # the importer", ["#1001"], [("ALL", "root", False)]),
        ('"dten admin" ALL=/bin/x', ['"dten admin"'], [("/bin/x", "root", False)]),
        ("dten ALL=ALL, !/bin/su", ["dten"], [("ALL", "root", False), ("!/bin/su", "root", False)]),
        ("dten ALL=NOPASSWD: \\\n  /bin/a, \\\n  /bin/b", ["dten"], [
            ("/bin/a", "root", True), ("/bin/b", "root", True)]),
        ("${USER} ALL=(ALL) NOPASSWD:ALL", ["${USER}"], [("ALL", "ALL", True)]),
    ],
)  # fmt: skip
def test_user_specifications(
    text: str, who: list[str], commands: list[tuple[str, str, bool]]
) -> None:
    found = rules(text)
    assert [list(rule.who) for rule in found] == [who]
    assert [tuple(command)[:3] for command in found[0].commands] == commands


def test_aliases_are_expanded() -> None:
    text = (
        "User_Alias OPS = dten, %ops : DBA = pg\n"
        "Cmnd_Alias SVC = /bin/systemctl restart x, MORE\nCmnd_Alias MORE = /bin/kill\n"
        "Runas_Alias DB = postgres\nHost_Alias DBS = db1, db2\n"
        "OPS, DBA DBS = (DB) NOPASSWD: SVC\n"
    )
    rule = rules(text)[0]
    assert rule.who == ("dten", "%ops", "pg")
    assert rule.hosts == ("db1", "db2")
    assert [c.command for c in rule.commands] == ["/bin/systemctl restart x", "/bin/kill"]
    assert {c.runas for c in rule.commands} == {"postgres"}


def test_an_alias_of_itself_ends() -> None:
    assert rules("Cmnd_Alias A = A, A\nx ALL = A\n")[0].commands


def test_several_host_lists() -> None:
    found = rules("dten web = /bin/a : db = (root) NOPASSWD: /bin/b\n")
    assert [(rule.hosts, rule.commands[0].command) for rule in found] == [
        (("web",), "/bin/a"),
        (("db",), "/bin/b"),
    ]


@pytest.mark.parametrize(
    ("text", "setting", "value", "negated", "scope"),
    [
        ("Defaults env_reset", "env_reset", "", False, ""),
        ("Defaults:dten !requiretty", "requiretty", "", True, ":dten"),
        ('Defaults secure_path="/sbin:/bin"', "secure_path", "/sbin:/bin", False, ""),
        ('Defaults env_keep += "LD_PRELOAD"', "env_keep", "LD_PRELOAD", False, ""),
        ("Defaults!/bin/x !authenticate", "authenticate", "", True, "!/bin/x"),
        ("Defaults timestamp_timeout = -1", "timestamp_timeout", "-1", False, ""),
    ],
)
def test_settings(text: str, setting: str, value: str, negated: bool, scope: str) -> None:
    found = facts(text)
    assert isinstance(found[0], SudoersDefault)
    assert (found[0].setting, found[0].value, found[0].negated, found[0].scope) == (
        setting, value, negated, scope,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "# dten ALL=(ALL) ALL", "#includes are comments", "\n\\\n"])
def test_nothing_is_said_of_comments(text: str) -> None:
    assert facts(text) == []


@pytest.mark.parametrize(
    ("text", "target", "folder"),
    [
        ("@includedir /etc/sudoers.d", "/etc/sudoers.d", True),
        ("#includedir sudoers.d", "sudoers.d", True),
        ("#include /etc/x", "/etc/x", False),
        ('@include "/etc/a b"', "/etc/a b", False),
        (r"@include /etc/a\ b", "/etc/a b", False),
    ],
)
def test_includes(text: str, target: str, folder: bool) -> None:
    found = facts(text)
    assert [(f.target, f.folder) for f in found if isinstance(f, SudoersInclude)] == [
        (target, folder)
    ]


def test_setenv_holds_on_until_it_is_taken_back() -> None:
    rule = rules("dten ALL=(root) SETENV: /bin/a, NOPASSWD: /bin/b, NOSETENV: /bin/c")[0]
    assert [c.setenv for c in rule.commands] == [True, True, False]


@pytest.mark.parametrize(
    "text", ["dten", "dten ALL", "dten=ALL", "dten ALL=", "Defaults", "User_Alias X", "a b c = /x"]
)
def test_what_is_no_sudoers_line_is_said(text: str) -> None:
    found = facts(text)
    assert [type(fact) for fact in found] == [Unreadable]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("dten ALL=(root) NOPASSWD: /bin/ls\r\n", True),
        ("dten ALL=(root) NOPASSWD: ALL, \\\r\n  /bin/ls -l\r\n", True),
        ("dten ALL=(root) NOPASSWD: /bin/ls, ALL\r\n", False),
        ("Cmnd_Alias LIST = /bin/ls\ndten ALL = LIST\r\n", False),
        ("Defaults !requiretty\r\n", False),
        ("dten ALL=(root) NOPASSWD: /bin/ls\n", False),
    ],
)
def test_a_carriage_return_behind_a_path(text: str, refused: bool) -> None:
    """As ``visudo -c`` of sudo 1.9.13p3 says."""
    found = facts(text)
    assert any(isinstance(fact, (SudoersRule, SudoersDefault)) for fact in found)
    assert any(isinstance(fact, Unreadable) for fact in found) == refused


def test_places() -> None:
    rule = rules("# a\n\ndten ALL=NOPASSWD: \\\n/bin/a\n")[0]
    assert (rule.at.line, rule.at.end_line) == (3, 4)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    facts(data)


PIECES = st.sampled_from(
    [
        "dten",
        "ALL",
        "=",
        "(",
        ")",
        ":",
        ",",
        "\\",
        '"',
        "NOPASSWD:",
        " ",
        "\n",
        "#",
        "Defaults",
        "!",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_arrangement_is_read(text: str) -> None:
    facts(text)


@pytest.mark.parametrize("piece", ["(", ")", ",", ":", "\\\n", '"', "NOPASSWD:", "a=", "A:", " "])
def test_hostile_repetition_is_linear(piece: str) -> None:
    facts("dten ALL = " + piece * (200_000 // len(piece)))
