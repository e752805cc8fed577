"""The tests under which a program does something: the ``if`` lines around it, early exits.

Blocks are followed by their indentation, as people write them in every language read here.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.model.facts.commands import Guard, GuardKind
from dten_audit.readers.programs.program import Program
from dten_audit.readers.shell.values import Field

_IF: Final = re.compile(
    r"[ \t}]*+(?:(?P<elif>else[ \t]*+if|elif|elsif|elseif)|(?P<if>if|unless))\b"
    r"(?P<test>.*)"
)
_ELSE: Final = re.compile(r"[ \t}]*+else\b[ \t]*+[:{]?[ \t]*+$")
_ROOT: Final = re.compile(
    r"(?:\b(?:os\.)?gete?uid\(\)|process\.gete?uid\??\.?\(\)|posix_gete?uid\(\)"
    r"|Process\.e?uid\b|\$[<>]|os\.Gete?uid\(\))"
    r"[ \t]*+(?P<operator>===?|!==?|>|<>)?[ \t]*+(?P<number>\d)?"
)
_WHICH: Final = re.compile(
    r"\b(?:which|find_executable|LookPath|commandExists|command_exists)[ \t]*+\("
    r"[ \t]*+(?=\x02)"
)
_EXISTS: Final = re.compile(
    r"\b(?:exists?|isfile|isdir|islink|existsSync|file_exists|is_file|is_dir|exist|file|directory"
    r"|accessSync|access|Exists|IsFile)\??[ \t]*+\([ \t]*+(?=\x02)|[ \t(!]-[edxfrs][ \t]++(?=\x02)"
)
_LEAVES: Final = re.compile(
    r"\b(?:sys\.exit|exit|raise|die|abort|process\.exit|os\._exit|SystemExit|os\.Exit|throw"
    r"|fatal|Fatal\w*|usage|fail)\b"
)
_LOOK_BACK: Final = 300
_LOOK_AFTER: Final = 5
_LOOK_CHARACTERS: Final = 2000
_SHOWN: Final = 160
_MAX_GUARDS: Final = 8
_MAX_CHECKS: Final = 20


def guards(program: Program, offset: int) -> tuple[Guard, ...]:
    """Return the tests of the blocks around an offset, the outermost first."""
    code = program.code
    own = code.rfind("\n", 0, offset) + 1
    depth = _depth(code[own : own + _LOOK_CHARACTERS])
    if not depth:
        return ()
    number = program.functions.at(offset)
    first = program.functions.all[number].start if number >= 0 else 0
    lines = _lines_before(program, offset, first)
    found: list[Guard] = []
    skipped: int | None = None
    for start in lines[1:]:
        end = program.code.find("\n", start)
        line = program.code[start:end]
        level = _depth(line)
        if not line.strip() or level >= depth + (skipped is not None):
            continue
        match = _IF.match(line)
        if skipped == level and match is not None:
            found.append(_guard(program, match, start, holds=False))
            skipped, depth = (level, level) if match["elif"] else (None, level)
        elif skipped is None and _ELSE.match(line):
            skipped, depth = level, level
        elif skipped is None:
            depth = level
            if match is not None:
                found.append(_guard(program, match, start, holds=True))
                skipped = level if match["elif"] else None
    return tuple(reversed(found[:_MAX_GUARDS]))


def root_checks(program: Program) -> list[tuple[int, Guard]]:
    """Return the places behind which the program only goes on as root."""
    found: list[tuple[int, Guard]] = []
    for match in _ROOT.finditer(program.code):
        if len(found) >= _MAX_CHECKS:
            break
        start = program.code.rfind("\n", 0, match.start()) + 1
        line = _IF.match(program.code, start)
        modifier = re.compile(r"\b(?:if|unless)\b").search(program.code, start, match.start())
        after = program.code[start : start + _LOOK_CHARACTERS].split("\n")[:_LOOK_AFTER]
        if (line is None and modifier is None) or not _LEAVES.search("\n".join(after)):
            continue
        negated = (line is not None and line["if"] == "unless") or (
            modifier is not None and modifier.group() == "unless"
        )
        if _is_root(match) == negated:
            number = program.document.host_line(program.source.position(match.start())[0])
            found.append((match.start(), Guard("root-check", "root", number)))
    return found


def _lines_before(program: Program, offset: int, first: int) -> list[int]:
    """Return where the lines start from that of an offset upwards."""
    found: list[int] = []
    at = offset
    while at >= first and len(found) < _LOOK_BACK:
        start = program.code.rfind("\n", 0, at) + 1
        found.append(start)
        if start == 0:
            break
        at = start - 1
    return found


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _is_root(match: re.Match[str]) -> bool:
    """Say whether a test holds for root: ``geteuid() == 0``."""
    return match["operator"] in ("==", "===") and match["number"] == "0"


def _guard(program: Program, match: re.Match[str], start: int, *, holds: bool) -> Guard:
    line, _ = program.source.position(start)
    number = program.document.host_line(line)
    test = match["test"]
    at = start + match.start("test")
    stripped = test.strip(" \t(")
    negated = stripped.startswith(("not ", "!")) or match["if"] == "unless"
    root = _ROOT.search(test)
    if root is not None:
        return Guard("root-check", "root", number, holds=holds == (_is_root(root) != negated))
    kinds: tuple[tuple[GuardKind, re.Pattern[str]], ...] = (
        ("command-exists", _WHICH), ("path-exists", _EXISTS),
    )  # fmt: skip
    for kind, pattern in kinds:
        known = pattern.search(program.code, max(at - 1, 0), at + len(test))
        literal = program.lexer.literal_at(known.end()) if known else None
        if literal is not None:
            subject: Field = program.texts.field(literal)
            booted = subject.text.rstrip("/") == "/run/systemd/system"
            tested: GuardKind = "systemd-running" if booted else kind
            return Guard(tested, subject.text, number, holds=holds != negated)
    shown = program.lexer.text[at : at + len(test)].strip(" \t:{(")[:_SHOWN]
    return Guard("other", shown, number, holds=holds)
