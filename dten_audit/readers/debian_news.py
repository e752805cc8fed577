"""Reads NEWS.Debian: changes that a package's maintainer wants an administrator to know of.

Source: Debian Developer's Reference 6.3.4, "Supplementing changelogs with NEWS.Debian files"; the
format is that of changelogs, Debian Policy 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.news import NewsEntry

_MOST: Final = 500
_LONGEST: Final = 400
_MONTHS: Final = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())


@cache
def _head() -> re.Pattern[str]:
    """The first line of an entry: ``package (version) distributions; urgency=low``."""
    return re.compile(r"(?m)^([a-z0-9][a-z0-9+.-]*+)[ \t]++\(([^()\s]++)\)[^;\n]*+;")


@cache
def _day() -> re.Pattern[str]:
    """The day in an entry's last line: `` -- NAME <MAIL>  Mon, 02 Nov 2026 10:00:00 +0100``."""
    return re.compile(rf"  [A-Z][a-z]{{2}}, +([0-9]{{1,2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) ")


def worth_reading(document: Document) -> bool:
    """Say whether a text is a NEWS.Debian, by its name."""
    return document.name == "NEWS.Debian"


def read(document: Document) -> Iterator[NewsEntry]:
    """State the entries."""
    text = document.text
    heads = list(_head().finditer(text))
    for number, head in enumerate(heads[:_MOST]):
        start = text.find("\n", head.end())
        end = heads[number + 1].start() if number + 1 < len(heads) else len(text)
        body, _, trailer = text[start:end].partition("\n -- ") if start >= 0 else ("", "", "")
        paragraph = re.split(r"\n[ \t]*\n", body.strip("\n"))[0]
        words = " ".join(paragraph.split()).removeprefix("* ")
        yield NewsEntry(
            document.location_at(head.start()), document.id, head[1], head[2], words[:_LONGEST],
            _written(trailer[:_LONGEST].partition("\n")[0]),
        )  # fmt: skip


def _written(trailer: str) -> str:
    found = _day().search(trailer)
    if not found:
        return ""
    return f"{found[3]}-{_MONTHS.index(found[2]) + 1:02}-{int(found[1]):02}"
