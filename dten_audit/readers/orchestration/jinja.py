"""Fills in what a Jinja template says by itself: literals and variables that are known.

Everything else becomes ``${name}``, which readers of shell and SQL take for a variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.readers.config.yaml_nodes import Node

Scope = Mapping[str, Node]
MAX_FILLED: Final = 8
"""How deep a variable may be made of others."""
MAX_TEXT: Final = 1 << 20
"""More text than this comes from no template that people write."""
_MAX_WORDS: Final = 8
_PASSING: Final = frozenset("quote string default d bool int trim to_json mandatory".split())


class Filled(NamedTuple):
    """A text with what is known filled in; ``unknown`` names the rest."""

    text: str
    certainty: Certainty
    unknown: tuple[str, ...] = ()


@cache
def _path() -> re.Pattern[str]:
    return re.compile(r"([A-Za-z_]\w*)((?:\.\w+|\[(?:'[^'\]]*'|\"[^\"\]]*\"|[0-9]+)\])*)", re.ASCII)


@cache
def _step() -> re.Pattern[str]:
    return re.compile(r"\.(\w+)|\[(?:'([^']*)'|\"([^\"]*)\"|([0-9]+))\]", re.ASCII)


@cache
def _literal() -> re.Pattern[str]:
    return re.compile(r"'([^'{}\\]*)'|\"([^\"{}\\]*)\"|([0-9]+)")


def fill(text: str, scope: Scope, depth: int = 0) -> Filled:
    """Return a template with what is known filled in. Linear in the text and what is put in."""
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return Filled(text, "exact")
    out: list[str] = []
    unknown: list[str] = []
    at = size = 0
    while size <= MAX_TEXT:
        start, mark = _next(text, at)
        if start < 0:
            break
        out.append(text[at:start])
        piece, at = _piece(text, start, mark, scope, depth, unknown)
        out.append(piece)
        size += len(piece)
    out.append(text[at:])
    whole = "".join(out)
    return Filled(whole, "computed" if unknown else "resolved", tuple(dict.fromkeys(unknown)))


def _next(text: str, at: int) -> tuple[int, str]:
    """Return where the next template mark stands, and which it is; -1 where there is none."""
    while True:
        start = text.find("{", at)
        if start < 0:
            return -1, ""
        mark = text[start : start + 2]
        if mark in ("{{", "{%", "{#"):
            return start, mark
        at = start + 1


_ENDS: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}


def _piece(
    text: str, start: int, mark: str, scope: Scope, depth: int, unknown: list[str]
) -> tuple[str, int]:
    """Return what a template mark becomes, and where the text goes on."""
    end = text.find(_ENDS[mark], start + 2)
    if end < 0:
        unknown.append("template")
        return "${template}", len(text)
    inside = text[start + 2 : end].strip("-+ \t\n")
    if mark == "{#":
        return "", end + 2
    if mark == "{%":
        unknown.append("template")
        return _statement(text, start, inside), end + 2
    known = value_of(inside, scope, depth)
    if known is not None:
        unknown += known.unknown
        return known.text, end + 2
    name = name_of(inside)
    if f"{name}=" in text or f"for {name} " in text:
        name = f"_{name}"
    unknown.append(name)
    return f"${{{name}}}", end + 2


def _statement(text: str, start: int, inside: str) -> str:
    """A statement alone on its line decides about whole lines; elsewhere it computes a word."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return "" if not line.strip() or inside.startswith("end") else "${template}"


def name_of(expression: str) -> str:
    """Return a name for what an expression computes: the variable's, if it is one, filtered."""
    path, *filters = (part.strip() for part in expression.split("|"))
    match = _path().fullmatch(path)
    if match is None:
        return "expression"
    changing = (name.partition("(")[0].strip() for name in filters)
    words = re.findall(r"\w+", match[0], re.ASCII)
    return "_".join([*words, *(name for name in changing if name not in _PASSING)][:_MAX_WORDS])


def value_of(expression: str, scope: Scope, depth: int = 0) -> Filled | None:
    """Return what an expression is known to be: a literal, or a variable of the scope."""
    if depth > MAX_FILLED:
        return None
    literal = _literal().fullmatch(expression)
    if literal is not None:
        return Filled(literal[1] or literal[2] or literal[3] or "", "resolved")
    node = node_of(expression, scope)
    if node is None or node.kind != "scalar" or node.tag.endswith(("vault", "unsafe")):
        return None
    filled = fill(node.text, scope, depth + 1)
    return filled if filled.certainty == "computed" else filled._replace(certainty="resolved")


def node_of(expression: str, scope: Scope) -> Node | None:
    """Return the node that an expression such as ``item.name`` or ``paths[0] | quote`` names."""
    path, *filters = (part.strip() for part in expression.split("|"))
    if any(found.partition("(")[0].strip() not in _PASSING for found in filters):
        return None
    match = _path().fullmatch(path)
    if match is None or match[1] not in scope:
        return None
    node = scope[match[1]]
    for step in _step().finditer(match[2]):
        found = _inner(node, step)
        if found is None:
            return None
        node = found
    return node


def _inner(node: Node, step: re.Match[str]) -> Node | None:
    key = step[1] or step[2] or step[3]
    if key:
        found = (value for name, value in node.pairs if name.text == key)
        inside = next(found, None)
        if inside is not None or not key.isdigit():
            return inside
    number = int(key or step[4] or 0) if len(key or step[4] or "0") < 6 else -1  # noqa: PLR2004 (longer than any list)
    return node.items[number] if 0 <= number < len(node.items) else None


Fill = Callable[[str], Filled]
