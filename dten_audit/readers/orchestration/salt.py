"""Reads Salt states: YAML with Jinja, of which the parts that a template computes stay unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Guard, Layer, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.manifest import Manifest, parsed
from dten_audit.readers.orchestration.jinja import fill
from dten_audit.readers.orchestration.resources import Context, Resource, Value
from dten_audit.readers.orchestration.stating import Stater
from dten_audit.readers.orchestration.tables import truth

_RENDERER: Final = re.compile(r"#![ \t]*([\w|]+)")
_READ: Final = frozenset(("jinja", "yaml", "jinja|yaml", "yamlex", "jinja|yamlex", "mako|yaml"))
_ROOT: Final = Guard("root-check", "root", None)
_NOT_STATES: Final = frozenset("include extend exclude __sls__ __id__".split())
_TESTS: Final = (("onlyif", True), ("unless", False), ("creates", False))
_MAX_LISTED: Final = 200


@cache
def _set() -> re.Pattern[str]:
    return re.compile(r"\{%-?[ \t]*set[ \t]+(\w+)[ \t]*=[ \t]*([^\n%]{0,200})%\}", re.ASCII)


@cache
def _literal() -> re.Pattern[str]:
    return re.compile(r"'([^'{}]*)'|\"([^\"{}]*)\"|([0-9]+)")


def _set_once(text: str) -> dict[str, Node]:
    """Return the variables that a template sets once, to a literal."""
    found: dict[str, Node] = {}
    again: set[str] = set()
    for match in _set().finditer(text):
        literal = _literal().fullmatch(match[2].strip(" -\t"))
        if literal is None or match[1] in found:
            again.add(match[1])
        else:
            found[match[1]] = Node("scalar", literal[1] or literal[2] or literal[3] or "", 1, 1)
    return {name: node for name, node in found.items() if name not in again}


@cache
def _states() -> re.Pattern[str]:
    return re.compile(
        r"(?m)^[ \t]+-?[ \t]*(?:service|cmd|cron|file|pkg|user|group|at|module|sysctl|archive"
        r"|schedule|ssh_auth)(?:\.\w+|[ \t]*:)"
    )


def worth_reading(document: Document) -> bool:
    """Say whether a document may hold states of which something is known; pillars do not."""
    return _states().search(document.text) is not None


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State what the states of a file do to a minion, on which they run as root."""
    renderer = _RENDERER.match(document.text)
    if renderer is not None and renderer[1] not in _READ:
        reason = f"rendered by {renderer[1]}, which is not read"
        yield Unreadable(document.location(1), "salt", reason)
        return
    if not worth_reading(document):
        return
    roots, expressions, error = parsed(document)
    reader = _Salt(Manifest(document, tuple(roots), expressions))
    for root in roots:
        for key, value in root.pairs:
            yield from reader.declaration(key, value)
    if error is not None:
        yield Unreadable(document.location(error.line), "salt", error.reason)


class _Salt:
    """Reads the declarations of one file."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._stater = Stater(manifest.document, "salt", self._place)
        self._scope = _set_once(manifest.document.text) if manifest.expressions else {}

    def _place(self, value: Value) -> tuple[tuple[int, ...], int]:
        if value.node is None:
            return value.lines or (value.line,), value.column
        part = self._manifest.embedded("text", value.node)
        return part.lines, part.column

    def declaration(self, key: Node, value: Node) -> Iterator[Fact | Embedded]:
        """State what the states under one id do."""
        if key.text in _NOT_STATES:
            return
        if value.kind == "scalar":
            yield from self._state(value.text, key, value, ())
        for name, arguments in value.pairs:
            listed = arguments.items[:_MAX_LISTED]
            function = name.text
            if "." not in function:
                words = [item.text for item in listed if item.kind == "scalar" and item.text]
                function = f"{function}.{words[0]}" if words else function
            yield from self._state(function, key, name, listed)

    def _state(
        self, function: str, key: Node, place: Node, arguments: tuple[Node, ...]
    ) -> Iterator[Fact | Embedded]:
        if not self._stater.knows(function):
            return
        found = {name.text: value for item in arguments for name, value in item.pairs[:_MAX_LISTED]}
        if "names" in found and "name" not in found:
            for item in found["names"].items[:_MAX_LISTED]:
                named = item if item.kind == "scalar" else next(iter(item.pairs), (item,))[0]
                yield from self._once(function, place, {**found, "name": named})
            return
        yield from self._once(function, place, {"name": key, **found})

    def _once(
        self, function: str, place: Node, found: dict[str, Node]
    ) -> Iterator[Fact | Embedded]:
        parameters = {name: self._values(node) for name, node in found.items()}
        if function.startswith("user.") and "groups" in parameters:
            joined = ",".join(value.text for value in parameters["groups"])
            parameters["groups"] = (parameters["groups"][0]._replace(text=joined, node=None),)
        resource = Resource(function, parameters, place.line, place.column)
        yield from self._stater.resource(resource, self._context(resource))

    def _values(self, node: Node) -> tuple[Value, ...]:
        if node.kind == "scalar":
            raw = self._manifest.text(node)
            text, certainty, unknown = fill(raw, self._scope)
            kept = raw if certainty == "computed" else ""
            return (Value(text, certainty, node.line, node.column, (), node, unknown, kept),)
        items = node.items[:_MAX_LISTED]
        scalars = [item if item.kind == "scalar" else item.pairs[0][0] for item in items
                   if item.kind == "scalar" or item.pairs]  # fmt: skip
        return tuple(value for item in scalars for value in self._values(item))

    def _context(self, resource: Resource) -> Context:
        """Return the context of a state: whom it runs as, and the tests that it names."""
        tests = [_ROOT]
        for name, holds in _TESTS:
            for value in resource.parameters.get(name, ()):
                kind = "path-exists" if name == "creates" else "other"
                tests.append(Guard(kind, value.text, value.line, holds))  # type: ignore[arg-type]
        user = resource.text("runas") or (
            resource.text("user") if resource.type.startswith("cmd.") else ""
        )
        layers = (_as(user),) if user and user != "root" else ()
        ignored = truth(resource.text("ignore_retcode")) == "yes"
        return Context(
            layers, tuple(tests), "ignored" if ignored else "stops", folder=resource.text("cwd")
        )


def _as(user: str) -> Layer:
    """Return how an agent that runs as root becomes another user for a command."""
    return Layer("runuser", "privilege", (Word("runuser"), Word("-u"), Word(user)), user)
