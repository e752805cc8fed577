"""Reads what stands behind the end mark of a tar archive, where most programs stop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Item, Member, Problem, Source
from dten_audit.documents.tape import Tape
from dten_audit.documents.tar.header import BLOCK, is_header


def behind_end(
    tape: Tape, source: Source, members: Callable[[bytes], Iterator[Item]]
) -> Iterator[Item]:
    """Yield further archives there, which ``members`` reads from their first header on.

    What is no archive of this kind comes out as ``@trailer``: another program may read it.
    """
    runs, told = 0, False
    block = tape.take(BLOCK)
    while block:
        if not block.strip(b"\0"):
            block = tape.take(BLOCK)
            continue
        if not told:
            told = True
            yield Problem("appended-data", "behind the end mark", offset=tape.position - len(block))
        if _begins(block):
            yield from members(block)
            block = tape.take(BLOCK)
        else:
            runs += 1
            block = yield from _bytes(tape, source, block, f"@trailer{runs if runs > 1 else ''}")


def _bytes(tape: Tape, source: Source, block: bytes, path: str) -> Generator[Item, None, bytes]:
    """Yield the bytes up to the next header; return that."""
    wanted = source.wanted(path)
    with Sink(source.budget) as sink:
        while block and not _begins(block):
            if wanted:
                sink.write(block)
            block = tape.take(BLOCK)
        if wanted:
            yield Member(path, sink.data())
    return block


def _begins(block: bytes) -> bool:
    return block[257:262] == b"ustar" and is_header(block)
