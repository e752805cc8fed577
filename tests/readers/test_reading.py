"""The read stage: one work list, the gate that saves work, and how every document ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.mentions import Mention
from dten_audit.readers.base import Reader
from dten_audit.readers.reading import ALWAYS_BELOW, MAX_EMBEDDED_DEPTH, Reading

HERE = "tests.readers.test_reading"


def read_lines(document: Document) -> Iterator[Fact | Embedded]:
    """A toy language: a line ``> text`` embeds ``text`` in the same language."""
    for number, line in enumerate(document.text.split("\n"), 1):
        if line.startswith("> "):
            yield Embedded("toy", line[2:], (number,), 3)
        elif line:
            yield Unreadable(document.location(number), "toy", line)


def read_nothing(document: Document) -> Iterator[Fact | Embedded]:
    assert document
    yield from ()


def fail(document: Document) -> Iterator[Fact | Embedded]:
    yield Unreadable(document.location(1), "toy", "before")
    raise ZeroDivisionError


TOY = Reader("toy", frozenset({"toy"}), f"{HERE}:read_lines", triggers=(b"sudo ",))


def document(data: bytes, kind: str = "toy", mode: int | None = None) -> Document:
    return Document("p.zip!/a", "a", kind, data, mode=mode)


def reasons(reading: Reading) -> list[str]:
    return [fact.reason for fact in reading.facts if isinstance(fact, Unreadable)]


def test_embedded_documents_are_read_in_their_order() -> None:
    reading = Reading([TOY])
    reading.add(document(b"one\n> two\nthree\n> > four\n"))
    assert reasons(reading) == ["one", "three", "two", "four"]
    assert [fact.at.line for fact in reading.facts] == [1, 3, 2, 4]
    assert len({info.id for info in reading.documents}) == 4
    assert [tally.how for tally in reading.tallies] == ["parsed"]


def test_embedding_ends() -> None:
    reading = Reading([TOY])
    reading.add(document(b"> " * 50 + b"deep"))
    assert len(reading.documents) <= MAX_EMBEDDED_DEPTH + 1


def test_the_gate_holds_back_only_large_documents_without_a_trigger() -> None:
    padding = b"\n" * ALWAYS_BELOW
    for data, mode, how in (
        (b"x", None, "parsed"),
        (b"x" + padding, None, "scanned"),
        (b"x" + padding, 0o755, "parsed"),
        (b"sudo x" + padding, None, "parsed"),
    ):
        reading = Reading([TOY])
        reading.add(document(data, mode=mode))
        assert [tally.how for tally in reading.tallies] == [how]
        assert bool(reading.skipped) is (how == "scanned")


def test_what_was_held_back_can_be_read_later() -> None:
    reading = Reading([TOY])
    large = document(b"x" + b"\n" * ALWAYS_BELOW)
    reading.add(large)
    assert not reading.facts
    reading.read_skipped(large)
    assert reasons(reading) == ["x"]
    assert not reading.skipped
    assert [tally.how for tally in reading.tallies] == ["parsed"]


def test_without_a_reader_documents_say_what_they_mention() -> None:
    reading = Reading([TOY])
    reading.add(document(b"import os\nos.system('sudo -n true')\n", "python"))
    reading.add(document(b"run sudo -n true by hand\n", "markdown"))
    reading.add(document(b"\x7fELF sudo -n true", "elf"))
    mentions = [fact for fact in reading.facts if isinstance(fact, Mention)]
    assert [(m.topic, m.kind, m.at.line) for m in mentions] == [
        ("privilege", "python", 2),
        ("privilege", "markdown", 1),
    ]
    assert [tally.how for tally in reading.tallies] == ["scanned", "scanned", "opaque"]


def test_an_unwanted_reader_is_not_asked() -> None:
    reading = Reading([TOY], wanted=lambda _reader, _document: False)
    reading.add(document(b"x"))
    assert not reading.facts


def test_a_reader_that_fails_costs_a_finding_and_no_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DTEN_AUDIT_DEBUG")
    reading = Reading([Reader("odd", frozenset({"toy"}), f"{HERE}:fail")])
    reading.add(document(b"x"))
    assert reasons(reading) == [
        "before",
        "the reader failed here (ZeroDivisionError): please report it",
    ]
