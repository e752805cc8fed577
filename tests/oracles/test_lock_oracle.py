"""PostgreSQL itself says which locks the statements of `pg_locks.yaml` take: several servers do.

What we say of the same statement at the same version must be equal, or stand in
`lock_differences.yaml` with what the server showed. `make test-oracle` runs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.oracles import servers
from tests.oracles.lock_table import HERE, Effects, Row, difference, load, ours
from tests.oracles.pg_witness import RefusedError, Witness

# ruff: noqa: T201 (how many statements ran is printed)

pytestmark = pytest.mark.oracle
FEWEST = 120
EXPECTED = (11, 14, 15, 17, 18)


@cache
def homes() -> dict[int, servers.Home]:
    return {int(home.name.rpartition(" ")[2]): home for home in servers.postgres_homes()}


@pytest.fixture(params=EXPECTED)
def witness(request: pytest.FixtureRequest) -> Iterator[Witness]:
    home = homes().get(request.param)
    if home is None:
        own = request.param not in servers.EMBEDDED
        if own and any(version not in servers.EMBEDDED for version in homes()):
            pytest.skip(f"another release of Debian has PostgreSQL {request.param}")
        servers.missing(f"no PostgreSQL {request.param} can be had here")
    with servers.postgres(home) as dsn:
        made = Witness(dsn, load("pg_locks.yaml")[0])
        made.tablespace(_second_place(dsn))
        yield made
        made.close()


def _second_place(dsn: str) -> str:
    place = Path(dsn.partition(" ")[0].removeprefix("host=")) / "elsewhere"
    place.mkdir()
    owner = place.parent.stat()
    os.chown(place, owner.st_uid, owner.st_gid)
    return str(place)


def explained(version: int) -> dict[str, str]:
    """Return the differences that are known for a version, by statement."""
    text = (HERE / "lock_differences.yaml").read_text(encoding="utf-8")
    found = {}
    for group in yaml.safe_load(text):
        for key, told in group["rows"].items():
            words = told.get(version) if isinstance(told, dict) else told
            if words:
                found[key] = words
    return found


def test_our_locks_are_those_of_the_server(witness: Witness) -> None:
    setup, rows = load("pg_locks.yaml")
    wanted = [row for row in rows if row.since <= witness.version <= row.until]
    known = explained(witness.version)
    wrong, told = [], 0
    for row in wanted:
        found = difference(_seen(witness, row), *ours(row, setup, witness.version), setup)
        told += bool(found)
        if found != known.pop(row.key, ""):
            wrong.append(f"{row.key}\n    {found or 'no longer differs'}")
    stale = sorted(key for key in known if key in {row.key for row in wanted})
    print(
        f"PostgreSQL {witness.version}: {len(wanted)} statements ran, {len(wanted) - told} as we"
        f" say, {told} explained, {len(wrong)} unexplained"
    )
    assert len(wanted) >= FEWEST
    assert not wrong, "\n".join(wrong)
    assert not stale


def _seen(witness: Witness, row: Row) -> Effects:
    try:
        return witness.see(row)
    except RefusedError as error:
        pytest.fail(f"PostgreSQL {witness.version} refuses {row.sql}: {error}")
