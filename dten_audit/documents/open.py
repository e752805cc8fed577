"""Opens a package: from a file or folder to its documents, containers, issues and gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from dten_audit.documents.blobs import may_carry
from dten_audit.documents.budget import Budget
from dten_audit.documents.container import Container
from dten_audit.documents.document import Document
from dten_audit.documents.errors import BrokenError, OverLimitError, PackageError
from dten_audit.documents.frame import Frame
from dten_audit.documents.image import digest_problems, names_digest
from dten_audit.documents.issues import ISSUES
from dten_audit.documents.kinds import SAMPLE, SEALED, kind_by_name, kind_of
from dten_audit.documents.names import ODD_MODES, link_problems, weight
from dten_audit.documents.nesting import known_kind, nested_kind
from dten_audit.documents.promises import mismatch
from dten_audit.documents.root import open_root
from dten_audit.documents.source import Data, Folder, Item, Link, Member, Missed, Problem
from dten_audit.model.facts.container import ContainerIssue, CoverageGap, LinkEntry

__all__ = ["Container", "Opened", "open_package"]

Opened = Document | Container | ContainerIssue | CoverageGap | LinkEntry
Carries = Callable[[Document], bool]

_GAP_REASONS: Final = {
    "truncated-archive": "truncated",
    "truncated-stream": "truncated",
    "corrupt-archive": "corrupt",
    "corrupt-stream": "corrupt",
}
"""Why a container was not read to its end, by the issue that stopped it; limits name themselves."""


_NAMING: Final = frozenset({"gzip", "bzip2", "xz", "lzma", "zstd", "lzip"})
"""Kinds whose one member has the name of the container, without its ending."""


def open_package(
    path: str | Path, budget: Budget, name: str | None = None, carries: Carries = may_carry
) -> Iterator[Opened]:
    """Yield everything in the package at ``path``, depth first, in the container's own order.

    ``path`` is an archive, a folder, or ``-`` for standard input. ``name`` is what its addresses
    start with; by default the file's name. What cannot be read is yielded as an issue and a gap.
    ``carries`` is asked of each document once it was taken: whether it is to be searched for
    archives, programs and scripts that stand in it as encoded text. Raises ``PackageError`` where
    the package cannot be opened at all.
    """
    root = open_root(path, budget, Frame, name)
    walk = _Walk(budget, root, carries)
    yield root.container()
    yield from walk.run()


class _Walk:
    """The work list: a stack of containers that are being read."""

    def __init__(self, budget: Budget, root: Frame, carries: Carries) -> None:
        self._budget = budget
        self._carries = carries
        self._stack = [root]
        self._documents = 0
        self._opened: dict[tuple[str, str, str], str] = {}
        self._kinds = ("", "")

    def run(self) -> Iterator[Opened]:
        """Read until nothing is left."""
        while self._stack:
            frame = self._stack[-1]
            try:
                for item in frame.items:
                    if isinstance(item, Member):
                        document = self._plain(frame, item)
                        if document is not None:
                            yield document
                            if not self._carries(document):
                                continue
                            yield from self._search(frame, document)
                        else:
                            yield from self._unusual(frame, item)
                        if self._stack[-1] is not frame:
                            break
                    else:
                        yield from self._other(frame, item)
                else:
                    yield from self._leave()
            except BrokenError as error:
                yield from self._stop(frame, error)
            except OverLimitError as error:
                yield from self._stop(frame, error)

    def _plain(self, frame: Frame, member: Member) -> Document | None:
        """Return an ordinary member as a document; None where there is more to say of it."""
        path, data, mode, size = member
        plugins = self._budget.plugins
        self._budget.enter(len(path) if path.isascii() else weight(path))
        frame.count(len(data) if size < 0 else size)
        frame.files.append(path)
        if size >= 0:
            kind, container = kinds = kind_of(path, data[:SAMPLE], mode), ""
        elif plugins is None:
            kind, container = kinds = known_kind(path, data, mode)
        else:
            kind, container = kinds = nested_kind(path, data, mode, plugins)
        self._kinds = kinds
        if container or (mode is not None and mode & ODD_MODES) or mismatch(path, kind, mode):
            return None
        if not isinstance(data, bytes) or names_digest(path):
            return None
        if plugins is not None and plugins.failures:
            return None
        self._documents += 1
        document = Document(frame.current_address, path, kind, data, mode)
        if size >= 0:
            document.length = size
        return document

    def _failures(self) -> list[Problem]:
        """Return what plugins failed at while the current member was recognised."""
        plugins = self._budget.plugins
        return plugins.failures if plugins is not None else []

    def _unusual(self, frame: Frame, member: Member) -> Iterator[Opened]:
        """Yield what is to be said of a member, and the member or what it contains."""
        path, data, mode, size = member
        kind, container = self._kinds
        for failure in self._failures():
            yield from frame.states([failure])
            yield frame.gap(frame.current_address, failure.issue, kind, len(data))
        if mode is not None and mode & ODD_MODES:
            yield from frame.states(frame.judge_mode(path, mode, folder=False))
        unlike = mismatch(path, kind, mode)
        if unlike:
            yield from frame.states([Problem("type-mismatch", f"{kind}, not {unlike}", path)])
        if names_digest(path):
            yield from frame.states(digest_problems(path, data))
        address = frame.current_address
        self._documents += 1
        if not container:
            document = self._document(frame, path, kind, data, mode)
            document.length = size
            yield document
            if self._carries(document):
                yield from self._search(frame, document)
            return
        inside = frame.inside(address, path, container, data)
        if container in SEALED:
            yield self._document(frame, path, container, data, mode)
        if inside is None:
            yield frame.gap(address, "unsupported-format", container, len(data))
            return
        deep = self._too_deep(inside)
        if deep:
            yield from frame.states([Problem("limit-depth", deep, path)])
            yield frame.gap(address, "limit-depth", container, len(data))
        else:
            yield self._enter(inside, path)

    def _search(self, frame: Frame, document: Document) -> Iterator[Opened]:
        """Go into a document that carries others as encoded text."""
        data = document.data if document.mapped is None else document.mapped
        inside = frame.inside(document.address, document.path, "encoded", data)
        assert inside is not None
        if inside.depth <= self._budget.limits.depth:
            self._stack.append(inside)
            return
        deep = f"more than {self._budget.limits.depth} containers deep"
        yield from frame.states([Problem("limit-depth", deep, document.path)])
        yield frame.gap(document.address, "limit-depth", document.kind, len(data))

    def _too_deep(self, inside: Frame) -> str:
        """Say why a container is not gone into; empty where it is."""
        if inside.depth > self._budget.limits.depth:
            return f"more than {self._budget.limits.depth} containers deep"
        if any(inside.size == frame.size and inside.same(frame) for frame in self._stack):
            return "it holds itself: unpacking it never ends"
        return ""

    def _enter(self, inside: Frame, path: str) -> Container:
        """Go into a container, unless an identical one was opened before.

        What a compressed stream holds is named after it: there the name counts as well.
        """
        record = inside.container()
        name = path.rpartition("/")[2] if record.kind in _NAMING else ""
        key = (record.sha256, record.kind, name)
        first = self._opened.setdefault(key, record.address)
        if first != record.address:
            return record._replace(same_as=first)
        self._stack.append(inside)
        return record

    def _document(
        self, frame: Frame, path: str, kind: str, data: Data, mode: int | None
    ) -> Document:
        """Return a document; of a very large one, its start and a map of the whole."""
        address = frame.current_address
        if isinstance(data, bytes):
            return Document(address, path, kind, data, mode)
        document = Document(address, path, kind, data[: self._budget.limits.memory], mode)
        document.mapped = data
        return document

    def _other(self, frame: Frame, item: Item) -> Iterator[Opened]:
        if isinstance(item, Problem):
            yield from frame.states([item])
        elif isinstance(item, Missed):
            self._budget.enter(weight(item.path))
            yield self._gap(frame, item)
        elif isinstance(item, Folder):
            self._budget.enter(weight(item.path))
            frame.folders.append(item.path)
            if item.mode is not None and item.mode & ODD_MODES:
                yield from frame.states(frame.judge_mode(item.path, item.mode, folder=True))
        elif isinstance(item, Link):
            self._budget.enter(weight(item.path) + weight(item.target))
            frame.links.append(item)
            yield LinkEntry(item.path, item.target, item.hard, frame.address)
            yield from frame.states(link_problems(item, self._budget.limits))

    def _gap(self, frame: Frame, missed: Missed) -> CoverageGap:
        if not missed.path:
            return frame.gap(frame.address, missed.reason, frame.kind, frame.size, missed.remedy)
        kind = missed.kind or kind_by_name(missed.path)
        address = frame.place(missed.path).path
        return frame.gap(address, missed.reason, kind, missed.size, missed.remedy)

    def _leave(self) -> Iterator[Opened]:
        yield from self._stack.pop().judge_names()

    def _stop(self, frame: Frame, error: BrokenError | OverLimitError) -> Iterator[Opened]:
        """End a container that cannot be read on; a final limit ends all of them."""
        final = isinstance(error, OverLimitError) and error.final
        if not self._documents and isinstance(error, BrokenError) and len(self._stack) == 1:
            raise PackageError(error.detail or ISSUES[error.issue]) from error
        yield from frame.states([Problem(error.issue, error.detail)])
        reason = _GAP_REASONS.get(error.issue, error.issue)
        for stopped in reversed(self._stack) if final else [frame]:
            yield stopped.gap(stopped.address, reason, stopped.kind, stopped.size)
        if final:
            while self._stack:
                yield from self._leave()
        else:
            yield from self._leave()
