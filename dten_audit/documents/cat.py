"""Reads documents of a package again, by their addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from dten_audit.documents.budget import Budget
from dten_audit.documents.document import Document
from dten_audit.documents.errors import BrokenError, OverLimitError, PackageError
from dten_audit.documents.frame import Frame
from dten_audit.documents.nesting import nested_kind
from dten_audit.documents.open import open_package
from dten_audit.documents.root import STDIN, open_root, read_package
from dten_audit.documents.source import Data, Member
from dten_audit.model.location import MEMBER, inner

_NEAR: Final = 0.5
_FEW: Final = 8
"""So many encoded texts are found sooner one by one than by unpacking the whole package again."""
_SINGLY: Final = 200
"""More containers than this are not looked for; each search starts anew."""


def content(path: str | Path, address: str, budget: Budget, mapped: Data | None = None) -> bytes:
    """Return the bytes of the document or container at ``address`` in the package at ``path``.

    Only what stands before it in its containers is passed over, and of that no more is unpacked
    than its format demands. An address without a member is the package itself. ``mapped`` are the
    package's bytes, where it is read several times. Raises ``PackageError`` where there is none,
    with the nearest name that exists.
    """
    _, inside, rest = address.partition(MEMBER)
    budget.whole = True
    try:
        if not inside and str(path) != STDIN and Path(path).is_file():
            return read_package(Path(path))[:]
        return open_root(path, budget, _Search, mapped=mapped).find(rest)[:]
    except OSError as error:
        raise PackageError((error.strerror or str(error)).lower()) from error
    except (BrokenError, OverLimitError) as error:
        raise PackageError(f"{address}: {error.detail or error.issue}") from error


def contents(
    path: str | Path, addresses: Collection[str], budget: Budget, mapped: Data | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield address and bytes of the documents and containers at ``addresses``.

    Several are looked for in one pass that unpacks nothing else; what stands in a document as
    encoded text needs all of it. What cannot be had is left out. Raises ``PackageError`` where
    the package cannot be opened.
    """
    left = set(addresses)
    budget.whole = True
    if len(left) > 1:
        root = open_root(path, budget, _Several, mapped=mapped)
        for address, data in root.find(frozenset(left)):
            if address in left:
                left.discard(address)
                yield address, data[:]
    if len(left) > _FEW:
        holders = {part for address in left for part in _holders(address)}
        for opened in open_package(path, budget, carries=lambda d: d.address in holders):
            if isinstance(opened, Document) and opened.address in left:
                left.discard(opened.address)
                yield opened.address, opened.data if opened.mapped is None else opened.mapped[:]
                if not left:
                    return
    for address in sorted(left)[:_SINGLY]:
        try:
            found = content(path, address, budget, mapped)
        except PackageError:
            continue
        yield address, found


def _holders(address: str) -> Iterator[str]:
    """Yield the addresses of documents that carry what is at ``address`` as encoded text."""
    at = address.find(f"{MEMBER}@")
    while at >= 0:
        yield address[:at]
        at = address.find(f"{MEMBER}@", at + 1)


class _Several(Frame):
    """A container in which several members are looked for: the others are not even unpacked."""

    def __init__(self, address: str, kind: str, data: Data, budget: Budget, depth: int = 0) -> None:
        super().__init__(address, kind, data, budget, depth)
        self.wanted: frozenset[str] = frozenset()
        self.around: frozenset[str] = frozenset()

    def claim(self, path: str) -> bool:
        """Want the members that are looked for, and those that they lie in."""
        super().claim(path)
        return self.current_address in self.wanted or self.current_address in self.around

    def find(self, wanted: frozenset[str]) -> Iterator[tuple[str, Data]]:
        """Yield the members at these addresses, as far as they can be had."""
        yield from self.among(wanted, frozenset(part for own in wanted for part in _around(own)))

    def among(self, wanted: frozenset[str], around: frozenset[str]) -> Iterator[tuple[str, Data]]:
        """Yield the wanted members; ``around`` are the addresses of what they lie in."""
        self.wanted, self.around = wanted, around
        try:
            for item in self.items:
                if isinstance(item, Member):
                    yield from self._within(item)
        except (BrokenError, OverLimitError):
            return

    def _within(self, item: Member) -> Iterator[tuple[str, Data]]:
        address = self.current_address
        if address in self.wanted:
            yield address, item.data
        if address in self.around:
            container = nested_kind(item.path, item.data, item.mode, self._budget.plugins)[1]
            inside = self.inside(address, item.path, container, item.data)
            if inside is not None:
                yield from inside.among(self.wanted, self.around)


def _around(address: str) -> Iterator[str]:
    """Yield the addresses of the containers that an address lies in."""
    at = address.find(MEMBER)
    while at >= 0:
        yield address[:at]
        at = address.find(MEMBER, at + 1)


class _Search(Frame):
    """A container in which one member is looked for: the others are not even unpacked."""

    def __init__(self, address: str, kind: str, data: Data, budget: Budget, depth: int = 0) -> None:
        super().__init__(address, kind, data, budget, depth)
        self.rest = ""
        self.names: list[str] = []

    def claim(self, path: str) -> bool:
        """Want the member that the address names, or that its next part lies in."""
        super().claim(path)
        own = self.own_path
        self.names.append(own)
        return self.rest == own or self.rest.startswith(own + MEMBER)

    def find(self, rest: str) -> Data:
        """Return the bytes of a member. Raises ``PackageError`` where there is none."""
        self.rest = rest
        failure = None
        for item in self.items:
            if not isinstance(item, Member):
                continue
            own = self.own_path
            if own == rest:
                return item.data
            container = nested_kind(item.path, item.data, item.mode, self._budget.plugins)[1]
            if not container and rest.startswith(f"{own}{MEMBER}@"):
                container = "encoded"
            inside = self.inside(self.current_address, item.path, container, item.data)
            if inside is None:
                failure = PackageError(f"{inner(self.address, own)} is no container")
                continue
            try:
                return inside.find(rest[len(own) + len(MEMBER) :])
            except PackageError as error:
                failure = error
        raise failure or _NoSuchMemberError(self.address, rest, self.names)


class _NoSuchMemberError(PackageError):
    """Nothing is at an address. What was meant is only looked for when somebody is told."""

    def __init__(self, container: str, rest: str, names: list[str]) -> None:
        super().__init__(container, rest)
        self._container, self._rest, self._names = container, rest, names

    def __str__(self) -> str:
        import difflib

        wanted = self._rest.partition(MEMBER)[0]
        near = difflib.get_close_matches(wanted, self._names, 1, _NEAR)
        hint = f"; did you mean {inner(self._container, near[0])}?" if near else ""
        return f"{inner(self._container, self._rest)}: no such member{hint}"
