"""Decides what an embedded text is: by the program that reads it, or by the file it goes to."""

from __future__ import annotations

import posixpath
from typing import Final, NamedTuple

from dten_audit.documents.kinds import kind_of
from dten_audit.readers.shell.options import options
from dten_audit.readers.shell.tables import Client, clients
from dten_audit.readers.shell.values import Field, cut
from dten_audit.readers.shell.wrappers import base_name

Hints = tuple[tuple[str, str], ...]

SHELLS: Final = frozenset("sh bash dash ksh ksh93 mksh zsh ash rbash".split())
_SHELL_VALUES: Final = frozenset(("-o", "-O"))
_SETTING: Final = frozenset(("-v", "--set", "--variable"))
_STDIN: Final = ("-", "/dev/stdin")
_SAMPLE: Final = 4096


class Use(NamedTuple):
    """How a program takes texts in another language.

    ``code`` are those in its arguments. ``stdin`` says that it also runs what it reads.
    """

    kind: str
    hints: Hints
    code: tuple[Field, ...]
    stdin: bool


def use(argv: list[Field], environment: tuple[tuple[str, Field], ...]) -> Use | None:
    """Return how a command takes texts; None for a program that runs none."""
    name = base_name(argv[0].text)
    client = clients().get(name)
    if client is not None:
        return _client(name, client, argv, environment)
    if name in (".", "source"):
        reads = len(argv) > 1 and argv[1].text == "/dev/stdin"
        return Use("shell", (), (), stdin=True) if reads else None
    if name in SHELLS:
        found = list(options(argv, 1, _SHELL_VALUES))
        script = any(o.value and o.value.text not in _STDIN for o in found if not o.name)
        return Use("shell", (), (), not script or any(option.name == "-s" for option in found))
    return None


def _client(
    name: str, client: Client, argv: list[Field], environment: tuple[tuple[str, Field], ...]
) -> Use:
    code: list[Field] = []
    hints: dict[str, str] = {"client": name}
    operands: list[Field] = []
    stdin = client.stdin
    for option in options(argv, 1, client.values):
        if option.name in client.code and option.value is not None:
            code.append(option.value)
        if option.name in client.file or option.name in client.dash:
            given = option.value.text if option.value else ""
            stdin = given in _STDIN and (bool(client.dash) or client.stdin)
        for hint, names in client.flags.items():
            if option.name in names:
                hints[hint] = option.value.text if option.value else "yes"
        if name == "psql" and option.name in _SETTING and option.value:
            _psql_setting(option.value.text, hints)
        if not option.name and option.value is not None:
            operands.append(option.value)
    if client.operand and len(operands) >= client.operand:
        code += operands[client.operand - 1 :]
    if code or (client.operand_is_file and operands and operands[0].text not in _STDIN):
        stdin = False
    for variable, value in environment:
        if variable == "PGOPTIONS":
            hints["pgoptions"] = value.text
    return Use(client.kind, tuple(hints.items()), tuple(code), stdin)


def _psql_setting(text: str, hints: dict[str, str]) -> None:
    key, _, value = text.partition("=")
    if key == "ON_ERROR_STOP" and value.lower() not in ("0", "off", "false"):
        hints["on_error_stop"] = "yes"


def written_kind(path: str, text: str) -> str:
    """Return the kind of a text that is written to ``path``."""
    return kind_of(path, text[:_SAMPLE].encode("utf-8", "replace"))


def written_to(argv: list[Field]) -> tuple[list[Field], bool]:
    """Return the files to which a command copies its standard input, and whether it appends."""
    name = base_name(argv[0].text)
    operands = [field for field in argv[1:] if not field.text.startswith("-")]
    if name == "tee":
        return operands, any(field.text in ("-a", "--append") for field in argv)
    if name == "dd":
        return [cut(f, 3, len(f.text)) for f in operands if f.text.startswith("of=")], False
    if name in ("cp", "install", "mv") and any(f.text in _STDIN for f in argv[1:-1]):
        return [argv[-1]], False
    return (operands[-1:] if name == "sponge" else []), False


def resolved_path(path: str, folder: str) -> str:
    """Return a path as seen from the working folder, where that is known."""
    if folder and path and not path.startswith(("/", "$", "~")):
        return f"{folder}/{path}" if "$" in folder else posixpath.normpath(f"{folder}/{path}")
    return path
