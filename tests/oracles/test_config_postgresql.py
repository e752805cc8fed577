"""Compares the matrix of PostgreSQL with Patroni's list and with servers of the releases 10 to 18.

The list is of facts (names, versions) of patroni 4.1.5. A server is asked as an administrator would
ask it: started with the parameter, it refuses or takes it.
"""

from __future__ import annotations

import contextlib
import csv
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from dten_audit.site.matrix import MatrixEntry, shipped_matrix
from dten_audit.site.matrix_rows import phases
from dten_audit.site.versions import compare
from tests.oracles.servers import MORE, Home, missing, postgres, postgres_homes

# ruff: noqa: T201 (how many releases and starts ran is printed)
LIST: Final = Path(__file__).parent / "config/postgresql_removed.csv"
DIFFERENT: Final = {
    "default_with_oids": ("value-not-allowed", "12"),  # off is still taken
    "ssl_renegotiation_limit": ("value-not-allowed", "9.5"),  # 0 is still taken
    "ssl_ecdh_curve": ("renamed", "18"),  # the old name is still taken
    "logical_replication_mode": ("renamed", "16"),  # no release has it
}
"""Where servers show more than the list says: what the matrix says instead."""
PRESET: Final = frozenset(("lc_collate", "lc_ctype"))
"""Shown until 15, but never settable: a file with them was always refused."""
OF_DEBIAN: Final = frozenset(("extension_destdir",))
BUILD: Final = frozenset((
    "config_file", "data_checksums", "data_directory", "hba_file", "ident_file",
    "krb_server_keyfile", "lc_messages_dir", "log_connections", "server_version",
    "server_version_num", "shared_buffers", "shared_memory_size",
    "shared_memory_size_in_huge_pages", "ssl_ecdh_curve", "ssl_groups",
    "track_activity_query_size", "transaction_isolation", "unix_socket_directories",
    "wal_segment_size",
))  # fmt: skip
"""What differs by how a server was built or what it was given, and notations of one value."""


class Asked(NamedTuple):
    """A running server: what it shows, and how another start of it is tried."""

    version: int
    debian: bool
    shown: dict[str, str]
    tried: list[str]
    env: dict[str, str]

    def takes(self, key: str, value: str) -> bool:
        """Say whether the server starts with a parameter."""
        words = [*self.tried, "-c", f"{key}={value}", "-C", "max_connections"]
        user = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        done = subprocess.run(
            words, env=self.env, check=False, capture_output=True, text=True, timeout=30, **user  # type: ignore[call-overload]
        )  # fmt: skip
        told = "unrecognized" in done.stderr or "invalid value" in done.stderr
        assert (done.returncode == 0) != (told or "not supported" in done.stderr), done.stderr
        return bool(done.returncode == 0)


def entries() -> tuple[MatrixEntry, ...]:
    return shipped_matrix("postgresql").entries


def reached(version: int, since: str) -> bool:
    return compare(str(version), since, "generic") in (0, 1)


@pytest.mark.oracle
def test_the_matrix_equals_patronis_list() -> None:
    with LIST.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    told = {row["name"]: row["removed_in"] for row in rows if row["kind"] == "removed"}
    ours = {
        entry.key: (change, since)
        for entry in entries()
        for change, since in phases(entry)
        if change in ("removed", "renamed") or entry.key in DIFFERENT
    }
    assert len(told) >= 19
    for name, since in told.items():
        change, version = ours[name]
        if name in DIFFERENT:
            assert (change, version) == DIFFERENT[name]
        else:
            assert version == since, name
    later = {name for name, (_, since) in ours.items() if compare(since, "9.4", "generic") != -1}
    assert later - told.keys() == {"promote_trigger_file"}  # a parameter of recovery.conf before
    print(f"{len(told)} removed parameters of Patroni's list, {len(DIFFERENT)} told otherwise")


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Asked]]:
    with contextlib.ExitStack() as running:
        yield [running.enter_context(_asked(home)) for home in postgres_homes(MORE)]


@contextlib.contextmanager
def _asked(home: Home) -> Iterator[Asked]:
    psycopg = pytest.importorskip("psycopg")
    with postgres(home) as target:
        for attempt in range(100):
            try:
                connection = psycopg.connect(target)
                break
            except psycopg.OperationalError:
                if attempt == 99:
                    raise
                time.sleep(0.1)
        with connection:
            rows = connection.execute("SELECT name, current_setting(name, true) FROM pg_settings")
            shown = {name: value or "" for name, value in rows}
        folder = target.split()[0].removeprefix("host=")
        own = home.folder.parent / "lib"
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
        env |= {"LD_LIBRARY_PATH": str(own)} if own.exists() else {}
        words = [str(home.folder / "postgres"), "-D", f"{folder}/data"]
        version = int(home.name.split()[1])
        yield Asked(version, "Debian" in shown["server_version"], shown, words, env)


def _running(servers: list[Asked]) -> list[Asked]:
    if len(servers) < 2:
        missing("fewer than two releases of PostgreSQL can be had")
    return servers


@pytest.mark.oracle
def test_what_releases_show_is_what_the_matrix_says(servers: list[Asked]) -> None:
    """Both directions: what a release no longer shows, and what it shows with another default."""
    gone = flipped = 0
    for old, new in zip(_running(servers), servers[1:], strict=False):
        passed = [entry for entry in entries() if _names_change(entry, old, new)]
        hidden = {key for key, (change, _) in DIFFERENT.items() if change == "value-not-allowed"}
        seen = old.shown.keys() - new.shown.keys() - PRESET - OF_DEBIAN - hidden
        aliases = {entry.key for entry in passed if entry.effect == "still-bound"}
        assert seen | aliases == {entry.key for entry in passed}, (old.version, new.version)
        gone += len(seen)
        both = old.shown.keys() & new.shown.keys() - BUILD
        other = {key for key in both if old.shown[key] != new.shown[key]}
        defaults = [entry for entry in entries() if _flips(entry, old, new)]
        assert other == {entry.key for entry in defaults}, (old.version, new.version)
        for entry in defaults:
            told = old.shown[entry.key], new.shown[entry.key]
            assert told == (entry.default_from, entry.default_to), entry.key
        flipped += len(defaults)
    assert gone >= 4
    print(f"{len(servers)} releases: {gone} parameters gone, {flipped} defaults changed")


def _names_change(entry: MatrixEntry, old: Asked, new: Asked) -> bool:
    if entry.key in OF_DEBIAN or entry.key == "logical_replication_mode":
        return False
    since = entry.removed or (entry.changed_in if entry.renamed_to else "")
    return bool(since) and not reached(old.version, since) and reached(new.version, since)


def _flips(entry: MatrixEntry, old: Asked, new: Asked) -> bool:
    since = entry.default_in
    return bool(since) and not reached(old.version, since) and reached(new.version, since)


@pytest.mark.oracle
def test_servers_refuse_what_the_matrix_says_is_gone(servers: list[Asked]) -> None:
    """Every server is started with every parameter; renamed ones are there under the new name."""
    refused = accepted = 0
    for asked in _running(servers):
        for entry in entries():
            since = entry.removed or (entry.changed_in if entry.renamed_to else "")
            if not since or (entry.key in OF_DEBIAN and not asked.debian):
                continue
            value = asked.shown.get(entry.key, "1")
            bound = entry.effect == "still-bound" or not reached(asked.version, since)
            if entry.key in ("sort_mem", "vacuum_mem"):
                value = "4MB"
            if entry.key == "ssl_ecdh_curve":
                value = "prime256v1"
            if entry.key == "logical_replication_mode" or _not_yet(entry, asked):
                bound = False
            assert asked.takes(entry.key, value) == bound, (asked.version, entry.key)
            refused += not bound
            accepted += bound
            if entry.renamed_to and reached(asked.version, since):
                assert entry.renamed_to in asked.shown, (asked.version, entry.renamed_to)
    assert refused >= 20
    assert accepted >= 5
    print(f"{len(servers)} releases: {refused} starts refused, {accepted} went on")


def _not_yet(entry: MatrixEntry, asked: Asked) -> bool:
    """Say whether a parameter is younger than the server."""
    younger = {"promote_trigger_file": 12, "vacuum_cleanup_index_scale_factor": 11}
    return asked.version < younger.get(entry.key, 0)


@pytest.mark.oracle
def test_servers_refuse_values_that_the_matrix_says_are_gone(servers: list[Asked]) -> None:
    tried = 0
    outside = {"default_with_oids": "on", "ssl_renegotiation_limit": "512MB"}
    for asked in _running(servers):
        for entry in entries():
            if not entry.allowed_in:
                continue
            gone = entry.refused or (outside[entry.key],)
            for value in gone:
                there = not reached(asked.version, entry.allowed_in)
                assert asked.takes(entry.key, value) == there, (asked.version, entry.key, value)
            for value in entry.allowed:
                assert asked.takes(entry.key, value), (asked.version, entry.key, value)
            tried += len(gone) + len(entry.allowed)
    assert tried >= 20
    print(f"{len(servers)} releases: {tried} values tried")
