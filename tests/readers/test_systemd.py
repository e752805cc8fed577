"""Unit files: syntax, names, and that any bytes are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.units import UnitFile
from dten_audit.readers.systemd.exec_lines import ExecLine, exec_line
from dten_audit.readers.systemd.names import canonical, is_unit_name, split_name, unit_of_path
from dten_audit.readers.systemd.unit_file import MAX_COMMAND_LINES, read

SYSTEM = "etc/systemd/system/"


def read_unit(
    text: str | bytes, path: str = SYSTEM + "dten.service", kind: str = "systemd-unit"
) -> tuple[UnitFile, list[Unreadable]]:
    data = text.encode() if isinstance(text, str) else text
    facts = list(read(Document(f"p.zip!/{path}", path, kind, data)))
    units = [fact for fact in facts if isinstance(fact, UnitFile)]
    assert len(units) == 1
    return units[0], [fact for fact in facts if isinstance(fact, Unreadable)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Unit]\nAfter=a.service\n", [("Unit", "After", "a.service", 2)]),
        ("[Unit]\n  After = a.service  \n", [("Unit", "After", "a.service", 2)]),
        ("# c\n; c\n\n[Unit]\n#After=x\nAfter=a\n", [("Unit", "After", "a", 6)]),
        (
            "[Service]\nExecStart=/bin/a \\\n  -x\nType=simple\n",
            [("Service", "ExecStart", "/bin/a  -x", 2), ("Service", "Type", "simple", 4)],
        ),
        (
            "[Service]\nExecStart=/bin/a \\\n# between\n; too\n  -x\n",
            [("Service", "ExecStart", "/bin/a  -x", 2)],
        ),
        ("[Service]\nExecStart=/bin/a \\", [("Service", "ExecStart", "/bin/a", 2)]),
        ("[Service]\nA=1\\\\\nB=2\n", [("Service", "A", "1\\\\", 2), ("Service", "B", "2", 3)]),
        ("[Service]\nA=1 \\ \nB=2\n", [("Service", "A", "1 \\", 2), ("Service", "B", "2", 3)]),
        ("[Service]\nExecStart=\n", [("Service", "ExecStart", "", 2)]),
        (
            '[Service]\nEnvironment="A=b c" %i # no comment\n',
            [("Service", "Environment", '"A=b c" %i # no comment', 2)],
        ),
        ("[Unit]\r\nAfter=a\r\n", [("Unit", "After", "a", 2)]),
        ("\ufeff[Unit]\nAfter=a\n", [("Unit", "After", "a", 2)]),
        (
            "[Unit]\nAfter=a\n[Unit]\nAfter=b",
            [("Unit", "After", "a", 2), ("Unit", "After", "b", 4)],
        ),
    ],
)
def test_assignments(text: str, expected: list[tuple[str, str, str, int]]) -> None:
    unit, faults = read_unit(text)
    got = [(entry.section, entry.key, entry.value, entry.at.line) for entry in unit.entries]
    assert got == expected
    assert not faults


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("After=a\n[Unit]\n", 1, "outside of a section"),
        ("[Unit\nAfter=a\n", 1, "closing bracket"),
        ("[]\n", 1, "closing bracket"),
        ("[Unit]\nAfter\n", 2, "without '='"),
        ("[Unit]\nA=" + "x" * 1_100_000 + "\n", 2, "1 MiB"),
    ],
)
def test_what_systemd_ignores_is_said(text: str, line: int, reason: str) -> None:
    _, faults = read_unit(text)
    assert faults[0].at.line == line
    assert reason in faults[0].reason


def test_an_empty_assignment_resets_the_list() -> None:
    unit, _ = read_unit("[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b\n")
    assert [entry.value for entry in unit.values("Service", "ExecStart")] == ["/bin/b"]
    assert unit.value("Service", "ExecStart") == "/bin/b"
    assert unit.value("Service", "Type") == ""
    assert len(unit.entries) == 3


@pytest.mark.parametrize(
    ("path", "name", "drop_in_of", "template", "instance"),
    [
        ("etc/systemd/system/x.service", "x.service", "", "", ""),
        ("lib/systemd/system/x@.service", "x@.service", "", "x@.service", ""),
        ("x@eu-1.timer", "x@eu-1.timer", "", "x@.timer", "eu-1"),
        ("etc/systemd/system/x.service.d/10-a.conf", "x.service", "x.service", "", ""),
        ("etc/systemd/system/service.d/10-a.conf", "service", "service", "", ""),
        ("etc/systemd/system/x@.service.d/a.conf", "x@.service", "x@.service", "x@.service", ""),
        ("units/dten.service.in", "dten.service.in", "", "", ""),
    ],
)
def test_names(path: str, name: str, drop_in_of: str, template: str, instance: str) -> None:
    unit, _ = read_unit("[Unit]\nAfter=a\n", path)
    assert (unit.name, unit.drop_in_of, unit.template, unit.instance) == (
        name, drop_in_of, template, instance,
    )  # fmt: skip


def test_name_parts() -> None:
    assert canonical("sshd") == "sshd.service"
    assert canonical("a.b") == "a.b.service"
    assert canonical("a.timer") == "a.timer"
    assert not is_unit_name(".service")
    assert not is_unit_name("a b.service")
    assert split_name("@x.service").template == ""
    assert unit_of_path("etc/cron.d/x.conf") is None
    assert unit_of_path("etc/nginx/conf.d/x.conf") is None


def test_empty_unit_is_masked_and_an_empty_other_file_is_none() -> None:
    unit, _ = read_unit("", kind="empty")
    assert unit.masked
    assert not read_unit("", SYSTEM + "x.service.d/a.conf")[0].masked
    assert not list(read(Document("p.zip!/a/.keep", "a/.keep", "empty", b"")))


def test_a_unit_in_a_heredoc_has_its_lines_in_the_script() -> None:
    script = Document(
        "p.zip!/up.sh", "up.sh", "shell", b"#!/bin/sh\ncat > x <<E\n[Unit]\nAfter=a\nE\n"
    )
    part = Embedded(
        "systemd-unit", "[Unit]\nAfter=a\n", (3, 4), path="/etc/systemd/system/x.service"
    )
    unit = next(fact for fact in read(script.embed(part)) if isinstance(fact, UnitFile))
    assert unit.name == "x.service"
    assert unit.entries[0].at.line == 4
    assert unit.entries[0].at.path == "p.zip!/up.sh"


@given(st.binary(max_size=400))
def test_any_bytes_are_read(data: bytes) -> None:
    read_unit(data)


LINE = st.sampled_from(
    ["[Unit]", "[X", "A=1 \\", "A=\\\\", "#c \\", "  ;c", "", "A", "=", "x=\ty", "\\"]
)


@given(st.lists(LINE, max_size=12))
def test_every_assignment_stands_in_its_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    for entry in read_unit(text)[0].entries:
        assert entry.at.line is not None
        inside = text.split("\n")[entry.at.line - 1 : entry.at.end_line or entry.at.line]
        assert any(entry.key in line for line in inside)


def test_long_continuation_is_linear() -> None:
    unit, _ = read_unit("[Service]\nExecStart=" + "x \\\n" * 100_000)
    assert len(unit.entries) == 1


UNIT_FOLDERS = [Path("/usr/lib/systemd/system"), Path("/usr/lib/systemd/user")]
REAL = [
    path
    for folder in UNIT_FOLDERS
    if folder.is_dir()
    for path in sorted(folder.rglob("*"))
    if path.is_file() and unit_of_path(str(path))
]


@pytest.mark.skipif(not REAL, reason="no unit files on this machine")
def test_unit_files_of_this_machine_are_readable() -> None:
    for path in REAL:
        _, faults = read_unit(path.read_bytes(), str(path))
        assert not faults, path


@pytest.mark.parametrize(
    ("value", "text", "privileged"),
    [
        ("/usr/bin/dten --run", "/usr/bin/dten --run", False),
        ("-/usr/bin/dten", "/usr/bin/dten || true", False),
        ("+/usr/bin/dten", "/usr/bin/dten", True),
        ("@/usr/bin/dten dten -x", "/usr/bin/dten -x", False),
        ("/bin/a | b > c", "/bin/a '|' b '>' c", False),
        ("/bin/a ; /bin/b ;", "/bin/a ; /bin/b", False),
        (r"/bin/a \; b", "/bin/a ';' b", False),
        ("/bin/a $OPTS ${HOME}/x", "/bin/a $OPTS ${HOME}/x", False),
        ("/bin/a %i 100%%", '/bin/a "${unit_i}" 100%', False),
        ("/bin/sh -c 'kill $$(cat %t/x) && a'", "/bin/sh -c 'kill $(cat ${unit_t}/x) && a'", False),
        (r'/bin/a "b \"c\"" d\x20e', "/bin/a 'b \"c\"' 'd e'", False),
        (r"/bin/sed 's/a\.b/c/'", r"/bin/sed 's/a\.b/c/'", False),
        ("|/bin/a b", "sh -c '/bin/a b'", False),
    ],
)
def test_command_lines_become_shell_texts(value: str, text: str, privileged: bool) -> None:
    assert exec_line(value) == ExecLine(text, privileged)


@pytest.mark.parametrize("value", ["", "-", ";", "; ;", "a" * 70_000])
def test_no_command_line(value: str) -> None:
    assert exec_line(value) is None


def test_command_lines_know_their_unit_user_and_line() -> None:
    text = "[Service]\nUser=dten\nExecStart=/bin/a \\\n  b\nExecStop=+/bin/c\n[X]\nExecStart=/no\n"
    document = Document("p.zip!/x.service", "x.service", "systemd-unit", text.encode())
    found = [part for part in read(document) if isinstance(part, Embedded)]
    assert [(p.text, p.lines, dict(p.hints)) for p in found] == [
        ("/bin/a b", (3,), {"unit": "x.service", "user": "dten"}),
        ("/bin/c", (5,), {"unit": "x.service", "user": "root"}),
    ]


@given(st.text(st.sampled_from("ab \"'\\$%{};@-+|\n\tx"), max_size=80))
def test_any_command_line_is_read(value: str) -> None:
    exec_line(value)


@pytest.mark.parametrize("piece", ['"', "'", "\\", "$", "%", "; ", "a ", '"a', "${"])
def test_hostile_command_lines_are_linear(piece: str) -> None:
    exec_line(piece * 20_000)


def test_a_unit_of_command_lines_ends() -> None:
    text = "[Service]\n" + "ExecStartPre=/bin/a\n" * 2000
    found = list(read(Document("p.zip!/x.service", "x.service", "systemd-unit", text.encode())))
    assert sum(isinstance(fact, Embedded) for fact in found) == MAX_COMMAND_LINES
    assert isinstance(found[-1], Unreadable)
