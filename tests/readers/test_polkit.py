"""polkit: what rules, local authority files and defaults let users do without being asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.documents.kinds import kind_of
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.polkit import PolkitAction, PolkitRule
from dten_audit.readers.polkit.reader import Stated, read

FOLDER = "usr/share/polkit-1/rules.d"
LOCAL = ("with a session on this host",)


def facts(text: str, name: str = "50-dten.rules") -> list[Stated]:
    return list(
        read(Document(f"p.zip!/{FOLDER}/{name}", f"{FOLDER}/{name}", "polkit", text.encode()))
    )


def rule(body: str) -> list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str]]:
    text = f"polkit.addRule(function(action, subject) {{\n{body}\n}});\n"
    found = facts(text)
    assert all(isinstance(fact, PolkitRule) for fact in found), found
    return [
        (fact.actions, fact.who, fact.conditions, fact.certainty)
        for fact in found
        if isinstance(fact, PolkitRule)
    ]


RULES = [
    ("return polkit.Result.YES;", [((), (), (), "exact")]),
    ('return "yes";', [((), (), (), "exact")]),
    ("return polkit.Result.AUTH_ADMIN;", []),
    ("// return polkit.Result.YES;\n/* return polkit.Result.YES */", []),
    ('polkit.log("return polkit.Result.YES");', []),
    (
        'if (action.id == "org.x.a" && subject.isInGroup("ops")) { return polkit.Result.YES; }',
        [(("org.x.a",), ("unix-group:ops",), (), "exact")],
    ),
    (
        ('if ((action.id == "org.x.a" || action.id === "org.x.b") && subject.user == "dten")\n'
        "return polkit.Result.YES;"),
        [(("org.x.a", "org.x.b"), ("unix-user:dten",), (), "exact")],
    ),
    (
        ('if (action.id.indexOf("org.x.") == 0 && subject.local && subject.active == true)'
        "{ return polkit.Result.YES }"),
        [(("org.x.*",), (), LOCAL, "exact")],
    ),
    (
        "if (action.id.match(/^org\\.x\\./)) return polkit.Result.YES;",
        [(("org.x.*",), (), (), "exact")],
    ),
    (
        "if (/^org\\.x\\.run$/.test(action.id)) { return polkit.Result.YES; }",
        [(("org.x.run",), (), (), "exact")],
    ),
    (
        'if (["a.b", "a.c"].indexOf(action.id) !== -1) { return polkit.Result.YES; }',
        [(("a.b", "a.c"), (), (), "exact")],
    ),
    (
        'var ids = ["a.b", "a.c"];\nif (ids.includes(action.id)) return polkit.Result.YES;',
        [(("a.b", "a.c"), (), (), "exact")],
    ),
    (
        ('if (!subject.isInGroup("ops")) { return polkit.Result.NOT_HANDLED; }\n'
        'if (action.id != "a.b") return;\nreturn polkit.Result.YES;'),
        [(("a.b",), ("unix-group:ops",), (), "exact")],
    ),
    (
        ('if (action.id == "org.freedesktop.systemd1.manage-units" &&'
        ' action.lookup("unit") == "x.service") { return polkit.Result.YES; }'),
        [
            (
                ("org.freedesktop.systemd1.manage-units",),
                (),
                ("where unit is x.service",),
                "exact",
            )
        ],
    ),
    (
        'return subject.isInGroup("ops") ? polkit.Result.YES : polkit.Result.NO;',
        [((), ("unix-group:ops",), (), "exact")],
    ),
    (
        ('if (action.id == "a") { return polkit.Result.NO; }'
        ' else if (action.id == "b") { return polkit.Result.YES; }'
        ' else { return polkit.Result.AUTH_SELF; }'),
        [(("b",), (), ("but not a",), "exact")],
    ),
    (
        ('switch (action.id) { case "a": case "b": return polkit.Result.YES;\n'
        'case "c": return polkit.Result.NO; }'),
        [(("a", "b"), (), (), "exact")],
    ),
    ("if (allowed(action)) { return polkit.Result.YES; }", [((), (), (), "computed")]),
    ("for (i in x) { if (x[i]) return polkit.Result.YES; }", [((), (), (), "computed")]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), RULES)
def test_rules(
    body: str, expected: list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str]]
) -> None:
    assert rule(body) == expected


def test_administrators() -> None:
    text = 'polkit.addAdminRule(function(a, s) { return ["unix-group:ops", "unix-user:0"]; });'
    found = [fact for fact in facts(text) if isinstance(fact, PolkitRule)]
    assert [(f.who, f.administrators) for f in found] == [
        (("unix-group:ops",), True),
        (("unix-user:0",), True),
    ]


def test_an_answer_elsewhere_is_said_to_be_unread() -> None:
    found = facts("function f() { return polkit.Result.YES; }\npolkit.addRule(f);\n")
    assert [(type(fact), fact.at.line) for fact in found] == [(Unreadable, 1)]


def test_local_authority() -> None:
    text = (
        "# dten\n[Run]\nIdentity=unix-user:dten;unix-group:ops\nAction=org.x.a;org.x.*\n"
        "ResultAny=yes\n[Ask]\nIdentity=unix-user:*\nAction=*\nResultActive=auth_admin\n"
        "[Here]\nIdentity=unix-user:*\nAction=*\nResultActive=yes\nodd\n"
    )
    found = facts(text, "50-dten.pkla")
    assert [(f.actions, f.who, f.conditions) for f in found if isinstance(f, PolkitRule)] == [
        (("org.x.a", "org.x.*"), ("unix-user:dten", "unix-group:ops"), ()),
        ((), (), LOCAL),
    ]
    assert [fact.at.line for fact in found] == [2, 14, 10]


POLICY = """<?xml version="1.0"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD" "http://www.freedesktop.org/x.dtd">
<policyconfig>
  <action id="org.x.run">
    <defaults>
      <allow_any>yes</allow_any>
      <allow_active> auth_admin </allow_active>
    </defaults>
    <annotate key="org.freedesktop.policykit.exec.argv1">/opt/x/run.pl</annotate>
    <annotate key="org.freedesktop.policykit.exec.path">/usr/bin/perl</annotate>
  </action>
  <action id="org.x.ask"><defaults><allow_any>no</allow_any></defaults></action>
</policyconfig>
"""


def test_actions() -> None:
    found = [fact for fact in facts(POLICY, "x.policy") if isinstance(fact, PolkitAction)]
    assert [(f.action, f.any, f.inactive, f.active, f.program, f.at.line) for f in found] == [
        ("org.x.run", "yes", "no", "auth_admin", "/usr/bin/perl /opt/x/run.pl", 4),
        ("org.x.ask", "no", "no", "no", "", 12),
    ]


@pytest.mark.parametrize(
    "text",
    ["<policyconfig>", '<!DOCTYPE x [<!ENTITY a "b">]><policyconfig/>', "<" * 99, "<a>&x;</a>"],
)
def test_what_is_no_policy_is_said(text: str) -> None:
    assert [type(fact) for fact in facts(text, "x.policy")] == [Unreadable]


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("etc/polkit-1/rules.d/50-x.rules", b"// nothing\n"),
        ("conf/50-x.rules", b"polkit.addRule(function() {});\n"),
        ("conf/x.policy", b"<policyconfig/>"),
        ("conf/x.pkla", b"[a]\n"),
    ],
)
def test_kinds(path: str, head: bytes) -> None:
    assert kind_of(path, head) == "polkit"
    assert kind_of("etc/udev/rules.d/50-x.rules", b'KERNEL=="sda"\n') != "polkit"


PIECES = [
    "polkit.addRule(", "function(a, s) {", "if (", "else ", "return ", "polkit.Result.YES", ";",
    "}", ")", "(", "!", "&&", "||", "?", ":", 'action.id == "a"', "switch (", "case 'a':", "/",
    "\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_arrangement_is_read(text: str) -> None:
    facts(text)
    facts(f"polkit.addRule(function(a, s) {{{text}}});")


@given(st.binary(max_size=300), st.sampled_from(["x.rules", "x.pkla", "x.policy"]))
def test_any_bytes_are_read(data: bytes, name: str) -> None:
    list(read(Document(f"p.zip!/{name}", name, "polkit", data)))


@pytest.mark.parametrize(
    "piece", [*PIECES, "if (a) ", "if (!", "(a||", '"', "/*", "`", "a.", "{if(a){"]
)
def test_hostile_repetition_is_linear(piece: str) -> None:
    facts(f"polkit.addRule(function(a, s) {{ {piece * 20_000}")
    facts(f"polkit.addRule(function(a, s) {{ {piece * 5_000} }});")


def test_a_very_long_file_is_said_to_be_unread() -> None:
    assert [type(fact) for fact in facts("a" * 300_000)] == [Unreadable]
