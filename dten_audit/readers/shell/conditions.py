"""What a test tells: which commands, units, paths exist, whether the user is root."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from dten_audit.model.facts.commands import Guard, GuardKind
from dten_audit.readers.shell.nodes import (
    AndOr,
    Body,
    Calculation,
    Group,
    Node,
    Not,
    Pipeline,
    Simple,
)
from dten_audit.readers.shell.values import Field

_INQUIRIES: Final = frozenset(("which", "type", "hash", "command"))
_TESTING: Final = frozenset(
    "[ [[ test grep egrep fgrep zgrep id getent pidof pgrep systemctl service which type hash"
    " command dpkg-query rpm dpkg cmp diff mountpoint lsmod modinfo findmnt".split()
)
_MOST: Final = 32
_TESTS: Final = frozenset(("[", "[[", "test"))
_SYSTEMD_FOLDERS: Final = ("/run/systemd/system", "/run/systemd")
_UNIT_FOLDER: Final = re.compile(r"(?:^|/)systemd/(?:system|user)/([^/]+\.[a-z]+)$")
_UNIT_VERBS: Final = frozenset(
    "list-unit-files list-units status cat show is-active is-enabled is-failed".split()
)
_PATH_TESTS: Final = frozenset("-e -f -d -x -r -w -s -L -h -S -p -b -c".split())
_EQUAL: Final = frozenset(("=", "==", "-eq"))
_UNEQUAL: Final = frozenset(("!=", "-ne", "-gt"))
_USER: Final = re.compile(
    r"\$\{?(?:EUID|UID)\}?|\$\((?:[\w/]*/)?id -u\)|\$\((?:[\w/]*/)?id --user\)"
    r"|\$\{EUID:-\$\((?:[\w/]*/)?id -u\)\}|\$\{EUID:-\$UID\}"
)
_USER_NAME: Final = re.compile(
    r"\$\((?:[\w/]*/)?(?:whoami|id -un|id -nu|logname)\)|\$\{?(?:USER|LOGNAME)\}?"
)
_FOUND: Final = re.compile(r"\$\((?:command -v|which|type -p|type -P) ([\w.+/-]+)[^)]*\)")
_INIT: Final = re.compile(r"\$\(ps .*(?:-p ?1|1).*comm.*\)|\$\(cat /proc/1/comm\)")
_ARITHMETIC_USER: Final = re.compile(r"\s*(!?)\s*\$?\{?(?:EUID|UID)\}?\s*(?:(==|!=|>)\s*0)?\s*")
_PATTERN_NOISE: Final = re.compile(r"^(?:[\^(]|\\[b<])+|(?:[$)]|\\[b>])+$|\\(?=\.)")
_LISTED: Final = re.compile(
    r"\$\(systemctl (?:[\w-]+ )*?list-unit(?:-file)?s\b[^|]*+"
    r"\| ?e?grep (?:-\w+ )*[\"']?([\w@.^$-]+)[\"']?[^|)]*+"
    r"(?:\| ?(?:head|wc|awk|cut)\b[^|)]*+)?\)"
)
_LONGEST: Final = 160

Guards = tuple[Guard, ...]


class Tested(NamedTuple):
    """The tests that hold where a condition is true, and those where it is false."""

    true: Guards
    false: Guards

    @property
    def inverted(self) -> Tested:
        """The same for the negated condition."""
        return Tested(self.false, self.true)


NOTHING: Final = Tested((), ())


def opposite(guards: Guards) -> Guards:
    """Return the same tests with the opposite outcome."""
    new = tuple.__new__
    return tuple([new(Guard, (kind, of, line, not holds)) for kind, of, line, holds in guards])


def combined(left: Tested, operator: str, right: Tested) -> Tested:
    """Return what ``left && right`` or ``left || right`` tells, as far as that is certain."""
    if operator == "&&":
        return Tested((left.true + right.true)[:_MOST], ())
    alike = tuple([guard for guard in left.true if _in(guard, right.true)])
    return Tested(alike, (left.false + right.false)[:_MOST])


def is_test(node: Node) -> bool:
    """Say whether a command is there to test something."""
    while not isinstance(node, Simple):
        if isinstance(node, Not):
            node = node.command
        elif isinstance(node, Pipeline):
            node = node.commands[-1]
        elif isinstance(node, Group) and node.body:
            node = node.body[-1]
        elif isinstance(node, AndOr):
            node = node.first
        else:
            return isinstance(node, Calculation)
    name = (node.words[0].text or "") if node.words else ""
    return name.rpartition("/")[2] in _TESTING


class Conditions:
    """Reads conditions. ``words`` expands a command's words without running anything.

    ``line`` gives the line of an offset; ``is_function`` knows functions by name, ``predicate`` the
    condition that a call of one stands for.
    """

    __slots__ = ("is_function", "line", "predicate", "words")

    def __init__(
        self,
        words: Callable[[Simple], list[Field]],
        line: Callable[[int], int],
        is_function: Callable[[str], bool],
        predicate: Callable[[list[Field]], Tested | None],
    ) -> None:
        self.is_function = is_function
        self.words = words
        self.line = line
        self.predicate = predicate

    def of_body(self, body: Body) -> Tested:
        """Return what a list tells, by its last command."""
        return self.of(body[-1]) if body else NOTHING

    def of(self, node: Node) -> Tested:
        """Return what a command's success and failure tell."""
        if isinstance(node, Not):
            return self.of(node.command).inverted
        if isinstance(node, AndOr):
            return self._and_or(node)
        if isinstance(node, Group):
            return self.of_body(node.body)
        if isinstance(node, Pipeline):
            return self._pipeline(node)
        if isinstance(node, Calculation):
            return self._calculation(node)
        return self._simple(node) if isinstance(node, Simple) else NOTHING

    def tells(self, node: Node) -> Tested:
        """Return what a command in a chain tells: success of a plain program is no test."""
        if is_test(node):
            return self.of(node)
        if isinstance(node, Simple) and not self.is_function(node.name):
            return NOTHING
        tested = self.of(node)
        return Tested(
            tuple([guard for guard in tested.true if guard.kind != "other"]),
            tuple([guard for guard in tested.false if guard.kind != "other"]),
        )

    def _and_or(self, node: AndOr) -> Tested:
        tested = self.of(node.first)
        for operator, right in node.rest:
            tested = combined(tested, operator, self.of(right))
        text = self._other(node)
        return Tested(tested.true or text, tested.false or opposite(text))

    def _other(self, node: Node) -> Guards:
        return (Guard("other", _shown(node), self.line(node.offset)),)

    def _guard(self, kind: GuardKind, subject: str, node: Node, *, holds: bool = True) -> Tested:
        guard = (Guard(kind, subject, self.line(node.offset), holds),)
        return Tested(guard, opposite(guard))

    def _pipeline(self, node: Pipeline) -> Tested:
        """Read ``systemctl list-unit-files | grep NAME`` and ``ps -p 1 | grep systemd``."""
        first, last = node.commands[0], node.commands[-1]
        if isinstance(first, Simple) and isinstance(last, Simple):
            words = [field.text for field in self.words(first)]
            search = [field.text for field in self.words(last)]
            pattern = _pattern(search)
            if words[:1] == ["systemctl"] and (pattern or _unit(words)):
                return self._guard("unit-exists", _unit(words) or pattern, node)
            if pattern == "systemd" and words[:1] == ["ps"]:
                return self._guard("systemd-running", "", node)
            if pattern and is_root(f"$({' '.join(words)})", pattern):
                return self._guard("root-check", "root", node)
        text = self._other(node)
        return Tested(text, opposite(text))

    def _calculation(self, node: Calculation) -> Tested:
        match = _ARITHMETIC_USER.fullmatch(node.text)
        if match is None:
            text = (Guard("other", f"(({_cut(node.text)}))", self.line(node.offset)),)
            return Tested(text, opposite(text))
        is_root = (match[2] == "==") if match[2] else bool(match[1])
        return self._guard("root-check", "root", node, holds=is_root)

    def _simple(self, node: Simple) -> Tested:
        fields = self.words(node)
        if not fields:
            return NOTHING
        texts = [field.text for field in fields]
        name = texts[0].rpartition("/")[2]
        if name in _TESTS:
            return self._bracket(node, fields[1:])
        if name in ("true", ":"):
            return NOTHING
        if name in _INQUIRIES:
            wanted = [word for word in texts[1:] if not word.startswith("-")]
            if wanted and (name != "command" or {"-v", "-V"} & set(texts)):
                guards = tuple(
                    Guard("command-exists", word, self.line(node.offset)) for word in wanted
                )
                return Tested(guards, opposite(guards) if len(guards) == 1 else ())
        if name == "systemctl":
            return self._systemctl(node, texts)
        known = self.predicate(fields)
        if known is not None:
            return known
        if name in ("pidof", "pgrep") and texts[-1] == "systemd":
            return self._guard("systemd-running", "", node)
        text = self._other(node)
        return Tested(text, opposite(text))

    def _systemctl(self, node: Simple, texts: list[str]) -> Tested:
        if "is-system-running" in texts:
            return self._guard("systemd-running", "", node)
        unit = _unit(texts)
        if unit:
            return self._guard("unit-exists", unit, node)
        text = self._other(node)
        return Tested(text, opposite(text))

    def _bracket(self, node: Simple, words: list[Field]) -> Tested:
        """Read ``[ … ]``, ``[[ … ]]`` and ``test …``."""
        if words and words[-1].text in ("]", "]]"):
            words = words[:-1]
        texts = [field.text for field in words]
        if texts[:1] == ["!"]:
            return self._alternatives(node, texts[1:]).inverted
        return self._alternatives(node, texts)

    def _alternatives(self, node: Simple, texts: list[str]) -> Tested:
        """Read tests joined by ``-a``/``&&`` or ``-o``/``||``."""
        for both, signs in ((False, ("-o", "||")), (True, ("-a", "&&"))):
            if len(texts) > 4 and any(sign in texts[1:-1] for sign in signs):  # noqa: PLR2004 (a word, its operator, a word)
                parts = _split(texts, signs)
                found = [self._one(node, part) for part in parts if part]
                text = self._other(node)
                if both:
                    return Tested(_all(t.true for t in found), opposite(text))
                return Tested(text, _all(t.false for t in found))
        return self._one(node, texts)

    def _one(self, node: Simple, texts: list[str]) -> Tested:
        if texts[:1] == ["!"] and len(texts) > 1:
            return self._one(node, texts[1:]).inverted
        texts = [text for text in texts if text not in ("(", ")")]
        if len(texts) == 2:  # noqa: PLR2004 (an operator and its operand)
            return self._unary(node, texts[0], texts[1])
        if len(texts) == 3:  # noqa: PLR2004 (an operator between operands)
            return self._binary(node, *texts)
        if len(texts) == 1:
            return self._unary(node, "-n", texts[0])
        text = self._other(node)
        return Tested(text, opposite(text))

    def _unary(self, node: Simple, operator: str, operand: str) -> Tested:
        if operator in _PATH_TESTS or (operator == "-a" and operand):
            found = _FOUND.fullmatch(operand)
            if found is not None:
                return self._guard("command-exists", found[1], node)
            if operand.rstrip("/") in _SYSTEMD_FOLDERS:
                return self._guard("systemd-running", "", node)
            tested = self._guard("path-exists", operand, node)
            unit = _UNIT_FOLDER.search(operand)
            if unit is not None:
                more = self._guard("unit-exists", unit[1], node)
                tested = Tested(tested.true + more.true, tested.false + more.false)
            return tested
        if operator in ("-n", "-z"):
            found = _FOUND.fullmatch(operand)
            if found is not None:
                return self._guard("command-exists", found[1], node, holds=operator == "-n")
            listed = _LISTED.fullmatch(operand)
            if listed is not None:
                name = _PATTERN_NOISE.sub("", listed[1])
                return self._guard("unit-exists", name, node, holds=operator == "-n")
        text = self._other(node)
        return Tested(text, opposite(text))

    def _binary(self, node: Simple, left: str, operator: str, right: str) -> Tested:
        if operator in _EQUAL or operator in _UNEQUAL:
            holds = operator in _EQUAL
            for one, other in ((left, right), (right, left)):
                if is_root(one, other):
                    return self._guard("root-check", "root", node, holds=holds)
                if other == "systemd" and _INIT.fullmatch(one):
                    return self._guard("systemd-running", "", node, holds=holds)
                found = _FOUND.fullmatch(one)
                if found is not None and not other:
                    return self._guard("command-exists", found[1], node, holds=not holds)
        text = self._other(node)
        return Tested(text, opposite(text))


def is_root(subject: str, value: str) -> bool:
    """Say whether a value compared with this one is what it is for root."""
    asked = _USER if value == "0" else _USER_NAME if value == "root" else None
    return asked is not None and asked.fullmatch(subject) is not None


def _in(guard: Guard, guards: Guards) -> bool:
    return any(guard[:2] == other[:2] and guard.holds == other.holds for other in guards)


def _all(parts: object) -> Guards:
    found: Guards = ()
    for part in parts:  # type: ignore[attr-defined]
        found += part
    return found


def _split(texts: list[str], signs: tuple[str, ...]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for text in texts:
        if text in signs:
            parts.append([])
        else:
            parts[-1].append(text)
    return parts


def _unit(words: list[str]) -> str:
    """Return the unit that a ``systemctl`` command asks about, or an empty string."""
    operands = [word for word in words[1:] if not word.startswith("-")]
    return operands[1] if len(operands) > 1 and operands[0] in _UNIT_VERBS else ""


def _pattern(words: list[str]) -> str:
    """Return what a ``grep`` looks for, without anchors."""
    if not words or words[0] not in ("grep", "egrep", "fgrep", "rg"):
        return ""
    operands = [word for word in words[1:] if not word.startswith("-")]
    return _PATTERN_NOISE.sub("", operands[0]) if operands else ""


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _shown(node: Node) -> str:
    return _cut(_source(node, 4))


def _source(node: Node, depth: int) -> str:
    """Return a condition as the script writes it."""
    if isinstance(node, Simple):
        return " ".join(shape.source for shape in node.words[:12])
    if depth == 0:
        return "…"
    if isinstance(node, AndOr):
        chain = [f" {operator} {_source(right, depth - 1)}" for operator, right in node.rest[:4]]
        return _source(node.first, depth - 1) + "".join(chain)
    if isinstance(node, Not):
        return f"! {_source(node.command, depth - 1)}"
    if isinstance(node, Pipeline):
        return " | ".join(_source(command, depth - 1) for command in node.commands[:4])
    if isinstance(node, Group):
        return "; ".join(_source(inner, depth - 1) for inner in node.body[:4])
    return "…"
