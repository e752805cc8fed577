"""Finds what a chart's template writes only where a test of the cluster's version lets it.

Source: Helm's manual, "Built-in objects" (Capabilities) and "Flow control", read 2026-11-22.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import islice
from typing import Final

from dten_audit.documents.text import LineIndex

MAX_TAGS: Final = 4_000
"""So many tags of control of a template are looked at."""


@cache
def _tag() -> re.Pattern[str]:
    return re.compile(
        r"\{\{-?\s*+(?P<word>if|else\s++(?:if|with)|else|with|range|define|block|end)\b"
        r"(?P<test>[^{}\n]*+)\}\}"
    )


@cache
def _asks() -> re.Pattern[str]:
    """Return what a test of the cluster's version holds; helpers say so in their names."""
    return re.compile(r"(?i)capabilit|kube-?version|api-?versions?|semvercompare")


@cache
def _variable() -> re.Pattern[str]:
    return re.compile(r"(\$[A-Za-z_]\w*+)\s*+:?=([^{}\n]*+)\}\}")


def asks_cluster(text: str) -> bool:
    """Say whether a template asks anywhere what the cluster can do."""
    return "{{" in text and _asks().search(text) is not None


@lru_cache(maxsize=4)
def chosen_by_cluster(text: str) -> tuple[tuple[int, int], ...]:
    """Return first and last line of what is only written after such a test, its branches too."""
    known = {match[1] for match in _variable().finditer(text) if _asks().search(match[2])}
    index = LineIndex(text)
    opened: list[int] = []
    found: list[tuple[int, int]] = []
    for match in islice(_tag().finditer(text), MAX_TAGS):
        word, test = match["word"].split()[0], match["test"]
        line, _ = index.position(match.start())
        asks = _asks().search(test) is not None or any(name in known for name in _names(test))
        if word == "end":
            if opened and (start := opened.pop()):
                found.append((start, line))
        elif word != "else":
            opened.append(line if asks else 0)
        elif asks and opened and not opened[-1]:
            opened[-1] = line
    return tuple(found)


def _names(test: str) -> list[str]:
    return re.findall(r"\$[A-Za-z_]\w*", test)
