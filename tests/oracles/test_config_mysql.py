"""Compares the matrices of MySQL and MariaDB with MySQL Shell's upgrade checker and with servers.

The list holds facts (names, versions) of the checker at commit 561cd3d. The servers are Debian's.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Final

import pytest

from dten_audit.site.matrix import MatrixEntry, shipped_matrix
from dten_audit.site.versions import compare
from tests.oracles.config_servers import asked
from tests.oracles.servers import Home, maria_home, missing

# ruff: noqa: T201 (how many keys ran is printed)
LIST: Final = Path(__file__).parent / "config/mysql_config_changes.csv"
STILL_TAKEN: Final = frozenset(("profiling_history_size",))
"""What the checker counts as removed, and a server of 9.7 takes without a word."""
OF_THE_MANUAL: Final = "https://dev.mysql.com/doc/mysqld-version-reference/"
"""Where rows come from that the checker does not have."""
OF_PLUGINS: Final = ("group_replication_", "syseventlog.")
"""Names that a server knows with a plugin or component only."""
_UNKNOWN: Final = re.compile(r"unknown (?:variable|option)")


def rows() -> list[dict[str, str]]:
    with LIST.open() as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def entries(name: str) -> tuple[MatrixEntry, ...]:
    return shipped_matrix(name).entries


@pytest.mark.oracle
def test_the_matrix_equals_the_upgrade_checkers_lists() -> None:
    """Both directions, key by key: kind, version, new name, values before and after."""
    told = {(row["kind"], row["name"], row["since"]) for row in rows()}
    ours = set()
    for entry in entries("mysql"):
        if entry.source.startswith(OF_THE_MANUAL):
            continue
        kind = "renamed" if entry.renamed_to else "removed"
        if entry.removed:
            ours.add((kind, entry.key, entry.removed))
        if entry.default_in:
            ours.add(("default-changed", entry.key, entry.default_in))
        if entry.allowed_in:
            ours.add(("allowed-values-changed", entry.key, entry.allowed_in))
    extra = {("removed", name, "8.4.0") for name in STILL_TAKEN}
    new = {"expire_logs_days", "group_replication_ip_whitelist"}
    renamed = {(("renamed" if name in new else k), name, v) for k, name, v in told - extra}
    assert ours == renamed
    names = {
        row["name"]: row["replacement_or_change"] for row in rows() if row["kind"] == "renamed"
    }
    for entry in entries("mysql"):
        if entry.key in names:
            assert entry.renamed_to == names[entry.key]
    print(f"{len(told)} rows of MySQL Shell's lists, {len(extra)} of them not ours")


@pytest.mark.oracle
def test_a_server_of_mysql_refuses_what_was_removed() -> None:
    home = _home("mysql")
    version = _version(home)
    refused = taken = 0
    for entry in entries("mysql"):
        if entry.removed and compare(version, entry.removed, "generic") != -1:
            assert _UNKNOWN.search(_mysql(home, f"--{entry.key}=1")), entry.key
            refused += 1
        if entry.renamed_to and not entry.renamed_to.startswith(OF_PLUGINS):
            assert not _UNKNOWN.search(_mysql(home, f"--{entry.renamed_to}=1")), entry.renamed_to
            taken += 1
    for name in STILL_TAKEN:
        assert not _UNKNOWN.search(_mysql(home, f"--{name}=1"))
    assert refused >= 10
    assert taken >= 5
    print(f"MySQL {version}: {refused} options refused, {taken} new names taken")


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["mariadb-10", "mariadb-11"])
def test_a_server_of_mariadb_agrees_on_every_row(name: str) -> None:
    """What is gone is refused or said to do nothing, as the row says; before that it is taken."""
    home = _home(name)
    version = _version(home)
    gone = there = 0
    for entry in entries("mariadb"):
        if not entry.removed:
            continue
        heard = _maria(home, f"--{entry.key}=1")
        verdict = _verdict(heard)
        if compare(version, entry.removed, "generic") == -1:
            assert verdict == "taken", (entry.key, heard)
            there += 1
        else:
            assert verdict == entry.effect, (entry.key, heard)
            gone += 1
    assert gone >= 10
    print(f"MariaDB {version}: {gone} options gone, {there} still taken")


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["mariadb-10", "mariadb-11"])
def test_defaults_of_mariadb_are_those_of_the_matrix(name: str) -> None:
    home = _home(name)
    version = _version(home)
    shown = dict(re.findall(r"(?m)^([a-z][a-z0-9-]+) +(\S*) *$", _maria(home)))
    words = {"TRUE": "ON", "FALSE": "OFF"}
    ran = 0
    for entry in entries("mariadb"):
        if entry.default_in:
            value = shown[entry.key.replace("_", "-")]
            old = compare(version, entry.default_in, "generic") == -1
            expected = entry.default_from if old else entry.default_to
            assert words.get(value, value) == expected, entry.key
            ran += 1
    assert ran >= 5
    print(f"MariaDB {version}: {ran} defaults")


def _home(name: str) -> Home:
    home = maria_home(name)
    if home is None:
        missing(f"{name} cannot be had")
    return home


def _version(home: Home) -> str:
    told = asked([*home.command, "--no-defaults", "--version"], home.folder).stdout
    found = re.search(r"Ver ([0-9.]+)", told)
    assert found, told
    return found[1]


def _mysql(home: Home, option: str) -> str:
    words = ["--no-defaults", option, "--validate-config", "--secure-file-priv=NULL",
             "--datadir=/tmp", f"--lc-messages-dir={home.folder}/usr/share/mysql"]  # fmt: skip
    return asked([*home.command, *words], home.folder).stderr


def _maria(home: Home, *options: str) -> str:
    words = ["--no-defaults", *options, "--help", "--verbose",
             f"--lc-messages-dir={home.folder}/usr/share/mysql"]  # fmt: skip
    done = asked([*home.command, *words], home.folder)
    return done.stderr if options else done.stdout


def _verdict(heard: str) -> str:
    if _UNKNOWN.search(heard):
        return "refuses-to-start"
    return "ignored" if "was removed. It does nothing now" in heard else "taken"
