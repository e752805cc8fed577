"""Reads what extended headers say of tar members: pax records (POSIX.1-2017) and GNU's names."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.capabilities import capability_names
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.source import path_text

_TIMES: Final = frozenset("mtime atime ctime".split())
_NUMBERS: Final = frozenset("size uid gid".split())
_KNOWN: Final = _TIMES | _NUMBERS | frozenset(
    "path linkpath uname gname comment charset hdrcharset".split()
)  # fmt: skip
_FAMILIES: Final = (
    "GNU.", "SCHILY.", "LIBARCHIVE.", "RHT.security.", "SUN.", "MSWINDOWS.", "realtime.",
    "security.",
)  # fmt: skip
"""First words of keys that writers in use define: GNU tar, star, bsdtar, Solaris tar, Go."""
_OVERRIDES: Final = ("path", "linkpath", "size", "GNU.sparse.")
_CAPABILITY: Final = ".xattr.security.capability"
_REPEATED: Final = ("GNU.sparse.offset", "GNU.sparse.numbytes")
"""Keys that the first form of sparse files writes once for each part."""
_PLACEHOLDER: Final = "GNUSparseFile."
"""The folder in which GNU tar puts a sparse file for programs that do not know of holes."""
_USUAL: Final = re.compile(
    r"(?:^|(?<=/))(?:@LongLink|@LongName|@PaxHeader|pax_global_header|GlobalHead[.\d]{0,30}|"
    r"[0-9a-f]{40,64}\.(?:data|paxheader)|PaxHeaders?(?:\.\d{1,20})?|GNUSparseFile\.\d{1,20})(?:/|$)"
    r"(?:(?:blank|rootdir|currentdir)$)?"
)
"""What writers call an extended header, or a member whose name stands in one (tar(5), git, Go)."""
_TRANSCRIBED: Final = re.compile(r"[^A-Za-z0-9./+-]+|^(?:\./)+")
"""What a header that knows only ASCII has another character for."""
_SHOWN: Final = 200
_MOST_ALIKE: Final = 20
_MOST_RECORDS: Final = 1000
"""In one header; writers write a dozen, and one for each extended attribute."""
_SIZE_DIGITS: Final = 19


class Note(NamedTuple):
    """What is wrong with a member as its extended header describes it: an issue and its detail."""

    issue: str
    detail: str = ""


class Stated:
    """What extended headers say of the next member; empty or -1 where they say nothing.

    ``sparse`` holds the records of a map of holes, ``volume`` those of a part of a file, ``notes``
    what is to be said of the member, ``texts`` names and contents that have no other place,
    ``headers`` the names in the headers themselves.
    """

    __slots__ = (
        "_alike",
        "binary",
        "headers",
        "notes",
        "path",
        "size",
        "sparse",
        "target",
        "texts",
        "volume",
    )

    def __init__(self) -> None:
        self.path = ""
        self.target = ""
        self.size = -1
        self.binary = False
        self.sparse: dict[str, list[str]] = {}
        self.volume: dict[str, str] = {}
        self.notes: list[Note] = []
        self.texts: list[tuple[str, bytes]] = []
        self.headers: list[str] = []
        self._alike: dict[str, int] = {}

    def strange(self, path: str) -> Iterator[bytes]:
        """Yield names in headers that are neither usual there nor the member's, cut or not."""
        known = _TRANSCRIBED.sub("", path)
        for name in self.headers:
            if _TRANSCRIBED.sub("", _USUAL.sub("", name)).strip("./") not in known:
                yield name.encode()

    def _note(self, note: Note) -> None:
        """Keep a note; of many of one issue the first ones, as a header may repeat it at will."""
        alike = self._alike[note.issue] = self._alike.get(note.issue, 0) + 1
        if alike <= _MOST_ALIKE:
            self.notes.append(note)

    def name(self, path: str) -> None:
        """Take a name, and note that it differs from one before."""
        if self.path and self.path != path and _PLACEHOLDER not in self.path:
            self._note(Note("header-mismatch", f"another name: {self.path[:_SHOWN]}"))
        self.path = path

    def aim(self, target: str) -> None:
        """Take a link's target, and note that it differs from one before."""
        if self.target and self.target != target:
            self._note(Note("header-mismatch", f"another target: {self.target[:_SHOWN]}"))
        self.target = target

    def records(self, content: bytes) -> None:
        """Take the records of a member's header. Raises ``BrokenError`` at a senseless size.

        Raises ``OverLimitError`` at senselessly many.
        """
        for key, value in self._checked(content):
            self._record(key, value)
        real = self.sparse.get("name")
        if real and _PLACEHOLDER in self.path:
            self.path = real[0]
        elif real:
            self.name(real[0])

    def global_records(self, content: bytes) -> None:
        """Take the records of a header for all members: programs differ in what they let it do."""
        for key, value in self._checked(content):
            if key.startswith(_OVERRIDES):
                what = f"a global header sets {key}: {path_text(value)[:_SHOWN]}"
                self._note(Note("header-mismatch", what))
            else:
                self._other(key, value)

    def _checked(self, content: bytes) -> Iterator[tuple[str, bytes]]:
        seen: set[str] = set()
        plain = 0
        for key, value in pax_records(content):
            plain += key not in _REPEATED
            if plain > _MOST_RECORDS:
                raise OverLimitError("limit-header", f"more than {plain - 1} pax records")
            if not key:
                self._note(Note("extra-invalid", "a pax record"))
                continue
            if key in seen and key not in _REPEATED:
                self._note(Note("extra-duplicate", f"pax record {key[:_SHOWN]}"))
            seen.add(key)
            yield key, value

    def _record(self, key: str, value: bytes) -> None:
        if key == "path":
            self._encoding(value)
            self.name(path_text(value))
        elif key == "linkpath":
            self._encoding(value)
            self.aim(path_text(value))
        elif key == "size":
            if not value.isdigit() or len(value) >= _SIZE_DIGITS:
                raise BrokenError("corrupt-archive", f"pax size {path_text(value[:40])}")
            self.size = int(value)
        elif key.startswith("GNU.sparse."):
            self.sparse.setdefault(key[11:], []).append(path_text(value))
        else:
            self._other(key, value)

    def _other(self, key: str, value: bytes) -> None:
        """Take a record that does not change what is read."""
        if key == "comment":
            self.texts.append(("@comment", value))
        elif key == "GNU.volume.label":
            self.texts.append(("@label", value))
        elif key.startswith("GNU.volume."):
            self.volume[key[11:]] = path_text(value)
        elif key == "GNU.dumpdir":
            self.texts.append(("@dumpdir", value))
        elif key.endswith(_CAPABILITY):
            self._note(Note("mode-capability", _capabilities(key, value)))
        elif key == "hdrcharset":
            self.binary = value == b"BINARY"
        elif key not in _KNOWN and not key.startswith(_FAMILIES):
            what = f"pax record {key[:_SHOWN]}, {len(value)} bytes"
            self._note(Note("extra-data", what))
        elif key in _NUMBERS and not value.isdigit():
            self._note(Note("extra-invalid", f"pax record {key} is no number"))
        elif key in _TIMES and not re.fullmatch(rb"-?\d{1,20}(?:\.\d{0,20})?", value):
            self._note(Note("extra-invalid", f"pax record {key} is no time"))

    def _encoding(self, value: bytes) -> None:
        if self.binary or value.isascii():
            return
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            self._note(Note("path-encoding", "the name is not the UTF-8 that it claims"))


def _capabilities(key: str, value: bytes) -> str:
    if key.startswith("LIBARCHIVE."):
        try:
            return capability_names(a2b_base64(value))
        except Base64Error:
            pass
    return capability_names(value)


def pax_records(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield key and value of each record; the key is empty for what does not parse."""
    position, end = 0, len(content)
    while position < end:
        space = content.find(b" ", position, position + 20)
        digits = content[position:space] if space > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        record = content[space + 1 : position + length]
        fits = space > 0 and length > space - position + 1 and position + length <= end
        if not fits or not record.endswith(b"\n") or b"=" not in record:
            if content[position:].strip(b"\0"):
                yield "", b""
            return
        key, _, value = record[:-1].partition(b"=")
        yield key.decode("utf-8", "replace"), value
        position += length
