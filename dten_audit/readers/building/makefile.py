"""Reads a makefile: each rule's recipe, as a text of the shell that make runs it with.

A variable is known where the file sets it once and to a literal; all others are known when make
runs, and become shell variables, as do make's own (``$@``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.building.make_lines import (
    Assignment,
    RecipeLine,
    Rule,
    is_conditional,
    statements,
)
from dten_audit.readers.commands import interpreter_kind

_AUTOMATIC: Final = {"@": "target", "<": "source", "^": "sources", "+": "sources", "?": "newer",
                     "*": "stem", "%": "member", "|": "order_only"}  # fmt: skip
_DEFAULTS: Final = {"MAKE": "make", "RM": "rm -f", "SHELL": "/bin/sh"}
_ON_HOSTS: Final = re.compile(r"(?:re)?install(?:\b|[-_])|deploy|upgrade")
_REMOVES: Final = re.compile(r"uninstall|deinstall|purge")
_REFERENCE: Final = re.compile(
    r"\$(?:\$|\(([^\s():,]{1,100})\)|\{([^\s{}:,]{1,100})\}|([@<^+?*%|A-Za-z])|(?=[({]))"
)
_SILENT: Final = re.compile(
    r"\$[({]((?:Q|AT|QUIET|SILENT|HIDE|VERBOSE|AM_V_\w++|V_\w++))[)}](?=[\w./$(])"
)
"""What makefiles put before a command by habit, so that make is quiet: ``@``, or nothing."""
_CALL: Final = re.compile(r"(\s*\$)\((?:call|eval|foreach|if|or|and|file|info|warning|error)\s")
_LITERAL: Final = re.compile(r"[^$`]*\Z")
_MAX_VALUE: Final = 1_000
_MAX_RULES: Final = 5_000


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the recipes of a makefile."""
    reader = _Reader(document)
    rules: list[Rule] = []
    for found in statements(document.text):
        if isinstance(found, Assignment):
            reader.take(found)
        else:
            rules.append(found)
            reader.one_shell = reader.one_shell or ".ONESHELL" in found.targets.split()
    for rule in rules[:_MAX_RULES]:
        yield from reader.recipe(rule)
    if len(rules) > _MAX_RULES:
        yield Unreadable(document.location(rules[_MAX_RULES].line), "makefile", "too many rules")


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.one_shell = False
        self.values: dict[str, str | None] = dict(_DEFAULTS)
        self.own: set[str] = set()

    def take(self, found: Assignment) -> None:
        """Remember a variable that is set once; one that is set again is not known."""
        once = found.name not in self.own and found.operator in ("=", ":=", "::=", ":::=")
        literal = _LITERAL.match(found.value) is not None and len(found.value) <= _MAX_VALUE
        self.values[found.name] = found.value if once and literal else None
        self.own.add(found.name)

    def recipe(self, rule: Rule) -> Iterator[Embedded]:
        """Yield a rule's recipe; each of its lines has a shell of its own, and stops at failure."""
        shell = (self.values.get("SHELL") or "/bin/sh").split() or ["/bin/sh"]
        kind = interpreter_kind(shell[0]) or "text"
        found = [(line, *self._line(line)) for line in rule.recipe]
        kept = [item for item in found if item[2].strip("\\ \t\n")]
        if not kept:
            return
        texts: list[str] = []
        numbers: list[int] = []
        apart = len(kept) > 1 and not self.one_shell and kind == "shell"
        for line, prefix, text in kept:
            own = [number for number, _ in line.parts]
            tail = ")" if "-" not in prefix else ") || :"
            if kind == "shell" and (apart or "-" in prefix):
                texts += ["(", text, tail]
                numbers += [own[0], *own, own[-1]]
            else:
                texts.append(text)
                numbers += own
        if kind == "shell":
            texts.insert(0, "set -e")
            numbers.insert(0, numbers[0])
        whole = "".join(f"{text}\n" for text in texts)
        hints = (("role", self._role(rule)), ("target", rule.targets.split(" ")[0][:100]))
        yield Embedded(kind, whole, tuple(numbers), 1, hints=hints)

    def _line(self, line: RecipeLine) -> tuple[str, str]:
        """Return the prefix of a recipe line, and its text as the shell gets it."""
        whole = "\\\n".join(part for _, part in line.parts)
        text = whole.lstrip("@+- \t")
        prefix = whole[: len(whole) - len(text)]
        silent = _SILENT.match(text)
        if silent is not None and self.values.get(silent[1]) is None:
            text = text[silent.end() :]
        call = _CALL.match(text)
        alone = call is not None and not text[_closing(text, call.end(1)) + 1 :].strip()
        if is_conditional(text) or alone or text.startswith("#"):
            return prefix, "\\\n" * (len(line.parts) - 1)
        return prefix, self.expanded(text)

    def _role(self, rule: Rule) -> str:
        """Return what a rule is for: it builds, unless its name says that it changes the host."""
        if self.document.path.endswith("debian/rules"):
            return "build"
        if _REMOVES.search(rule.targets):
            return "removal"
        return "script" if _ON_HOSTS.match(rule.targets) else "build"

    def expanded(self, text: str) -> str:
        """Return a recipe's text with make's variables expanded, or made the shell's."""
        if "$" not in text:
            return text
        out: list[str] = []
        at = 0
        while (match := _REFERENCE.search(text, at)) is not None:
            out.append(text[at : match.start()])
            at = match.end()
            if match[0] == "$$":
                out.append("$")
            elif match[0] == "$":
                end = _closing(text, at)
                inside = text[at + 1 : end]
                out.append(self._function(inside.replace("\\\n", " ")))
                out.append("\\\n" * inside.count("\\\n"))
                at = end + 1
            else:
                out.append(self._variable(match[1] or match[2] or match[3]))
        out.append(text[at:])
        return "".join(out)

    def _variable(self, name: str) -> str:
        value = self.values.get(name)
        if value is not None:
            return value
        if name[0] in _AUTOMATIC:
            return f"${{make_{_AUTOMATIC[name[0]]}}}"
        return f"${{{re.sub(r'[^A-Za-z0-9_]', '_', name)}}}"

    def _function(self, text: str) -> str:
        """Return a call of a function: what ``shell`` runs is run, others compute a text."""
        name, _, rest = text.strip().partition(" ")
        if name == "shell":
            return f"$({rest})".replace("$$", "$")
        return f"${{make_{re.sub(r'[^A-Za-z0-9_]', '_', name)[:40]}}}"


def _closing(text: str, start: int) -> int:
    """Return where the parenthesis or brace at ``start`` is closed; the text's end if nowhere."""
    opening = text[start]
    closing = ")" if opening == "(" else "}"
    depth = 0
    for number in range(start, len(text)):
        depth += (text[number] == opening) - (text[number] == closing)
        if not depth:
            return number
    return len(text)
