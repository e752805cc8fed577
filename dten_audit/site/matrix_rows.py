"""A matrix as a table: one row for each thing that became of a key, and since which version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cmp_to_key
from typing import NamedTuple

from dten_audit.model.facts.config import Change
from dten_audit.site.matrix import Matrix, MatrixEntry
from dten_audit.site.matrix_keys import full_name
from dten_audit.site.versions import compare


class Row(NamedTuple):
    """One change of one key. ``since`` is the first version in which it holds.

    ``instead`` is the key to use, ``value`` what the change is about: the values that are left, the
    old and the new default, the one value that the row is for. ``place`` is the matrix and its
    line, ``source`` where the fact was read, ``retrieved`` when.
    """

    product: str
    since: str
    change: Change
    key: str
    instead: str
    value: str
    effect: str
    note: str
    component: str
    place: str
    source: str
    retrieved: str


def phases(entry: MatrixEntry) -> Iterator[tuple[Change, str]]:
    """Yield what happens to a key, the last step first, each with the version it holds from.

    New defaults are not among these: they concern whoever does not set the key.
    """
    step: Change = "renamed" if entry.renamed_to else "moved" if entry.moved_to else "removed"
    if entry.removed:
        yield step, entry.removed
        if step != "removed" and entry.changed_in:
            yield "deprecated", entry.changed_in
    elif step != "removed" and entry.changed_in:
        yield step, entry.changed_in
    if entry.deprecated:
        yield "deprecated", entry.deprecated
    if entry.allowed_in:
        yield "value-not-allowed", entry.allowed_in


def rows(matrices: Iterable[Matrix], after: str = "", until: str = "") -> Iterator[Row]:
    """Yield the rows of matrices, oldest change first within each product.

    ``after`` and ``until`` bound the versions: what an upgrade from the one to the other passes. A
    version that cannot be compared with them is shown: what is not understood is not left out.
    """
    for matrix in matrices:
        found = [
            _row(matrix, entry, change, since)
            for entry in matrix.entries
            for change, since in _every_phase(entry)
            if _passed(since, after, until, matrix.scheme)
        ]
        yield from _by_version(found, matrix.scheme)


def _every_phase(entry: MatrixEntry) -> Iterator[tuple[Change, str]]:
    yield from phases(entry)
    if entry.default_in:
        yield "default-changed", entry.default_in


def _passed(since: str, after: str, until: str, scheme: str) -> bool:
    if after and compare(since, after, scheme) in (-1, 0):
        return False
    return not until or compare(since, until, scheme) != 1


def _by_version(found: list[Row], scheme: str) -> list[Row]:
    def order(one: Row, other: Row) -> int:
        return compare(one.since, other.since, scheme) or 0

    return sorted(sorted(found, key=lambda row: row.key), key=cmp_to_key(order))


def _row(matrix: Matrix, entry: MatrixEntry, change: Change, since: str) -> Row:
    instead = entry.renamed_to or entry.moved_to
    if instead and entry.transform:
        instead = f"{instead} ({entry.transform})"
    return Row(
        matrix.product,
        since,
        change,
        full_name(entry),
        "" if change in ("default-changed", "value-not-allowed") else instead,
        _value(entry, change),
        _effect(entry, change),
        entry.note,
        matrix.component,
        f"{matrix.path}:{entry.line}" if entry.line else matrix.path,
        entry.source,
        entry.retrieved,
    )


def _value(entry: MatrixEntry, change: Change) -> str:
    if change == "default-changed":
        return f"{entry.default_from} → {entry.default_to}"
    if change == "value-not-allowed":
        left = f"only {', '.join(entry.allowed)}" if entry.allowed else ""
        return left or f"not {', '.join(entry.refused)}"
    return f"if {entry.only_if_value}" if entry.only_if_value is not None else ""


def _effect(entry: MatrixEntry, change: Change) -> str:
    if change == "deprecated":
        return "still-bound"
    return "" if entry.effect == "unspecified" else entry.effect
