"""Reads documents of a package again, by their addresses."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from dten_audit.documents.budget import Budget
from dten_audit.documents.document import Document
from dten_audit.documents.errors import PackageError
from dten_audit.documents.open import open_package


def content(path: str | Path, address: str, budget: Budget) -> bytes:
    """Return the bytes of the document at ``address`` in the package at ``path``.

    Raises ``PackageError`` where there is none, with the nearest name that exists.
    """
    names = []
    for opened in open_package(path, budget):
        if isinstance(opened, Document):
            if opened.address == address:
                return opened.data
            names.append(opened.address)
    near = difflib.get_close_matches(address, names, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise PackageError(f"{address}: no such member{hint}")


def contents(
    path: str | Path, addresses: Collection[str], budget: Budget
) -> Iterator[tuple[str, bytes]]:
    """Yield address and bytes of the documents at ``addresses``, in one pass; others are left out.

    Raises ``PackageError`` where the package cannot be opened.
    """
    left = set(addresses)
    if not left:
        return
    for opened in open_package(path, budget):
        if isinstance(opened, Document) and opened.address in left:
            left.discard(opened.address)
            yield opened.address, opened.data
            if not left:
                return
