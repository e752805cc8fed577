"""What a reader is: data that says which documents it wants, and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact

Read = Callable[[Document], Iterator[Fact | Embedded]]
"""A pure function of (bytes, kind, path hints): total, and linear in the document's size."""
Fits = Callable[[Document], bool]
"""A cheap test of a document's path and bytes."""


class Reader(NamedTuple):
    """A language and how to read it.

    ``function`` is ``module:name``, imported when first used. ``triggers`` are regular expressions
    (bytes; the subset of ``gate.py``) of which one must occur in a large or unreachable document
    for reading to be worth the time; without triggers, every document of these kinds is read.
    ``version`` counts changes of what it states, for the cache. ``partial``: it looks at a part of
    the document only and does not read its language, so that this counts as not read. ``fits`` is
    ``module:name`` of a cheap test that tells whether a document is worth asking it at all.
    ``most``: so many statements are taken of one document, the rest is said to be unread; 0 means
    all, for lists that are long by nature.
    """

    name: str
    kinds: frozenset[str]
    function: str
    version: int = 1
    triggers: tuple[bytes, ...] = ()
    partial: bool = False
    fits: str = ""
    most: int = 20_000

    def load(self) -> Read:
        """Import the function."""
        read: Read = _imported(self.function)
        return read

    def load_fits(self) -> Fits:
        """Import the test; without one, every document fits."""
        fits: Fits = _imported(self.fits) if self.fits else _always
        return fits


def _imported(function: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)


def _always(_document: Document) -> bool:
    return True
