"""Reads Chef recipes: the resources that stand in them with literal values, line by line.

A recipe is a Ruby program; what loops, methods and node attributes compute stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Guard, Layer, Word
from dten_audit.readers.orchestration.chef_values import Line, Lines, values_of
from dten_audit.readers.orchestration.resources import Context, Resource, Value
from dten_audit.readers.orchestration.stating import Stater, beside
from dten_audit.readers.orchestration.tables import rows, title_parameter, truth

_ROOT: Final = Guard("root-check", "root", None)
_RUNS_COMMANDS: Final = frozenset(("execute", "bash", "ksh", "script"))


class _Block(NamedTuple):
    """An open ``do`` or ``if``: its test, and the resource that it belongs to, if it is one's."""

    guard: Guard | None = None
    resource: bool = False


@cache
def _resource() -> re.Pattern[str]:
    names = "|".join(sorted(rows("chef"), key=len, reverse=True))
    return re.compile(rf"[ \t]*({names})(?:[ \t]+|[ \t]*\()(?=['\"%\w#\[:])([^\n]*)")


@cache
def _attribute() -> re.Pattern[str]:
    return re.compile(r"[ \t]*([a-z_]\w*)(?:[ \t]+|\()(?![=.+|&*/-])([^\n]+)", re.ASCII)


@cache
def _opens() -> re.Pattern[str]:
    return re.compile(
        r"[ \t]*(?:(if|unless|case|while|until|begin|def|module|class|for)\b([^\n]*)"
        r"|[^\n]*?\bdo(?:[ \t]*\|[^|\n]*\|)?[ \t]*$|[^\n#]*?=[ \t]*(?:if|case|unless|begin)\b)"
    )


@cache
def _file_test() -> re.Pattern[str]:
    return re.compile(r"(?:::)?File\.(?:exists?|file|directory)\??[?(]*\(?['\"]([^'\"#]+)['\"]\)?")


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State what the resources of a recipe do to a node, on which the client runs as root."""
    yield from _Recipe(document).read()


class _Recipe:
    """Walks through the lines of one recipe."""

    def __init__(self, document: Document) -> None:
        self._lines = Lines(document.text)
        self._stater = Stater(document, "chef")
        self._blocks: list[_Block] = []

    def read(self) -> Iterator[Fact | Embedded]:
        """State every resource, with the tests around it."""
        for line in self._lines:
            match = _resource().match(line.code)
            if match is None:
                self._follow(line)
                continue
            title, block = _without_do(match[2])
            guards = tuple(b.guard for b in self._blocks if b.guard is not None)
            column = match.start(1) + 1
            titles = values_of(title.strip().rstrip(")"), line)
            attributes = self._attributes() if block else {}
            for each in titles or ():
                named = each._replace(line=line.number, column=column)
                yield from self._declared(match[1], named, attributes, guards)

    def _follow(self, line: Line) -> None:
        """Keep track of blocks: what opens one, and what ends it."""
        code = line.code.strip()
        if code == "end" or code.startswith(("end ", "end.", "end)")):
            if self._blocks:
                self._blocks.pop()
            return
        opened = _opens().match(line.code)
        if opened is not None and not code.endswith(" end"):
            tested = opened[1] in ("if", "unless")
            test = (opened[2] or "").strip()
            guard = Guard("other", test[:200], line.number, opened[1] == "if") if tested else None
            self._blocks.append(_Block(guard))
        elif code.startswith(("else", "elsif", "when ")) and self._blocks:
            self._blocks[-1] = _Block(Guard("other", code[:200], line.number))

    def _attributes(self) -> dict[str, tuple[Value, ...]]:
        """Read the lines up to the resource's ``end``; nested blocks are not looked into."""
        found: dict[str, tuple[Value, ...]] = {}
        depth = 0
        for line in self._lines:
            code = line.code.strip()
            if code == "end" or code.startswith(("end ", "end.", "end)")):
                if depth == 0:
                    break
                depth -= 1
            elif (opened := _opens().match(line.code)) and not code.endswith(" end"):
                depth += 1
                del opened
            elif depth == 0:
                match = _attribute().match(line.code)
                if match is not None:
                    shifted = line._replace(column=match.start(2) + 1)
                    found[match[1]] = values_of(match[2].strip(), shifted)
        return found

    def _declared(
        self,
        kind: str,
        title: Value,
        attributes: dict[str, tuple[Value, ...]],
        guards: tuple[Guard, ...],
    ) -> Iterator[Fact | Embedded]:
        parameters = {title_parameter("chef", kind): (title,), "name": (title,), **attributes}
        if kind in ("execute", *_RUNS_COMMANDS) and "code" not in parameters:
            parameters.setdefault("code", parameters.get("command", ()))
        if kind == "group" and "members" in parameters:
            joined = ",".join(value.text for value in parameters["members"])
            parameters["members"] = (parameters["members"][0]._replace(text=joined),)
        resource = Resource(kind, parameters, title.line, title.column)
        tests = (_ROOT, *guards, *_tests(parameters))
        user = resource.text("user") if kind in _RUNS_COMMANDS else ""
        layers = (_as(user),) if user not in ("", "root") else ()
        ignored = truth(resource.text("ignore_failure")) == "yes"
        context = Context(
            layers, tests, "ignored" if ignored else "stops", folder=resource.text("cwd"),
            files=beside("../files/default"), templates=beside("../templates/default"),
        )  # fmt: skip
        for action in parameters.get("action", ())[1:] and parameters["action"]:
            each = {**parameters, "action": (action,)}
            yield from self._stater.resource(resource._replace(parameters=each), context)
        if len(parameters.get("action", ())) < 2:  # noqa: PLR2004 (several actions, one by one)
            yield from self._stater.resource(resource, context)


def _tests(parameters: dict[str, tuple[Value, ...]]) -> Iterator[Guard]:
    """Yield what ``only_if``, ``not_if`` and ``creates`` ask."""
    for name, holds in (("only_if", True), ("not_if", False)):
        for value in parameters.get(name, ()):
            file = _file_test().search(value.text)
            if file is not None:
                yield Guard("path-exists", file[1], value.line, holds)
            else:
                yield Guard("other", value.text[:200], value.line, holds)
    for value in parameters.get("creates", ()):
        yield Guard("path-exists", value.text, value.line, holds=False)


def _without_do(text: str) -> tuple[str, bool]:
    """Split the ``do`` off that opens a resource's block."""
    code = text.rstrip()
    return (code[:-2], True) if code == "do" or code.endswith((" do", ")do")) else (code, False)


def _as(user: str) -> Layer:
    """Return how the client, which runs as root, becomes another user for a command."""
    return Layer("runuser", "privilege", (Word("runuser"), Word("-u"), Word(user)), user)
