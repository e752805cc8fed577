"""A parsed manifest: its nodes, and how to state what they say with the lines they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.text import LineIndex
from dten_audit.model.facts.commands import Word
from dten_audit.model.location import Location
from dten_audit.readers.config.json_nodes import parse_json
from dten_audit.readers.config.templates import has_templates, hide, restore
from dten_audit.readers.config.yaml_nodes import Node, YamlError, parse_partly

MAX_NODES: Final = 200_000
MAX_BLOCKS: Final = 2_000
"""So many tests of a template are looked at."""
MAX_FLAT: Final = 10
"""How deep lists of lists are flattened; GitLab's own limit for nested scripts is 10."""
_MAX_COLUMN: Final = 500
"""Further right, a scalar's properties and quotes are not looked for: such lines are generated."""

Hints = tuple[tuple[str, str], ...]


class Parsed(NamedTuple):
    """The root nodes of a text, its template expressions, and what stopped the reading."""

    roots: list[Node]
    expressions: list[str]
    error: YamlError | None


def parsed(document: Document, *, verbatim: bool = False) -> Parsed:
    """Parse a YAML or JSON document as far as it can be read.

    ``verbatim``: as it stands, if that is YAML; else template expressions are hidden first.
    """
    source = document.text
    if document.kind == "json":
        try:
            return Parsed([parse_json(_bare_json(source), max_nodes=MAX_NODES)], [], None)
        except YamlError as error:
            return Parsed([], [], error)
    expressions: list[str] = []
    if verbatim and has_templates(source):
        roots, failed = parse_partly(source, max_nodes=MAX_NODES)
        if failed is None:
            return Parsed(roots, [], None)
    if has_templates(source):
        source, expressions = hide(source)
    roots, failed = parse_partly(source, max_nodes=MAX_NODES)
    if failed is not None and not roots and failed.line > 1:
        before = "\n".join(source.split("\n")[: failed.line - 1])
        roots, _ = parse_partly(before, max_nodes=MAX_NODES)
    return Parsed(roots, expressions, failed)


@cache
def _extra() -> re.Pattern[str]:
    """Return the pattern of what JSON with comments has beyond JSON, and of strings."""
    return re.compile(
        r"\"(?:[^\"\\\n]|\\.)*+\"?|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|,(?=\s*+[\]}])"
    )


def _bare_json(source: str) -> str:
    """Return JSON with its comments and last commas blanked, every character in its place."""

    def blank(match: re.Match[str]) -> str:
        text = match[0]
        return text if text[0] == '"' else re.sub(r"[^\n]", " ", text)

    return _extra().sub(blank, source)


@cache
def _computed() -> re.Pattern[str]:
    return re.compile(r"\{\{|\{%|<%|\$\{|\$\(|\$\[\[|\$[A-Za-z_]|<<")


@cache
def _properties() -> re.Pattern[str]:
    """Return the pattern of anchor and tag before a scalar."""
    return re.compile(r"(?:[&!][^\s,\[\]{}]*+[ \t]++)*+")


@cache
def _expression() -> re.Pattern[str]:
    return re.compile(r"\{\{[^{}\n]*+\}\}")


@cache
def _control() -> re.Pattern[str]:
    return re.compile(
        r"\{\{-?[ \t]*+(?:(if|with|range|define|block)|(end))\b"
        r"|\{%-?[ \t]*+(?:(if|for|macro|block)|(end(?:if|for|macro|block)))\b"
    )


@lru_cache(maxsize=4)
def _blocks(text: str) -> tuple[tuple[int, int], ...]:
    """Return the first and last line of each block of a template, Go's or Jinja's."""
    found: list[tuple[int, int]] = []
    opened: list[int] = []
    index = LineIndex(text)
    for match in islice(_control().finditer(text), MAX_BLOCKS):
        line, _ = index.position(match.start())
        if match[1] or match[3]:
            opened.append(line)
        elif opened:
            found.append((opened.pop(), line))
    return tuple(found)


def is_computed(text: str) -> bool:
    """Say whether a text holds a template expression or a variable."""
    return _computed().search(text) is not None


class Manifest(NamedTuple):
    """A document with its root nodes.

    Template expressions are hidden in the nodes: their texts must be taken through ``text``.
    """

    document: Document
    roots: tuple[Node, ...]
    expressions: list[str]

    def text(self, node: Node | None) -> str:
        """Return a scalar's text, template expressions as written; empty for collections."""
        if node is None:
            return ""
        return restore(node.text, self.expressions) if self.expressions else node.text

    def is_conditional(self, node: Node, root: Node) -> bool:
        """Say whether a template only writes a node where a test holds (``{{ if … }}``).

        A test around all of ``root`` says only whether that is there at all.
        """
        blocks = _blocks(self.document.text) if self.expressions else ()
        return any(root.line <= start < node.line < end for start, end in blocks)

    def shown(self, node: Node | None) -> str:
        """Return a name as people read it: dots stand for what an expression will become."""
        return _expression().sub("…", self.text(node))

    def word(self, node: Node) -> Word:
        """Return a scalar as a word; computed where it holds an expression or a variable."""
        text = self.text(node)
        return Word(text, "computed" if is_computed(text) else "exact")

    def at(self, node: Node) -> Location:
        """Return the place of a node."""
        return self.document.location(node.line, node.column)

    def embedded(
        self,
        kind: str,
        node: Node,
        *,
        text: str | None = None,
        path: str = "",
        hints: Hints = (),
    ) -> Embedded:
        """Return a scalar as a document of its own, each of its lines at its true place.

        ``text`` replaces the scalar's own text, line for line (expressions made readable).
        """
        own = self.text(node)
        lines, column = self.lines(node, own)
        return Embedded(kind, own if text is None else text, lines, column, path, hints)

    def script(
        self, kind: str, parts: Sequence[tuple[Node, str]], hints: Hints = (), path: str = ""
    ) -> Embedded:
        """Return nodes as one document, each on lines of its own (a list of commands).

        With each node comes the text that stands for it, as many lines as its own.
        """
        if len(parts) == 1 and parts[0][0].kind == "scalar":
            return self.embedded(kind, parts[0][0], text=parts[0][1], path=path, hints=hints)
        lines: list[int] = []
        first = 1
        for node, text in parts:
            own = self.text(node).removesuffix("\n")
            known, column = self.lines(node, own) if own else ((node.line,), node.column)
            first = first if lines else column
            count = text.removesuffix("\n").count("\n") + 1
            more = range(known[-1] + 1, known[-1] + 1 + count - len(known))
            lines += (*known, *more)[:count]
        whole = "".join(f"{text.removesuffix(chr(10))}\n" for _, text in parts)
        return Embedded(kind, whole, tuple(lines), first, path, hints)

    def lines(self, node: Node, text: str) -> tuple[tuple[int, ...], int]:
        """Return the line of each line of a scalar's text, and the column of the first."""
        if self.document.kind == "json" or node.column > _MAX_COLUMN:
            return (node.line,) * (text.count("\n") + 1), node.column + 1
        index = self.document.index
        header = index.line(node.line, 2 * _MAX_COLUMN)
        match = _properties().match(header, node.column - 1)
        start = match.end() if match else node.column - 1
        mark = header[start : start + 1]
        if mark in ("|", ">"):
            first = index.line(node.line + 1, _MAX_COLUMN)
            column = len(first) - len(first.lstrip(" ")) + 1
            if mark == "|":
                return (node.line + 1,), column
            return self._folded(text, node.line + 1, 0), column
        start += mark in ("'", '"')
        return self._folded(text, node.line, start), start + 1

    def _folded(self, text: str, line: int, column: int) -> tuple[int, ...]:
        """Find the lines that were folded into each line of ``text``, from ``line`` on.

        The first one's part of the text starts at the 0-based ``column``.
        """
        index = self.document.index
        lines: list[int] = []
        at = line
        for whole in text.split("\n"):
            place = len(whole) - len(whole.lstrip())
            while whole.strip() and at < len(index) and not index.line(at)[column:].strip():
                at, column = at + 1, 0
            lines.append(min(at, len(index)))
            while place < len(whole) and at <= len(index):
                part = index.line(at)[column:].strip()
                if not part or not whole.startswith(part, place):
                    break
                place += len(part)
                place += len(whole[place : place + 1]) - len(whole[place : place + 1].strip())
                at, column = at + 1, 0
        return tuple(lines)


def fields(node: Node | None) -> dict[str, Node]:
    """Return a mapping's values by key; what a merge key brings stands behind its own keys."""
    if node is None or node.kind != "mapping":
        return {}
    found: dict[str, Node] = {}
    merged: list[Node] = []
    for key, value in node.pairs:
        if key.text == "<<" and key.plain:
            merged += value.items or (value,)
        elif key.kind == "scalar":
            found[key.text] = value
    for source in merged:
        for name, brought in source.pairs:
            found.setdefault(name.text, brought)
    return found


def scalars(node: Node | None, depth: int = 0) -> Iterator[Node]:
    """Yield the scalar itself, or those of a list, nested lists flattened.

    What a tag of the application's own makes of a node (GitLab's ``!reference``) is not known here.
    The caller bounds their number: aliases let a small file yield very many.
    """
    if node is None or depth > MAX_FLAT or node.tag.startswith("!"):
        return
    if node.kind == "scalar":
        yield node
    for item in node.items:
        yield from scalars(item, depth + 1)
