"""What commands of Windows run or read: scripts by a path with backslashes, or by a bare name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from dten_audit.model.facts.commands import Command
from dten_audit.readers.windows.parameters import parameter

SCRIPTS: Final = (".ps1", ".psm1", ".bat", ".cmd", ".vbs", ".wsf", ".reg", ".hta")
_POWERSHELLS: Final = frozenset(("powershell", "pwsh"))
_HOSTS: Final = frozenset(("cscript", "wscript", "mshta"))
_IMPORTS: Final = frozenset(("import-module", "regedit", "reg"))
_SQL: Final = frozenset(("invoke-sqlcmd", "invoke-sqlcmd2", "invoke-dbaquery"))
_VARIABLE: Final = re.compile(r"%([A-Za-z_]\w{0,60}(?:\(x86\))?)%|!(\w{1,60})!")
_DRIVE: Final = re.compile(r"[A-Za-z]:(?=[/\\])")


def portable(text: str) -> str:
    """Return a path of Windows as others write paths; what is computed is ``${NAME}``."""
    if "\\" not in text and "%" not in text and ":" not in text:
        return text
    text = _VARIABLE.sub(lambda match: f"${{{match[1] or match[2]}}}", text)
    text = text.strip("\"'").replace("\\", "/")
    return _DRIVE.sub("", text.removeprefix("//?/"), count=1) if text[1:2] == ":" else text


def with_its_own(command: Command, found: Iterable[tuple[str, str]]) -> dict[tuple[str, str], None]:
    """Return what a command runs, and in which way: as ``found``, and as Windows has it."""
    both = (*found, *references(command))
    return dict.fromkeys((portable(text), how) for text, how in both)


def references(command: Command) -> Iterator[tuple[str, str]]:
    """Yield the scripts and SQL files that a command of Windows runs, and in which way."""
    if not command.argv:
        return
    first, program = command.argv[0].text, command.program
    if program in _POWERSHELLS:
        script = _script(command)
        if script:
            yield portable(script), "runs"
    elif program in _HOSTS or program in _IMPORTS:
        for word in command.argv[1:]:
            if word.text.lower().endswith(SCRIPTS):
                yield portable(word.text), "runs"
    elif program in _SQL:
        file = parameter(command.argv, "inputfile") or parameter(command.argv, "sqlfile")
        if file is not None:
            yield portable(file.text), "sql"
    elif first.lower().endswith(SCRIPTS) or ("\\" in first and "." not in program):
        yield portable(first), "runs"


def _script(command: Command) -> str:
    """Return the file that ``powershell -File X`` runs, or the first word that is a script."""
    for word in command.argv[1:]:
        if word.text.lower().endswith((".ps1", '.ps1"', ".ps1'")):
            return word.text.lstrip("&. '\"").rstrip("'\"")
    return ""
