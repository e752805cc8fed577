"""Every reader's work grows no faster than its text, whatever that repeats, nests or numbers."""

from __future__ import annotations

from functools import cache

import pytest

from dten_audit.documents.document import Document
from dten_audit.readers.base import Reader
from dten_audit.readers.registry import READERS
from tests.readers.counting import calls
from tests.readers.pathological import LANGUAGES, Case, cases

FEW = 30
TIMES = 4
LEEWAY = 1.5
CONSTANT = 3000
"""Calls that a document costs whatever stands in it: tables, first uses."""
ONE_OF = 4
"""The suite tries one of so many cases of a reader's further languages; the benchmark all."""


@cache
def by_reader() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in cases():
        found.setdefault(case.reader, []).append(case)
    return found


def work(reader: Reader, case: Case, repetitions: int) -> int:
    """Return how many functions are called to read a text."""
    data = case.text(repetitions).encode("utf-8", "surrogateescape")
    return calls(
        reader.load(), Document(f"p.zip!/{case.path}", case.path, case.language.kind, data)
    )


def grows_too_fast(reader: Reader, case: Case) -> str:
    """Return what is wrong; three sizes, so that only growth that goes on is told."""
    few, more = work(reader, case, FEW), work(reader, case, FEW * TIMES)
    if more <= TIMES * LEEWAY * few + CONSTANT:
        return ""
    most = work(reader, case, FEW * TIMES * TIMES)
    if most <= TIMES * LEEWAY * more + CONSTANT:
        return ""
    return f"{case.path} {case.name}: {few}, {more}, {most} calls"


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_work_grows_with_size(reader: Reader) -> None:
    chosen = by_reader()[reader.name]
    first = chosen[0].language
    tried = [c for n, c in enumerate(chosen) if c.language is first or not n % ONE_OF]
    slow = [said for case in tried if (said := grows_too_fast(reader, case))]
    assert slow == []


def test_every_reader_is_tried() -> None:
    assert set(LANGUAGES) == {reader.name for reader in READERS}
