"""Reads Puppet manifests: the resources that they declare, as the commands that do the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Guard, GuardKind, Layer, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.orchestration.puppet_tokens import ESCAPED_DOLLAR, Token, Tokens
from dten_audit.readers.orchestration.resources import Context, Resource, Value
from dten_audit.readers.orchestration.stating import Stater
from dten_audit.readers.orchestration.tables import title_parameter, truth

_PASCAL: Final = re.compile(
    r"\s*(?:\{[^}]*\}\s*|//[^\n]*\n\s*)*(?:unit|program|library)\s+\w+", re.IGNORECASE
)
_ROOT: Final = Guard("root-check", "root", None)
_TITLES: Final = frozenset("string text variable name number [ type".split())
_CLOSING: Final = {"{": "}", "[": "]", "(": ")"}
_STATEMENTS: Final = frozenset(
    "if elsif unless else case class define node function plan type".split()
)
_TEMPLATES: Final = frozenset(("template", "epp"))
_MAX_ITEMS: Final = 100
_MAX_TITLE: Final = 500
_SHORT_TITLE: Final = 15
"""Titles are lists of fewer words than the first, or texts of fewer than the second."""
_TESTS: Final[tuple[tuple[str, GuardKind, bool], ...]] = (
    ("onlyif", "other", True),
    ("unless", "other", False),
    ("creates", "path-exists", False),
)


def worth_reading(document: Document) -> bool:
    """Say whether a ``.pp`` file is Puppet: Free Pascal uses the same ending."""
    return "{" in document.text and not _PASCAL.match(document.text)


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State what the resources of a manifest do to a node, on which the agent runs as root."""
    if worth_reading(document):
        yield from _Puppet(document).read()


@cache
def _variable() -> re.Pattern[str]:
    return re.compile(
        r"\$\{(?:::)?([A-Za-z_]\w*(?:::\w+)*)[^}\n]{0,400}\}|\$(?:::)?([A-Za-z_]\w*(?:::\w+)*)"
    )


class _Puppet:
    """Walks through the tokens of one manifest."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._tokens = Tokens(document.text)
        self._all = self._tokens.all
        self._stater = Stater(document, "puppet")
        self._known = self._assigned()
        self._allowance = 2 * len(self._all)

    def read(self) -> Iterator[Fact | Embedded]:
        """State every resource, with the tests around it."""
        tokens = self._all
        blocks: list[Guard | None] = []
        at = 0
        pending: Guard | None = None
        while at < len(tokens):
            token = tokens[at]
            if token.kind == "name" and self._declares(at):
                virtual = at > 0 and tokens[at - 1].kind in ("@", "@@")
                guards = tuple(guard for guard in blocks if guard)
                end = self._closing(at + 1)
                yield from self._resources(at, end, guards, virtual=virtual)
                at = end + 1
                continue
            if token.kind == "name" and token.text in ("if", "elsif", "unless", "else"):
                pending = self._test(at)
            elif token.kind == "{":
                blocks.append(pending)
                pending = None
            elif token.kind == "}" and blocks:
                blocks.pop()
            at += 1
        if not self._tokens.complete:
            yield Unreadable(self._document.location(1), "puppet", "too many words")

    def _declares(self, at: int) -> bool:
        """Say whether a name starts a resource: ``file { '/etc/x': …``."""
        tokens = self._all
        if at + 3 >= len(tokens) or tokens[at + 1].kind != "{" or tokens[at].text in _STATEMENTS:
            return False
        title = tokens[at + 2]
        if title.kind not in _TITLES or (at > 0 and tokens[at - 1].kind in ("?", "|", "=>", ")")):
            return False
        most = _MAX_TITLE if title.kind == "[" and self._allowance > 0 else _SHORT_TITLE
        end = self._value_end(at + 2, most)
        self._allowance -= end - at if title.kind == "[" else 0
        return end < len(tokens) and tokens[end].kind == ":"

    def _test(self, at: int) -> Guard | None:
        """Return the test of an ``if``; one that asks for systemd as such."""
        tokens = self._all
        end = at + 1
        while end < len(tokens) and tokens[end].kind != "{" and end - at < _MAX_ITEMS:
            end += 1
        if tokens[at].text == "else" or end >= len(tokens):
            return Guard("other", "else", self._line(tokens[at]))
        text = " ".join(self._tokens.text[tokens[at].end : tokens[end].start].split())
        holds = tokens[at].text != "unless"
        if "service_provider" in text and "systemd" in text and "==" in text:
            return Guard("systemd-running", "systemd", self._line(tokens[at]), holds)
        return Guard("other", text[:200], self._line(tokens[at]), holds)

    def _closing(self, at: int) -> int:
        """Return the index of the token that closes the bracket at ``at``; the last one else."""
        depth = 0
        for number in range(at, len(self._all)):
            kind = self._all[number].kind
            if kind in _CLOSING:
                depth += 1
            elif kind in ("}", "]", ")"):
                depth -= 1
                if depth <= 0:
                    return number
        return len(self._all) - 1

    def _value_end(self, at: int, most: int = 1 << 30) -> int:
        """Return the index behind the value that starts at ``at``, looking at ``most`` words."""
        depth = 0
        for number in range(at, min(len(self._all), at + most)):
            kind = self._all[number].kind
            if kind in _CLOSING:
                depth += 1
            elif kind in ("}", "]", ")"):
                if depth == 0:
                    return number
                depth -= 1
            elif depth == 0 and kind in (",", ";", ":"):
                return number
        return len(self._all)

    # resources

    def _resources(
        self, at: int, end: int, guards: tuple[Guard, ...], *, virtual: bool
    ) -> Iterator[Fact | Embedded]:
        """State the resources between two braces, each with its titles and attributes."""
        kind = self._all[at].text.removeprefix("::")
        defaults: dict[str, tuple[Value, ...]] = {}
        number = at + 2
        while number < end:
            stop = self._value_end(number)
            titles = self._values(number, stop)
            number, attributes = self._attributes(stop + 1, end)
            if titles and titles[0].text == "default":
                defaults = attributes
            elif self._stater.knows(kind):
                for title in titles:
                    own = {**defaults, **attributes}
                    yield from self._declared(kind, title, own, guards, called=not virtual)

    def _attributes(self, at: int, end: int) -> tuple[int, dict[str, tuple[Value, ...]]]:
        """Return where the next resource starts, and the attributes up to there."""
        found: dict[str, tuple[Value, ...]] = {}
        while at < end and self._all[at].kind != ";":
            arrow = self._all[at + 1].kind if at + 1 < end else ""
            if self._all[at].kind in ("name", "type", "*") and arrow in ("=>", "+>"):
                stop = min(self._value_end(at + 2), end)
                name = self._all[at].text
                values = self._values(at + 2, stop)
                source = self._template(at + 2) if name == "content" else None
                if source is not None:
                    found["source"] = (source,)
                else:
                    found[name] = values
                at = stop
            else:
                at += 1
        return at + 1, found

    def _declared(
        self,
        kind: str,
        title: Value,
        attributes: dict[str, tuple[Value, ...]],
        guards: tuple[Guard, ...],
        *,
        called: bool,
    ) -> Iterator[Fact | Embedded]:
        parameter = title_parameter("puppet", kind)
        parameters = {parameter: (title,), **attributes} if parameter else attributes
        parameters.setdefault("name", (title,))
        if "groups" in parameters:
            joined = ",".join(value.text for value in parameters["groups"])
            parameters["groups"] = tuple(
                value._replace(text=joined) for value in parameters["groups"][:1]
            )
        tests = [_ROOT, *guards]
        tests += [
            Guard(what, value.text, value.line, holds)
            for name, what, holds in _TESTS
            for value in parameters.get(name, ())
        ]
        resource = Resource(kind, parameters, title.line, title.column)
        if truth(resource.text("refreshonly")) == "yes":
            tests.append(Guard("other", "refreshonly", title.line))
        user = resource.text("user") if kind == "exec" else ""
        layers = (_as(user),) if user not in ("", "root") else ()
        context = Context(layers, tuple(tests), called=called, folder=resource.text("cwd"))
        yield from self._stater.resource(resource, context)

    # values

    def _values(self, at: int, end: int) -> tuple[Value, ...]:
        """Return the value between two tokens; several for an array."""
        tokens = self._all
        if at >= end:
            return ()
        if tokens[at].kind == "[" and self._closing(at) == end - 1:
            found: list[Value] = []
            number = at + 1
            while number < end - 1 and len(found) < _MAX_ITEMS:
                stop = self._value_end(number)
                if stop > number and tokens[number].kind != "[":
                    found += self._values(number, stop)
                number = stop + 1
            return tuple(found)
        if end - at == 1:
            return (self._single(tokens[at]),)
        name = next((t.text for t in tokens[at:end] if t.kind == "variable"), "$expression")
        return (self._unknown(tokens[at], name.strip("$").rpartition("::")[2]),)

    def _single(self, token: Token) -> Value:
        line, column = self._document.index.position(token.start)
        if token.kind == "variable":
            name = token.text.strip("$").rpartition("::")[2]
            known = self._known.get(name)
            if known is None:
                return self._unknown(token, name)
            return known._replace(line=line, column=column, lines=())
        lines: tuple[int, ...] = ()
        if token.lines:
            lines = (self._document.index.position(token.lines[0])[0],)
            column = 1
        elif token.kind in ("string", "text"):
            column += 1
        if token.kind == "text":
            return self._interpolated(token, line, column, lines)
        certain = token.kind in ("string", "name", "number", "type")
        return Value(token.text, "exact" if certain else "computed", line, column, lines)

    def _interpolated(self, token: Token, line: int, column: int, lines: tuple[int, ...]) -> Value:
        """Return a text in double quotes, variables that are known filled in."""
        unknown: list[str] = []
        resolved = False

        def filled(match: re.Match[str]) -> str:
            nonlocal resolved
            name = (match[1] or match[2]).rpartition("::")[2]
            known = self._known.get(name)
            if known is not None and match[0].strip("${}:").rpartition("::")[2] == name:
                resolved = True
                return known.text
            unknown.append(name)
            return f"${{{name}}}"

        text = _variable().sub(filled, token.text).replace(ESCAPED_DOLLAR, "$")
        sure = "computed" if unknown else "resolved" if resolved else "exact"
        return Value(text, sure, line, column, lines, unknown=tuple(unknown))  # type: ignore[arg-type]

    def _unknown(self, token: Token, name: str) -> Value:
        line, column = self._document.index.position(token.start)
        return Value(f"${{{name}}}", "computed", line, column, unknown=(name,))

    def _template(self, at: int) -> Value | None:
        """Return the shipped file of ``template('dten/x.erb')``; None for other values."""
        tokens = self._all
        if at + 2 >= len(tokens) or tokens[at].text not in _TEMPLATES or tokens[at + 1].kind != "(":
            return None
        name = tokens[at + 2]
        module, _, rest = name.text.partition("/")
        if name.kind != "string" or not rest:
            return None
        value = self._single(name)
        return value._replace(text=f"{module}/templates/{rest}")

    def _assigned(self) -> dict[str, Value]:
        """Return the variables that the manifest sets once, to a literal.

        Parameters of classes have defaults, which whoever declares the class may replace.
        """
        tokens = self._all
        found: dict[str, Value] = {}
        again: set[str] = set()
        self._known = found
        for number in range(len(tokens) - 2):
            token = tokens[number]
            if token.kind != "variable" or tokens[number + 1].kind != "=":
                continue
            name = token.text.strip("$").rpartition("::")[2]
            value = tokens[number + 2]
            end = tokens[number + 3].kind if number + 3 < len(tokens) else "}"
            ends = end in (",", ")", "}", "variable", "name", "type", ";", "@", "@@")
            if (
                name in found
                or value.kind not in ("string", "name", "number")
                or not ends
                or (value.kind == "name" and end == "(")
                or value.text == "undef"
            ):
                again.add(name)
            else:
                found[name] = self._single(value)._replace(certainty="resolved")
        return {name: value for name, value in found.items() if name not in again}

    def _line(self, token: Token) -> int:
        return self._document.index.position(token.start)[0]


def _as(user: str) -> Layer:
    """Return how the agent, which runs as root, becomes another user for a command."""
    return Layer("runuser", "privilege", (Word("runuser"), Word("-u"), Word(user)), user)
