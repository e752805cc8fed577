"""Compares the matrix of Elasticsearch with the settings that its deprecation checks name.

The list holds facts (names, levels) of NodeDeprecationChecks.java at commit 00b9066065da.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import pytest

from dten_audit.site.matrix import shipped_matrix
from dten_audit.site.matrix_keys import Lookup

# ruff: noqa: T201 (how many settings ran is printed)
LIST: Final = Path(__file__).parent / "config/elasticsearch_settings.csv"
UNSAID: Final = frozenset(
    ("xpack.security.authc.realms.*._*", "script.context.*.max_compilations_rate")
)
"""Settings of which nothing that was read says since when."""


@pytest.mark.oracle
def test_every_setting_of_the_deprecation_checks_is_in_the_matrix() -> None:
    lookup = Lookup(shipped_matrix("elasticsearch"))
    with LIST.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    names = [row["setting"] for row in rows if row["setting"] not in UNSAID]
    for name in names:
        found = list(lookup.find("", name.replace("*", "x")))
        assert any(match.entry.deprecated or match.entry.allowed_in for match in found), name
    assert len(names) >= 30
    print(f"{len(names)} settings of Elasticsearch's deprecation checks, {len(UNSAID)} left out")
