"""Walks through PowerShell's statements in their order: blocks, tests, loops, functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Failure, Guard
from dten_audit.readers.windows import ps_scan as scan
from dten_audit.readers.windows.ps_expressions import Expressions
from dten_audit.readers.windows.ps_guards import denied, guards_of
from dten_audit.readers.windows.ps_words import Stop
from dten_audit.readers.windows.values import Context, Value

_WORD: Final = re.compile(r"[A-Za-z_][\w-]*+")
_NAME: Final = re.compile(r"(?:\w+:)?[\w.-]++")
_SWITCH_OPTION: Final = re.compile(r"\s*+-\w++(?:\s++(?=-))?")
_ASSIGNED: Final = re.compile(
    r"\$(?:script:|global:|local:|private:)?(\w+(?::\w+)?)\s*(?:[-+*/]|\?\?)?=(?!=)|foreach\s*\(\s*\$(\w+)",
    re.IGNORECASE,
)
_PIPE_NEXT: Final = re.compile(r"\s*+\|(?!\|)")
_CATCH: Final = re.compile(r"(?i)\s*+catch\s*+(?:\[[\w.,\s]{1,200}\][\s,]*+){0,9}\{")
_STOPS: Final = re.compile(r"(?i)\b(?:throw|exit|\$PSCmdlet\.ThrowTerminatingError)\b")
_PLAIN_ASSIGNMENT: Final = re.compile(r"(\$\w++)[ \t]*+=[ \t]*+")
_MOST_TESTS: Final = 12
_MOST_TURNS: Final = 24
_MOST_NESTED: Final = 8
_CALLS: Final = 1 << 14
"""Bytes of function bodies that are read again for their calls, beside twice the script's own."""
_NOT_COMMANDS: Final = frozenset("$\"'([{@+-!,0123456789")


class Statements(Expressions):
    """Control flow. Commands are run by the child class."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.sources: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        for match in _ASSIGNED.finditer(self.text):
            name = (match[1] or match[2]).lower()
            self.counts[name] = self.counts.get(name, 0) + 1
        self.conditional = 0
        self._walked: set[int] = set()
        self.ended, self.nested = False, 0
        self.budget = 2 * len(self.text) + _CALLS
        self.keywords: dict[str, Callable[[int], Value]] = {
            "if": self._if, "foreach": self._foreach, "while": self._while, "for": self._for,
            "do": self._do, "switch": self._switch, "try": self._try,
        }  # fmt: skip

    def command(self, at: int, feed: Value | None, operator: str) -> Value:
        """Read a command and run it; ``feed`` is what comes through the pipe."""
        raise NotImplementedError

    def line_of(self, at: int) -> int:
        """Return the file's line of an offset."""
        return self.document.host_line(self.document.index.position(at)[0])

    def blanks(self, pattern: re.Pattern[str] = scan.BLANKS) -> None:
        """Pass over blanks."""
        pos = self.pos
        if pos < self.end and self.text[pos] in scan.BLANK_STARTS:
            match = pattern.match(self.text, pos)
            if match is not None:
                self.pos = match.end()

    # lists of statements

    def statements(self, closer: str) -> Value:
        """Read statements up to ``closer``, behind which ``pos`` then is."""
        start, saved = self.pos, self.context
        values: list[Value] = []
        while True:
            gap = scan.GAP.match(self.text, self.pos)
            if gap is not None:
                self.pos = gap.end()
            if self.recorder.full:
                raise Stop
            if self.pos >= self.end:
                if closer:
                    raise self.fail(start, f"a bracket that does not end: {closer} is missing")
                break
            char = self.text[self.pos]
            if char == closer:
                self.pos += 1
                break
            before = self.pos
            if char in ")}]":
                if not closer:
                    self.recorder.unreadable(before, f"a {char} too many")
                self.pos += 1
                continue
            value = self.statement()
            if len(values) < 2000:  # noqa: PLR2004 - no list that matters is longer
                values.append(value)
            if self.pos == before:
                self.pos += 1
            if self.ended and self.context.called:
                self.context = self.context._replace(called=False)
        self.context = saved
        if len(values) == 1:
            return values[0]
        return Value("", "computed", start, items=tuple(values))

    def block(self, *guards: Guard, context: Context | None = None) -> bool:
        """Read ``{ … }``; say whether it always leaves what it stands in."""
        self.blanks()
        if not self.text.startswith("{", self.pos):
            return False
        self.depth += 1
        if self.depth > scan.MAX_DEPTH:
            raise self.fail(self.pos, "nested too deeply to be read")
        self.pos += 1
        saved, before = self.context, self.ended
        self.context = context or saved
        if guards:
            self.context = self.context._replace(guards=(*self.context.guards, *guards))
        self.conditional += 1
        self.ended = False
        self.statements("}")
        ended, self.ended = self.ended, before
        self.conditional -= 1
        self.context = saved
        self.depth -= 1
        return ended

    def walk(self, start: int, end: int, context: Context, *, once: bool = False) -> bool:
        """Read a block at another place, and come back; say whether there was time for it.

        ``once``: it is not read anywhere else.
        """
        first = once or start not in self._walked
        if self.nested >= _MOST_NESTED:
            if first:
                self.recorder.unreadable(start, "nested too deeply to be read")
            return False
        if self.budget < end - start and not first:
            return False
        self._walked.add(start)
        self.budget -= end - start
        kept = (self.pos, self.end, self.depth, self.ended)
        self.pos, self.depth = start, 1
        self.end = end
        self.nested += 1
        with suppress(Stop):
            self.block(context=context)
        self.nested -= 1
        self.pos, self.end, self.depth, self.ended = kept
        return True

    # one statement

    def statement(self) -> Value:
        """Read one statement and return what it comes to."""
        at, text = self.pos, self.text
        char = text[at] if at < self.end else "\n"
        match = _WORD.match(text, at)
        if match is not None:
            keyword = self.keywords.get(match[0].lower())
            if keyword is not None and text[match.end() : match.end() + 1] not in (
                "\\", ".", ":", "/", "=",
            ):  # fmt: skip
                self.pos = match.end()
                return keyword(at)
            return self._pipeline(self.command(at, None, ""))
        if char in _NOT_COMMANDS:
            plain = _PLAIN_ASSIGNMENT.match(text, at) if char == "$" else None
            if plain is not None:
                simple = scan.SIMPLE.match(text, plain.end(), self.end)
                if simple is not None:
                    self.pos = simple.end()
                    value = self.simple(simple)
                    self.assign(plain[1], value, "=")
                    return value
            return self._pipeline(self.expression())
        if char in "&.":
            follows = text[at + 1 : at + 2]
            if char == "&" or follows.isspace() or follows in ("'", '"', "$", "(", "{"):
                self.pos += 1
                self.blanks(scan.BLANK)
                return self._pipeline(self.command(at, None, char))
            if follows.isdigit():
                return self._pipeline(self.expression())
        if char == ":" and _NAME.match(text, at + 1):
            self._line_to(_NAME, at + 1)
            return Value("", "computed", at)
        if char in "|<>]=;`":
            self.pos += 1
            return Value("", "computed", at)
        return self._pipeline(self.command(at, None, ""))

    def _line_to(self, pattern: re.Pattern[str], at: int) -> None:
        match = pattern.match(self.text, at)
        self.pos = match.end() if match is not None else at + 1

    def _pipeline(self, value: Value) -> Value:
        """Read what an element is piped into, and what is chained to it."""
        text = self.text
        while self.pos < self.end:
            self.blanks(scan.BLANK)
            if text.startswith(("||", "&&"), self.pos):
                self.pos += 2  # what follows is read as the next statement
                return value
            char = text[self.pos] if self.pos < self.end else ""
            follows = _PIPE_NEXT.match(text, self.pos) if char in ("|", "\n") else None
            if follows is None:
                break
            self.pos = follows.end()
            self.blanks()
            operator = ""
            if text[self.pos : self.pos + 1] in ("&", "."):
                operator = text[self.pos]
                if operator == "&" or text[self.pos + 1 : self.pos + 2].isspace():
                    self.pos += 1
                    self.blanks(scan.BLANK)
            value = self.command(self.pos, value, operator)
        return value

    # tests and loops

    def condition(self) -> tuple[Guard, ...]:
        """Read ``( … )`` and return what it tests."""
        self.blanks()
        start = self.pos
        if not self.text.startswith("(", start):
            return ()
        dull = scan.DULL.match(self.text, start)
        if dull is not None:
            self.pos = dull.end()
        else:
            self.pos += 1
            self.depth += 1
            if self.depth > scan.MAX_DEPTH:
                raise self.fail(start, "nested too deeply to be read")
            self.statements(")")
            self.depth -= 1
        text = self.text[start + 1 : self.pos - 1]
        return guards_of(
            text, self.line_of(start), lambda name: self.sources.get(name, ""), self.filled
        )

    def filled(self, word: str) -> str:
        """Return a word of a condition with its variable filled in."""
        match = scan.VARIABLE.fullmatch(word)
        return self.named(match).text if match is not None else word

    def _if(self, at: int) -> Value:
        before: tuple[Guard, ...] = ()
        ended: list[bool] = []
        while True:
            guards = self.condition()
            ended.append(self.block(*before, *guards))
            before = (*before, *denied(guards))[:_MOST_TESTS]
            here = self.pos
            self.blanks()
            match = _WORD.match(self.text, self.pos)
            word = match[0].lower() if match is not None else ""
            if word == "elseif" and match is not None:
                self.pos = match.end()
                continue
            if word == "else" and match is not None:
                self.pos = match.end()
                last = self.block(*before)
                self.ended = self.ended or (last and all(ended))
            else:
                self.pos = here
                if ended[0] and len(ended) == 1:
                    held = (*self.context.guards, *before)
                    self.context = self.context._replace(guards=held)
            return Value("", "computed", at)

    def _while(self, at: int) -> Value:
        self.block(*self.condition())
        return Value("", "computed", at)

    def _for(self, at: int) -> Value:
        self.condition()
        self.block()
        return Value("", "computed", at)

    def _do(self, at: int) -> Value:
        self.block()
        here = self.pos
        self.blanks()
        match = _WORD.match(self.text, self.pos)
        if match is not None and match[0].lower() in ("while", "until"):
            self.pos = match.end()
            self.condition()
        else:
            self.pos = here
        return Value("", "computed", at)

    def _foreach(self, at: int) -> Value:
        self.blanks()
        if not self.text.startswith("(", self.pos):
            self.pos = at
            return self._pipeline(self.command(at, None, ""))
        self.pos += 1
        self.blanks()
        match = scan.VARIABLE.match(self.text, self.pos)
        name = ""
        if match is not None:
            name, self.pos = (match[1] or match[3] or "").lower(), match.end()
            self.blanks()
            word = _WORD.match(self.text, self.pos)
            if word is not None and word[0].lower() == "in":
                self.pos = word.end()
        self.depth += 1
        over = self.statements(")")
        self.depth -= 1
        self.blanks()
        self.turns(name, over)
        return Value("", "computed", at)

    def turns(self, name: str, over: Value) -> None:
        """Read the block at ``pos`` once for each known value of a loop."""
        items = over.items or ((over,) if over.known and over.text else ())
        known = [item for item in items if item.known][:_MOST_TURNS]
        start = self.pos
        held = self.variables.pop(name, None)
        if known and len(known) == len(items):
            end = scan.closing(self.text, start) if self.text.startswith("{", start) else -1
            for item in known[:-1] if end > 0 else ():
                self.variables[name] = item.at_use(item.at)
                self.walk(start, end, self.context)
            self.variables[name] = known[-1].at_use(known[-1].at)
        self.block()
        self.variables.pop(name, None)
        if held is not None:
            self.variables[name] = held

    def _switch(self, at: int) -> Value:
        while (match := _SWITCH_OPTION.match(self.text, self.pos)) is not None:
            self.pos = match.end()
        self.blanks()
        start = self.pos
        if self.text.startswith("(", start):
            self.condition()
        else:
            self.argument()
        shown = " ".join(self.text[start : self.pos][:80].split())
        self.blanks()
        if not self.text.startswith("{", self.pos):
            return Value("", "computed", at)
        self.pos += 1
        self.depth += 1
        while self.pos < self.end:
            self.blanks(scan.GAP)
            if self.text.startswith("}", self.pos):
                break
            before = self.pos
            pattern = self.argument()
            name = pattern.text if pattern is not None else ""
            self.block(Guard("other", f"{shown} is {name}"[:200], self.line_of(before)))
            if self.pos == before:
                self.pos += 1
        self.pos += 1
        self.depth -= 1
        return Value("", "computed", at)

    def _try(self, at: int) -> Value:
        self.blanks()
        failure = self.context.failure
        if self.depth < _MOST_NESTED:
            failure = self._caught()
        ended = self.block(context=self.context._replace(failure=failure))
        while True:
            here = self.pos
            self.blanks()
            match = _WORD.match(self.text, self.pos)
            word = match[0].lower() if match is not None else ""
            if word not in ("catch", "finally") or match is None:
                self.pos = here
                self.ended = self.ended or ended
                return Value("", "computed", at)
            self.pos = match.end()
            self.blanks()
            while self.text.startswith(("[", ","), self.pos):
                if self.text[self.pos] == ",":
                    self.pos += 1
                else:
                    self._cast()
                self.blanks()
            caught = Guard("other", "a failure", self.line_of(self.pos))
            last = self.block(*((caught,) if word == "catch" else ()))
            ended = ended and last if word == "catch" else ended or last

    def _caught(self) -> Failure:
        """Return what becomes of a failure in the block at ``pos``, by the one that catches it."""
        end = scan.closing(self.text, self.pos) if self.text.startswith("{", self.pos) else -1
        match = _CATCH.match(self.text, end) if end > 0 else None
        if match is None:
            return self.context.failure
        stop = scan.closing(self.text, match.end() - 1)
        return "stops" if _STOPS.search(self.text, match.end(), max(stop, 0)) else "ignored"
