"""Yields the comments of a ZIP as documents: unpackers do not show them, scripts can read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dten_audit.documents.source import Item, Member, Source
from dten_audit.documents.zip.layout import Located


def comments(source: Source, comment: bytes, located: Sequence[Located]) -> Iterator[Item]:
    """Yield the archive's comment as ``@comment``, its members' as ``@comments/….txt``.

    The ending keeps a remark on ``up.sql`` from being read as SQL.
    """
    if comment:
        yield from _document(source, "@comment", comment)
    for entry, _, more in located:
        others = more.comments if more else ()
        if entry.comment or others:
            path = _below((more.path if more else "") or entry.path)
            for text in (entry.comment, *(other.encode() for other in others)):
                if text:
                    yield from _document(source, f"@comments/{path}.txt", text)


def _document(source: Source, path: str, text: bytes) -> Iterator[Item]:
    if source.wanted(path):
        source.budget.charge(len(text))
        yield Member(path, text)


def _below(path: str) -> str:
    """Return a path that stays where it is put: what is wrong with it is told of the member."""
    parts = path.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))
