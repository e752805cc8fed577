"""Expands the macros of an RPM spec file as far as the file and common knowledge say them."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from dten_audit.readers.knowledge import from_tables, knowledge

_TAG: Final = re.compile(r"(?mi)^(name|version|release|epoch)[ \t]*:[ \t]*([^\s%#]+)[ \t]*$")
_DEFINITION: Final = re.compile(
    r"(?m)^[ \t]*+(?:%\{!\?\w++:[ \t]*+)?%(?:global|define)[ \t]++(\w++)[ \t]++([^\n]*+)"
)
_BRACED: Final = re.compile(r"%\{([!?]*)(\w+)(?::([^{}\n]*))?\}")
_OTHER_BRACED: Final = re.compile(r"%\{[^{}\n]*\}")
_BARE: Final = re.compile(r"%(\?*)([A-Za-z_]\w{2,})\b")
_LINE: Final = re.compile(r"([ \t]*)%\{?\??([a-z_]\w+)(?:\}|(?=\s|\Z))[ \t]*([^\n]*)")
_ROUNDS: Final = 4
_MAX_VALUE: Final = 2_000


@from_tables
def _table() -> dict[str, dict[str, str]]:
    return cast("dict[str, Any]", knowledge("rpm_macros"))


class Macros:
    """The macros of one spec file: what it defines once, and what every host has alike."""

    def __init__(self, text: str) -> None:
        self.values = dict(_table()["values"])
        seen: dict[str, int] = {}
        found = [(m[1].lower(), m[2]) for m in _TAG.finditer(text)]
        for match in _DEFINITION.finditer(text):
            guarded = match[0].lstrip().startswith("%{")
            value = match[2].strip()
            found.append((match[1], value.removesuffix("}") if guarded else value))
        for name, value in found:
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                self.values.pop(name, None)
            elif len(value) <= _MAX_VALUE and "%(" not in value and "%[" not in value:
                self.values[name] = value

    def expanded(self, line: str, *, script: bool = False) -> str:
        """Return a line with its macros expanded; an unknown one becomes a shell variable.

        ``script``: macros that stand for commands are expanded as well.
        """
        if "%" not in line:
            return line
        match = _LINE.match(line) if script else None
        command = _table()["scriptlets"].get(match[2]) if match is not None else None
        if match is not None and command is not None:
            arguments = self.expanded(
                re.sub(r"(?:\A|\s)-[a-z]\b", "", match[3]).split("#")[0].strip()
            )
            named = arguments.strip() or "{args}" not in command
            return match[1] + (command.replace("{args}", arguments) if named else ":")
        for _ in range(_ROUNDS):
            before = line
            line = _BRACED.sub(self._braced, line)
            line = _BARE.sub(self._bare, line)
            if line == before or len(line) > _MAX_VALUE * _ROUNDS:
                break
        line = _OTHER_BRACED.sub("${macro}", line)
        return line.replace("%(", "$(").replace("%%", "%")

    def _braced(self, match: re.Match[str]) -> str:
        test, name, value = match.groups()
        if value is not None and test:
            known = name in self.values
            if "!" in test:
                return "" if known else f"${{{name}}}"
            return value if known else f"${{{name}}}"
        if value is not None:
            return f"${{{name}}}"
        return "" if "!" in test else self.values.get(name, f"${{{name}}}")

    def _bare(self, match: re.Match[str]) -> str:
        """Expand ``%name``; of an unknown one nobody knows that it is a macro (``date +%Y``)."""
        name = match[2]
        if name in self.values:
            return self.values[name]
        return f"${{{name}}}" if match[1] else match[0]
