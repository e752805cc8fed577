"""A document: bytes with an address, a kind and path hints; also text embedded in another one."""

from __future__ import annotations

from collections.abc import Mapping
from mmap import mmap
from types import MappingProxyType
from typing import NamedTuple

from dten_audit.documents.text import LineIndex, decode
from dten_audit.model.location import Location

SNIPPET = 200
_LOOK = 5 * SNIPPET
"""How much of a line is looked at: a megabyte in one line would be copied for every fact on it."""


class Embedded(NamedTuple):
    """A document found inside another: a heredoc, a ``-c`` string, a YAML block, an SQL literal.

    ``lines`` maps: entry *n* is the host's line of the text's line *n + 1*. Where it is shorter
    than the text, the last entry counts on; it need not grow from line to line. ``column`` is where
    the first line starts in the host; 0 where the text does not stand there word for word.
    ``path`` is where the text lands when it is written to a file (``/etc/cron.d/x``), else empty.
    ``hints`` are facts of the embedding that its reader needs (``("client", "psql")``).
    ``origin`` is the document that it stands in, if that is not the one being read (a library that
    a script sources). ``variant`` tells several texts at one place apart (the turns of a loop); 0
    for the first.
    """

    kind: str
    text: str
    lines: tuple[int, ...]
    column: int = 1
    path: str = ""
    hints: tuple[tuple[str, str], ...] = ()
    origin: Document | None = None
    variant: int = 0


class DocumentInfo(NamedTuple):
    """What is kept of a document once it has been read and its bytes are gone.

    ``host`` is the id of the file it is embedded in, else empty. ``shebang`` says that it starts
    with ``#!``: it is meant to be started, not only to be sourced.
    """

    id: str
    address: str
    path: str
    kind: str
    size: int
    mode: int | None
    host: str
    hints: tuple[tuple[str, str], ...] = ()
    shebang: bool = False


class Document:
    """What readers read.

    ``id`` is unique in an audit; it is the ``address`` for a file, and the address with a fragment
    (``…/up.sh#L12C3``) for an embedded document, whose findings point into the host.
    ``path`` is the path inside the innermost container, as the package writes it, or where the
    text lands. ``mode`` is the Unix mode, if the container states one.
    ``data`` are the bytes; of a very large document the first ones (64 MiB by default), and
    ``mapped`` is then the whole. Of a very large program the rest is not kept: ``length`` is then
    its size.
    """

    # What few documents have stands in the class: a package has many that are made and dropped.
    depth: int = 0
    host: Document | None = None
    lines: tuple[int, ...] = ()
    column: int = 1
    hints: Mapping[str, str] = MappingProxyType({})
    mapped: mmap | None = None
    length: int = -1
    found: tuple[dict[int, int], frozenset[str]] | None = None
    """What the gate has found in it, once it was asked: its triggers, and their topics."""
    _text: str | None = None
    _index: LineIndex | None = None

    def __init__(
        self, address: str, path: str, kind: str, data: bytes, mode: int | None = None
    ) -> None:
        self.id = self.address = address
        self.path = path
        self.kind = kind
        self.data = data
        self.mode = mode

    @property
    def size(self) -> int:
        """The number of bytes of the whole document; of the text, if it is embedded."""
        if self.host is not None:
            return len(self.text)
        if self.length >= 0:
            return self.length
        return len(self.data if self.mapped is None else self.mapped)

    @property
    def name(self) -> str:
        """The last component of ``path``."""
        return self.path.rpartition("/")[2]

    @property
    def text(self) -> str:
        """The decoded text, every line end a single newline."""
        if self._text is None:
            self._text = decode(self.data).text
        return self._text

    @property
    def index(self) -> LineIndex:
        """The line index of ``text``."""
        if self._index is None:
            self._index = LineIndex(self.text)
        return self._index

    def embedded_id(self, part: Embedded) -> str:
        """Return the id that ``part`` has as a document: a reader's facts may refer to it."""
        if part.origin not in (None, self):
            return part.origin.embedded_id(part)
        line = self.host_line(part.lines[0]) if part.lines else 1
        variant = f".{part.variant}" if part.variant else ""
        return f"{self.id}#L{line}C{part.column}{variant}"

    def embed(self, part: Embedded) -> Document:
        """Return ``part`` as a document of its own, whose places are places of the host's file."""
        if part.origin not in (None, self):
            return part.origin.embed(part)
        lines = tuple(self.host_line(line) for line in part.lines)
        document = Document(self.address, part.path or self.path, part.kind, b"")
        document.depth = self.depth + 1
        document.id = self.embedded_id(part)
        document.host = self.host or self
        document.lines = lines
        document.column = part.column
        document.hints = dict(part.hints)
        document._text = part.text
        return document

    def host_line(self, line: int) -> int:
        """Return the line of the file at ``address`` for a line of this document's text."""
        if not self.lines:
            return line
        last = len(self.lines)
        return self.lines[line - 1] if line <= last else self.lines[-1] + line - last

    def location(
        self, line: int, column: int | None = None, end_line: int | None = None
    ) -> Location:
        """Return the place of a 1-based line (and column) of this document's text."""
        host_line = self.host_line(line)
        if self.host is not None and line > 1:
            snippet = self.host.index.line(host_line, _LOOK)
            column = None
        elif self.host is not None:
            snippet = self.host.index.line(host_line, _LOOK)
            column = column + self.column - 1 if column is not None and self.column else None
        else:
            snippet = self.index.line(line, _LOOK)
        end = None if end_line is None else max(self.host_line(end_line), host_line)
        return Location(self.address, host_line, column, end, None, snippet.strip()[:SNIPPET])

    def location_at(self, offset: int, end: int | None = None) -> Location:
        """Return the place of an offset of ``text``."""
        if end is not None and self.host is None and not self.lines:
            line, column, last, snippet = self.index.place(offset, end, _LOOK)
            return Location(self.address, line, column, last, None, snippet.strip()[:SNIPPET])
        line, column = self.index.position(offset)
        return self.location(line, column, None if end is None else self.index.position(end)[0])

    def info(self) -> DocumentInfo:
        """Return what is kept of this document once it has been read."""
        host = self.host.id if self.host else ""
        hints = tuple(sorted(self.hints.items()))
        shebang = self.text.startswith("#!") if self.host else self.data[:2] == b"#!"
        return DocumentInfo(
            self.id, self.address, self.path, self.kind, self.size, self.mode, host, hints, shebang
        )

    def whole(self, offset: int | None = None) -> Location:
        """Return the document as a place without lines (binaries, whole-file facts)."""
        return Location(self.address, byte_offset=offset)
