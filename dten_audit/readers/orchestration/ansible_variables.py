"""Reads the variables of roles and inventories: names at the top level with a single value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.orchestration import PlaybookVariables

MAX_VALUES: Final = 20_000


@cache
def _path() -> re.Pattern[str]:
    return re.compile(r"(?:^|/)(?:(?:defaults|vars)/[^\n]+|(?:group|host)_vars/[^\n]+)$")


@cache
def _assignment() -> re.Pattern[str]:
    """Return the pattern of a single value; what goes on in the next line is none."""
    return re.compile(
        r"^([A-Za-z_]\w*):[ \t]++(?:'([^'\n]{0,300})'|\"([^\"\\\n]{0,300})\""
        r"|([^\s#'\"\[{&*!|>%@`][^\n#]{0,300}))[ \t]*+(?:#[^\n]*+)?$(?!\n[ \t]+[^\s#])",
        re.ASCII | re.MULTILINE,
    )


def worth_reading(document: Document) -> bool:
    """Say whether a document lies where Ansible looks for variables."""
    return document.host is None and _path().search(document.path) is not None


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the variables that a file of a role or inventory sets."""
    values: list[tuple[str, str]] = []
    for match in _assignment().finditer(document.text):
        text = match[2] if match[2] is not None else match[3] if match[3] is not None else match[4]
        values.append((match[1], text.strip()))
        if len(values) == MAX_VALUES:
            break
    if values:
        folders = document.path.split("/")[:-1]
        yield PlaybookVariables(
            document.location(1), document.id, document.path, tuple(values), "defaults" in folders
        )
