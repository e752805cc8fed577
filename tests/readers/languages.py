"""Pieces of a language that a reader reads, to be repeated and nested."""

from __future__ import annotations

from typing import Final, NamedTuple

NUMBER: Final = "§"
"""Stands for a number that differs at each repetition."""


class Language(NamedTuple):
    """Pieces of one language that a reader reads.

    ``head`` makes the reader interested, ``pieces`` are repeated behind it, ``pairs`` nested, and
    ``tail`` ends the text.
    """

    kind: str
    path: str
    pieces: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    head: str = ""
    tail: str = ""
