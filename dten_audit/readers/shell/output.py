"""What ``echo``, ``printf`` and their kin are known to print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.readers.shell.decoding import FILTERS, filtered
from dten_audit.readers.shell.values import Field, cut, joined, plain

_ECHO_OPTION: Final = re.compile(r"-[neE]+")
_ESCAPE: Final = re.compile(r"\\(n|t|r|\\|0?[0-7]{3}|x[0-9A-Fa-f]{2})")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_FORMAT: Final = re.compile(r"%(?:[-+ #0]*\d*(?:\.\d+)?)?([sdibq%])")
_MAX_TURNS: Final = 1000
PRINTERS: Final = FILTERS.union(
    "echo printf command which type cat tee pwd dirname basename realpath readlink".split()
)
"""What any other program prints is never known."""


def printed(name: str, argv: list[Field], stdin: Field | None) -> Field | None:
    """Return what a command writes to its standard output; None where that is not known."""
    if name == "echo":
        return _echo(argv)
    if name == "printf":
        return _printf(argv)
    if name in ("command", "which", "type"):
        return _looked_up(name, argv)
    if name in ("cat", "tee"):
        operands = [field.text for field in argv[1:] if not field.text.startswith("-")]
        return stdin if name == "tee" or not operands else None
    if name in FILTERS:
        return filtered(argv, stdin) if stdin is not None else None
    return _path_printed(name, argv)


def _looked_up(name: str, argv: list[Field]) -> Field | None:
    """Return what ``command -v``, ``which`` and ``type -p`` print: a program, if there is one."""
    if name != "which" and not any(field.text in ("-v", "-p", "-P") for field in argv[1:-1]):
        return None
    program = argv[-1]
    if not program.known or len(argv) > 3 or program.text.startswith("-"):  # noqa: PLR2004 (name, option, program)
        return None
    return Field(program.text, "resolved", program.frame, (), lookup=program.text)


def _path_printed(name: str, argv: list[Field]) -> Field | None:
    """Return what ``dirname``, ``basename``, ``realpath`` print, by their operand."""
    operands = [field for field in argv[1:] if not field.text.startswith("-")]
    if not operands:
        return None
    path = operands[0]
    if name in ("realpath", "readlink") and len(operands) == 1:
        return path if path.text.startswith(("/", "${0%/*}")) or path.text == "$0" else None
    if not path.known and path.text != "$0":
        return None
    if name == "dirname":
        return _folder(path)
    if name == "basename" and path.known:
        start = path.text.rstrip("/").rfind("/") + 1
        base = cut(path, start, len(path.text.rstrip("/")))
        suffix = operands[1].text if len(operands) > 1 else ""
        if suffix and base.text.endswith(suffix):
            base = cut(base, 0, len(base.text) - len(suffix))
        return base
    return None


def _folder(path: Field) -> Field:
    if path.text == "$0":
        return Field("${0%/*}", "resolved")
    if path.text == "${0%/*}":
        return Field("${0%/*}/..", "resolved")
    head = path.text.rstrip("/").rpartition("/")[0]
    return cut(path, 0, len(head)) if head else plain("/" if path.text.startswith("/") else ".")


def _echo(argv: list[Field]) -> Field:
    start, escapes, end = 1, False, "\n"
    while start < len(argv) and _ECHO_OPTION.fullmatch(argv[start].text):
        escapes = escapes or "e" in argv[start].text
        end = "" if "n" in argv[start].text else end
        start += 1
    text = joined(argv[start:], " ", end)
    return text._replace(text=_unescaped(text.text)) if escapes else text


def _unescaped(text: str) -> str:
    def char(match: re.Match[str]) -> str:
        code = match[1]
        if code in _ESCAPES:
            return _ESCAPES[code]
        return chr(int(code[1:], 16) if code[0] == "x" else int(code, 8) & 0xFF)

    return _ESCAPE.sub(char, text)


def _printf(argv: list[Field]) -> Field | None:
    start = 1
    if start < len(argv) and argv[start].text == "-v":
        return None
    if start < len(argv) and argv[start].text == "--":
        start += 1
    if start >= len(argv) or not argv[start].known:
        return None
    arguments = argv[start + 1 :]
    pieces: list[Field] = []
    used = 0
    for _ in range(_MAX_TURNS):
        before = used
        for piece in _turn(argv[start], arguments, used):
            if piece is None:
                used += 1
            else:
                pieces.append(piece)
        if used >= len(arguments) or used == before:
            break
    return joined(pieces, "")


def _turn(pattern: Field, arguments: list[Field], used: int) -> Iterator[Field | None]:
    """Yield the pieces of one pass over a format; None after each argument that it uses."""
    position = 0
    for match in _FORMAT.finditer(pattern.text):
        yield _literal(pattern, position, match.start())
        position = match.end()
        if match[1] == "%":
            yield plain("%")
            continue
        if used < len(arguments):
            argument = arguments[used]
            yield argument._replace(text=_unescaped(argument.text)) if match[1] == "b" else argument
        used += 1
        yield None
    yield _literal(pattern, position, len(pattern.text))


def _literal(pattern: Field, start: int, end: int) -> Field:
    piece = cut(pattern, start, end)
    return piece._replace(text=_unescaped(piece.text))
