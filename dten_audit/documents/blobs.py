"""Opens what scripts carry as encoded text: archives, programs and scripts in base64 or hex.

Scripts write such text to a file, or pipe it to a shell or an unpacker. It is opened in silence;
what is inside is judged as if it lay there as a file.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.decoders import make_decoder
from dten_audit.documents.document import Document
from dten_audit.documents.kind_tables import words
from dten_audit.documents.kinds import is_tar_block, kind_of
from dten_audit.documents.runs import Run, take
from dten_audit.documents.source import Item, Member, Missed, Source
from dten_audit.documents.text import decode, is_wide
from dten_audit.documents.zip.directory import ends_in_zip

SCRIPTS: Final = words(
    "shell batch powershell perl ruby php makefile dockerfile groovy spec cron crontab systemd-unit"
)
"""Kinds that are searched whenever they are opened: what they run is why they are there."""
SOURCES: Final = words(
    "python javascript typescript java go csharp yaml json toml ini properties env text xml html"
)
"""Kinds that are searched where the gate has seen the start of such a text in them."""
MOST: Final = 1000
"""So many texts of one script are opened."""
_EFFORT: Final = 8
"""How often each byte may be looked at: texts that turn out to be nothing may lie in each other."""
_PIECE: Final = 32
"""A piece of a wrapped text costs as much as so many bytes."""
_SHORTEST: Final = 24
_TRIAL: Final = 1 << 16
_DICTIONARY: Final = 1 << 27
_STREAMS: Final = words("gzip bzip2 xz zstd")
_KNOWN: Final = words("7z rar cab rpm ar cpio")

_BASE64: Final = (
    rb"H4sI[A-Z]|UEsDB[AB]|/Td6WFoA|Qlpo[MNO]|KLUv/|N3q8ryc|UmFyIRoH|TVNDRgAA|ITxhcmNoPg|7avu2w|"
    rb"MDcwNzAx|f0VMR[gQIC]|TVqQAA|TVoAAA|TVpQAA|IyEv|IyEg"
)
"""How containers, programs and scripts start in base64."""
_TAR_MARK: Final = rb"1c3RhcgAw|1c3RhciAg"
_HEX_TAR_MARK: Final = rb"7573746172(?:0030|2020)"
"""What stands inside a tar header: ``ustar``."""
_HEX: Final = (
    rb"1f8b08|1F8B08|504b0304|504B0304|fd377a585a00|FD377A585A00|425a683[1-9]3141|425A683[1-9]3141|"
    rb"28b52ffd|28B52FFD|377abcaf271c|377ABCAF271C|7f454c460[12]|7F454C460[12]|4d5a9000|4D5A9000|"
    rb"23212f|23212F|2321202[fF]"
)
_ESCAPES: Final = (
    rb"\\x(?:1f\\x8b|1F\\x8B)\\(?:x08|b)|\\0?37\\213\\0?10|\\x7[fF]ELF|\\0?177ELF|"
    rb"\\x7[fF]\\x45\\x4[cC]\\x46|PK\\x03\\x04|PK\\0?03\\0?04|\\x50\\x4[bB]\\x03\\x04|"
    rb"\\x(?:fd|FD)(?:7zXZ|\\x37\\x7[aA]\\x58)|\\x23\\x21\\x2[fF]|BZh[1-9]1AY&SY"
)
_UU: Final = rb"begin [0-7]{3,4} "
GATE: Final = (
    *rb"H4sI UEsD /Td6WFoA Qlpo KLUv/ N3q8ryc UmFyIRoH TVNDRg ITxhcmNoPg 7avu2w MDcwNzAx".split(),
    *rb"f0VMR TVqQAA TVoAAA TVpQAA IyEv IyEg 1c3Rhc 7573746172 23212f 23212F 2321202".split(),
    *rb"1f8b08 1F8B08 1f8B08 1F8b08 504b0304 504B0304 fd377a58 FD377A58 425a683".split(),
    *rb"425A683 28b52ffd 28B52FFD 377abcaf 377ABCAF 7f454c46 7F454C46 4d5a9000 4D5A9000".split(),
    *rb"\x1f\x8b \x1F\x8B \37\213 \037\213 \x7fELF \x7FELF \177ELF \0177ELF \x7f\x45".split(),
    *rb"\x7F\x45 PK\x03\x04 PK\03 PK\003 \x50\x4b \x50\x4B \xfd7zXZ \xFD7zXZ \xfd\x37".split(),
    *rb"\xFD\x37 \x23\x21 AY&SY".split(),
    *(b"begin %d" % digit for digit in range(8)),
)
"""Words of which each document holds one that has anything which is opened here."""
_WORDS: Final = bytes(
    120 if chr(byte).isalnum() and byte < 128 else 120 if byte in b"+/\\&" else 32  # noqa: PLR2004
    for byte in range(256)
)
"""Makes digits of any encoding an x, and everything else a blank: long words are found quickly."""
_LONG_WORD: Final = b"x" * 20
"""The first line of a text is no shorter."""
_STARTS: Final = frozenset(
    (b"H4sI", b"UEsD", b"/Td6", b"Qlpo", b"KLUv", b"N3q8", b"f0VM", b"TVqQ", b"IyEv", b"IyEg",
     b"1f8b", b"1F8B", b"504b", b"504B", b"7f45", b"7F45", b"begi")
)  # fmt: skip
"""First bytes of a file that is nothing but such a text."""
_TAR: Final = {"base64": 343, "hex": 514}
"""So many digits stand before the mark in a tar header: 257 bytes, and in base64 a bit more."""
_BREAKS: Final = b"\r\n\t \"'\\.,"


def may_carry(document: Document) -> bool:
    """Tell at little cost whether a document is searched: scripts that hold such a start.

    Of other kinds only those that begin with it; the gate tells of the others.
    """
    if document.kind in SCRIPTS:
        return next(_candidates(document.data), None) is not None or document.mapped is not None
    return document.data[:4] in _STARTS and document.kind not in _NO_TEXT


_NO_TEXT: Final = words("pem pgp cms minisign checksums binary image font")


class Blob(NamedTuple):
    """An encoded text: its offset, how it is encoded, and what it stands for."""

    offset: int
    encoding: str
    content: bytes


def members(source: Source) -> Iterator[Item]:
    """Yield what a script carries as ``@base64/LINE``, ``@hex/LINE``, ``@uu/LINE``."""
    most = source.budget.limits.memory
    data = source.data[:most]
    if is_wide(data):
        data = decode(data).text.encode("utf-8", "replace")
    line, counted = 1, 0
    for number, blob in enumerate(_blobs(data, kind_of(source.name, source.data[:4096]))):
        line += _lines(data, counted, blob.offset)
        counted = blob.offset
        path = f"@{blob.encoding}/{line}"
        if number == MOST or not blob.content:
            yield Missed(path, "limit-entries")
            return
        if source.wanted(path):
            source.budget.charge(len(blob.content))
            source.budget.check_member(len(blob.content))
            yield Member(path, blob.content)
    rest = source.data[most : 2 * most]
    if rest and next(_candidates(rest), None) is not None:
        yield Missed("", "limit-memory", len(source.data))


def _lines(data: bytes, start: int, end: int) -> int:
    """Return how many lines end between two offsets."""
    part = data[start:end]
    return part.count(b"\n") + part.count(b"\r") - part.count(b"\r\n")


class _Candidate(NamedTuple):
    """Where a text may start, and how it would be encoded."""

    start: int
    encoding: str


@cache
def _head() -> re.Pattern[bytes]:
    """Return the pattern of a text's first digits."""
    return re.compile(
        rb"(?P<base64>"
        + _BASE64
        + rb")|(?:0x)?(?P<hex>"
        + _HEX
        + rb")|(?P<escapes>"
        + _ESCAPES
        + rb")"
    )


@cache
def _head_behind_escape() -> re.Pattern[bytes]:
    """Return the pattern of a text's first digits where a string goes on to its next line."""
    return re.compile(rb"\\[nrt](?:(?P<base64>" + _BASE64 + rb")|(?P<hex>" + _HEX + rb"))")


@cache
def _tar_mark() -> re.Pattern[bytes]:
    return re.compile(rb"(?P<base64>" + _TAR_MARK + rb")|(?P<hex>" + _HEX_TAR_MARK + rb")")


@cache
def _uu_head() -> re.Pattern[bytes]:
    return re.compile(rb"(?m)^" + _UU + rb"[^\r\n]{1,200}\r?\n")


def _candidates(text: bytes) -> Iterator[_Candidate]:
    """Yield where texts may start, in their order."""
    if b"begin " not in text:
        return _in_words(text)
    uuencoded = (_Candidate(match.start(), "uu") for match in _uu_head().finditer(text))
    return heapq.merge(uuencoded, _in_words(text))


def _in_words(text: bytes) -> Iterator[_Candidate]:
    """Yield the starts in long words: a pass over the bytes costs next to nothing."""
    classes = text.translate(_WORDS)
    start = classes.find(_LONG_WORD)
    while start >= 0:
        end = classes.find(b" ", start)
        end = len(text) if end < 0 else end
        yield from _in_word(text, start, end)
        start = classes.find(_LONG_WORD, end)


def _in_word(text: bytes, start: int, end: int) -> Iterator[_Candidate]:
    head = _head().match(text, start, end)
    if head is not None:
        encoding = str(head.lastgroup)
        yield _Candidate(head.start(encoding), encoding)
    word = text[start:end]
    if b"\\" in word:
        for found in _head_behind_escape().finditer(word):
            yield _Candidate(start + found.start() + 2, str(found.lastgroup))
    if b"1c3Rhc" in word or b"7573746172" in word:
        for mark in _tar_mark().finditer(word):
            encoding = str(mark.lastgroup)
            yield _Candidate(_tar_start(text, start + mark.start(), _TAR[encoding]), encoding)


def _blobs(text: bytes, kind: str) -> Iterator[Blob]:
    """Yield the texts that decode to what a container, a program or a script must be.

    The last one has no content where the effort was too great.
    """
    effort = _EFFORT * len(text) + _TRIAL
    done = 0
    for start, encoding in _candidates(text):
        if start < done:
            continue
        run = _uudecoded(text, start) if encoding == "uu" else take(text, start, encoding)
        effort -= max(run.end - run.start, len(run.content)) + _PIECE * run.pieces
        if effort < 0:
            yield Blob(start, _shown(encoding), b"")
            return
        content = _decisive(run, lenient=kind in SCRIPTS)
        if content:
            done = run.end
            yield Blob(start, _shown(encoding), content)


def _decisive(run: Run, *, lenient: bool) -> bytes:
    """Return what a text stands for; nothing where that is no container, program or script."""
    if _is_decisive(run.shorter, lenient=False):
        return run.shorter
    return run.content if _is_decisive(run.content, lenient=lenient) else b""


def _shown(encoding: str) -> str:
    return "hex" if encoding == "escapes" else encoding


def _tar_start(text: bytes, mark: int, digits: int) -> int:
    """Return where the text starts that has so many digits before ``mark``, line ends left out."""
    first = max(0, mark - 2 * digits)
    window = enumerate(text[first:mark], first)
    places = [place for place, byte in window if byte not in _BREAKS]
    return places[-digits] if len(places) >= digits else mark


def _uudecoded(text: bytes, start: int) -> Run:
    """Decode uuencoded lines up to ``end`` (POSIX uuencode)."""
    import binascii

    lines: list[bytes] = []
    at = text.find(b"\n", start) + 1
    while at:
        following = text.find(b"\n", at)
        line = text[at : following if following >= 0 else len(text)].rstrip(b"\r")
        if line in (b"end", b"`", b"") or following < 0:
            break
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            return Run(start, at, b"")
        at = following + 1
    return Run(start, at or start, b"".join(lines), pieces=len(lines))


def _is_decisive(content: bytes, *, lenient: bool) -> bool:
    """Tell whether decoded bytes are what they start like, and no accident or test data.

    ``lenient``: a stream that breaks off counts as well; a script's unpacker takes what it can get.
    """
    if len(content) < _SHORTEST:
        return False
    if content.startswith(b"#!"):
        return _is_script(content)
    kind = kind_of("", content)
    if kind in _STREAMS:
        return _unpacks(kind, content, lenient=lenient)
    if kind == "tar":
        return is_tar_block(content[:512])
    if kind == "elf":
        return content[4:5] in (b"\1", b"\2") and content[6:7] == b"\1"
    if kind == "pe":
        at = int.from_bytes(content[60:64], "little")
        return content[at : at + 4] == b"PE\0\0"
    return kind in _KNOWN or (kind == "zip" and ends_in_zip(content))


def _is_script(content: bytes) -> bool:
    first = content[:512].partition(b"\n")[0].rstrip(b"\r")
    readable = re.fullmatch(rb"#![ \t]*/[\x21-\x7e]+(?:[ \t]+[\x21-\x7e]+)*[ \t]*", first)
    return readable is not None and b"\0" not in content


def _unpacks(kind: str, content: bytes, *, lenient: bool) -> bool:
    try:
        decoder = make_decoder(kind, _DICTIONARY)
        found = decoder.decompress(content[:_TRIAL], _TRIAL)
    except Exception:  # noqa: BLE001 - each library has its own error; all mean no
        return False
    whole = decoder.eof or len(content) > _TRIAL or len(found) >= _TRIAL
    return whole or (lenient and bool(found))
