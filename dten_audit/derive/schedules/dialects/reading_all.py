"""Reads any expression: which function reads which notation."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from dten_audit.derive.schedules.dialects.cron_like import GRAMMARS, read_cron
from dten_audit.derive.schedules.dialects.databases import read_agent, read_mysql, read_oracle
from dten_audit.derive.schedules.dialects.named import (
    read_apscheduler,
    read_celery,
    read_launchd,
)
from dten_audit.derive.schedules.dialects.plain_words import read_words
from dten_audit.derive.schedules.dialects.rates import read_rate
from dten_audit.derive.schedules.dialects.reading import Reading

_READERS: Final[dict[str, Callable[[str], Reading]]] = {
    "celery": read_celery,
    "apscheduler": read_apscheduler,
    "launchd": read_launchd,
    "rate": read_rate,
    "plain-words": read_words,
    "mysql-event": read_mysql,
    "oracle-calendar": read_oracle,
    "sql-agent": read_agent,
}


@lru_cache(maxsize=4096)
def read_expression(notation: str, expression: str) -> Reading:
    """Read an expression in the notation named; one that nobody sees is shown as it stands."""
    if notation in _READERS:
        return _READERS[notation](expression)
    if notation in GRAMMARS:
        return read_cron(notation, expression)
    return Reading(text=expression)
