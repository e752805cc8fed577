"""Kleene's three-valued logic. Unknown is the set of things that would settle it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

Tri = bool | frozenset[str]
"""True, False, or the non-empty set of what is needed to know."""

Condition = Callable[[object], Tri]

_NOTHING: Final[frozenset[str]] = frozenset()


def all_of(values: Iterable[Tri]) -> Tri:
    """Return False if any is false, else unknown if any is, else True."""
    needs: frozenset[str] = frozenset()
    for value in values:
        if value is False:
            return False
        if value is not True:
            needs |= value
    return needs or True


def any_of(values: Iterable[Tri]) -> Tri:
    """Return True if any is true, else unknown if any is, else False."""
    needs: frozenset[str] = frozenset()
    for value in values:
        if value is True:
            return True
        if value is not False:
            needs |= value
    return needs or False


def conjunction(parts: Sequence[Condition]) -> Condition:
    """Return the condition that all of some conditions hold."""
    return _joined(parts, decisive=False)


def disjunction(parts: Sequence[Condition]) -> Condition:
    """Return the condition that any of some conditions holds."""
    return _joined(parts, decisive=True)


def _joined(parts: Sequence[Condition], *, decisive: bool) -> Condition:
    """Return a condition that the first part with the ``decisive`` value settles."""
    otherwise = not decisive

    def holds(value: object) -> Tri:
        needs = _NOTHING
        for part in parts:
            held = part(value)
            if held is decisive:
                return decisive
            if not isinstance(held, bool):
                needs |= held
        return needs or otherwise

    return holds


def negation(value: Tri) -> Tri:
    """Return the opposite; unknown stays unknown."""
    return (not value) if isinstance(value, bool) else value
