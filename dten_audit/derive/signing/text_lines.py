"""Finds the lines of a JSON text on which its entries stand, in the order of the text."""

from __future__ import annotations

import json
from typing import Final

_MISSES: Final = 100
"""After so many entries that are not found, written with escapes, none is looked for."""


class Lines:
    """Walks through a text once; what is not found has the line of what was found before it."""

    def __init__(self, text: str) -> None:
        self._text, self._position, self._line = text, 0, 1
        self._left = _MISSES

    def of(self, name: str) -> int:
        """Return the line of the next entry, a text in quotes."""
        if self._left < 0:
            return self._line
        found = self._text.find(json.dumps(name, ensure_ascii=False), self._position)
        if found < 0:
            found = self._text.find(json.dumps(name), self._position)
        if found < 0:
            self._left -= 1
            return self._line
        self._line += self._text.count("\n", self._position, found)
        self._position = found
        return self._line
