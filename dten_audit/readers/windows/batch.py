"""Reads batch files: the commands that a script runs, and the documents embedded in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Guard
from dten_audit.readers.windows.batch_builtins import Builtins
from dten_audit.readers.windows.batch_lines import MAX_DEPTH, WORD
from dten_audit.readers.windows.batch_tests import answer_of
from dten_audit.readers.windows.values import Run, Value, split_command_line

_ESCAPED: Final = re.compile(r"\^(.)")
_FOR_OPTION: Final = re.compile(r"/[dflrDFLR]\b")
_MOST_TURNS: Final = 24
_COMPARE: Final = frozenset(("equ", "neq", "lss", "leq", "gtr", "geq"))


class Batch(Builtins):
    """A batch file, read from its first line to its last."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.builtins.update({"if": self._if, "for": self._for})

    def _if(self, at: int) -> None:
        del at
        guard = self._condition()
        before = self.ended
        self.ended = False
        self._branch(guard)
        ended, self.ended = self.ended, before
        self.blank()
        match = WORD.match(self.text, self.pos, self.end)
        denied = None if guard is None else guard._replace(holds=not guard.holds)
        if match is not None and match[0].lower() == "else":
            self.pos = match.end()
            self.ended = False
            self._branch(denied)
            both, self.ended = ended and self.ended, before
            if both:
                self.leave()
        elif ended and denied is not None:
            self.context = self.context._replace(guards=(*self.context.guards, denied))
            self.ended_guard = True

    def _branch(self, guard: Guard | None) -> None:
        saved = self.context
        if guard is not None:
            self.context = saved._replace(guards=(*saved.guards, guard))
        self.conditional += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.recorder.unreadable(self.pos, "nested too deeply to be read")
            self.pos = self.end
        self._leading()
        if self.peek() == "(":
            self._block()
        elif self.peek() not in "\n)":
            self.chain()
        self.depth -= 1
        self.conditional -= 1
        self.context = saved._replace(called=saved.called)

    def _condition(self) -> Guard | None:
        """Read the test of an ``if``."""
        holds, start = True, self.pos
        line = self._line_of(start)
        while True:
            self.blank()
            value = self.word()
            if value is None:
                return None
            low = value.text.lower()
            if low == "/i":
                continue
            if low == "not":
                holds = not holds
                continue
            break
        if low in ("exist", "defined", "errorlevel", "cmdextversion"):
            self.blank()
            what = self.word() or Value("")
            if low == "exist":
                return Guard("path-exists", what.text, line, holds)
            if low == "errorlevel":
                return self._errorlevel(line, holds=holds != (what.text != "0"))
            return Guard("other", f"{low} {what.text}", line, holds)
        text, denied = self._comparison(value)
        if "errorlevel" in text.lower():
            return self._errorlevel(line, holds=holds != denied)
        return Guard("other", " ".join(text.split())[:200], line, holds)

    def _comparison(self, left: Value) -> tuple[str, bool]:
        """Read a comparison; say whether it holds where a zero does not."""
        parts = [left.text]
        if "==" not in left.text or left.text.endswith("=="):
            for _ in range(2 if "==" not in left.text else 1):
                self.blank()
                value = self.word()
                if value is None:
                    break
                parts.append(value.text)
                if value.text.startswith("==") and value.text != "==":
                    break
        text = " ".join(parts)
        last = text.replace("=", " ").split()[-1:] or [""]
        zero = last[0].strip("\"'") == "0"
        operator = next((word for word in text.lower().split() if word in _COMPARE), "equ")
        same = operator in ("equ", "leq")
        return text, (not same) if zero else True

    def _errorlevel(self, line: int, *, holds: bool) -> Guard:
        """Return what it tells that the command before worked, or did not."""
        guard = answer_of(self.probe, line, works=holds)
        return guard or Guard("other", "the command before succeeded", line, holds)

    def _for(self, at: int) -> None:
        """Read ``for %%v in (…) do COMMAND``: once for each literal."""
        del at
        name, options = "", ""
        while True:
            self.blank()
            value = self.word()
            if value is None:
                return
            if value.text.lower() == "in":
                break
            if _FOR_OPTION.match(value.text):
                options += value.text[1].lower()
            if value.text.startswith("%%") or value.text.startswith("%"):
                name = value.text.strip("%")[:1]
        self.blank()
        if self.peek() != "(":
            return
        items = self._set_of_for(options)
        self.blank()
        match = WORD.match(self.text, self.pos, self.end)
        if match is not None and match[0].lower() == "do":
            self.pos = match.end()
        start = self.pos
        key = f"%%{name}"
        for item in items[:_MOST_TURNS]:
            if self.budget <= 0:
                break
            self.pos = start
            self.variables[key] = item
            self._branch(None)
            self.budget -= self.pos - start
        if not items:
            self.variables.pop(key, None)
            self._branch(None)
        self.variables.pop(key, None)

    def _set_of_for(self, options: str) -> list[Value]:
        """Read the set of a ``for``; what only the run tells gives no values."""
        text, start = self.text, self.pos + 1
        stop = start
        quote = ""
        while stop < self.end and (text[stop] != "\n" or not options):
            char = text[stop]
            if quote:
                quote = "" if char == quote else quote
            elif char == '"' or (char in "'`" and "f" in options):
                quote = char
            elif char == ")":
                break
            stop += 1
        inner = text[start:stop].strip()
        self.pos = min(stop + 1, self.end)
        if "f" in options and inner[:1] in ("'", "`") and len(inner) > 1:
            self._inner(inner[1:-1], start + text[start:stop].index(inner) + 1)
            return []
        if options:
            return []
        filled, certainty = self.filled(inner)
        words = split_command_line(filled.replace(",", " ").replace(";", " "))
        if certainty == "computed" or any(set(word) & set("*?%!") for word in words):
            return []
        return [Value(word.strip('"'), "resolved", start) for word in words]

    def _inner(self, code: str, at: int) -> None:
        """State the command whose output a ``for /f`` takes."""
        text, certainty = self.filled(_ESCAPED.sub(r"\1", code))
        value = Value(text, certainty, at)
        documents = (self.recorder.embed("batch", value),) if text.strip() else ()
        argv = [Value("cmd"), Value("/c"), value]
        self.recorder.command(Run(argv, at, self.context, documents=documents))


def read(document: Document) -> Iterator[Fact | Embedded]:
    """Yield the commands, embedded documents and gaps of a batch file."""
    batch = Batch(document)
    batch.script()
    yield from batch.recorder.stated()
