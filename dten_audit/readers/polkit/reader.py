"""Reads what polkit(8) reads: ``.rules``, ``.pkla`` (polkit before 0.106) and ``.policy`` files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.polkit import PolkitAction, PolkitRule
from dten_audit.readers.polkit.policy import read_policy
from dten_audit.readers.polkit.rules import read_rules

Stated = PolkitRule | PolkitAction | Unreadable
_LONGEST: Final = 1 << 18
"""Characters of a rules file; the longest of Debian 12 have one in a hundred of that."""
_RESULTS: Final = ("ResultAny", "ResultInactive", "ResultActive")


def read(document: Document) -> Iterator[Stated]:
    """State who may do what without being asked, and what is not understood."""
    if document.name.endswith(".pkla"):
        yield from _authority(document)
    elif document.text.lstrip().startswith("<"):
        yield from read_policy(document)
    elif len(document.text) > _LONGEST:
        yield Unreadable(document.location(1), "polkit", f"longer than {_LONGEST} characters")
    else:
        yield from read_rules(document)


def _authority(document: Document) -> Iterator[Stated]:
    """Read a local authority file: a key file with a section for each entry (pklocalauthority)."""
    entry: dict[str, str] = {}
    start = 0
    for number, raw in enumerate(f"{document.text}\n[".split("\n"), start=1):
        line = raw.strip()
        if line.startswith("["):
            yield from _entry(document, start, entry)
            entry, start = {}, number
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            if not equals:
                yield Unreadable(document.location(number), "polkit", "line without '='")
            elif key.strip() not in entry:
                entry[key.strip()] = value.strip()


def _entry(document: Document, line: int, entry: dict[str, str]) -> Iterator[PolkitRule]:
    allowed = [key for key in _RESULTS if entry.get(key) == "yes"]
    who = tuple(part.strip() for part in entry.get("Identity", "").split(";") if part.strip())
    actions = tuple(part.strip() for part in entry.get("Action", "").split(";") if part.strip())
    if allowed and who and actions:
        conditions = () if "ResultAny" in allowed else ("with a session on this host",)
        everybody = any(name in ("unix-user:*", "unix-group:*") for name in who)
        yield PolkitRule(
            document.location(line), document.id, document.path,
            () if "*" in actions else actions, () if everybody else who, conditions,
        )  # fmt: skip
