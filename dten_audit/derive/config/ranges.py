"""Options in files of Java's that count for some of its versions only (``8-13:-XX:...``)."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.unknown import Unknown

_FORMAT: Final = "cli"


@cache
def _range() -> re.Pattern[str]:
    return re.compile(r"([0-9]+)(-?)([0-9]*)")


@cache
def _release() -> re.Pattern[str]:
    """The release of Java in a version: 8 of ``1.8.0_402`` and ``8u402``, 17 of ``17.0.15+6``."""
    return re.compile(r"(?:1\.(?=[0-9]))?([0-9]{1,3})(?![0-9])")


def in_range(key: ConfigKey, in_force: str | Unknown, since: str) -> bool:
    """Say whether a key counts for the version in force or, if that is unknown, from ``since`` on.

    A key without a range counts for all versions.
    """
    bounds = _range().fullmatch(key.section) if key.format == _FORMAT else None
    if bounds is None:
        return True
    first = int(bounds[1])
    last = int(bounds[3]) if bounds[3] else None if bounds[2] else first
    release = _release().match(in_force if isinstance(in_force, str) else since)
    if release is None:
        return True
    number = int(release[1])
    if isinstance(in_force, str):
        return first <= number and (last is None or number <= last)
    return last is None or number <= last
