"""Reads compressed streams (gzip, bzip2, xz, lzma, zstd): one file, or an archive right inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from dten_audit.documents import cpio, tar
from dten_audit.documents.decoders import Flow
from dten_audit.documents.errors import BrokenError
from dten_audit.documents.kinds import kind_of
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Item, Member, Missed, Problem, Source
from dten_audit.documents.tape import FlowTape

_ENDINGS: Final = {
    ".tgz": ".tar", ".tbz2": ".tar", ".tbz": ".tar", ".txz": ".tar", ".tlz": ".tar",
    ".tzst": ".tar", ".svgz": ".svg", ".gz": "", ".bz2": "", ".xz": "", ".lzma": "", ".zst": "",
    ".zstd": "", ".z": "",
}  # fmt: skip
_MIN_HEAD: Final = 4096


def gzip_members(source: Source) -> Iterator[Item]:
    """Yield what a gzip file (RFC 1952) holds."""
    return _members(source, "gzip")


def bzip2_members(source: Source) -> Iterator[Item]:
    """Yield what a bzip2 file holds."""
    return _members(source, "bzip2")


def xz_members(source: Source) -> Iterator[Item]:
    """Yield what an xz file holds."""
    return _members(source, "xz")


def lzma_members(source: Source) -> Iterator[Item]:
    """Yield what an lzma file (the format before xz) holds."""
    return _members(source, "lzma")


def zstd_members(source: Source) -> Iterator[Item]:
    """Yield what a Zstandard file (RFC 8878) holds."""
    return _members(source, "zstd")


def unpacked_name(name: str) -> str:
    """Return a file's name without the ending that its compression gave it."""
    lower = name.lower()
    for ending, instead in _ENDINGS.items():
        if lower.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)] + instead
    return name


def _members(source: Source, kind: str) -> Iterator[Item]:
    """Yield an archive's members, or the one file that is packed here."""
    flow = Flow(source.data, kind, source.budget)
    path = unpacked_name(source.name)
    head = _head(flow)
    inner = kind_of(path, head)
    if inner == "tar":
        yield from tar.walk(FlowTape(flow, head), source)
    elif inner == "cpio":
        yield from cpio.walk(FlowTape(flow, head), source)
    elif source.wanted(path):
        yield from _one_file(flow, head, path, source)
    if flow.trailing:
        yield Problem("appended-data", f"{flow.trailing} bytes", offset=flow.consumed)


def _head(flow: Flow) -> bytes:
    """Return enough of a stream to tell its kind; what breaks it off is met again behind it."""
    head = flow.read()
    with suppress(BrokenError):
        while 0 < len(head) < _MIN_HEAD and (more := flow.read()):
            head += more
    return head


def _one_file(flow: Flow, chunk: bytes, path: str, source: Source) -> Iterator[Item]:
    with Sink(source.budget, charged=True) as sink:
        try:
            while chunk:
                sink.write(chunk)
                chunk = flow.read()
        except BrokenError as error:
            if sink.size:
                yield Member(path, sink.data())
            yield Missed(path, "truncated" if error.issue == "truncated-stream" else "corrupt")
            raise
        yield Member(path, sink.data())
