"""What a reader is: data that says which documents it wants, and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact

Read = Callable[[Document], Iterator[Fact | Embedded]]
"""A pure function of (bytes, kind, path hints): total, and linear in the document's size."""


class Reader(NamedTuple):
    """A language and how to read it.

    ``function`` is ``module:name``, imported when first used. ``triggers`` are regular expressions
    (bytes; the subset of ``gate.py``) of which one must occur in a large or unreachable document
    for reading to be worth the time; without triggers, every document of these kinds is read.
    ``version`` counts changes of what it states, for the cache. ``partial``: it looks at a part of
    the document only and does not read its language, so that this counts as not read.
    """

    name: str
    kinds: frozenset[str]
    function: str
    version: int = 1
    triggers: tuple[bytes, ...] = ()
    partial: bool = False

    def load(self) -> Read:
        """Import the function."""
        module, _, name = self.function.partition(":")
        read: Read = getattr(import_module(module), name)
        return read
