"""Reads the words of batch files as cmd.exe does: quotes, escapes, variables, operators.

Sources: cmd /?, set /?, call /?, for /? of Windows 10; the command shell overview of the Windows
commands reference.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Redirection
from dten_audit.readers.shell.values import weaker
from dten_audit.readers.windows.stating import Recorder
from dten_audit.readers.windows.values import FOLDER_MARK, Context, Value

BLANK: Final = re.compile(r"(?:[ \t\f\v\xa0]++|\^\n)*+")
LEADING: Final = re.compile(r"(?:[ \t\f\v\xa0,;=@]++|\^\n)*+")
_PLAIN: Final = re.compile(r"""[^\s"^&|()<>%!]++""")
_QUOTED: Final = re.compile(r'"[^"\n]*+"?')
_REDIRECT: Final = re.compile(r"([0-9])?(>>|>|<)(?:&([0-9-]))?")
VARIABLE: Final = re.compile(
    r"%(?:(~[a-z]*+[0-9*])|([0-9*])|%(~[a-z]*+)?([A-Za-z])|([^%\s:\"]++(?: [^%\s:\"]++)*+)"
    r"(:[^%\n\"]*+)?%)",
    re.IGNORECASE,
)
_DELAYED: Final = re.compile(r"!([\w.()-]++)(:[^!\n]*+)?!")
_ESCAPED: Final = re.compile(r"\^(\n?.)", re.DOTALL)
_KNOWN: Final = {"systemroot": r"C:\Windows", "windir": r"C:\Windows", "systemdrive": "C:"}
_OWN: Final = {"~dp0": f"{FOLDER_MARK}/", "~p0": f"{FOLDER_MARK}/", "~f0": f"{FOLDER_MARK}/",
               "~dpnx0": f"{FOLDER_MARK}/", "0": f"{FOLDER_MARK}/"}  # fmt: skip
OPERATORS: Final = "&|()\n"


class BatchWords:
    """Reads words at ``pos``, up to ``end``. ``variables`` are known values by lower-case name."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.text
        self.pos = 0
        self.end = len(self.text)
        self.recorder = Recorder(document, "batch")
        self.context = Context()
        self.variables: dict[str, Value] = {}
        self.arguments: tuple[Value, ...] | None = None
        self.delayed = False

    def blank(self) -> None:
        """Pass over blanks in a line."""
        match = BLANK.match(self.text, self.pos, self.end)
        if match is not None:
            self.pos = match.end()

    def peek(self) -> str:
        """Return the character at ``pos``; a line end where there is none."""
        return self.text[self.pos] if self.pos < self.end else "\n"

    def word(self, *, argument: bool = False) -> Value | None:
        """Read one word; None where an operator or the line's end is next.

        ``argument``: it is one of a program, in which a parenthesis stands for itself.
        """
        text, start = self.text, self.pos
        parts: list[str] = []
        certainty: Certainty = "exact"
        quoted = False
        while self.pos < self.end:
            match = _PLAIN.match(text, self.pos, self.end)
            if match is not None:
                parts.append(match[0])
                self.pos = match.end()
                continue
            char = text[self.pos]
            if char == '"':
                certainty = weaker(certainty, self._quoted(parts))
                quoted = True
            elif char == "^":
                if self.pos + 1 >= self.end:
                    self.pos += 1
                    break
                if text[self.pos + 1] != "\n":
                    parts.append(text[self.pos + 1])
                self.pos += 2
            elif char == "%":
                certainty = weaker(certainty, self._variable(parts))
            elif char == "!":
                certainty = weaker(certainty, self._delayed(parts))
            elif argument and (char == "(" or (char == ")" and not self.blocks)):
                parts.append(char)
                self.pos += 1
            else:
                break
        if self.pos == start:
            return None
        return Value(_bare("".join(parts)), certainty, start, quoted=quoted)

    def _quoted(self, parts: list[str]) -> Certainty:
        match = _QUOTED.match(self.text, self.pos, self.end)
        inside = match[0] if match is not None else '"'
        filled, sure = self.filled(inside)
        parts.append(filled)
        self.pos += len(inside)
        return sure

    def _variable(self, parts: list[str]) -> Certainty:
        match = VARIABLE.match(self.text, self.pos, self.end)
        if match is None:
            parts.append("%")
            self.pos += 2 if self.text.startswith("%%", self.pos) else 1
            return "exact"
        self.pos = match.end()
        value = self.named(match)
        parts.append(value.text)
        return weaker("resolved", value.certainty)

    def _delayed(self, parts: list[str]) -> Certainty:
        match = _DELAYED.match(self.text, self.pos, self.end) if self.delayed else None
        if match is None:
            parts.append("!")
            self.pos += 1
            return "exact"
        parts.append(match[0])
        self.pos = match.end()
        return "computed"

    def named(self, match: re.Match[str]) -> Value:
        """Return what a variable or parameter stands for; its source where that is not known."""
        at = match.start()
        if match[4]:
            held = self.variables.get(f"%%{match[4]}")
            if held is None or match[3]:
                return Value(match[0], "computed", at)
            return held.at_use(at)
        own = (match[1] or match[2] or "").lower()
        if own:
            if own in _OWN:
                return Value(_OWN[own], "resolved", at)
            return self._parameter(own, match[0], at)
        name = match[5].lower()
        held = self.variables.get(name)
        if held is not None and not match[6]:
            return held.at_use(at)
        if name in _KNOWN and not match[6]:
            return Value(_KNOWN[name], "resolved", at)
        return Value(match[0], "computed", at)

    def _parameter(self, name: str, source: str, at: int) -> Value:
        """Return an argument of the call that is being read: ``%1`` and ``%~1``."""
        number = name.lstrip("~")
        if self.arguments is None or not number.isdigit() or name not in (number, f"~{number}"):
            return Value(source, "computed", at)
        if int(number) > len(self.arguments):
            return Value("", "resolved", at)
        return self.arguments[int(number) - 1].at_use(at)

    def filled(self, text: str) -> tuple[str, Certainty]:
        """Return a text with its variables filled in."""
        if "%" not in text and not (self.delayed and "!" in text):
            return text, "exact"
        sure: list[Certainty] = ["exact"]

        def fill(match: re.Match[str]) -> str:
            value = self.named(match)
            sure.append(weaker("resolved", value.certainty))
            return value.text

        text = VARIABLE.sub(fill, text)
        if self.delayed and _DELAYED.search(text):
            sure.append("computed")
        certainty = sure[0]
        for one in sure:
            certainty = weaker(certainty, one)
        return text.replace("%%", "%"), certainty

    def tail(self) -> Value:
        """Read the rest of a command as one text: what ``echo`` and ``set`` take."""
        start, text = self.pos, self.text
        while self.pos < self.end:
            match = _PLAIN.match(text, self.pos, self.end)
            if match is not None:
                self.pos = match.end()
                continue
            char = text[self.pos]
            if char == '"':
                match = _QUOTED.match(text, self.pos, self.end)
                self.pos = match.end() if match is not None else self.pos + 1
            elif char == "^":
                self.pos += 2
            elif char in "&|\n<>" or (char == ")" and self.blocks):
                break
            else:
                self.pos += 1
        self.pos = min(self.pos, self.end)
        found, certainty = self.filled(text[start : self.pos])
        return Value(_ESCAPED.sub(r"\1", found), certainty, start)

    blocks = 0
    """How many parentheses are open: only in them a ``)`` ends a command."""

    def redirection(self) -> Redirection | None:
        """Read ``> file`` and its kin; None where there is none, or it goes to another stream."""
        match = _REDIRECT.match(self.text, self.pos, self.end)
        if match is None:
            return None
        self.pos = match.end()
        if match[3]:
            return Redirection(match[2], Value(f"&{match[3]}").word)
        self.blank()
        target = self.word()
        number = int(match[1]) if match[1] else -1
        return Redirection(match[2], (target or Value("")).word, number)

    def at_redirection(self) -> bool:
        """Say whether a redirection stands at ``pos``."""
        return _REDIRECT.match(self.text, self.pos, self.end) is not None


def _bare(text: str) -> str:
    r"""Return a word without its quotes; ``\"`` inside of them is a quote to the program."""
    if '"' not in text:
        return text
    if '\\"' not in text:
        return text.replace('"', "")
    kept = text.replace('\\"', "\0").replace('"', "")
    return kept.replace("\0", '"')
