"""What the readers of scheduled jobs have in common: commands as text, words that are computed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.unknown import Unknown
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.manifest import Manifest, is_computed

COMPUTED: Final = Unknown("package.value")
"""A template or a variable fills it in."""
TRUE: Final = frozenset(("true", "yes", "on", "1"))
FALSE: Final = frozenset(("false", "no", "off", "0"))
_SHELLS: Final = frozenset(("sh", "bash", "ash", "dash", "ksh", "zsh"))
_WITH_TEXT: Final = 3


@cache
def _code_option() -> re.Pattern[str]:
    return re.compile(r"-[a-z]*c[a-z]*")


def shell_text(words: Sequence[str]) -> str:
    """Return an argument vector as the shell text that runs the same."""
    shell = words[0].rpartition("/")[2] if words else ""
    if shell in _SHELLS and len(words) >= _WITH_TEXT:
        for place, word in enumerate(words[1:-1], start=1):
            if _code_option().fullmatch(word):
                return words[place + 1]
    return shlex.join(words)


def switched(text: str, *, default: bool) -> bool | Unknown:
    """Return what a switch says: its default where it is missing, unknown where it is computed."""
    lower = text.strip().lower()
    if lower in TRUE:
        return True
    if lower in FALSE:
        return False
    return COMPUTED if lower and is_computed(text) else default


def negated(value: bool | Unknown) -> bool | Unknown:
    """Return the opposite of what is known."""
    return value if isinstance(value, Unknown) else not value


def texts(manifest: Manifest, node: Node | None) -> list[str]:
    """Return the scalars of a list, or the one scalar itself."""
    if node is None:
        return []
    nodes = node.items or ((node,) if node.kind == "scalar" else ())
    return [manifest.text(item) for item in nodes if item.kind == "scalar"]


@cache
def _field() -> re.Pattern[str]:
    day = "(?:sun|mon|tue|wed|thu|fri|sat)"
    month = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    word = rf"(?:[0-9]{{1,4}}|{day}|{month})"
    return re.compile(rf"(?i:[*?LW]|LW|L-[0-9]|{word})(?i:[-,/#0-9*?LW]|{day}|{month})*")


_FEWEST: Final = 5
_SECONDS: Final = 6
_MOST: Final = 7


def looks_like_cron(text: str, fewest: int = _FEWEST) -> bool:
    """Say whether a text is a cron expression and hardly anything else: five to seven fields."""
    words = text.split()
    if not fewest <= len(words) <= _MOST or len(text) > 200:  # noqa: PLR2004 (no expression is longer)
        return False
    return any("*" in word or "?" in word for word in words) and all(
        _field().fullmatch(word) for word in words
    )


def java_notation(text: str) -> str:
    """Return whose the six or seven fields of a setting are: Quartz needs a ``?``."""
    return "quartz" if "?" in text.split() or len(text.split()) == _MOST else "spring"


def lines_with(document: Document, word: str) -> Iterator[int]:
    """Yield the offsets at which ``word`` occurs in a document's text."""
    place = document.text.find(word)
    while place >= 0:
        yield place
        place = document.text.find(word, place + len(word))
