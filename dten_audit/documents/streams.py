"""Reads compressed streams (gzip, bzip2, xz, lzma, lzip, zstd): a file, or an archive inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from dten_audit.documents.cpio import members as cpio
from dten_audit.documents.decoders import Flow
from dten_audit.documents.errors import BrokenError
from dten_audit.documents.kinds import CONTAINERS, kind_of
from dten_audit.documents.payloads import verified
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Item, Member, Missed, Problem, Source
from dten_audit.documents.stream_headers import GzipHeaders
from dten_audit.documents.tape import FlowTape
from dten_audit.documents.tar import members as tar

_ENDINGS: Final = {
    ".tgz": ".tar", ".tbz2": ".tar", ".tbz": ".tar", ".txz": ".tar", ".tlz": ".tar",
    ".tzst": ".tar", ".svgz": ".svg", ".gz": "", ".bz2": "", ".xz": "", ".lzma": "", ".lz": "",
    ".zst": "", ".zstd": "", ".z": "",
}  # fmt: skip
_MIN_HEAD: Final = 4096
_PZSTD: Final = 4
"""pzstd writes the size of each frame into one to be skipped before it."""


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


def lzip_members(source: Source) -> Iterator[Item]:
    """Yield what an lzip file holds."""
    return _members(source, "lzip")


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
    """Yield an archive's members, or the one file that is packed here; then what stands beside."""
    flow = Flow(source.data, kind, source.budget)
    path = unpacked_name(source.name)
    try:
        head = _head(flow)
        inner = kind_of(path, head)
        if inner == "tar":
            yield from tar.walk(FlowTape(flow, head), source)
        elif inner == "cpio":
            yield from cpio.walk(FlowTape(flow, head), source)
        elif source.wanted(path):
            yield from _one_file(flow, head, path, source)
        else:
            while flow.read():
                pass
    except BrokenError:
        yield from _beside(flow, kind, path, source)
        raise
    yield from _beside(flow, kind, path, source)


def _beside(flow: Flow, kind: str, path: str, source: Source) -> Iterator[Item]:
    """Yield what the streams say beside their content, and what follows them."""
    if kind == "gzip":
        headers = GzipHeaders(source, path)
        for start in flow.starts:
            yield from headers.read(start)
    for number, (start, end) in enumerate(flow.skipped, 1):
        if end - start != _PZSTD:
            yield from _part(source, f"@skippable/{number}", start, end)
    if flow.trailing:
        if not _one_of_several(source, flow.tail):
            yield Problem("appended-data", f"{flow.trailing} bytes", offset=flow.consumed)
        yield from _part(source, "@trailer", flow.tail, len(source.data))


def _one_of_several(source: Source, at: int) -> bool:
    """Tell whether an installer put another archive behind this one."""
    kind = kind_of("", source.data[at : at + _MIN_HEAD])
    installer = source.name.startswith(("@payload", "@trailer"))
    return installer and kind in CONTAINERS and verified(source.data, at, kind)


def _part(source: Source, path: str, start: int, end: int) -> Iterator[Item]:
    """Yield bytes of the file as a document of their own."""
    most = source.budget.limits.member
    if end - start > most:
        yield Problem("limit-member", f"larger than {most} bytes", path)
        yield Missed(path, "limit-member", end - start)
    elif start < end and source.wanted(path):
        source.budget.charge(end - start)
        yield Member(path, source.data[start:end])


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
