"""Looks the keys of the matrix of RabbitMQ up in the schemas of Debian's packages.

A node refuses a key that is in no schema (Cuttlefish); defaults stand in ``rabbit.app`` and in
those of the plugins.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from dten_audit.site.matrix import MatrixEntry, shipped_matrix
from dten_audit.site.versions import compare
from tests.oracles.config_servers import contents
from tests.oracles.servers import missing

# ruff: noqa: T201 (how many keys ran is printed)
SUITES: Final = ("bookworm", "trixie", "sid")
IN_DEFINITIONS: Final = "policies."
DEFAULTS: Final = {
    "max_message_size": "max_message_size",
    "mqtt.max_packet_size_authenticated": "max_packet_size_authenticated",
    "vm_memory_high_watermark.*": "vm_memory_high_watermark",
}
APPLICATIONS: Final = ("rabbit.app", "rabbitmq_mqtt.app")


class Release(NamedTuple):
    """What a package's schemas map and what its defaults are."""

    version: str
    keys: frozenset[str]
    defaults: dict[str, str]


@pytest.fixture(scope="module")
def releases() -> list[Release]:
    """The packages of two stable suites, and that of the moving one as far as it can be had."""
    found = [_release(suite) for suite in SUITES]
    if None in found[:2]:
        missing("rabbitmq-server cannot be had")
    return [each for each in found if each is not None]


def _release(suite: str) -> Release | None:
    root = contents(f"rabbitmq-{suite}", suite, "rabbitmq-server")
    if root is None:
        return None
    texts = [_code(path) for path in root.glob("usr/lib/rabbitmq/**/*.schema")]
    keys = {key for text in texts for key in re.findall(r"\{mapping,\s*\"([^\"]+)\"", text)}
    app = "".join(
        next(root.glob(f"usr/lib/rabbitmq/**/{name}")).read_text() for name in APPLICATIONS
    )
    version = re.search(r"\{vsn,\s*\"([0-9.]+)\"", app)
    assert version
    assert len(keys) > 500
    defaults = dict(re.findall(r"\{(\w+),\s*([0-9.]+)\}", app))
    return Release(version[1], frozenset(keys), defaults)


def _code(path: Path) -> str:
    return re.sub(r"(?m)^\s*%.*$", "", path.read_text(encoding="utf-8", errors="replace"))


def _is_later(release: Release, entry: MatrixEntry) -> bool:
    """Say whether a row is of the default of a key that a release does not know yet."""
    old = compare(release.version, entry.default_in or "0", "generic") == -1
    return old and "*" not in entry.key and entry.key not in release.keys


@pytest.mark.oracle
def test_schemas_hold_a_key_until_the_row_says_that_it_is_gone(releases: list[Release]) -> None:
    gone = there = 0
    for each in releases:
        for entry in shipped_matrix("rabbitmq").entries:
            if entry.key.startswith(IN_DEFINITIONS) or "*" in entry.key or _is_later(each, entry):
                continue
            past = bool(entry.removed) and compare(each.version, entry.removed, "generic") != -1
            known = not past or entry.effect == "ignored"
            assert (entry.key in each.keys) == known, (each.version, entry.key)
            gone += not known
            there += known
            if entry.renamed_to and past:
                assert entry.renamed_to in each.keys, (each.version, entry.renamed_to)
    assert gone >= 7
    assert there >= 10
    versions = ", ".join(each.version for each in releases)
    print(f"RabbitMQ {versions}: {gone} look-ups found nothing, {there} found the key")


@pytest.mark.oracle
def test_defaults_are_those_of_the_packages(releases: list[Release]) -> None:
    ran = 0
    for each in releases:
        for entry in shipped_matrix("rabbitmq").entries:
            if entry.default_in and not _is_later(each, entry):
                old = compare(each.version, entry.default_in, "generic") == -1
                expected = entry.default_from if old else entry.default_to
                assert each.defaults[DEFAULTS[entry.key]] == expected, (each.version, entry.key)
                ran += 1
    assert ran >= 4
    print(f"RabbitMQ: {ran} defaults")
