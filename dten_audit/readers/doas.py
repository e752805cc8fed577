"""Reads doas.conf(5) of OpenDoas 6.8: who may run what as whom."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.privilege import SudoersCommand, SudoersRule

_OPTIONS: Final = frozenset(("nopass", "nolog", "persist", "keepenv", "setenv"))

_LONGEST: Final = 1 << 17
"""Characters; nobody writes so many rules by hand."""


def read(document: Document) -> Iterator[SudoersRule | Unreadable]:
    """State each rule in the words of sudo: ``:wheel`` is the group ``%wheel``.

    A ``deny`` is stated as a rule with commands that start with ``!``, as sudoers writes it.
    """
    if len(document.text) > _LONGEST:
        yield Unreadable(document.location(1), "doas", f"longer than {_LONGEST} characters")
        return
    for number, raw in enumerate(document.text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        words = _words(line)
        rule = _rule(document, number, words) if words else None
        yield rule or Unreadable(document.location(number), "doas", "not a doas.conf line")


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="{}")
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return []


def _rule(document: Document, line: int, words: list[str]) -> SudoersRule | None:
    options: set[str] = set()
    place = 1
    while place < len(words) and (words[place] in _OPTIONS or words[place].startswith("{")):
        if words[place].startswith("{"):
            closed = (n for n in range(place, len(words)) if words[n].endswith("}"))
            place = next(closed, len(words))
        else:
            options.add(words[place])
        place += 1
    if words[0] not in ("permit", "deny") or place >= len(words):
        return None
    who, rest = words[place], words[place + 1 :]
    who = f"%{who[1:]}" if who.startswith(":") else who
    after = dict(zip(rest[::2], rest[1::2], strict=False))
    command = after.get("cmd", "ALL")
    if "args" in rest:
        arguments = " ".join(rest[rest.index("args") + 1 :])
        command = f"{command} {arguments}" if arguments else f'{command} ""'
    sign = "!" if words[0] == "deny" else ""
    allowed = SudoersCommand(
        sign + command, after.get("as", "ALL"), "nopass" in options, "keepenv" in options
    )
    at = document.location(line)
    return SudoersRule(at, document.id, document.path, (who,), ("ALL",), (allowed,), "doas")
