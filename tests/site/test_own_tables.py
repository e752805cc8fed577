"""A site's own rows in the tables of names: what they change in an audit, and only in that one."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from dten_audit.auditing import audit, examine
from dten_audit.judge.loading import load_rules
from dten_audit.model.facts.units import UnitUse
from dten_audit.options import Options
from dten_audit.readers.knowledge import SHIPPED, using
from dten_audit.readers.shell.tables import wrappers
from dten_audit.site.schema import SiteFileError
from dten_audit.site.tables import load_tables


class Case(NamedTuple):
    """A package and a site's rows: which rules speak without them, and which with them.

    ``also`` are rows that there are in both audits.
    """

    files: dict[str, str]
    rows: str
    without: set[str]
    having: set[str]
    also: dict[str, str] = {}  # noqa: RUF012 (never changed)


_AS_ROOT = """\
wrappers:
  - {names: [asroot], layer: privilege, default: root, source: asroot(8)}
"""
_WAREHOUSE = """\
clients:
  - {names: [warehouse], kind: sql, code: [-q], values: [-q], source: warehouse(1)}
"""
_FUNCTION = """\
calls:
  python: [{names: [acme.hosts.call], takes: text}]
triggers:
  python: {runs: ['acme\\.hosts'], changes: []}
"""
_RESOURCE = """\
ansible:
  - names: [unit]
    values: {state: {bounced: restart}}
    run: [[systemctl, '{state}', '{name}']]
"""
_PLAY = """\
- hosts: all
  tasks:
    - name: Restart the gateway
      acme.hosts.unit: {name: acme-gateway, state: bounced}
"""
_UNIT = "[Service]\nExecStart=/opt/acme/bin/acme\n"
_INDEX = "CREATE INDEX CONCURRENTLY orders_by_day ON orders (day)"


def _script(*lines: str) -> str:
    return "\n".join(("#!/bin/sh", "set -e", *lines, ""))


RULES = load_rules()
CASES = {
    "wrappers": Case(
        {"upgrade.sh": _script("asroot systemctl restart acme-gateway")},
        _AS_ROOT,
        set(),
        {"UNIT001"},
    ),
    "privilege_tools": Case(
        {"upgrade.sh": _script("asroot systemctl restart acme-gateway")},
        "tools:\n  asroot: {escalates: true, policy: true, source: asroot(8)}\n",
        {"UNIT001"},
        {"UNIT001", "PRIV001"},
        {"wrappers": _AS_ROOT},
    ),
    "unit_verbs": Case(
        {"upgrade.sh": _script("acmectl bounce billing")},
        "managers: {acmectl: {order: [verb, unit]}}\nverbs: {bounce: restart}\n",
        set(),
        {"UNIT001"},
    ),
    "unit_names": Case(
        {"upgrade.sh": _script("systemctl restart acme-agent")},
        "base: {services: [acme-agent]}\n",
        {"UNIT001"},
        set(),
    ),
    "message_functions": Case(
        {
            "etc/systemd/system/acme.service": _UNIT,
            "upgrade.sh": _script("systemctl start acme || acme_tell 'acme did not start'"),
        },
        "messages: [acme_tell]\n",
        set(),
        {"UNIT014"},
    ),
    "cron_paths": Case(
        {"etc/cron.fast/rotate": _script("/opt/acme/bin/rotate --now")},
        "scripts: {/etc/cron.fast: {word: every five minutes, minutes: 5}}\n",
        set(),
        {"CRON001", "CRON101"},
    ),
    "sql_clients": Case(
        {"upgrade.sh": _script(f"warehouse -q '{_INDEX}'")},
        "clients: {warehouse: {dialect: mysql, text: [-q]}}\n",
        {"DDL003"},
        {"DDL003", "DDL050", "DDL051"},
        {"wrappers": _WAREHOUSE},
    ),
    "process_calls": Case(
        {"upgrade.py": 'from acme.hosts import call\n\ncall("systemctl restart acme-gateway")\n'},
        _FUNCTION,
        set(),
        {"UNIT001"},
    ),
    "sql_calls": Case(
        {"upgrade.py": 'from acme.db import run\n\nrun("ALTER TABLE orders ADD state text")\n'},
        "calls: {python: [{names: [acme.db.run], driver: psycopg2}]}\n",
        set(),
        {"DDL001", "DDL003"},
    ),
    "resource_commands": Case({"site.yml": _PLAY}, _RESOURCE, set(), {"UNIT001"}),
    "script_roles": Case(
        {"qa-lab/reset.sh": _script("systemctl restart acme-gateway")},
        "roles: [{role: test, folders: [qa-lab]}]\n",
        {"UNIT001"},
        set(),
    ),
}


def _write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)
    return folder


def _rules(folder: Path, tables: Mapping[str, str]) -> Path:
    folder.mkdir()
    return _write(folder, {f"knowledge/{name}.yaml": text for name, text in tables.items()})


@pytest.fixture(autouse=True)
def _rules_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder here holds rules, only rows: the shipped ones need not be read for each audit."""
    monkeypatch.setattr("dten_audit.auditing.load_rules", lambda _folders: RULES)


def _said(package: Path, *rules: Path) -> set[str]:
    """Return the rules that speak of a package."""
    report = audit([package], Options(rules=rules))
    return {finding.rule for each in report.packages for finding in each.findings}


@pytest.mark.parametrize("name", CASES)
def test_a_row_of_the_site_changes_the_audits_that_name_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    package = _write(tmp_path / "package", case.files)
    also = _rules(tmp_path / "also", case.also)
    own = _rules(tmp_path / "own", {name: case.rows})
    assert _said(package, also, own) == case.having
    assert _said(package, also) == case.without, "a later audit inherits nothing"
    assert _said(package, also, own) == case.having


def test_another_thread_keeps_to_its_own_tables(tmp_path: Path) -> None:
    own = _rules(tmp_path / "own", {"wrappers": CASES["wrappers"].rows})
    with using(load_tables([own])), ThreadPoolExecutor(1) as pool:
        assert "asroot" in wrappers()
        assert "asroot" not in pool.submit(wrappers).result()


def test_facts_know_the_rows_too(tmp_path: Path) -> None:
    case = CASES["wrappers"]
    package = _write(tmp_path / "package", case.files)
    own = _rules(tmp_path / "own", {"wrappers": case.rows})
    assert [unit.unit for unit in examine(package, Options(rules=(own,))).of(UnitUse)]
    assert not examine(package, Options()).of(UnitUse)


def test_folders_add_one_after_the_other(tmp_path: Path) -> None:
    one = _rules(tmp_path / "one", {"unit_verbs": "verbs: {bounce: reload, hold: stop}\n"})
    two = _rules(tmp_path / "two", {"unit_verbs": "verbs: {bounce: restart}\n"})
    verbs = cast("dict[str, dict[str, str]]", load_tables([one, two]).table("unit_verbs"))["verbs"]
    assert (verbs["bounce"], verbs["hold"], verbs["condrestart"]) == (
        "restart", "stop", "try-restart",
    )  # fmt: skip


def test_without_tables_nothing_is_loaded(tmp_path: Path) -> None:
    assert load_tables([]) is load_tables([tmp_path]) is SHIPPED


NOT_FITTING = [
    ("wrapper.yaml", "wrappers: []", 1, "there is no table wrapper; did you mean wrappers?"),
    ("shapes.yaml", "gate: {}", 1, "there is no table shapes"),
    ("gate.yml", "unit: []", 1, "a table lies directly in knowledge/ of the folder of rules"),
    ("a/gate.yaml", "unit: []", 1, "a table lies directly in knowledge/"),
    ("config/own.yaml", "x: 1", 1, "a config matrix of your own is given with --matrix"),
    ("gate.yaml", "unit: [\n", 2, "did not find expected node content"),
    ("gate.yaml", "", 1, "the file of a table holds one mapping"),
    ("gate.yaml", "unit: [a]\n---\nunit: [b]\n", 1, "the file of a table holds one mapping"),
    ("gate.yaml", "- unit", 1, "a mapping is expected here: schedule, unit"),
    ("gate.yaml", "schedule: [x]\nunits: [x]\n", 2, "no key units here; did you mean unit?"),
    ("gate.yaml", "unit: ['a(?=b)']", 1, "the pattern uses look-around"),
    ("gate.yaml", "unit: ['a(']", 1, "not a regular expression"),
    ("gate.yaml", "unit: ['a*']", 1, "nothing that may be empty"),
    ("gate.yaml", "unit: acmectl", 1, "a list is expected here"),
    ("unit_verbs.yaml", "verbs:\n  a: b\n  c: off\n  d: 1\n", 4, "1 is read as a number"),
    ("unit_verbs.yaml", "managers: {x: {takes: [-x]}}", 1, "the key order is missing"),
    ("unit_verbs.yaml", "managers: {x: {order: [unity]}}", 1, "unity is not one of these"),
    ("unit_verbs.yaml", "managers: {x: {order: [], units: no}}", 1, "neither true nor false"),
    ("wrappers.yaml", "wrappers:\n  - names: [x]\n    layer: root\n", 3, "privilege, plain"),
    ("wrappers.yaml", "clients: [{names: [x], kind: sqll}]", 1, "no documents of kind sqll"),
    ("process_calls.yaml", "calls: {pyhton: []}", 1, "not known here; did you mean python?"),
    ("process_calls.yaml", "calls: {perl: [{names: [x], takes: text, at: me}]}", 1, "number"),
    (
        "resource_commands.yaml",
        "chef:\n- names: [x]\n  run:\n  - {word: [x]}",
        4,
        "no key word",
    ),
    ("cron_traps.yaml", "new-trap: {says: x, source: y}", 1, "new-trap is not known here"),
    ("cron_paths.yaml", "scripts: {/x: {word: x, minutes: '5'}}", 1, "5 is no whole number"),
    ("unit_names.yaml", "names: [{names: [a], why: b, source: c, date: today}]", 1, "no date"),
]


@pytest.mark.parametrize(("name", "text", "line", "reason"), NOT_FITTING)
def test_what_does_not_fit_is_an_error_with_its_line(
    name: str, text: str, line: int, reason: str, tmp_path: Path
) -> None:
    path = _write(tmp_path, {f"knowledge/{name}": text}) / "knowledge" / name
    with pytest.raises(SiteFileError) as caught:
        load_tables([tmp_path])
    assert reason in caught.value.reason
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_braces_that_nobody_fills_are_an_error(tmp_path: Path) -> None:
    row = (
        "{title: x, kind: ci, zone: '', overlap: '', what: x, source: x, hold: 'hold {name} {job}'}"
    )
    _rules(tmp_path / "own", {"cron_schedulers": f"x: {row}\n"})
    with pytest.raises(SiteFileError, match=r"the text may hold \{name\}"):
        load_tables([tmp_path / "own"])


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="no such folder"):
        examine(tmp_path, Options(rules=(tmp_path / "none",)))


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "gate.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SiteFileError, match="cannot be read"):
        load_tables([tmp_path])
