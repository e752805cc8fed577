"""doas.conf: its rules in the words of sudo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.documents.kinds import kind_of
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.privilege import SudoersRule
from dten_audit.readers.doas import read


def facts(text: str) -> list[SudoersRule | Unreadable]:
    return list(read(Document("p.zip!/etc/doas.conf", "etc/doas.conf", "doas", text.encode())))


@pytest.mark.parametrize(
    ("text", "who", "command", "runas", "nopasswd", "setenv"),
    [
        ("permit nopass keepenv dten", "dten", "ALL", "ALL", True, True),
        ("permit :wheel", "%wheel", "ALL", "ALL", False, False),
        ("permit nopass dten as root cmd reboot", "dten", "reboot", "root", True, False),
        ("permit dten cmd /bin/x args -a b", "dten", "/bin/x -a b", "ALL", False, False),
        ("permit dten as root cmd ls args", "dten", 'ls ""', "root", False, False),
        ("permit setenv { A=b PATH } dten", "dten", "ALL", "ALL", False, False),
        ("deny dten cmd su", "dten", "!su", "ALL", False, False),
    ],
)
def test_rules(text: str, who: str, command: str, runas: str, nopasswd: bool, setenv: bool) -> None:
    rule = facts(f"# a comment\n\n{text}\n")[0]
    assert isinstance(rule, SudoersRule)
    assert (rule.who, rule.tool, rule.at.line) == ((who,), "doas", 3)
    assert [tuple(allowed) for allowed in rule.commands] == [(command, runas, nopasswd, setenv)]


@pytest.mark.parametrize("text", ["permit", "allow dten", "permit nopass", 'permit "dten'])
def test_what_is_no_rule_is_said(text: str) -> None:
    assert [type(fact) for fact in facts(text)] == [Unreadable]


def test_kinds() -> None:
    assert kind_of("etc/doas.conf", b"permit :wheel\n") == "doas"
    assert kind_of("etc/doas.d/dten.conf", b"permit :wheel\n") == "doas"


@given(st.text(st.sampled_from("permit deny nopass{}\"' \n:=#\\x"), max_size=200))
def test_any_arrangement_is_read(text: str) -> None:
    facts(text)


@pytest.mark.parametrize("piece", ["{", "permit {", '"', "a ", "\\"])
def test_hostile_repetition_is_linear(piece: str) -> None:
    facts(piece * 10_000)
    facts(piece * 50_000)
