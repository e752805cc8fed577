"""Asks servers of Redis and Valkey, Debian's of three suites, about every row of their matrices.

A server is started without a port: it names what it refuses, or says that it has nowhere to listen
and ends. Redis 8 keeps what it does not know for modules and ends later.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from dten_audit.site.matrix import MatrixEntry, shipped_matrix
from dten_audit.site.versions import compare
from tests.oracles.config_servers import asked, program
from tests.oracles.servers import missing

# ruff: noqa: T201 (how many keys ran is printed)
SERVERS: Final = {
    "redis-6": ("bullseye", "redis-server", "redis"),
    "redis-7": ("bookworm", "redis-server", "redis"),
    "redis-8": ("trixie", "redis-server", "redis"),
    "valkey-8": ("trixie", "valkey-server", "valkey"),
    "valkey-9": ("sid", "valkey-server", "valkey"),
}
PASSING: Final = ("bullseye", "sid")
"""Suites that go or change: without them the others are asked."""
VALUES: Final = {
    "slaveof": "127.0.0.1 6379", "replicaof": "127.0.0.1 6379", "slave-announce-ip": "10.0.0.1",
    "replica-announce-ip": "10.0.0.1", "vm-swap-file": "/tmp/redis.swap",
}  # fmt: skip
SWITCHES: Final = re.compile(
    r"-(?:enabled|only|data|flush|maxmemory|no-failover|reads|commands|hz)$|^glueoutputbuf$"
)


def value(key: str) -> str:
    """Return a value of the key's kind."""
    return VALUES.get(key) or ("yes" if SWITCHES.search(key) else "100")


class Server:
    """A program that is asked which lines of a file it takes."""

    def __init__(self, name: str) -> None:
        suite, package, product = SERVERS[name]
        command = program(name, suite, package, f"usr/bin/{package}")
        if command is None and suite in PASSING:
            pytest.skip(f"{suite} does not have {package} any more")
        if command is None:
            missing(f"{name} cannot be had")
        self.product = product
        self._command = command
        told = asked([*command, "--version"], Path("/")).stdout
        found = re.search(r"v=([0-9.]+)", told)
        assert found, told
        self.version = found[1]

    def takes(self, key: str) -> bool:
        """Say whether the server starts with this directive."""
        done = asked([*self._command, "-"], Path("/"), f"port 0\n{key} {value(key)}\n")
        said = done.stdout + done.stderr
        refused = "at line 2" in said or f">>> '{key} " in said
        assert refused != ("not listen anywhere" in said), said
        return not refused

    def reached(self, since: str) -> bool:
        """Say whether the server is of a version or later."""
        return compare(self.version, since, "generic") != -1


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    return Server(str(request.param))


def _since(entry: MatrixEntry) -> str:
    return entry.removed or entry.changed_in


@pytest.mark.oracle
def test_servers_agree_on_every_directive(server: Server) -> None:
    """Refused from the version on that a row names; all others are taken, new names as well."""
    refused = taken = 0
    for entry in shipped_matrix(server.product).entries:
        if entry.default_in:
            continue
        goes_on = entry.effect in ("still-bound", "ignored") or not server.reached(_since(entry))
        assert server.takes(entry.key) == goes_on, entry.key
        refused += not goes_on
        taken += goes_on
        if entry.renamed_to:
            known = server.reached(entry.changed_in) if entry.changed_in else True
            assert server.takes(entry.renamed_to) == known, entry.renamed_to
            refused += not known
            taken += known
    assert refused + taken >= 10
    assert refused >= (5 if server.product == "redis" else 0)
    print(f"{server.product} {server.version}: {refused} directives refused, {taken} taken")
