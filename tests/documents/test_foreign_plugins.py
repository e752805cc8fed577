"""Formats of others: named, held to the rules of formats, and never a danger to the audit."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from dten_audit import Options, audit
from dten_audit.cli.main import main
from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.cat import content
from dten_audit.documents.document import Document
from dten_audit.documents.errors import PackageError
from dten_audit.documents.open import open_package
from dten_audit.documents.plugins import GROUP, PluginError, Plugins
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.model.facts.container import ContainerIssue, CoverageGap

PAGE = (Path(__file__).parents[2] / "docs/plugins.md").read_text(encoding="utf-8")
CRATE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[-1]
SCRIPT = b"#!/bin/sh\ncrontab -r\n"
Install = Callable[[str, str], str]


def crate(*files: tuple[str, bytes]) -> bytes:
    parts = [
        bytes([len(path)]) + path.encode() + len(data).to_bytes(4, "big") + data
        for path, data in files
    ]
    return b"CRATE1" + b"".join(parts)


FILES = (("in.zip", write_zip([ZipMember("b", b"b")])), ("bin/run.sh", SCRIPT))
PACKAGE = write_zip(
    [
        ZipMember("a.sh", b"#!/bin/sh\n"),
        ZipMember("payload.crate", crate(*FILES)),
        ZipMember("z.sql", b"select 1;\n"),
    ]
)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that makes a throw-away distribution with one plugin."""
    made = []

    def make(name: str, source: str) -> str:
        site = tmp_path / f"site-{name}"
        folder = site / f"dten_format_{name}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: dten-format-{name}\nVersion: 1.0\n"
        )
        (folder / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = plugin_{name}:Crate\n")
        (site / f"plugin_{name}.py").write_text(source)
        monkeypatch.syspath_prepend(site)
        made.append(f"plugin_{name}")
        return name

    yield make
    for module in made:
        sys.modules.pop(module, None)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "package.zip"
    path.write_bytes(PACKAGE)
    return path


Opened = tuple[dict[str, bytes], list[ContainerIssue], list[CoverageGap]]


def opened(path: Path, *plugins: str, limits: Limits | None = None) -> Opened:
    items = list(open_package(path, Budget(limits, Plugins(plugins))))
    tree = {i.address.partition("!/")[2]: i.data for i in items if isinstance(i, Document)}
    issues = [item for item in items if isinstance(item, ContainerIssue)]
    return tree, issues, [item for item in items if isinstance(item, CoverageGap)]


def test_the_example_of_the_page_works(install: Install, package: Path) -> None:
    name = install("cratea", CRATE)
    tree, issues, gaps = opened(package, name)
    assert tree == {
        "a.sh": b"#!/bin/sh\n",
        "payload.crate!/bin/run.sh": SCRIPT,
        "payload.crate!/in.zip!/b": b"b",
        "z.sql": b"select 1;\n",
    }
    assert not issues
    assert not gaps
    budget = Budget(None, Plugins((name,)))
    assert content(package, "package.zip!/payload.crate!/bin/run.sh", budget) == SCRIPT


def test_a_package_in_a_plugin_format_is_opened(install: Install, tmp_path: Path) -> None:
    path = tmp_path / "p.crate"
    path.write_bytes(crate(("run.sh", SCRIPT)))
    assert opened(path, install("crateb", CRATE))[0] == {"run.sh": SCRIPT}
    with pytest.raises(PackageError, match="no archive"):
        opened(path)


def test_a_plugin_that_is_not_named_changes_nothing(install: Install, package: Path) -> None:
    before = opened(package)
    install("cratec", CRATE)
    assert "cratec" in entry_points(group=GROUP).names
    assert opened(package) == before
    assert "plugin_cratec" not in sys.modules


def test_the_command_and_the_api_take_plugins(
    install: Install, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = install("crated", CRATE)
    places = [
        finding.at.path
        for report in audit([package], Options(plugins=(name,))).packages
        for finding in report.findings
    ]
    assert f"{package}!/payload.crate!/bin/run.sh" in places
    assert main(["cat", f"{package}!/payload.crate!/bin/run.sh", "--plugin", name]) == 0
    assert "crontab -r" in capsys.readouterr().out
    main(["check", str(package), "--plugin", name, "--color", "never"])
    assert "payload.crate!/bin/run.sh" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "facts", "cat"])
def test_an_unknown_plugin_is_a_usage_error(
    command: str, install: Install, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("cratee", CRATE)
    assert main([command, f"{package}!/a.sh", "--plugin", "cratef"]) == 2
    assert "there is no plugin cratef installed; did you mean cratee?" in capsys.readouterr().err


BOTH = "    recognises = members = "
BROKEN = {
    "no module": ("import nothing_like_it\n", "cannot be loaded"),
    "ends the program": ("raise SystemExit(3)\n", "cannot be loaded"),
    "no class": ("x = 1\n", "cannot be loaded"),
    "no kind": ("class Crate:\n    pass\n", "cannot be loaded"),
    "odd kind": (f"class Crate:\n    kind = 'a b'\n{BOTH}print\n", "no kind"),
    "our kind": (f"class Crate:\n    kind = 'zip'\n{BOTH}print\n", "read without"),
    "no functions": (f"class Crate:\n    kind = 'a'\n{BOTH}1\n", "no functions"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_plugin_that_cannot_be_used_says_why(case: str, install: Install) -> None:
    source, reason = BROKEN[case]
    name = install("broken" + case.replace(" ", ""), source)
    with pytest.raises(PluginError, match=reason):
        Plugins((name,))


def plugin(members: str, recognises: str = "return head.startswith(b'CRATE1')") -> str:
    lines = [
        "from dten_audit.documents.errors import BrokenError, OverLimitError",
        "from dten_audit.documents.source import Link, Member, Missed, Problem",
        "class Crate:",
        "    kind = 'crate'",
        "    def recognises(self, head, name):",
        textwrap.indent(recognises, " " * 8),
        "    def members(self, source):",
        textwrap.indent(members, " " * 8),
    ]
    return "\n".join(lines) + "\n"


FAILING = {
    "raises": "raise ValueError('no\\nidea')",
    "exits": "raise SystemExit",
    "recursion": "return self.members(source)",
    "no iterator": "return 1",
    "text": "yield 'text'",
    "path": "yield Member(b'path', b'')",
    "data": "yield Member('path', 'text')",
    "mode": "yield Member('path', b'', '644')",
    "surrogate": "yield Member('\\ud800', b'')",
    "issue": "yield Problem('no-such-issue')",
    "reason": "yield Missed('x', 'no-such-reason')",
    "target": "yield Link('a', None)",
    "error": "raise BrokenError('no-such-issue')",
    "limit": "raise OverLimitError('no-such-limit', '')",
}


@pytest.mark.parametrize("case", FAILING)
def test_a_failing_plugin_costs_only_its_container(
    case: str, install: Install, package: Path
) -> None:
    body = f"if source.wanted('first'):\n    yield Member('first', b'1')\n{FAILING[case]}"
    if case in ("recursion", "no iterator"):
        body = FAILING[case]
    tree, issues, gaps = opened(package, install("failing" + case.replace(" ", ""), plugin(body)))
    first = {} if "first" not in body else {"payload.crate!/first": b"1"}
    assert tree == {"a.sh": b"#!/bin/sh\n", **first, "z.sql": b"select 1;\n"}
    assert [issue.issue for issue in issues] == ["plugin-failed"]
    assert "\n" not in issues[0].detail
    assert [(gap.reason, gap.kind, gap.at.path) for gap in gaps] == [
        ("plugin-failed", "crate", "package.zip!/payload.crate")
    ]


def test_a_plugin_that_fails_to_recognise_costs_no_document(
    install: Install, package: Path
) -> None:
    name = install("blind", plugin("return iter(())", "raise ValueError(name)"))
    tree, issues, gaps = opened(package, name)
    assert {"a.sh", "z.sql"} <= set(tree)
    assert {issue.issue for issue in issues} == {"plugin-failed"}
    assert {gap.reason for gap in gaps} == {"plugin-failed"}


def test_a_plugin_takes_nothing_that_is_read_here(install: Install, package: Path) -> None:
    name = install("greedy", plugin("return iter(())", "return True"))
    tree, _, _ = opened(package, name)
    assert not tree
    name = install("zips", plugin("return iter(())", "return name.endswith('.zip')"))
    assert set(opened(package, name)[0]) >= {"a.sh", "z.sql"}


def test_what_a_plugin_forgets_is_charged(install: Install, package: Path) -> None:
    body = "for n in range(99):\n    yield Member(str(n), bytes(1000))"
    name = install("careless", plugin(body))
    tree, _, gaps = opened(package, name)
    assert sum(path.startswith("payload.crate!/") for path in tree) == 99
    _, _, gaps = opened(package, name, limits=Limits(total=50_000))
    assert "limit-total" in {gap.reason for gap in gaps}
    _, _, gaps = opened(package, name, limits=Limits(member=500))
    assert "limit-member" in {gap.reason for gap in gaps}
