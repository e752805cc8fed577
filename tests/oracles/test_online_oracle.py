"""MariaDB and MySQL themselves say how online the statements of `mysql_locks.yaml` are.

Asked are: the cheapest ALGORITHM and LOCK that the server takes, whether the statement waits for a
reader's open transaction, and whether InnoDB has another table afterwards.
"""

from __future__ import annotations

import pymysql
import pytest
import yaml

from tests.oracles import servers
from tests.oracles.lock_table import HERE, load, online_difference
from tests.oracles.mysql_witness import MysqlWitness

# ruff: noqa: T201 (how many statements ran is printed)

pytestmark = pytest.mark.oracle
FEWEST = 80


def explained(product: str, name: str) -> dict[str, str]:
    """Return the known differences of a server, by statement."""
    groups = yaml.safe_load((HERE / "online_differences.yaml").read_text(encoding="utf-8"))
    found = {}
    for group in groups:
        for key, told in group["rows"].items():
            words = told.get(name, told.get(product)) if isinstance(told, dict) else told
            if words:
                found[key] = words
    return found


@pytest.mark.parametrize("name", servers.SUITES)
def test_statements_are_as_online_as_the_server_shows(name: str) -> None:
    home = servers.maria_home(name)
    if home is None:
        servers.missing(f"{name} cannot be had here")
    setup, rows = load("mysql_locks.yaml")
    with servers.maria(home) as socket:
        witness = MysqlWitness(socket, setup)
        known = explained(witness.product, name)
        release = float(".".join(map(str, witness.version)))
        wanted = [
            row for row in rows
            if row.only in ("", witness.product) and row.since <= release
        ]  # fmt: skip
        wrong, told = [], 0
        for row in wanted:
            try:
                online = witness.see(row.sql, row.table, row.before)
            except pymysql.Error as error:
                wrong.append(f"{row.key}\n    is refused: {error}")
                continue
            found = online_difference(row, online, setup, witness.product, witness.version)
            told += bool(found)
            if found != known.pop(row.key, ""):
                wrong.append(f"{row.key}\n    {found or 'no longer differs'}")
        witness.close()
    stale = sorted(key for key in known if key in {row.key for row in wanted})
    print(
        f"{witness.product} {witness.version}: {len(wanted)} statements ran,"
        f" {len(wanted) - told} as we say, {told} explained, {len(wrong)} unexplained"
    )
    assert len(wanted) >= FEWEST
    assert not wrong, "\n".join(wrong)
    assert not stale
