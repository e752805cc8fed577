"""Reads PowerShell's words: strings, variables, arguments of commands, and what they come to."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.readers.shell.values import weaker
from dten_audit.readers.windows import ps_scan as scan
from dten_audit.readers.windows.stating import Recorder
from dten_audit.readers.windows.values import FOLDER_MARK, Context, Value

_BARE: Final = re.compile(r"""[^\s"'`$(){};,|&<>@]++(?:@++[^\s"'`$(){};,|&<>@]++)*+""")
_SPLAT: Final = re.compile(r"@(\w++)")
_ARGUMENT_END: Final = frozenset(" \t\n\f\v;|&)},")
_CONSTANTS: Final = {
    "psscriptroot": FOLDER_MARK, "true": "True", "false": "False", "null": "",
    "env:windir": r"C:\Windows", "env:systemroot": r"C:\Windows", "env:systemdrive": "C:",
}  # fmt: skip
_OWN_PATH: Final = frozenset((
    "$myinvocation.mycommand.path", "$myinvocation.mycommand.definition", "$pscommandpath",
    "$script:myinvocation.mycommand.path", "$myinvocation.mycommand.source",
))  # fmt: skip
_INSIDE: Final = re.compile(r'[^"`$]++')
_MAX_TEXT: Final = 1 << 20


class Stop(Exception):  # noqa: N818 - it is no error of the program
    """The rest of the document cannot be read."""


class Words:
    """Reads words at ``pos``. ``variables`` are the values known so far, by lower-case name."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = scan.normal(document.text)
        self.pos = 0
        self.end = len(self.text)
        self.depth = 0
        self.recorder = Recorder(document, "powershell")
        self.context = Context()
        self.variables: dict[str, Value] = {}

    def group(self) -> Value:
        """Read ``( … )``, ``$( … )`` or ``@( … )`` at its bracket."""
        raise NotImplementedError

    def table(self) -> Value:
        """Read ``@{ … }`` at its brace."""
        raise NotImplementedError

    def members(self, start: int) -> bool:
        """Pass over ``.Name``, ``[0]`` and ``(…)`` behind a value; say whether there were any."""
        raise NotImplementedError

    def fail(self, at: int, reason: str) -> Stop:
        """Note that the rest cannot be read; the result is raised."""
        self.recorder.unreadable(at, reason)
        return Stop()

    # strings

    def quoted(self) -> Value:
        """Read the string at a quote."""
        at = self.pos
        if self.text[at] == "'":
            match = scan.SINGLE.match(self.text, at)
            if match is None:
                raise self.fail(at, "a string that does not end")
            self.pos = match.end()
            found = match[1]
            return Value(found.replace("''", "'"), "exact", at + 1, quoted=True)
        match = scan.DOUBLE.match(self.text, at)
        if match is not None:
            self.pos = match.end()
            found = match[1]
            if "$" not in found:
                return Value(scan.unescaped(found), "exact", at + 1, quoted=True)
            value = self.expanded(at + 1, match.end() - 1, quoted=True)
            self.pos = match.end()
            return value
        end = scan.string_end(self.text, at)
        if end < 0:
            raise self.fail(at, "a string that does not end")
        value = self.expanded(at + 1, end - 1, quoted=True)
        self.pos = end
        return value

    def here(self, match: re.Match[str]) -> Value:
        """Read a here-string."""
        start = match.end()
        stop = scan.here_end(self.text, start, match[1])
        if stop < 0:
            raise self.fail(match.start(), "a here-string that does not end")
        stop = max(stop, start)
        self.pos = self.text.find(f"{match[1]}@", stop) + 2
        if match[1] == "'" or not ("$" in (body := self.text[start:stop]) or "`" in body):
            return Value(self.text[start:stop], "exact", start, quoted=True)
        end = self.pos
        value = self.expanded(start, stop, quoted=True, here=True)
        self.pos = end
        return value

    def expanded(self, start: int, stop: int, *, quoted: bool, here: bool = False) -> Value:
        """Return the text between two offsets with its variables filled in."""
        text = self.text
        parts: list[str] = []
        certainty = Value("", "exact").certainty
        at, shifted = start, False
        while at < stop:
            match = _INSIDE.match(text, at, stop)
            if match is not None:
                parts.append(match[0])
                at = match.end()
            elif text[at] == "`":
                parts.append(scan.unescaped(text[at : at + 2]))
                at += 2
            elif text[at] == '"':
                parts.append('"')
                at += 1 if here else 2
            elif text.startswith("$(", at):
                begin = at
                self.pos = at + 1
                value = self.group()
                at = self.pos
                parts.append(value.text if value.known else text[begin:at])
                certainty = weaker(certainty, weaker("resolved", value.certainty))
                shifted = True
            else:
                value_or_none = self._in_string(at, stop)
                if value_or_none is None:
                    parts.append("$")
                    at += 1
                    continue
                at = self.pos
                parts.append(value_or_none.text)
                certainty = weaker(certainty, weaker("resolved", value_or_none.certainty))
                shifted = shifted or "\n" in value_or_none.text
        joined = "".join(parts)[:_MAX_TEXT]
        lines = None
        if shifted and "\n" in joined:
            lines = (self.document.index.position(start)[0],)
        return Value(joined, certainty, start, lines=lines, quoted=quoted)

    def _in_string(self, at: int, stop: int) -> Value | None:
        match = scan.VARIABLE.match(self.text, at, stop)
        if match is None:
            return None
        self.pos = match.end()
        return self.named(match)

    # variables

    def named(self, match: re.Match[str]) -> Value:
        """Return what a variable holds; its source where that is not known."""
        name = (match[1] or match[2] or match[3]).lower()
        for scope in ("script:", "global:", "local:", "private:", "using:", "variable:"):
            name = name.removeprefix(scope)
        known = self.variables.get(name)
        if known is not None:
            value = known.at_use(match.start())
            if not value.text and not value.known:
                value.text = f"${{{name}}}"
            return value
        constant = _CONSTANTS.get(name)
        if constant is not None:
            return Value(constant, "resolved", match.start())
        if match[0].lower() in _OWN_PATH:
            return Value(f"{FOLDER_MARK}/", "resolved", match.start())
        return Value(f"${{{name}}}", "computed", match.start())

    def variable(self) -> Value:
        """Read a variable with its members."""
        match = scan.VARIABLE.match(self.text, self.pos)
        if match is None:
            at = self.pos
            self.pos += 1
            return Value("$", "computed", at)
        start = self.pos
        self.pos = match.end()
        value = self.named(match)
        if self.text[self.pos : self.pos + 1] in (".", "[", "(", ":") and self.members(start):
            source = self.text[start : self.pos]
            if source.lower() in _OWN_PATH:
                return Value(f"{FOLDER_MARK}/", "resolved", start)
            key = source.partition(".")[2].lower()
            for name, held in value.table or ():
                if name.lower() == key:
                    return held.at_use(start)
            return Value(f"$({source[1:200]})", "computed", start)
        return value

    # arguments

    def argument(self) -> Value | None:
        """Read one argument of a command; None where there is none at ``pos``."""
        text, at = self.text, self.pos
        match = _BARE.match(text, at)
        if match is not None and (match.end() >= self.end or text[match.end()] in _ARGUMENT_END):
            if match[0][0] == "#":
                return None
            self.pos = match.end()
            return Value(match[0], "exact", at)
        parts: list[Value] = []
        while self.pos < self.end:
            part = self._part(first=not parts)
            if part is None:
                break
            parts.append(part)
            if part.block is not None or part.table is not None:
                break
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else _together(parts)

    def _part(self, *, first: bool) -> Value | None:
        """Read a part of an argument: bare text, a string, a variable, a bracket."""
        text, at = self.text, self.pos
        char = text[at]
        if char == "$":
            if text.startswith("$(", at):
                self.pos += 1
                return self.group()
            return self.variable() if first else self._plain_variable()
        if char in "\"'":
            return self.quoted()
        if char == "`":
            if text[at + 1 : at + 2] in ("\n", ""):
                return None
            self.pos += 2
            return Value(scan.unescaped(text[at : at + 2]), "exact", at)
        if char == "(":
            if not first:
                return None
            value = self.group()
            if self.text[self.pos : self.pos + 1] in (".", "[", ":") and self.members(at):
                return Value(f"$({text[at : self.pos][:200]})", "computed", at)
            return value
        if char == "{":
            return self._block() if first else None
        if char == "@":
            return self._at_sign(first=first)
        match = _BARE.match(text, at)
        if match is None or (first and match[0][0] == "#"):
            return None
        self.pos = match.end()
        return Value(match[0], "exact", at)

    def _plain_variable(self) -> Value:
        match = scan.VARIABLE.match(self.text, self.pos)
        if match is None:
            self.pos += 1
            return Value("$", "exact", self.pos - 1)
        self.pos = match.end()
        return self.named(match)

    def _at_sign(self, *, first: bool) -> Value | None:
        text, at = self.text, self.pos
        here = scan.HERE.match(text, at)
        if here is not None:
            return self.here(here)
        if text.startswith("@{", at) and first:
            self.pos += 1
            return self.table()
        if text.startswith("@(", at) and first:
            self.pos += 1
            return self.group()
        match = _SPLAT.match(text, at)
        if match is not None and first:
            self.pos = match.end()
            held = self.variables.get(match[1].lower())
            if held is None:
                return Value(match[0], "computed", at)
            return Value(match[0], "computed", at, items=held.items, table=held.table)
        self.pos += 1
        return Value("@", "exact", at)

    def _block(self) -> Value:
        """Pass over a script block; whoever takes it reads it."""
        at = self.pos
        end = scan.closing(self.text, at)
        if end < 0:
            raise self.fail(at, "a block that does not end")
        self.pos = end
        return Value("{…}", "computed", at, block=(at, end))


def _together(parts: list[Value]) -> Value:
    """Return the parts of one word as one value."""
    certainty = parts[0].certainty
    for part in parts:
        certainty = weaker(certainty, part.certainty)
    text = "".join(part.text for part in parts)
    return Value(text, certainty, parts[0].at, quoted=any(part.quoted for part in parts))
