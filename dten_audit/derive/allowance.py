"""How much of a kind is looked at in one file: beyond what real ones hold, it is said instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dten_audit.model.facts.general import Unreadable
from dten_audit.model.location import Location


class PerFile:
    """Counts what files hold of something, up to ``most`` of it; ``reason`` says what is left."""

    def __init__(self, most: int, language: str, reason: str) -> None:
        self._most = most
        self._language = language
        self._reason = reason
        self._counted: Counter[str] = Counter()
        self._first_left: dict[str, Location] = {}

    def take(self, at: Location) -> bool:
        """Count one that stands at ``at``; False where its file has had enough of them."""
        self._counted[at.path] += 1
        if self._counted[at.path] <= self._most:
            return True
        self._first_left.setdefault(at.path, at)
        return False

    def left(self) -> Iterator[Unreadable]:
        """Yield for each file that has more of them where the first one stands that was left."""
        for at in self._first_left.values():
            yield Unreadable(at, self._language, self._reason)
