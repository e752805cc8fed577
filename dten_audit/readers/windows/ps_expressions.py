"""Reads PowerShell's expressions as far as commands hide in them or literals follow from them."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.model.facts.base import Certainty
from dten_audit.readers.shell.values import weaker
from dten_audit.readers.windows import ps_scan as scan
from dten_audit.readers.windows.ps_words import Words
from dten_audit.readers.windows.values import FOLDER_MARK, Value, base_name

_OPERATOR: Final = re.compile(r"-[A-Za-z]++|\+\+|--|[-+*/%!?:<]++")
_LITERAL: Final = re.compile(r"[\w]++(?:[.][\w]++)*+")
_MEMBER: Final = re.compile(r"(?:\.|::|\?\.)\s*+(?:[A-Za-z_]\w*+|(?=[$\"'({]))")
_ASSIGN: Final = re.compile(r"(?:\+|-|\*|/|%|\?\?)?=(?!=)")
_KEY: Final = re.compile(r"[\w.-]++")
_TYPE: Final = re.compile(r"\[[\w.,`+= ]++(?:\[[\w.,`+= ]*+(?:\[\])?\][\w.,`+= ]*+){0,4}\]")
_MAX_ITEMS: Final = 2000
_SAME: Final = (".path", ".fullname", ".tostring()", ".trim()", ".source")
"""Members that are, for a text, the text."""


class _Found:
    """What an expression has shown so far. ``behind`` is where its last operand ends."""

    __slots__ = ("behind", "operands", "operators", "start", "waiting")

    def __init__(self, start: int) -> None:
        self.start = start
        self.operands: list[Value] = []
        self.operators: list[str] = []
        self.waiting = True
        self.behind = -1


class Expressions(Words):
    """Expressions. What they call is stated on the way."""

    def statements(self, closer: str) -> Value:
        """Read statements up to ``closer``, behind which ``pos`` then is."""
        raise NotImplementedError

    def statement(self) -> Value:
        """Read one statement and return what it comes to."""
        raise NotImplementedError

    def assign(self, target: str, value: Value, operator: str) -> None:
        """Note that a variable gets a value."""
        raise NotImplementedError

    def unread_block(self, value: Value) -> None:
        """Note a script block that is handed to a method: who runs it, and when, is not known."""
        raise NotImplementedError

    def redirect(self, value: Value) -> bool:
        """Read ``> file`` behind an expression."""
        raise NotImplementedError

    def expression(self, *, lines: bool = False, commas: bool = True) -> Value:
        """Read an expression up to what ends it.

        ``lines``: it may go on over line ends; ``commas``: it may be a list.
        """
        found = _Found(self.pos)
        text, end = self.text, self.end
        while self.pos < end:
            char = text[self.pos]
            if char in scan.BLANK_STARTS:
                over = lines or (found.waiting and found.operators)
                gap = (scan.BLANKS if over else scan.BLANK).match(text, self.pos)
                if gap is not None and gap.end() > self.pos:
                    self.pos = gap.end()
                    continue
            if char in "\n;)}]|&#" or (char == "{" and not found.waiting):
                break
            if char == "," and not commas:
                break
            if char == "=" or (not found.waiting and char in "+-*/%?"):
                match = _ASSIGN.match(text, self.pos)
                if match is not None or char == "=":
                    return self._assignment(found.start, self.pos)
            if not self._attached(found, char) and not self._operator(found, char):
                self._take(found, char)
        return _combined(found.operands, found.operators, found.start)

    def _attached(self, found: _Found, char: str) -> bool:
        """Read what directly follows an operand: members, an index, arguments of a method."""
        if self.pos != found.behind or char not in "(.:[?" or not found.operands:
            return False
        if char == "(":
            self.pos += 1
            self._skim(")")
            source = self.text[found.start : self.pos][:200]
            found.operands[-1] = Value(f"$({source})", "computed", found.start)
        elif self.members(found.start):
            found.operands[-1] = self._membered(found.operands[-1], found.start)
        else:
            return False
        found.behind = self.pos
        return True

    def _operator(self, found: _Found, char: str) -> bool:
        """Read an operator, a comma or a redirection."""
        if char == ",":
            found.operators.append(",")
            self.pos += 1
            found.waiting = True
            return True
        if char == ">":
            joined = _combined(found.operands, found.operators, found.start)
            if not self.redirect(joined):
                self.pos += 1
            return True
        if char not in "-+*/%!?:<":
            return False
        if found.waiting and char == "-" and self.text[self.pos + 1 : self.pos + 2].isdigit():
            return False
        operator = _OPERATOR.match(self.text, self.pos)
        if operator is None:
            return False
        found.operators.append(operator[0].lower())
        self.pos = operator.end()
        found.waiting = operator[0] not in ("++", "--")
        return True

    def _take(self, found: _Found, char: str) -> None:
        """Read an operand."""
        at = self.pos
        value = self._operand(char)
        if self.pos == at:
            self.pos += 1
        if char == "[" and not value.text:  # a cast: what follows is its value
            found.waiting, found.behind = True, -1
            return
        found.operands.append(value)
        found.waiting, found.behind = False, self.pos

    def _membered(self, value: Value, start: int) -> Value:
        source = self.text[start : self.pos]
        same = source.lower().endswith(_SAME)
        if same and value.known and not value.items:
            return value
        if re.search(r"(?i)directory(?:name)?$", source) and value.text.startswith(FOLDER_MARK):
            return Value(FOLDER_MARK, "resolved", start)
        return Value(f"$({source[:200]})", "computed", start, call=value.call)

    def _operand(self, char: str) -> Value:
        """Read one operand."""
        text, at = self.text, self.pos
        if char == "$":
            if text.startswith("$(", at):
                self.pos += 1
                return self.group()
            return self.variable()
        if char in "\"'":
            return self.quoted()
        if char == "(":
            return self.group()
        if char == "@":
            return self._at_sign(first=True) or Value("", "computed", at)
        if char == "[":
            return self._cast()
        if char == "{":
            return self._block()
        if char == "`":
            self.pos += 2
            return Value("", "computed", at)
        if char == "-":
            self.pos += 1
        match = _LITERAL.match(text, self.pos)
        if match is None:
            self.pos = at + 1
            return Value(char, "computed", at)
        self.pos = match.end()
        number = match[0][0].isdigit()
        return Value(text[at : match.end()], "exact" if number else "computed", at)

    def _cast(self) -> Value:
        """Pass over ``[Type]`` or an attribute; an empty text says that a value may follow."""
        at = self.pos
        match = _TYPE.match(self.text, at)
        if match is not None:
            self.pos = match.end()
        else:
            self.pos += 1
            self._skim("]")
        static = self.text.startswith("::", self.pos)
        return Value("[type]" if static else "", "computed", at)

    def _skim(self, closer: str) -> None:
        """Pass over expressions up to a closing bracket; nothing in them is a command's name."""
        self.depth += 1
        if self.depth > scan.MAX_DEPTH:
            raise self.fail(self.pos, "nested too deeply to be read")
        while self.pos < self.end and self.text[self.pos] != closer:
            before = self.pos
            value = self.expression(lines=True)
            self.unread_block(value)
            if self.pos == before or (self.pos < self.end and self.text[self.pos] != closer):
                self.pos += 1
        self.pos += 1
        self.depth -= 1

    def members(self, start: int) -> bool:
        """Pass over ``.Name``, ``[0]`` and ``(…)`` behind a value; say whether there were any."""
        del start
        text, found = self.text, False
        while self.pos < self.end:
            char = text[self.pos]
            if char == "[":
                self.pos += 1
                self._skim("]")
            elif char == "(" and found:
                self.pos += 1
                self._skim(")")
            else:
                match = _MEMBER.match(text, self.pos) if char in ".:?" else None
                if match is None:
                    break
                self.pos = match.end()
                if match[0][-1] in ".: ?" and self.pos < self.end:
                    self._operand(text[self.pos])
            found = True
        return found

    def _assignment(self, start: int, at: int) -> Value:
        match = _ASSIGN.match(self.text, at)
        self.pos = match.end() if match is not None else at + 1
        gap = scan.BLANKS.match(self.text, self.pos)
        if gap is not None:
            self.pos = gap.end()
        self.depth += 1
        if self.depth > scan.MAX_DEPTH:
            raise self.fail(at, "nested too deeply to be read")
        value = self.statement()
        self.depth -= 1
        if value.call:
            value = self.output(value, value.at)
        self.assign(self.text[start:at], value, match[0] if match is not None else "=")
        return value

    def group(self) -> Value:
        """Read ``( … )``, ``$( … )`` or ``@( … )`` at its bracket."""
        at = self.pos
        self.depth += 1
        if self.depth > scan.MAX_DEPTH:
            raise self.fail(at, "nested too deeply to be read")
        self.pos += 1
        value = self.statements(")")
        self.depth -= 1
        if value.call:
            value = self.output(value, at)
        elif not value.known and not value.items and value.table is None:
            value = Value(f"$({self.text[at + 1 : self.pos - 1][:200]})", "computed", at)
        return value

    def output(self, value: Value, at: int) -> Value:
        """Return what a command prints, where that follows from its words."""
        words = value.call
        name = base_name(words[0].text)
        plain = [word for word in words[1:] if not word.text.startswith("-")]
        if name == "join-path" and len(plain) >= 2:  # noqa: PLR2004 - folder and child
            certainty: Certainty = "resolved" if all(w.known for w in plain) else "computed"
            parts = [plain[0].text.rstrip("\\/"), *(w.text.strip("\\/") for w in plain[1:])]
            return Value("\\".join(parts), certainty, at, call=words)
        if name == "split-path" and plain and plain[0].text == f"{FOLDER_MARK}/":
            return Value(FOLDER_MARK, "resolved", at, call=words)
        if name in ("resolve-path", "convert-path", "write-output", "echo") and len(plain) == 1:
            return plain[0].at_use(at)
        shown = " ".join(shown_word(word) for word in words)
        return Value(f"$({shown})", "computed", at, call=words)

    def table(self) -> Value:
        """Read ``@{ … }`` at its brace."""
        at = self.pos
        self.depth += 1
        if self.depth > scan.MAX_DEPTH:
            raise self.fail(at, "nested too deeply to be read")
        self.pos += 1
        rows: list[tuple[str, Value]] = []
        while self.pos < self.end:
            gap = scan.GAP.match(self.text, self.pos)
            if gap is not None:
                self.pos = gap.end()
            if self.pos >= self.end or self.text[self.pos] == "}":
                break
            before = self.pos
            row = self._row()
            if row is not None and len(rows) < _MAX_ITEMS:
                rows.append(row)
            if self.pos == before:
                self.pos += 1
        self.pos += 1
        self.depth -= 1
        return Value("@{…}", "computed", at, table=tuple(rows))

    def _row(self) -> tuple[str, Value] | None:
        text = self.text
        char = text[self.pos]
        match = _KEY.match(text, self.pos)
        if match is not None:
            self.pos = match.end()
            key: str = match[0]
        else:
            key = self._operand(char).text
        gap = scan.BLANKS.match(text, self.pos)
        if gap is not None:
            self.pos = gap.end()
        if not text.startswith("=", self.pos):
            return None
        self.pos += 1
        gap = scan.BLANKS.match(text, self.pos)
        if gap is not None:
            self.pos = gap.end()
        simple = scan.SIMPLE.match(text, self.pos, self.end)
        if simple is not None:
            self.pos = simple.end()
            return key, self.simple(simple)
        value = self.statement()
        self.unread_block(value)
        return key, value

    def simple(self, match: re.Match[str]) -> Value:
        """Return a value of one word: a literal, or a variable."""
        at = match.start()
        if match[3]:
            variable = scan.VARIABLE.match(self.text, at)
            return self.named(variable) if variable is not None else Value("", "computed", at)
        if match[4]:
            return Value(match[4], "exact", at)
        return Value(match[1] if match[1] is not None else match[2], "exact", at + 1, quoted=True)


def shown_word(value: Value) -> str:
    """Return a word as PowerShell would take it back."""
    if value.call:
        return value.text if value.text.startswith("$(") else f"$({value.text})"
    if value.items:
        return ",".join(shown_word(item) for item in value.items)
    if not value.text or any(char in value.text for char in " ;|&(){}\"'"):
        return "'" + value.text.replace("'", "''") + "'"
    return value.text


def _combined(operands: list[Value], operators: list[str], start: int) -> Value:
    """Return what operands with operators between them come to."""
    if not operands:
        return Value("", "computed", start)
    if not operators:
        return operands[0] if len(operands) == 1 else Value("", "computed", start)
    kinds = set(operators)
    if kinds == {","}:
        return Value("", "computed", start, items=tuple(operands[:_MAX_ITEMS]))
    known = all(value.known for value in operands)
    if kinds == {"+"} and len(operators) == len(operands) - 1:
        certainty = operands[0].certainty
        for value in operands:
            certainty = weaker(certainty, weaker("resolved", value.certainty))
        text = "".join(value.text for value in operands)
        return Value(text[: 1 << 20], certainty, operands[0].at, lines=None)
    if kinds <= {"-f", ","} and operators[0] == "-f" and known:
        return _formatted(operands, start)
    return Value("", "computed", start)


def _formatted(operands: list[Value], start: int) -> Value:
    """Return what the format operator makes of plain places: ``'{0}.ps1' -f 'x'``."""
    words = [value.text for value in operands[1:]]

    def fill(match: re.Match[str]) -> str:
        number = int(match[1])
        return words[number] if number < len(words) else match[0]

    text = re.sub(r"\{(\d{1,2})\}", fill, operands[0].text)
    if re.search(r"\{\d", text):
        return Value(text, "computed", start)
    return Value(text[: 1 << 20], "resolved", start)
