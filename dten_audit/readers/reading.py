"""Read: every document through its readers, embedded ones too, from one work list."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from mmap import mmap
from typing import Final, NamedTuple, cast

from dten_audit.documents.blobs import may_carry
from dten_audit.documents.document import Document, DocumentInfo, Embedded
from dten_audit.documents.issues import ISSUES
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.container import ContainerIssue, CoverageGap, LinkEntry
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.suppressions import Suppression
from dten_audit.model.location import MEMBER
from dten_audit.readers.base import Fits, Read, Reader
from dten_audit.readers.gate import Gate, Trigger
from dten_audit.readers.scanning import Scanner

ALWAYS_BELOW: Final = 256 << 10
"""Documents below this size are read whatever the gate says."""
MAX_EMBEDDED_DEPTH: Final = 5

IDENTITY_NAMES: Final = frozenset(
    "control METADATA PKG-INFO package.json manifest.json VERSION".split()
)
"""Documents whose bytes are kept: they may say which product this is."""
_KEPT_BYTES: Final = 1 << 20
_KEPT_FOLDERS: Final = 2
_KEPT_SCRIPTS: Final = 16 << 20
"""Scripts are kept up to this size in all: those that source libraries are read twice."""
_KEPT_FACTS: Final = (ContainerIssue, CoverageGap, LinkEntry, Suppression)
"""What is stated of a document by others than its readers."""
OPAQUE: Final = frozenset("elf pe macho image font class binary cab msi".split())


class Tally(NamedTuple):
    """How a document ended: ``parsed``, ``scanned`` or ``opaque``; its id, and its size."""

    document: str
    how: str
    size: int


class Reading:
    """The read stage of one audit: what was stated, and how every document ended.

    ``wanted`` says of a document whether its readers are worth asking (a configuration file that
    no matrix speaks of is not). ``skipped`` are ids of documents that the gate held back.
    """

    def __init__(
        self,
        readers: Sequence[Reader],
        wanted: Callable[[Reader, Document], bool] = lambda _reader, _document: True,
    ) -> None:
        self.facts: list[Fact] = []
        self.documents: list[DocumentInfo] = []
        self.tallies: list[Tally] = []
        self.skipped: set[str] = set()
        self.kept: dict[str, bytes] = {}
        self._embedded: dict[str, str] = {}
        self._kept_scripts = 0
        self._wanted = wanted
        self._by_kind: dict[str, list[Reader]] = {}
        self._loaded: dict[str, Read] = {}
        self._fitting: dict[str, Fits] = {}
        for reader in readers:
            for kind in reader.kinds:
                self._by_kind.setdefault(kind, []).append(reader)
        self._gate = gate_of(readers)
        self._scanner = Scanner()
        self._carrying = ""
        self._texts: tuple[str, set[str]] = ("", set())

    def add(self, document: Document) -> None:
        """Read a document and all that is embedded in it, as far as the gate wants it read.

        A script that was decoded out of the document before is not read again where the reader of
        that one has decoded the same text: it knows who runs it.
        """
        host, texts = self._texts
        if document.path.startswith("@") and document.address.startswith(f"{host}{MEMBER}@"):
            if document.text in texts:
                self.documents.append(document.info())
                self.tallies.append(Tally(document.id, "parsed", document.size))
                return
        else:
            self._texts = (document.address, set())
        work = [document]
        while work:
            work += reversed(self._read(work.pop()))

    def carries(self, document: Document) -> bool:
        """Tell whether the document that was added last may carry others as encoded text."""
        return document.id == self._carrying or may_carry(document)

    def read_skipped(self, document: Document) -> None:
        """Read a document that the gate held back, because something turned out to run it."""
        self.skipped.discard(document.id)
        for number, tally in enumerate(self.tallies):
            if tally.document == document.id:
                self.tallies[number] = tally._replace(how="parsed")
        work = list(reversed(self._states(document, self._by_kind.get(document.kind, []))))
        while work:
            work += reversed(self._read(work.pop()))

    def read_again(self, documents: Mapping[str, tuple[Document, Read]], reader: str) -> None:
        """Read documents once more, ``reader`` replaced by a function that knows more.

        What they and the documents embedded in them stated before is forgotten.
        """
        addresses = {document.address for document, _ in documents.values()}
        self.facts = [
            fact
            for fact in self.facts
            if fact.at.path not in addresses or isinstance(fact, _KEPT_FACTS)
        ]
        self.documents = [
            info for info in self.documents if not info.host or info.address not in addresses
        ]
        self._embedded = {info.id: info.kind for info in self.documents if info.host}
        for document, function in documents.values():
            usual = self._loaded.get(reader)
            self._loaded[reader] = function
            work = list(reversed(self._states(document, self._by_kind[document.kind])))
            if usual is not None:
                self._loaded[reader] = usual
            while work:
                work += reversed(self._read(work.pop()))

    def _read(self, document: Document) -> list[Document]:
        self.documents.append(document.info())
        self._keep(document)
        readers = [r for r in self._by_kind.get(document.kind, ()) if self._fits(r, document)]
        how = "opaque" if document.kind in OPAQUE else "scanned"
        language = not all(reader.partial for reader in readers)
        embedded: list[Document] = []
        if readers and (self._small(document) or self._triggered(document, readers)):
            how = "parsed" if language else how
            embedded = self._states(document, readers)
        elif language:
            self.skipped.add(document.id)
        if how != "opaque" and document.host is None:
            facts, carries = self._scanner.scan(document, read=language)
            self.facts += facts
            self._carrying = document.id if carries else ""
        if how == "parsed" and document.mapped is not None:
            self.facts += self._unread_rest(document, document.mapped, readers)
        if document.host is None:
            self.tallies.append(Tally(document.id, how, document.size))
        return embedded

    def _fits(self, reader: Reader, document: Document) -> bool:
        if not self._wanted(reader, document):
            return False
        if not reader.fits:
            return True
        if reader.name not in self._fitting:
            self._fitting[reader.name] = reader.load_fits()
        return self._fitting[reader.name](document)

    def _keep(self, document: Document) -> None:
        size = len(document.data)
        if document.host is not None or size > _KEPT_BYTES:
            return
        shallow = document.path.count("/") <= _KEPT_FOLDERS
        script = document.kind == "shell" and self._kept_scripts + size <= _KEPT_SCRIPTS
        if (shallow and document.name in IDENTITY_NAMES) or script:
            self.kept[document.id] = bytes(document.data)
            self._kept_scripts += size if script else 0

    def _small(self, document: Document) -> bool:
        executable = bool((document.mode or 0) & 0o111)
        return document.host is not None or executable or document.size < ALWAYS_BELOW

    def _triggered(self, document: Document, readers: list[Reader]) -> bool:
        if any(not reader.triggers for reader in readers):
            return True
        hits = self._gate.topics(_whole(document))
        return any(reader.name in hits for reader in readers)

    def _unread_rest(
        self, document: Document, whole: mmap, readers: list[Reader]
    ) -> Iterator[CoverageGap]:
        """Say of a very large document that only its start was read, if the rest matters."""
        with memoryview(whole)[len(document.data) :] as rest:
            hits = self._gate.topics(cast("bytes", rest))
        if any(not reader.triggers or reader.name in hits for reader in readers):
            reason = "limit-memory"
            meaning, container = ISSUES[reason], document.address.rpartition(MEMBER)[0]
            yield CoverageGap(
                document.whole(len(document.data)), reason, document.kind, len(whole),
                meaning=meaning, container=container,
            )  # fmt: skip

    def _states(self, document: Document, readers: list[Reader]) -> list[Document]:
        """Run ``readers``; return the documents that they found inside, each once.

        A text of unknown kind is read again when somebody knows its kind.
        """
        embedded = []
        for reader in readers:
            if reader.name not in self._loaded:
                self._loaded[reader.name] = reader.load()
            for stated in self._stated(reader, document):
                if not isinstance(stated, Embedded):
                    self.facts.append(stated)
                elif document.depth < MAX_EMBEDDED_DEPTH or document.host is None:
                    part = document.embed(stated)
                    if self._embedded.get(part.id, "text") == "text" != part.kind or (
                        part.id not in self._embedded
                    ):
                        self._embedded[part.id] = part.kind
                        embedded.append(part)
                        if part.text.startswith("#!"):
                            self._texts[1].add(part.text)
        return embedded

    def _stated(self, reader: Reader, document: Document) -> Iterator[Fact | Embedded]:
        """Yield what a reader states, as far as there is an end to it.

        A reader that fails costs its document a finding, no audit.
        """
        stated = self._loaded[reader.name](document)
        try:
            yield from islice(stated, reader.most) if reader.most else stated
            if reader.most and next(stated, None) is not None:
                reason = f"more than {reader.most} statements; the rest is not read"
                yield Unreadable(document.location(1), reader.name, reason)
        except Exception as error:
            if os.environ.get("DTEN_AUDIT_DEBUG"):
                raise
            reason = f"the reader failed here ({type(error).__name__}): please report it"
            yield Unreadable(document.location(1), reader.name, reason)


def gate_of(readers: Iterable[Reader]) -> Gate:
    """Return the gate that says of a large document which readers it is worth reading for."""
    return Gate([Trigger(each.name, pattern) for each in readers for pattern in each.triggers])


def _whole(document: Document) -> bytes:
    """Return all bytes of a document, of a large one as they are mapped into memory."""
    return document.data if document.mapped is None else cast("bytes", document.mapped)
