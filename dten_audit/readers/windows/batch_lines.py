"""Reads the lines of batch files: chains of commands, blocks in parentheses, labels, programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Failure, Guard, Redirection, Word
from dten_audit.readers.windows.batch_tests import Probe, answer_of, probe_of
from dten_audit.readers.windows.batch_words import LEADING, BatchWords
from dten_audit.readers.windows.programs import state
from dten_audit.readers.windows.values import (
    Run,
    Value,
    base_name,
    program_name,
    split_command_line,
)

_SET: Final = re.compile(r'(?i)\bset[ \t]+(?:(/[ap])[ \t]+)?"?([^=\s"&|/][^="&|\n]*+)=')
_JUMP: Final = re.compile(r"(?i)\b(goto|call)[ \t]*+:?[ \t]*+([^\s&|()<>\"]++)")
_LABEL: Final = re.compile(r"(?m)^[ \t]*+:[ \t]*+([^\s:&|<>+(]++)")
_DELAYED: Final = re.compile(r"(?i)\bsetlocal\b[^\n]{0,99}\benabledelayedexpansion|/v:on")
WORD: Final = re.compile(r"[A-Za-z]++")
_NAME: Final = re.compile(
    r"(?i)(?:echo|rem|cd|chdir|dir|md|rd|del|copy|set|goto|call|if|for|exit|type|start)"
    r"(?=[.:/\\,;=(+\[\]])"
)
_BLOCK_OUTPUT: Final = re.compile(
    r"(?:[^()\n]++|\n(?![ \t]*+\)))*+\n?[ \t]*+\)[ \t]*+(>>?)[ \t]*+(\"[^\"\n]*+\"|[^\s&|()<>]++)"
)
_FAR: Final = 20_000
MAX_DEPTH: Final = 40
_CALLS: Final = 1 << 14
_SILENT: Final = frozenset(
    "setlocal endlocal title cls color pause prompt shift verify break ver vol pushd popd".split()
)
_OWN_QUOTES: Final = frozenset(
    "powershell pwsh schtasks sc runas reg msiexec psexec psexec64 wmic sqlcmd mysql psql nssm"
    " start-process docker ssh".split()
)
"""Programs whose arguments often hold escaped quotes."""


class Lines(BatchWords):
    """Lines, chains, blocks and programs; the child classes have what cmd itself does."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.delayed = _DELAYED.search(self.text) is not None
        self.counts: dict[str, int] = {}
        for match in _SET.finditer(self.text):
            name = match[2].strip().lower()
            self.counts[name] = self.counts.get(name, 0) + 1
        self.labels = {m[1].lower(): m.end() for m in reversed(list(_LABEL.finditer(self.text)))}
        jumps = {(m[1].lower(), m[2].lower().lstrip(":")) for m in _JUMP.finditer(self.text)}
        self.jumped = {label for how, label in jumps if how == "goto"}
        self.computed = any("%" in label or "!" in label for label in self.jumped)
        self.arrivals: dict[str, tuple[Guard, ...]] = {}
        self.probe: Probe | None = None
        self.depth = self.conditional = 0
        self.dead = self.ended = False
        self.frames: list[int] = []
        self.outputs: list[Redirection] = []
        self.budget = 2 * len(self.text) + _CALLS
        self.builtins: dict[str, Callable[[int], None]] = {}

    # lines

    def script(self) -> None:
        """Read to the end."""
        while self.pos < self.end and not self.recorder.full:
            before = self.pos
            self._line()
            if self.pos == before:
                self.pos += 1

    def _line(self) -> None:
        self._leading()
        if self.peek() == "\n":
            self.pos += 1
            return
        if self.peek() == ":":
            self._label()
            return
        if self.peek() == ")":
            self.pos += 1
            return
        self.chain()

    def _leading(self) -> None:
        match = LEADING.match(self.text, self.pos, self.end)
        if match is not None:
            self.pos = match.end()

    def _label(self) -> None:
        match = _LABEL.match(self.text, self.pos)
        rest = self.text.find("\n", self.pos, self.end)
        self.pos = rest if rest >= 0 else self.end
        if match is None or self.depth:
            return
        name = match[1].lower()
        if self.frames:
            return
        reached = name in self.jumped or self.computed
        if self.dead:
            self.context = self.context._replace(guards=self.arrivals.get(name, ()), called=reached)
        elif name in self.arrivals or reached:
            kept = self.arrivals.get(name, self.context.guards)
            both = tuple(guard for guard in self.context.guards if guard in kept)
            self.context = self.context._replace(guards=both)
        self.dead = False

    def chain(self) -> None:
        """Read commands joined by ``&``, ``&&``, ``||`` and ``|`` up to the end of the line."""
        feeds: tuple[tuple[Word, ...], ...] = ()
        saved, before, conditional = self.context, self.ended, self.conditional
        after: Guard | None = None
        self.ended = False
        while self.pos < self.end:
            first, self.feeds = len(self.recorder.commands), feeds
            self._one()
            stated = self.recorder.commands[first:]
            self.blank()
            if self.text.startswith("&&", self.pos):
                self.pos += 2
                self._chained(holds=True)
            elif self.text.startswith("||", self.pos):
                self.pos += 2
                self._alternative(first)
                after = answer_of(self.probe, self._line_of(self.pos), works=True)
                self._chained(holds=False)
            elif self.peek() == "&":
                self.pos += 1
                self.context = saved._replace(called=self.context.called)
            elif self.peek() == "|":
                self.pos += 1
                feeds = ((stated[-1].argv, *feeds) if stated else feeds)[:4]
                self._leading()
                continue
            else:
                break
            feeds = ()
            self._leading()
        if self.peek() not in "\n)":
            self.pos += 1
        kept = self.context if self.ended_guard else saved
        if after is not None and self.ended:
            kept = kept._replace(guards=(*kept.guards, after))
        self.context = kept._replace(called=self.context.called)
        self.ended = before or (self.ended and self.conditional == conditional)
        self.conditional = conditional
        self.ended_guard = False

    feeds: tuple[tuple[Word, ...], ...] = ()
    ended_guard = False

    def _chained(self, *, holds: bool) -> None:
        """Note what the command before tells about the one that follows."""
        self.conditional += 1
        guard = answer_of(self.probe, self._line_of(self.pos), works=holds)
        if guard is not None:
            self.context = self.context._replace(guards=(*self.context.guards, guard))

    def _alternative(self, first: int) -> None:
        """Note what ``||`` makes of a failure: the script ends, or goes on."""
        rest = self.text[self.pos : self.pos + 120].lstrip(" \t(").lower()
        stops = rest.startswith(("exit", "goto")) or " exit /b" in rest.partition("\n")[0]
        commands = self.recorder.commands
        for number in range(max(first, len(commands) - 1), len(commands)):
            failure: Failure = "stops" if stops else "ignored"
            commands[number] = commands[number]._replace(failure=failure)

    def _line_of(self, at: int) -> int:
        return self.document.host_line(self.document.index.position(min(at, self.end))[0])

    def _one(self) -> None:
        """Read one command or one block in parentheses."""
        self._leading()
        at = self.pos
        if self.peek() == "(":
            self._block()
            return
        match = _NAME.match(self.text, at, self.end) or WORD.match(self.text, at, self.end)
        if match is not None:
            builtin = self.builtins.get(match[0].lower())
            following = self.text[match.end() : match.end() + 1]
            if builtin is not None and (following in ' \t\n&|()./,;=:<>"' or not following):
                self.pos = match.end()
                builtin(at)
                return
        self._program(at)

    def _block(self) -> None:
        at = self.pos
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.recorder.unreadable(at, "nested too deeply to be read")
            self.pos = self.end
            return
        self.blocks += 1
        self.pos += 1
        outputs = self._block_output(at)
        self.outputs += outputs
        saved, probe = self.context, self.probe
        while self.pos < self.end:
            self._leading()
            if self.peek() == ")":
                self.pos += 1
                break
            before = self.pos
            self._line()
            if self.pos == before:
                self.pos += 1
        else:
            self.recorder.unreadable(at, "a parenthesis that is not closed")
        del self.outputs[len(self.outputs) - len(outputs) :]
        self.context, self.probe = saved, self.probe or probe
        self.blocks -= 1
        self.depth -= 1
        self.blank()
        while self.at_redirection():
            self.redirection()
            self.blank()

    def _block_output(self, at: int) -> list[Redirection]:
        """Return where a block writes to: that stands behind it."""
        stop = min(self.end, at + _FAR)
        match = _BLOCK_OUTPUT.match(self.text, at + 1, stop)
        if match is None:
            return []
        text, certainty = self.filled(match[2].strip('"'))
        return [Redirection(match[1], Word(text, certainty))]

    # programs

    def _program(self, at: int) -> None:
        argv, redirections = self._argv()
        if argv:
            self.run(argv, at, redirections)

    def _argv(self) -> tuple[list[Value], tuple[Redirection, ...]]:
        argv: list[Value] = []
        redirections: list[Redirection] = []
        stop = 0
        while self.pos < self.end:
            self.blank()
            char = self.peek()
            if char in "&|\n" or (char == ")" and self.blocks):
                break
            if char in "<>" or (char.isdigit() and self.at_redirection()):
                stop = stop or self.pos
                found = self.redirection()
                if found is not None and not found.target.text.startswith("&"):
                    redirections.append(found)
                continue
            value = self.word(argument=bool(argv))
            if value is None:
                self.pos += 1
                if char in "()" and argv:
                    last = argv[-1]
                    argv[-1] = Value(last.text + char, last.certainty, last.at)
                continue
            argv += _split(value, self.text)
        if len(argv) > 1 and base_name(argv[0].text) in _OWN_QUOTES:
            self._requoted(argv, stop or self.pos)
        return argv, tuple(redirections)

    def _requoted(self, argv: list[Value], stop: int) -> None:
        r"""Split arguments again as the program itself does, for which ``\"`` is a quote."""
        start = argv[1].at
        source = self.text[start:stop]
        if '\\"' not in source:
            return
        text, certainty = self.filled(source.replace("^\n", " "))
        argv[1:] = [
            Value(word, certainty, start, quoted=True) for word in split_command_line(text.rstrip())
        ]

    def run(self, argv: list[Value], at: int, redirections: tuple[Redirection, ...] = ()) -> None:
        """State a program that runs."""
        name = program_name(argv[0])
        feeds, self.feeds = self.feeds, ()
        self.probe = probe_of(name, [value.text for value in argv])
        if name in _SILENT:
            return
        context = self.context
        if self.frames and self._needs_call(at):
            context = context._replace(via=tuple(self.frames[:1]))
        state(Run(argv, at, context, redirections, feeds), self.recorder)

    def _needs_call(self, at: int) -> bool:
        source = self.text[at : min(self.pos, at + 2000)]
        return re.search(r"%~?[a-z]*[1-9]", source) is not None


def _split(value: Value, text: str) -> list[Value]:
    """Return the words that a variable with blanks in it comes to, where no quotes hold it."""
    if value.quoted or " " not in value.text.strip() or text.startswith('"', value.at):
        return [value]
    if value.certainty == "exact":
        return [value]
    return [Value(word, value.certainty, value.at) for word in value.text.split()]
