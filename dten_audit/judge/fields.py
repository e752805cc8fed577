"""Reaching into facts by dotted paths: for conditions, for messages, and to check them at load."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

from dten_audit.model.unknown import Unknown


def values(fact: object, path: tuple[str, ...]) -> Iterator[object]:
    """Yield what stands at ``path``: one value, or each element's where a tuple is on the way.

    Reaching into an unknown value gives that unknown; reaching into nothing gives None.
    """
    if isinstance(fact, Unknown):
        yield fact
    elif isinstance(fact, tuple) and not hasattr(fact, "_fields"):
        if not path:
            yield fact
        for element in fact if path else ():
            yield from values(element, path)
    elif not path:
        yield fact
    elif fact is None:
        yield None
    else:
        yield from values(getattr(fact, path[0]), path[1:])


@cache
def field_types(cls: type) -> dict[str, object]:
    """Return the fields of a fact (or of a record inside one) with their types, properties too."""
    found = dict(get_type_hints(cls))
    for name in dir(cls):
        value = getattr(cls, name)
        if isinstance(value, property) and value.fget is not None:
            found[name] = get_type_hints(value.fget).get("return", object)
    return found


def has_path(hint: object, path: tuple[str, ...]) -> bool:
    """Say whether values of type ``hint`` have ``path``."""
    if not path:
        return True
    return any(
        path[0] in field_types(cls) and has_path(field_types(cls)[path[0]], path[1:])
        for cls in record_types(hint)
    )


def record_types(hint: object) -> list[type]:
    """Return the record classes that a type is made of, looking into unions and tuples."""
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        return [] if hint is Unknown else [hint]
    if get_origin(hint) in (Union, UnionType, tuple):
        return [cls for part in get_args(hint) for cls in record_types(part)]
    return []


def literals(hint: object) -> frozenset[object] | None:
    """Return the values that a closed type allows, None where it is open."""
    if get_origin(hint) is Literal:
        return frozenset(get_args(hint))
    if hint is bool:
        return frozenset((True, False))
    if hint is NoneType:
        return frozenset((None,))
    if get_origin(hint) in (Union, UnionType):
        parts = [literals(part) for part in get_args(hint) if part is not Unknown]
        if any(part is None for part in parts):
            return None
        return frozenset(value for part in parts if part for value in part)
    if get_origin(hint) is tuple:
        parts = [literals(part) for part in get_args(hint) if part is not Ellipsis]
        return parts[0] if len(parts) == 1 else None
    return None


def type_at(hint: object, path: tuple[str, ...]) -> list[object]:
    """Return the possible types of the value at ``path``."""
    if not path:
        return [hint]
    return [
        found
        for cls in record_types(hint)
        if path[0] in field_types(cls)
        for found in type_at(field_types(cls)[path[0]], path[1:])
    ]
