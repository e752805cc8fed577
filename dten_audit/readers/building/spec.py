"""Reads an RPM spec file: its scriptlets, which run on hosts, and its build, which does not.

Source: rpm.org, "Spec file format" and "Scriptlets, triggers", of rpm 4.20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.building.spec_macros import Macros
from dten_audit.readers.commands import interpreter_kind
from dten_audit.readers.shell.syntax import Parser

_SCRIPTLETS: Final = frozenset(
    "pre post preun postun pretrans posttrans preuntrans postuntrans verify verifyscript triggerin"
    " triggerun triggerprein triggerpostun filetriggerin filetriggerun filetriggerpostun"
    " transfiletriggerin transfiletriggerun transfiletriggerpostun".split()
)
_BUILD: Final = frozenset("prep conf generate_buildrequires build install check clean".split())
_OTHER: Final = frozenset(
    "description package files changelog sourcelist patchlist sepolicy".split()
)
_SECTION: Final = re.compile(r"%([a-z_]+)(?=\s|\Z)([^\n]*)")
_PROGRAM: Final = re.compile(r"(?:\A|[ \t])-p[ \t]*(\"[^\"\n]*\"|\S+)")
_CONDITIONAL: Final = re.compile(
    r"[ \t]*%(if|ifarch|ifnarch|ifos|ifnos|elif|elifarch|elifos|else|endif)\b"
)
_TEST: Final = '[ "${rpm_condition}" ]; then :'
_SHELL_TESTS: Final = {
    **dict.fromkeys(("if", "ifarch", "ifnarch", "ifos", "ifnos"), f"if {_TEST}"),
    **dict.fromkeys(("elif", "elifarch", "elifos"), f"elif {_TEST}"),
    "else": "else :",
    "endif": "fi",
}
_ATTR: Final = re.compile(r"%attr\(\s*([0-7]{3,5})\s*,[^)\n]*\)")
_CAPS: Final = re.compile(r"%caps\(([^)\n]*)\)")
_SPECIAL: Final = 0o6000


class Section(NamedTuple):
    """A section: its name, the rest of its first line, and its lines with their numbers."""

    name: str
    options: str
    line: int
    lines: list[tuple[int, str]]


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State what the scriptlets and the build of a spec file run, and the rights of its files."""
    macros = Macros(document.text)
    for number, section in enumerate(_sections(document.text)):
        if section.name == "files":
            yield from _files(document, section, macros, number)
        elif section.name in _SCRIPTLETS:
            yield from _scriptlet(document, section, macros, number)
        elif section.name in _BUILD:
            yield from _text(section, macros, "shell", (("role", "build"),))


def _sections(text: str) -> Iterator[Section]:
    current = Section("", "", 1, [])
    for number, line in enumerate(text.split("\n"), start=1):
        match = _SECTION.match(line)
        if match and match[1] in _SCRIPTLETS | _BUILD | _OTHER:
            yield current
            current = Section(match[1], match[2], number, [])
        else:
            current.lines.append((number, line))
    yield current


def _scriptlet(
    document: Document, section: Section, macros: Macros, order: int
) -> Iterator[Fact | Embedded]:
    """Yield a scriptlet in the language of its program, ``/bin/sh`` where none is named."""
    match = _PROGRAM.search(section.options.partition(" -- ")[0])
    program = macros.expanded(match[1].strip('"')) if match else "/bin/sh"
    at = document.location(section.line)
    if program == "<lua>":
        yield Unreadable(at, "lua", "a scriptlet in Lua, which is not read")
        return
    kind = interpreter_kind(program.split(" ", 1)[0])
    has_text = any(line.strip() and not line.startswith("#") for _, line in section.lines)
    if match and not has_text:
        argv = tuple(Word(word) for word in program.split())
        name = argv[0].text.rpartition("/")[2] if argv else ""
        yield Command(at, document.id, order, name, argv)
    elif kind:
        yield from _text(section, macros, kind, (("role", "maintainer"), ("user", "root")))
    else:
        yield Unreadable(at, "spec", f"a scriptlet for {program}, which is not read")


def _text(
    section: Section, macros: Macros, kind: str, hints: tuple[tuple[str, str], ...]
) -> Iterator[Embedded]:
    """Yield the lines of a section as a document.

    What ``%if`` chooses when the package is built runs perhaps: it becomes an ``if`` of the shell
    where that gives a script, else both branches are read.
    """
    lines = [line for _, line in section.lines]
    texts = [_line(line, macros, "") for line in lines]
    if kind == "shell" and any(_CONDITIONAL.match(line) for line in lines):
        guarded = [_line(line, macros, _SHELL_TESTS.get(_word(line), "")) for line in lines]
        parser = Parser("\n".join(guarded))
        parser.script()
        texts = texts if parser.shared.problems else guarded
    while texts and not texts[-1].strip():
        texts.pop()
    if any(text.strip() for text in texts):
        numbers = tuple(number for number, _ in section.lines[: len(texts)])
        whole = "".join(f"{text}\n" for text in texts)
        yield Embedded(kind, whole, numbers, hints=hints)


def _word(line: str) -> str:
    match = _CONDITIONAL.match(line)
    return match[1] if match else ""


def _line(line: str, macros: Macros, test: str) -> str:
    """Return a line of a script, its macros expanded; ``test`` stands for a conditional."""
    if _CONDITIONAL.match(line):
        return test
    if line.lstrip().startswith(("%dnl", "%define", "%global", "%undefine")):
        return ""
    return macros.expanded(line, script=True)


def _files(document: Document, section: Section, macros: Macros, order: int) -> Iterator[Command]:
    """Yield the modes and capabilities that give rights away, as the commands that set them."""
    for number, line in section.lines:
        mode, capabilities = _ATTR.search(line), _CAPS.search(line)
        words = macros.expanded(re.sub(r"%[a-z]+(?:\([^)\n]*\))?", "", line)).split()
        if not words or "%dir" in line:
            continue
        path = Word(words[-1], "computed" if "$" in words[-1] else "exact")
        at = document.location(number)
        if mode and int(mode[1], 8) & _SPECIAL:
            argv = (Word("chmod"), Word(mode[1]), path)
            yield Command(at, document.id, order, "chmod", argv)
        if capabilities:
            argv = (Word("setcap"), Word(capabilities[1]), path)
            yield Command(at, document.id, order, "setcap", argv)
