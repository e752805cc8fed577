"""Adds a site's rows to a shipped knowledge table; the table's shape says how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dten_audit.readers.table_shapes import Shape


def merged(shape: Shape, ours: Any, own: Any) -> Any:
    """Return our data with a site's. Neither is changed, and both fit ``shape``.

    Lists are joined. Rows are too: where the first one that fits decides, the site's stand first;
    elsewhere a site's row takes the place of what ours says of the same names. Mappings are merged
    name by name; a named record is a row, so a site's stands for ours. A value replaces ours.
    """
    if shape.kind == "record":
        fields = dict(shape.fields)
        added = {
            key: merged(fields[key], ours[key], value) if key in ours else value
            for key, value in own.items()
        }
        return {**ours, **added}
    if shape.kind == "each":
        return {**ours, **{key: _entry(shape.inner[0], ours, key, own[key]) for key in own}}
    if shape.kind == "list":
        return [*ours, *(value for value in own if value not in ours)]
    if shape.kind == "rows":
        return [*own, *ours] if shape.first else [*_without(ours, own, shape.by), *own]
    return own


def _entry(shape: Shape, ours: dict[str, Any], key: str, value: Any) -> Any:
    return value if key not in ours or shape.kind == "record" else merged(shape, ours[key], value)


def _without(rows: Iterable[dict[str, Any]], own: list[dict[str, Any]], by: str) -> list[Any]:
    """Return our rows without the names that a site's rows speak of."""
    taken = {name for row in own for name in _names(row[by])}
    kept = []
    for row in rows:
        names = _names(row[by])
        left = [name for name in names if name not in taken]
        if len(left) == len(names):
            kept.append(row)
        elif left:
            kept.append({**row, by: left})
    return kept


def _names(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
