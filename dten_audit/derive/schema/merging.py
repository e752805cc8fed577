"""One fact for each outcome of a statement, however many ways lead to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dten_audit.model.facts.sql import SchemaChange, TransactionIssue, UncheckedSql
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

_WORSE: Final = {"unset": 3, "too-long": 2, "set": 0}
_UNKNOWN: Final = 1
_TOGETHER: Final = 100
"""So many tables of a loop are told together."""


def merged(changes: Iterable[SchemaChange]) -> list[SchemaChange]:
    """Return the changes, those of one statement with one outcome put together, worst first.

    Callers of better outcomes are named as ``safe_callers``. The order of places is kept.
    """
    by_place: dict[tuple[object, ...], dict[tuple[object, ...], SchemaChange]] = {}
    for change in changes:
        place = (change.at, change.action, change.table, change.column, change.name)
        outcomes = by_place.setdefault(place, {})
        key = _outcome(change)
        known = outcomes.get(key)
        if known is None:
            outcomes[key] = change
        else:
            outcomes[key] = known._replace(
                callers=_together(known.callers, change.callers),
                via=_together(known.via, change.via),
            )
    found: list[SchemaChange] = []
    for outcomes in by_place.values():
        if len(outcomes) == 1:
            found += outcomes.values()
            continue
        ranked = sorted(outcomes.values(), key=badness, reverse=True)
        for number, change in enumerate(ranked):
            safer = [other for other in ranked[number + 1 :] if badness(other) < badness(change)]
            safe = _together(*(other.callers for other in safer))
            found.append(change._replace(safe_callers=safe))
    return found


def _outcome(change: SchemaChange) -> tuple[object, ...]:
    return (
        change.lock_timeout,
        change.lock_timeout_ms,
        change.statement_timeout,
        change.in_transaction,
        change.migration_lock,
        change.table_from,
        change.scans,
        change.rewrites,
        change.holding,
    )


def badness(change: SchemaChange) -> int:
    """Return how much is missing around a change: higher is worse."""
    timeout = change.lock_timeout
    waits = _UNKNOWN if isinstance(timeout, Unknown) else _WORSE[timeout]
    lock = change.migration_lock
    alone = _UNKNOWN if isinstance(lock, Unknown) else 0 if lock else 3
    return waits + alone + (change.table_from == "site")


def _together(*groups: tuple[Location, ...]) -> tuple[Location, ...]:
    return tuple(dict.fromkeys(place for group in groups for place in group))


def with_loops(changes: Iterable[SchemaChange]) -> list[SchemaChange]:
    """Return the changes; each that a loop sends for several tables names them all."""
    changes = list(changes)
    tables: dict[tuple[object, ...], dict[str, None]] = {}
    for change in changes:
        tables.setdefault(_sent(change), {})[change.table] = None
    named = {key: list(names) for key, names in tables.items() if len(names) > 1}
    parts = {
        (key, name): tuple(part)
        for key, names in named.items()
        for part in _parts(names)
        for name in part
    }
    return [
        change._replace(together=parts[known])
        if (known := (_sent(change), change.table)) in parts
        else change
        for change in changes
    ]


def _sent(change: SchemaChange) -> tuple[object, ...]:
    """What the changes of a loop have in common: the place, and the statement but for its table."""
    text = change.statement.replace(change.table, "") if change.table else change.statement
    return (change.at, change.action, change.column, change.table_from, change.rewrites, text)


def _parts(names: list[str]) -> list[list[str]]:
    return [names[start : start + _TOGETHER] for start in range(0, len(names), _TOGETHER)]


def single(
    facts: Iterable[TransactionIssue | UncheckedSql],
) -> list[TransactionIssue | UncheckedSql]:
    """Return each fact once."""
    return list(dict.fromkeys(facts))
