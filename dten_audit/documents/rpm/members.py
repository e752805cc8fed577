"""Reads RPM packages (the rpm.org package format, version 3 and 4): scriptlets and payload."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.cpio import members as cpio
from dten_audit.documents.cpio.header import starts_cpio
from dten_audit.documents.decoders import CHUNK, Flow
from dten_audit.documents.errors import OverLimitError
from dten_audit.documents.kinds import kind_of
from dten_audit.documents.rpm.files import RpmFiles
from dten_audit.documents.rpm.header import RpmHeader
from dten_audit.documents.rpm.scripts import scripts
from dten_audit.documents.source import Item, Member, Missed, Problem, Source, path_text
from dten_audit.documents.tape import FlatTape, FlowTape, Tape

_LEAD: Final = 96
_LEAD_NAME: Final = slice(10, 76)
_LEAD_ROOM: Final = slice(80, _LEAD)
_LEAD_LONGEST: Final = 65
_NAME_TAGS: Final = (1000, 1001, 1002)
_EPOCH: Final = 1003
_HEAD: Final = 4096
_STREAMS: Final = ("gzip", "bzip2", "xz", "lzma", "zstd")
_COMPRESSOR: Final = 1125
_SIGNED_SIZE: Final = (270, 1000)
_PLAIN_SIZE: Final = (271, 1007)
_CPIO_TRAILER: Final = 124
"""The payload's last entry, which rpm 4.11.90 did not count in its size."""
_RESERVED: Final = 1008
_ALGORITHMS: Final = {1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224"}
"""By the numbers of OpenPGP (RFC 9580, 9.5)."""
_PACKED_DIGEST: Final = (5092, 5093)
_PLAIN_DIGEST: Final = (5097, 5098)
_HEADER_SIGNATURES: Final = (268, 267)
_WHOLE_SIGNATURES: Final = (1002, 1005)
_OPENPGP: Final = 278
"""Signatures over the header in base64, as rpm 6 writes them."""
SIGNED: Final = "@signed"
"""The name under which the signed bytes appear; their signatures lie beside them."""


def members(source: Source) -> Iterator[Item]:
    """Yield the scriptlets of a package as ``@scriptlets/post.sh``, then the files."""
    yield from _Package(source).members()


class _Package:
    """The reading of one package: its two headers, and where its payload lies."""

    def __init__(self, source: Source) -> None:
        """Raises ``BrokenError``."""
        limits, data = source.budget.limits, source.data
        self._source = source
        self._signature = RpmHeader(data, _LEAD, limits)
        self._header = RpmHeader(data, self._signature.end + -self._signature.end % 8, limits)
        self._start = self._header.end
        stated = self._signature.number(*_SIGNED_SIZE)
        end = len(data) if stated is None else self._header.start + stated
        self._end = min(max(end, self._start), len(data))

    def members(self) -> Iterator[Item]:
        """Yield what the package runs, what it brings, and what follows it."""
        yield from self._lead()
        yield from self._signature.problems()
        yield from self._header.problems()
        yield from self._digests()
        yield from self._signatures()
        yield from self._scripts()
        files = RpmFiles(self._header)
        for item in self._payload(files):
            yield from files.compare(item)
        yield from self._trailer()

    def _lead(self) -> Iterator[Item]:
        """Read what no program reads any more: rpm writes the package's name there, and zeros."""
        lead = bytes(self._source.data[:_LEAD])
        name, _, rest = lead[_LEAD_NAME].partition(b"\0")
        if (rest + lead[_LEAD_ROOM]).strip(b"\0"):
            yield Problem("hidden-data", "in the lead", offset=_LEAD_NAME.start)
        own, version, release = (self._header.string(tag) for tag in _NAME_TAGS)
        epoch = b"%d:" % (self._header.number(_EPOCH) or 0)
        stated = (b"%s-%s%s-%s" % (own, prefix, version, release) for prefix in (b"", epoch))
        if name and name not in {text[:_LEAD_LONGEST] for text in stated}:
            what = f"the lead calls it {path_text(name)}"
            yield Problem("header-mismatch", what, offset=_LEAD_NAME.start)

    def _digests(self) -> Iterator[Item]:
        """Compare the checksums of the header, and of the payload as it lies there."""
        signature, header, data = self._signature, self._header, self._source.data
        view = memoryview(data)
        for tag, name in ((269, "sha1"), (273, "sha256")):
            stated = signature.string(tag).decode("latin-1")
            if stated and stated != _digest(name, view[header.start : header.end]):
                yield Problem("checksum-mismatch", f"{name} of the RPM header")
        whole = bytes(signature.numbers(1004)).hex()
        if whole and whole != _digest("md5", view[header.start : self._end]):
            yield Problem("checksum-mismatch", "md5 of RPM header and payload")
        algorithm, stated = self._stated(_PACKED_DIGEST)
        if algorithm and stated != _digest(algorithm, view[self._start : self._end]):
            yield Problem("checksum-mismatch", f"{algorithm} of the RPM's payload")
        if any(signature.numbers(_RESERVED)):
            yield Problem("hidden-data", "in the room kept for signatures", offset=_LEAD)
        if bytes(view[signature.end : header.start]).strip(b"\0"):
            yield Problem("hidden-data", "between the RPM headers", offset=signature.end)

    def _signatures(self) -> Iterator[Item]:
        """Yield OpenPGP signatures as files, with what they are over: the header, else all of it.

        The header states the payload's digest, so that its signature is enough.
        """
        for tags, end in ((_HEADER_SIGNATURES, self._header.end), (_WHOLE_SIGNATURES, self._end)):
            found = [raw for tag in tags if (raw := bytes(self._signature.numbers(tag)))]
            if end == self._header.end:
                found += [
                    raw for text in self._signature.strings(_OPENPGP) if (raw := _base64(text))
                ]
            for number, raw in enumerate(found):
                path = f"{SIGNED}.{number}.sig" if number else f"{SIGNED}.sig"
                if self._source.wanted(path):
                    self._source.budget.charge(len(raw))
                    yield Member(path, raw)
            if found:
                yield from self._part(SIGNED, self._header.start, end)
                return

    def _stated(self, tags: tuple[int, int]) -> tuple[str, str]:
        """Return algorithm and digest of the payload; an empty algorithm where none is stated."""
        stated = self._header.string(tags[0]).decode("latin-1")
        algorithm = _ALGORITHMS.get(self._header.number(tags[1]) or 8, "")
        return (algorithm, stated) if stated else ("", "")

    def _scripts(self) -> Iterator[Item]:
        source = self._source
        longest = source.budget.limits.extended_header
        for name, text in scripts(self._header):
            path = f"@scriptlets/{name}"
            if source.wanted(path):
                source.budget.charge(len(text))
                yield Member(path, text[:longest])
                if len(text) > longest:
                    yield Problem("limit-header", f"a scriptlet of {len(text)} bytes", path)
                    yield Missed(path, "limit-header", len(text))

    def _payload(self, files: RpmFiles) -> Iterator[Item]:
        source = self._source
        packed = memoryview(source.data)[self._start : self._end]
        head = bytes(packed[:_HEAD])
        kind = "cpio" if starts_cpio(head) else kind_of("payload", head)
        if kind not in (*_STREAMS, "cpio"):
            kind = self._header.string(_COMPRESSOR).decode("latin-1")
        if kind == "cpio":
            tape: Tape = FlatTape(source.data, self._start, self._end)
            yield from cpio.walk(tape, source, files.named)
        elif kind in _STREAMS:
            flow = Flow(packed, kind, source.budget)
            hashed = _Hashed(flow, *self._stated(_PLAIN_DIGEST))
            yield from cpio.walk(FlowTape(hashed), source, files.named)
            yield from self._sums(flow, hashed)
        else:
            yield Missed("", "unsupported-format", len(packed))
            return
        yield from files.missing()

    def _sums(self, flow: Flow, hashed: _Hashed) -> Iterator[Item]:
        """Compare size and checksum of the payload as it was unpacked."""
        if not hashed.fits:
            yield Problem("checksum-mismatch", "of the RPM's payload, unpacked")
        stated = self._signature.number(*_PLAIN_SIZE)
        if stated is not None and stated not in (flow.size, flow.size - _CPIO_TRAILER):
            yield Problem("size-mismatch", f"payload: {stated} bytes stated, {flow.size} there")
        if flow.trailing:
            where = self._start + flow.consumed
            yield Problem("appended-data", f"{flow.trailing} bytes", offset=where)
            yield from self._part("@trailer", self._start + flow.tail, self._end)

    def _trailer(self) -> Iterator[Item]:
        size = len(self._source.data) - self._end
        if size:
            yield Problem("appended-data", f"{size} bytes", offset=self._end)
            yield from self._part("@trailer", self._end, len(self._source.data))

    def _part(self, path: str, start: int, end: int) -> Iterator[Item]:
        if self._source.wanted(path):
            if end - start > self._source.budget.limits.member:
                raise OverLimitError("limit-member", "behind the end of the package")
            self._source.budget.charge(end - start)
            yield Member(path, self._source.data[start:end])


class _Hashed:
    """A flow whose content's checksum is taken on the way."""

    def __init__(self, flow: Flow, algorithm: str, stated: str) -> None:
        """``algorithm``: empty where none is stated."""
        self._flow = flow
        self._stated = stated
        self._hash = _new(algorithm) if algorithm else None

    def read(self) -> bytes:
        """Return the next chunk, or nothing at the end."""
        chunk = self._flow.read()
        if self._hash is not None:
            self._hash.update(chunk)
        return chunk

    @property
    def fits(self) -> bool:
        """Whether what was read is what was promised."""
        return self._hash is None or self._hash.hexdigest() == self._stated


def _base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _new(algorithm: str) -> hashlib._Hash:
    return hashlib.new(algorithm, usedforsecurity=False)


def _digest(algorithm: str, view: memoryview) -> str:
    found = _new(algorithm)
    for at in range(0, len(view), CHUNK):
        found.update(view[at : at + CHUNK])
    return found.hexdigest()
