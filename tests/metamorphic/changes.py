"""Changes of a package's files that mean the same: comments, line ends, quotes, names, detours.

Each takes files and returns changed ones, and by how many lines a file's text moved; ``None`` where
it does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

import yaml

from dten_audit.documents.document import Document
from dten_audit.documents.kinds import kind_of
from dten_audit.model.facts.commands import Command
from dten_audit.readers.registry import READERS

Files = dict[str, bytes]
_HEAD: Final = 4096


class Changed(NamedTuple):
    """Files, and the lines that were put before the text of each."""

    files: Files
    shift: dict[str, int]


Change = Callable[[Files], "Changed | None"]

_COMMENTS: Final = {
    **dict.fromkeys(
        "shell python ruby perl yaml cron crontab anacrontab sudoers doas systemd-unit makefile"
        " dockerfile puppet chef salt toml ini env properties powershell logrotate".split(), "# "
    ),
    **dict.fromkeys("javascript typescript java kotlin groovy go csharp polkit".split(), "// "),
    "batch": "rem ",
    "sql": "-- ",
}  # fmt: skip
_FIRST: Final = re.compile(
    r"#!|#cloud-|<\?|%|\ufeff|package |<|# *(?:syntax|escape) *=|Windows Registry|REGEDIT4|\{"
)
"""A first line that has to stay the first."""
_LOOKALIKE: Final = "systemctl stop dten-gone; sudo rm -rf /; 0 3 * * * root reboot"


def kind(path: str, data: bytes) -> str:
    """Return the kind of a file."""
    return kind_of(path, data[:_HEAD])


def _each(files: Files, change: Callable[[str, str, str], str | None]) -> Changed | None:
    """Apply ``change(path, kind, text)`` to every file that it applies to."""
    changed = dict(files)
    for path, data in files.items():
        if path.startswith("@"):
            continue
        try:
            text = data.decode()
        except UnicodeDecodeError:
            continue
        new = change(path, kind(path, data), text)
        if new is not None and new != text:
            changed[path] = new.encode()
    return Changed(changed, {}) if changed != files else None


def comments(files: Files) -> Changed | None:
    """A blank line and a comment that looks like a hazard, at the start and at the end."""
    shift = {}

    def change(path: str, language: str, text: str) -> str | None:
        mark = _COMMENTS.get(language)
        if mark is None or path.endswith((".policy", ".pkla")):
            return None
        first, _, rest = text.partition("\n")
        noise = f"{mark}{_LOOKALIKE}\n\n{mark}\n"
        end = "" if text.endswith("\n") else "\n"
        if _FIRST.match(first):
            if not first.startswith("#") or language == "dockerfile":
                return None
            shift[path] = 3
            return f"{first}\n{noise}{rest}{end}{noise}"
        shift[path] = 3
        return f"{noise}{text}{end}{noise}"

    changed = _each(files, change)
    return changed and changed._replace(shift=shift)


_CARRIAGE: Final = frozenset(
    "shell python ruby perl yaml json toml ini properties powershell batch javascript typescript"
    " java kotlin groovy go csharp sql dockerfile puppet chef salt xml registry systemd-unit"
    " makefile php sudoers".split()
)
"""Languages whose line ends may be those of Windows, or whose files come out so of a checkout."""


def carriage_returns(files: Files) -> Changed | None:
    """Line ends of Windows."""
    return _each(
        files,
        lambda _path, language, text: (
            text.replace("\n", "\r\n") if language in _CARRIAGE and "\r" not in text else None
        ),
    )


def carriage_returns_in_tables(files: Files) -> Changed | None:
    """Line ends of Windows in tables of cron, which makes them part of the command."""
    tables = ("cron", "crontab", "anacrontab")
    return _each(
        files,
        lambda _path, language, text: (
            text.replace("\n", "\r\n") if language in tables and "\r" not in text else None
        ),
    )


# --- shell ---------------------------------------------------------------------------------------


@cache
def stated(path: str, language: str, text: str) -> list[Command]:
    """Return the commands that a file's reader states."""
    document = Document(f"p.zip!/{path}", path, language, text.encode())
    found = []
    for reader in READERS:
        if language in reader.kinds and reader.name in ("shell", "powershell", "batch"):
            found += [fact for fact in reader.load()(document) if isinstance(fact, Command)]
    return found


def _program_spans(path: str, language: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield offset and text of the first word of each command that stands there as it is."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    seen = set()
    for command in stated(path, language, text):
        for place in (command.at, *command.via):
            if place.line is None or place.column is None or command.layers:
                continue
            offset = starts[place.line - 1] + place.column - 1
            word = re.compile(r"[A-Za-z][\w.-]*(?=[ \t\n])").match(text, offset)
            if word and offset not in seen and command.program == _spelt(word[0], language):
                seen.add(offset)
                yield offset, word[0]


def _spelt(word: str, language: str) -> str:
    """Return a program's name as facts hold it: Windows does not care for case."""
    return word if language == "shell" else word.lower()


_KEYWORDS: Final = frozenset(
    "if then else elif fi for in do done while until case esac function select time trap set export"
    " local declare readonly alias unset shift return exit eval exec source typeset let".split()
)


def _respelt(respell: Callable[[str], str], only: str = "shell") -> Change:
    def change(path: str, language: str, text: str) -> str | None:
        if language != only or _carries_text(text):
            return None
        for offset, word in sorted(_program_spans(path, language, text), reverse=True):
            if word not in _KEYWORDS:
                text = text[:offset] + respell(word) + text[offset + len(word) :]
        return text

    return lambda files: _each(files, change)


def _carries_text(text: str) -> bool:
    """Say whether a script holds other texts: what is a program there is not told by the line."""
    return "<<" in text


def _function_names(text: str) -> list[str]:
    return re.findall(r"^(?:function )?([a-z_]\w+) ?\(\) ?[{(]", text, re.MULTILINE)


def renamed_functions(files: Files) -> Changed | None:
    """Other names of functions, where one script holds them all."""

    def change(_path: str, language: str, text: str) -> str | None:
        if language != "shell":
            return None
        for name in dict.fromkeys(_function_names(text)):
            if len(name) < 3 or re.search(rf"[-/.]{name}\b|\b{name}[-/.]", text):
                continue
            text = re.sub(rf"(?<![\w$-]){name}(?![\w=-])", f"{name}_renamed", text)
        return text

    return _each(files, change) if _scripts(files) == 1 else None


def renamed_variables(files: Files) -> Changed | None:
    """Other names of variables, where one script sets and uses them."""

    def change(_path: str, language: str, text: str) -> str | None:
        if language != "shell" or _carries_text(text):
            return None
        for name in dict.fromkeys(re.findall(r"^\s*([A-Za-z_]\w+)=", text, re.MULTILINE)):
            if name in _KNOWN_VARIABLES or f"export {name}" in text:
                continue
            text = re.sub(rf"(?<![\w/.-]){name}(?=\+?=)", f"{name}_renamed", text)
            text = re.sub(rf"(?<=\$){name}\b|(?<=\$\{{){name}\b", f"{name}_renamed", text)
        return text

    return _each(files, change) if _scripts(files) == 1 else None


_KNOWN_VARIABLES: Final = frozenset(
    "PATH IFS HOME USER SHELL MAILTO EDITOR VISUAL UID EUID PWD SUDO_ASKPASS LANG LC_ALL TZ OPTIND"
    " SUDO_EDITOR LOGNAME ENV BASH_ENV CDPATH TMPDIR DEBIAN_FRONTEND CRON_TZ RANDOM_DELAY".split()
)  # fmt: skip


def _scripts(files: Files) -> int:
    return sum(kind(path, data) == "shell" for path, data in files.items())


def _wrapped(before: str, after: str) -> Change:
    """Put the body of each script between two lines."""

    def change(files: Files) -> Changed | None:
        shift = {}

        def wrap(path: str, language: str, text: str) -> str | None:
            if language != "shell" or not text.startswith("#!"):
                return None
            if re.match(r"#!.*(?:csh|fish)", text) or re.search(r"\blocal\b|\breturn\b", text):
                return None
            first, _, rest = text.partition("\n")
            if "set -" in rest or "$@" in rest or "$0" in rest or re.search(r"\$[1-9*#{]", rest):
                return None
            shift[path] = 1
            return f"{first}\n{before}\n{rest}{after}\n"

        changed = _each(files, wrap)
        return changed and changed._replace(shift=shift)

    return change


def program_in_variable(files: Files) -> Changed | None:
    """A program's name set once in a variable, on the line that calls it."""

    def change(path: str, language: str, text: str) -> str | None:
        if language != "shell" or _carries_text(text) or _function_names(text) or "&&" in text:
            return None
        for offset, word in sorted(_program_spans(path, language, text), reverse=True):
            line = text.rfind("\n", 0, offset) + 1
            before = text[line:offset]
            if word in _KEYWORDS or before.strip() or text[:line].endswith("\\\n"):
                continue
            new = f'{before}my_tool={word}; "$my_tool"'
            text = text[:line] + new + text[offset + len(word) :]
        return text

    return _each(files, change)


# --- YAML ----------------------------------------------------------------------------------------


def _is_text(value: str) -> bool:
    """Say whether a plain scalar is text: in quotes a number or a truth value is another thing."""
    return isinstance(yaml.safe_load(value), str)


def _quoted_yaml(style: str) -> Change:
    def change(_path: str, language: str, text: str) -> str | None:
        if language != "yaml" or text.startswith("#cloud-") or re.search(r": *\{\{", text):
            return None
        try:
            tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
        except yaml.YAMLError:
            return None
        for before, token in reversed(list(pairwise(tokens))):
            if not isinstance(token, yaml.ScalarToken) or not token.plain:
                continue
            start, end = token.start_mark, token.end_mark
            value = token.value
            string = _is_text(value)
            if isinstance(before, yaml.KeyToken) or not string or start.line != end.line:
                continue
            if "'" in value or '"' in value or "\\" in value or "=" in value:
                continue
            text = f"{text[: start.index]}{style}{value}{style}{text[end.index :]}"
        return text

    return lambda files: _each(files, change)


# --- Windows -------------------------------------------------------------------------------------


def swapped_case(files: Files) -> Changed | None:
    """Programs, cmdlets and variables in other case: Windows does not care."""

    def change(path: str, language: str, text: str) -> str | None:
        if language not in ("powershell", "batch"):
            return None
        for offset, word in sorted(_program_spans(path, language, text), reverse=True):
            text = text[:offset] + word.swapcase() + text[offset + len(word) :]
        return text

    return _each(files, change)


CHANGES: Final[dict[str, Change]] = {
    "comments": comments,
    "carriage returns": carriage_returns,
    "carriage returns in tables": carriage_returns_in_tables,
    "su''do": _respelt(lambda word: f"{word[:2]}''{word[2:]}"),
    '"sudo"': _respelt(lambda word: f'"{word}"'),
    "\\sudo": _respelt(lambda word: f"\\{word}"),
    's"u"do': _respelt(lambda word: f'{word[:1]}"{word[1:2]}"{word[2:]}'),
    "'sudo'": _respelt(lambda word: f"'{word}'"),
    "renamed functions": renamed_functions,
    "renamed variables": renamed_variables,
    "in a function": _wrapped("everything_there_is() {", "}\neverything_there_is"),
    "in a group": _wrapped("{", "}"),
    "in a here-document": _wrapped("sh <<'THE_END'", "THE_END"),
    "program in a variable": program_in_variable,
    "YAML in single quotes": _quoted_yaml("'"),
    "YAML in double quotes": _quoted_yaml('"'),
    "case on Windows": swapped_case,
    "batch with carets": _respelt(lambda word: f"{word[:1]}^{word[1:]}", "batch"),
    "PowerShell's call operator": _respelt(lambda word: f"& '{word}'", "powershell"),
}
