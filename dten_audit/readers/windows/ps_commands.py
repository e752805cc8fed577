"""Runs PowerShell's commands: their words, pipes and redirections, and what some of them mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, cast

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Failure, Layer, Redirection, Word
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.windows import ps_scan as scan
from dten_audit.readers.windows.parameters import parameter
from dten_audit.readers.windows.programs import state
from dten_audit.readers.windows.ps_definitions import Definitions
from dten_audit.readers.windows.values import (
    Context,
    Run,
    Value,
    base_name,
    program_name,
    split_command_line,
)

_REDIRECT: Final = re.compile(r"([1-6*])?(>>?)(?:&([12]))?")
_VERBATIM: Final = re.compile(r"[^\n|]*+")
_GLUED: Final = re.compile(r"-[A-Za-z]\w*+:(?=[$\"'(@])")
_SERVICE_VERBS: Final = frozenset(
    "create start stop delete config failure query queryex description pause continue".split()
)
_IGNORES: Final = frozenset(("silentlycontinue", "ignore", "0"))
_MOST_LISTED: Final = 200
FED: Final = "$_"
_PASSES_ON: Final = frozenset(("where-object", "select-object", "sort-object", "tee-object"))


@from_tables
def _table() -> dict[str, object]:
    return cast("dict[str, object]", knowledge("windows_commands"))


@from_tables
def aliases() -> dict[str, str]:
    """Return PowerShell's aliases."""
    return cast("dict[str, str]", _table()["aliases"])


@from_tables
def _remote() -> dict[str, list[str]]:
    return cast("dict[str, list[str]]", _table()["runs_block"])


@from_tables
def _names(section: str) -> frozenset[str]:
    return frozenset(cast("list[str]", _table()[section]))


class Commands(Definitions):
    """Commands; those that mean more than their words are in the child class."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._stops = False
        self.special: dict[str, Callable[[Run], bool]] = {}

    # reading

    def command(self, at: int, feed: Value | None, operator: str) -> Value:
        """Read a command and run it; ``feed`` is what comes through the pipe."""
        start = self.pos
        argv, redirections = self._words()
        if not argv:
            return Value("", "computed", at)
        first = argv[0]
        if first.block is not None and operator:
            self.walk_block(first, self.context)
            return Value("", "computed", at)
        if first.items and not first.known and not operator:
            return first
        return self.run(argv, max(start, at), redirections, feed)

    def _words(self) -> tuple[list[Value], tuple[Redirection, ...]]:
        """Read words up to the end of the command."""
        text = self.text
        argv: list[Value] = []
        redirections: list[Redirection] = []
        listed = False
        while self.pos < self.end:
            self.blanks(scan.BLANK)
            at = self.pos
            char = text[at] if at < self.end else "\n"
            if self._ended(char):
                break
            if char == "," and argv:
                self.pos += 1
                self.blanks()
                listed = True
                continue
            match = _REDIRECT.match(text, at) if char in ">123456*" else None
            if match is not None:
                self._redirection(match, redirections)
                continue
            if text.startswith("--%", at):
                self._verbatim(argv)
                break
            glued = _GLUED.match(text, at) if char == "-" else None
            if glued is not None:
                self.pos = glued.end()
                argv.append(Value(glued[0][:-1], "exact", at))
                continue
            value = self.argument()
            if value is None:
                self.pos = max(self.pos, at + 1)
                continue
            if listed and argv:
                argv[-1] = _listed(argv[-1], value)
            else:
                argv.append(value)
            listed = False
        return argv, tuple(redirections)

    def _ended(self, char: str) -> bool:
        """Tell whether ``char`` ends a command; a single ``&`` is passed over."""
        if char == "&" and not self.text.startswith("&&", self.pos):
            self.pos += 1
        return char in "\n;)}|#&"

    def _redirection(self, match: re.Match[str], found: list[Redirection]) -> None:
        self.pos = match.end()
        if match[3]:
            return
        self.blanks(scan.BLANK)
        target = self.argument()
        if target is not None and target.text:
            number = int(match[1]) if match[1] and match[1] != "*" else -1
            operator = f"&{match[2]}" if match[1] == "*" else match[2]
            found.append(Redirection(operator, target.word, number))

    def _verbatim(self, argv: list[Value]) -> None:
        """Read what follows ``--%``: words as cmd would pass them on."""
        at = self.pos + 3
        match = _VERBATIM.match(self.text, at)
        self.pos = match.end() if match is not None else self.end
        line = self.text[at : self.pos]
        argv += [Value(word, "exact", at) for word in split_command_line(line)]

    def redirect(self, value: Value) -> bool:
        """Read ``> file`` behind an expression."""
        match = _REDIRECT.match(self.text, self.pos)
        if match is None:
            return False
        found: list[Redirection] = []
        self._redirection(match, found)
        for redirection in found:
            if value.known and redirection.target.certainty != "computed":
                append = redirection.operator.endswith(">>")
                self.recorder.write(value, redirection.target.text, append=append)
        return True

    def assign(self, target: str, value: Value, operator: str) -> None:
        """Note what a variable holds: nothing certain where another branch may set it too."""
        match = scan.VARIABLE.search(target)
        if match is None or target.rstrip()[-1:] in ("]", ")"):
            return
        name = (match[1] or match[3] or "").lower()
        for scope in ("script:", "global:", "local:", "private:"):
            name = name.removeprefix(scope)
        if "." in target[match.end() - len(target) :] and match.end() < len(target.rstrip()):
            self.variables.pop(name, None)
            return
        if name == "erroractionpreference":
            self._stops = value.text.lower() == "stop"
            failure: Failure = "stops" if self._stops else "default"
            if value.text.lower() in _IGNORES:
                failure = "ignored"
            self.context = self.context._replace(failure=failure)
        self.sources[name] = self.text[value.at : self.pos][:800]
        self.unread_block(value)
        often = self.counts.get(name, 0) > 1
        if operator != "=" or (often and self.conditional):
            self.variables.pop(name, None)
            return
        self.variables[name] = value

    # running

    def run(
        self,
        argv: list[Value],
        at: int,
        redirections: tuple[Redirection, ...] = (),
        feed: Value | None = None,
    ) -> Value:
        """Run a command; what it returns stands for its output."""
        words = _flat(argv)
        first = words[0]
        name = self._name(words)
        failure = self.context.failure
        preference = parameter(words, "erroraction", ("ea",))
        if preference is not None and preference.text.lower() in _IGNORES:
            failure = "ignored"
        context = self.context._replace(failure=failure)
        procedure = self.functions.get(first.text.lower()) if first.known else None
        if procedure is not None:
            self.blocks(words, context)
            self.call(procedure, words[1:], at, context)
            return Value("", "computed", at)
        context = context._replace(via=self.call_sites(at))
        run = Run(words, at, context, redirections, _feeds(feed), (), name)
        if feed is not None:
            self.variables[FED] = feed
        handler = self.special.get(name)
        if handler is None or not handler(run):
            self._ordinary(run)
        self.variables.pop(FED, None)
        if feed is not None and name in _PASSES_ON:
            return feed
        return Value("", "computed", at, call=tuple(words))

    def _name(self, words: list[Value]) -> str:
        """Return the name of what runs: a cmdlet for its alias, a program's base name."""
        first = words[0]
        if not first.known:
            return program_name(first)
        text = first.text.lower()
        alias = aliases().get(text)
        if alias is not None and text not in self.functions:
            second = words[1].text.lower() if len(words) > 1 else ""
            if text != "sc" or not (second in _SERVICE_VERBS or second.startswith("\\\\")):
                return alias
        return base_name(first.text)

    def _ordinary(self, run: Run) -> None:
        """State a command after what its blocks run."""
        name, words = run.name, run.argv
        context = run.context
        if name in _remote():
            context = self._elsewhere(run)
        elif name in _names("later"):
            context = context._replace(deferred=True)
        elif name in _names("inert"):
            context = context._replace(called=False)
        self.blocks(words, context)
        if name in _remote() and (script := parameter(words, "filepath")) is not None:
            self.recorder.command(run._replace(argv=[script], context=context, name=""))
        if "-" in name or not name:
            self.recorder.command(run)
        else:
            state(run, self.recorder)

    def _elsewhere(self, run: Run) -> Context:
        """Return the context of a block that runs on another host."""
        for name in _remote()[run.name]:
            where = parameter(run.argv, name)
            if where is not None:
                target = where.text if where.known else ""
                line = self.line_of(run.at)
                layer = Layer(run.name, "remote", tuple(v.word for v in run.argv[:1]), target,
                              line=line)  # fmt: skip
                return run.context._replace(layers=(*run.context.layers, layer))
        return run.context

    def blocks(self, words: list[Value], context: Context) -> None:
        """Read the script blocks among a command's words."""
        for word in words:
            if word.block is not None:
                self.walk_block(word, context)

    def walk_block(self, value: Value, context: Context) -> None:
        """Read a script block where it is used."""
        if value.block is not None:
            for name, place in list(self.unused.items()):
                if place == value.block:
                    del self.unused[name]
            before = self.conditional
            self.walk(*value.block, context)
            self.conditional = before


def _flat(argv: list[Value]) -> list[Value]:
    """Return words with arrays as several, and splatted tables as parameters."""
    words: list[Value] = []
    for value in argv:
        if value.table is not None and value.text.startswith("@") and value.text != "@{…}":
            for key, held in value.table:
                words.append(Value(f"-{key}", "exact", value.at))
                words += held.items or (held,)
        elif value.items:
            words += value.items
        else:
            words.append(value)
    return words or [Value("", "computed")]


def _feeds(feed: Value | None) -> tuple[tuple[Word, ...], ...]:
    if feed is None:
        return ()
    if feed.call:
        return (tuple(value.word for value in feed.call),)
    items = feed.items or (feed,)
    return ((Word("write-output"), *(item.word for item in items)),)


def _listed(last: Value, value: Value) -> Value:
    """Return a list with one more value; of a very long one the start."""
    if len(last.items) >= _MOST_LISTED:
        return last
    items = (*(last.items or (last,)), *(value.items or (value,)))
    return Value("", "computed", last.at, items=items)
