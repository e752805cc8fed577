"""PowerShell's functions, parameters and classes: what is only defined, and what a call binds."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Guard
from dten_audit.readers.windows import ps_scan as scan
from dten_audit.readers.windows.ps_statements import Statements
from dten_audit.readers.windows.values import Context, Value

_NAME: Final = re.compile(r"(?:\w+:)?[\w.-]++")
_HEAD: Final = re.compile(
    r"(?i)\{(?:\s++|#[^\n]*+|<#(?:[^#]++|#(?!>))*+#>|\[(?:[^\]\"']++|\"[^\"]*+\"|'[^']*+')*+\])*+"
    r"param\s*+(?=\()"
)
_LINE: Final = re.compile(r"[^\n;]*+")
_FRAMES: Final = 8


class Procedure(NamedTuple):
    """A function: its parameters in order, and the offsets of its body's braces.

    ``level`` counts the functions around it.
    """

    name: str
    parameters: tuple[str, ...]
    start: int
    end: int
    level: int = 1


class Frame(NamedTuple):
    """A call that is being read: its place, what it binds, and whether its own words were bound."""

    name: str
    at: int
    bound: frozenset[str]
    dependent: bool


class Definitions(Statements):
    """Functions, parameters, classes, and what leaves a block."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.functions: dict[str, Procedure] = {}
        self.reached: set[str] = set()
        self.wanted: set[str] = set()
        self.level = 0
        self.unused: dict[str, tuple[int, int]] = {}
        self.frames: list[Frame] = []
        self.keywords.update({
            "function": self._function, "filter": self._function, "workflow": self._function,
            "param": self._param, "return": self._leave, "throw": self._leave,
            "exit": self._leave, "break": self._leave, "continue": self._leave,
            "class": self._class, "enum": self._enum, "using": self._line, "trap": self._trap,
            **dict.fromkeys(
                ("begin", "process", "end", "dynamicparam", "clean", "data", "parallel",
                 "sequence", "inlinescript"), self._section,
            ),
        })  # fmt: skip

    # functions

    def _function(self, at: int) -> Value:
        self.blanks(scan.BLANK)
        match = _NAME.match(self.text, self.pos)
        if match is None:
            self.pos = at
            return self._pipeline(self.command(at, None, ""))
        self.pos = match.end()
        self.blanks()
        parameters: tuple[str, ...] = ()
        if self.text.startswith("(", self.pos):
            parameters = self._parameters(self.pos)
            self.pos = max(scan.closing(self.text, self.pos), self.pos + 1)
            self.blanks()
        if not self.text.startswith("{", self.pos):
            return Value("", "computed", at)
        start, end = self.pos, scan.closing(self.text, self.pos)
        if end < 0:
            raise self.fail(start, "a block that does not end")
        head = _HEAD.match(self.text, start)
        if head is not None and not parameters:
            parameters = self._parameters(head.end())
        name = match[0].rpartition(":")[2].lower()
        if self.level >= _FRAMES:
            self.recorder.unreadable(start, "nested too deeply to be read")
        else:
            self.functions[name] = Procedure(name, parameters, start, end, self.level + 1)
        self.pos = end
        return Value("", "computed", at)

    def _parameters(self, at: int) -> tuple[str, ...]:
        """Return the names between the parentheses at ``at``, in their order."""
        text = self.text
        names: list[str] = []
        at, expected, end = at + 1, True, self.end
        while at < end and len(names) < 100:  # noqa: PLR2004 - more bind nothing that matters
            gap = scan.BLANKS.match(text, at)
            at = gap.end() if gap is not None else at
            char = text[at : at + 1]
            if char in (")", ""):
                break
            if char == "$" and expected:
                match = scan.VARIABLE.match(text, at)
                if match is not None:
                    names.append((match[1] or match[3] or "").lower())
                    at, expected = match.end(), False
                    continue
            if char in "([{\"'@":
                behind = _behind(text, at)
                if behind < 0:
                    break
                at = behind
                continue
            expected = expected or char == ","
            at += 1
        return tuple(names)

    def call(self, procedure: Procedure, words: list[Value], at: int, context: Context) -> None:
        """Read a function's body with its parameters bound."""
        self.wanted.add(procedure.name)
        if len(self.frames) >= _FRAMES or any(f.name == procedure.name for f in self.frames):
            return
        bound = _bound(procedure.parameters, words)
        known = {word for word in self._mentioned(at) if self._is_parameter(word)}
        held = self.variables
        self.variables = {**held, **bound, "args": Value("$args", "computed", at)}
        for name in procedure.parameters:
            if name not in bound:
                self.variables.pop(name, None)
        self.frames.append(Frame(procedure.name, at, frozenset(bound), bool(known)))
        inner = context._replace(function=procedure.name, via=())
        level, self.level = self.level, procedure.level
        if self.walk(procedure.start, procedure.end, inner):
            self.reached.add(procedure.name)
        self.level = level
        self.frames.pop()
        self.variables = held

    def _is_parameter(self, name: str) -> bool:
        return bool(self.frames) and name in self.frames[-1].bound

    def _mentioned(self, at: int) -> set[str]:
        """Return the variables named from ``at`` to ``pos``."""
        source = self.text[at : min(self.pos, at + 2000)]
        if "$" not in source:
            return set()
        return {(m[1] or m[3] or "").lower() for m in scan.VARIABLE.finditer(source)}

    def call_sites(self, at: int) -> tuple[int, ...]:
        """Return the calls whose parameters the command at ``at`` needs, outermost first."""
        if not self.frames or not any(map(self._is_parameter, self._mentioned(at))):
            return ()
        sites = []
        for frame in reversed(self.frames):
            sites.append(frame.at)
            if not frame.dependent:
                break
        return tuple(reversed(sites))

    def _param(self, at: int) -> Value:
        """Read ``param( … )``: defaults hold for what no call binds."""
        self.blanks()
        if not self.text.startswith("(", self.pos):
            self.pos = at
            return self._pipeline(self.command(at, None, ""))
        bound = self.frames[-1].bound if self.frames else frozenset()
        self.pos += 1
        self.depth += 1
        while self.pos < self.end:
            self.blanks()
            char = self.text[self.pos : self.pos + 1]
            if char == ")":
                break
            before = self.pos
            match = scan.VARIABLE.match(self.text, self.pos) if char == "$" else None
            if char == "[":
                self._cast()
            elif match is not None:
                self.pos = match.end()
                self.blanks()
                if self.text.startswith("=", self.pos):
                    self.pos += 1
                    value = self.expression(lines=True, commas=False)
                    self.unread_block(value)
                    name = (match[1] or match[3] or "").lower()
                    if name not in bound and self.counts.get(name, 0) <= 1:
                        self.variables[name] = value.at_use(value.at)
            if self.pos == before:
                self.pos += 1
        self.pos += 1
        self.depth -= 1
        return Value("", "computed", at)

    # leaving

    def _leave(self, at: int) -> Value:
        word = self.text[at : self.pos].lower()
        self.blanks(scan.BLANK)
        value = Value("", "computed", at)
        if word in ("break", "continue"):
            match = _LINE.match(self.text, self.pos)
            stop = self.text.find("}", self.pos, match.end() if match is not None else self.pos)
            self.pos = stop if stop >= 0 else match.end() if match is not None else self.pos
        elif self.pos < self.end and self.text[self.pos] not in "\n;})#":
            self.depth += 1
            if self.depth > scan.MAX_DEPTH:
                raise self.fail(at, "nested too deeply to be read")
            value = self.statement()
            self.depth -= 1
        self.ended = True
        return value

    # definitions that run nothing

    def _class(self, at: int) -> Value:
        """Read a class: the bodies of its methods run when somebody calls them."""
        brace = re.compile(r"[^{}\n]*+").match(self.text, self.pos)
        if brace is None or not self.text.startswith("{", brace.end()):
            self.pos = at
            return self._pipeline(self.command(at, None, ""))
        self.pos = brace.end() + 1
        saved = self.context
        self.context = saved._replace(called=False)
        while self.pos < self.end:
            self.blanks(scan.GAP)
            char = self.text[self.pos : self.pos + 1]
            if char in ("}", ""):
                break
            before = self.pos
            if char == "[":
                self._cast()
            elif char == "(":
                self.pos += 1
                self._skim(")")
            elif char == "{":
                self.block()
            elif char == "=":
                self.pos += 1
                self.blanks()
                self.statement()
            else:
                match = _NAME.match(self.text, self.pos)
                self.pos = match.end() if match is not None else self.pos + 1
            if self.pos == before:
                self.pos += 1
        self.pos += 1
        self.context, self.ended = saved, False
        return Value("", "computed", at)

    def _enum(self, at: int) -> Value:
        brace = self.text.find("{", self.pos, self.pos + 200)
        end = scan.closing(self.text, brace) if brace >= 0 else -1
        if end < 0:
            self.pos = at
            return self._pipeline(self.command(at, None, ""))
        self.pos = end
        return Value("", "computed", at)

    def _line(self, at: int) -> Value:
        match = _LINE.match(self.text, self.pos)
        if match is not None:
            self.pos = match.end()
        return Value("", "computed", at)

    def _section(self, at: int) -> Value:
        """Read ``begin { … }`` and its kin; the words are commands elsewhere."""
        here = self.pos
        self.blanks()
        if not self.text.startswith("{", self.pos):
            self.pos = here
            self.pos = at
            return self._pipeline(self.command(at, None, ""))
        self.block()
        return Value("", "computed", at)

    def _trap(self, at: int) -> Value:
        self.blanks()
        if self.text.startswith("[", self.pos):
            self._cast()
        self.block(Guard("other", "a failure", self.line_of(at)))
        return Value("", "computed", at)

    def unread_block(self, value: Value) -> None:
        """Note a script block that is handed to a method: who runs it, and when, is not known."""
        for item in value.items or (value,):
            if item.block is not None:
                self.unused[f"@{item.block[0]}"] = item.block

    def uncalled(self) -> None:
        """Read functions and blocks that nothing in the document was seen to run."""
        before = self.context
        while waiting := [p for p in self.functions.values() if p.name not in self.reached]:
            for procedure in waiting:
                self.reached.add(procedure.name)
                wanted = procedure.name in self.wanted
                context = before._replace(called=wanted, function=procedure.name)
                self.level = procedure.level
                self.walk(procedure.start, procedure.end, context, once=True)
        self.level = 0
        for start, end in list(self.unused.values()):
            self.walk(start, end, before._replace(called=False), once=True)


def _behind(text: str, at: int) -> int:
    """Return the offset behind a bracket or quote."""
    if text[at] in "([{":
        return scan.closing(text, at)
    if text[at] == '"':
        return scan.string_end(text, at)
    match = scan.SINGLE.match(text, at)
    return match.end() if match is not None else at + 1


def _bound(parameters: tuple[str, ...], words: list[Value]) -> dict[str, Value]:
    """Return what a call gives to each parameter: by name, by a name's start, by position."""
    bound: dict[str, Value] = {}
    free: list[Value] = []
    waiting = ""
    for word in words:
        is_name = word.text.startswith("-") and word.text[1:2].isalpha() and not word.quoted
        if is_name:
            if waiting:
                bound[waiting] = Value("True", "resolved", word.at)
            key = word.text[1:].rstrip(":").lower()
            waiting = next((p for p in parameters if p == key), "") or next(
                (p for p in parameters if p.startswith(key)), ""
            )
        elif waiting:
            bound[waiting] = word
            waiting = ""
        else:
            free.append(word)
    if waiting:
        bound[waiting] = Value("True", "resolved")
    rest = (name for name in parameters if name not in bound)
    bound.update(zip(rest, free, strict=False))
    return {name: value.at_use(value.at) for name, value in bound.items()}
