"""Yields the comments of a ZIP as documents: unpackers do not show them, scripts can read them."""

from __future__ import annotations

from collections.abc import Iterator

from dten_audit.documents.source import Item, Member, Source
from dten_audit.documents.zip.layout import Located


def comments(source: Source, comment: bytes, located: list[Located]) -> Iterator[Item]:
    """Yield the archive's comment as ``@comment``, its members' as ``@comments/….txt``.

    The ending keeps a remark on ``up.sql`` from being read as SQL.
    """
    if comment:
        yield from _document(source, "@comment", comment)
    for member in located:
        own = member.entry.comment
        if own or member.comments:
            path = _below(member.path or member.entry.path)
            for text in (own, *(text.encode() for text in member.comments)):
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
