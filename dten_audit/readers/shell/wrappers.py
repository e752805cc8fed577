"""Peels one wrapper off a command: ``sudo -u x CMD``, ``ssh host 'CMD'``, ``find -exec CMD ;``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.readers.shell.options import Option, options
from dten_audit.readers.shell.tables import Wrapper, wrappers
from dten_audit.readers.shell.values import Field, cut, joined, plain, weaker

MAX_LISTED: Final = 32
"""With more arguments than this (``parallel … :::``, ``xargs``), a command is read once."""
_ASSIGNS: Final = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_COMMAND: Final = re.compile(r"[A-Za-z_./][\w.+/@:-]*", re.ASCII)


class Peeled(NamedTuple):
    """A wrapper and what it runs.

    ``used`` are the wrapper's own words. ``rest`` are the words of the command (``more`` those of
    further ones), or ``code`` is its shell text, whose ``$0``, ``$1``, … are ``code_arguments``.
    ``more_code`` are further shell texts. With neither, ``stdin`` says whether the wrapper runs
    what it reads. ``itself``: the wrapper is to be stated as a command of its own as well.
    """

    tool: str
    wrapper: Wrapper
    used: list[Field]
    rest: list[Field]
    target: str = ""
    more: tuple[list[Field], ...] = ()
    code: Field | None = None
    code_arguments: tuple[Field, ...] = ()
    environment: tuple[Field, ...] = ()
    deferred: bool = False
    stdin: bool = False
    more_code: tuple[Field, ...] = ()
    itself: bool = False


UNKNOWN_PREFIX: Final = Wrapper(
    "plain", frozenset(), frozenset(), (), 0, frozenset(), "", False, frozenset(), frozenset(),
    frozenset(), False, frozenset(), frozenset(), False, False, (),
)  # fmt: skip


def base_name(text: str) -> str:
    """Return the last component of a path."""
    return text.rpartition("/")[2]


def assignments(fields: tuple[Field, ...]) -> tuple[tuple[str, Field], ...]:
    """Take ``NAME=value`` words apart."""
    found = []
    for field in fields:
        at = field.text.find("=")
        found.append((field.text[:at], cut(field, at + 1, len(field.text))))
    return tuple(found)


def peel(argv: list[Field]) -> Peeled | None:
    """Return the outermost wrapper of a command; None where there is none."""
    first = argv[0]
    if not first.known:
        return _skip_unknown(argv)
    name = base_name(first.text)
    wrapper = wrappers().get(name)
    if wrapper is None:
        return None
    start = _after_subcommand(argv, wrapper)
    return None if start is None else _peel(name, argv, wrapper, start)


def _skip_unknown(argv: list[Field]) -> Peeled | None:
    """Pass over ``$STD`` in ``$STD systemctl …``: a prefix of unknown value, often none."""
    if argv[0].loose and len(argv) > 1 and argv[1].known and _COMMAND.fullmatch(argv[1].text):
        return Peeled(argv[0].text, UNKNOWN_PREFIX, argv[:1], argv[1:])
    return None


def _after_subcommand(argv: list[Field], wrapper: Wrapper) -> int | None:
    """Return where the words after the subcommand start; None where there is no such subcommand."""
    if not wrapper.subcommands:
        return 1
    said: list[str] = []
    for option in options(argv, 1, wrapper.globals):
        if option.name:
            continue
        said.append(option.value.text if option.value else "")
        if tuple(said) in wrapper.subcommands:
            return option.after
        if not any(words[: len(said)] == tuple(said) for words in wrapper.subcommands):
            return None
    return None


class _Seen:
    """What the options and operands of a wrapper have told so far."""

    __slots__ = (
        "code", "command", "deferred", "entry", "environment", "operands", "scripts", "target",
        "words",
    )  # fmt: skip

    def __init__(self, wrapper: Wrapper, end: int) -> None:
        self.target = ""
        self.deferred = wrapper.layer == "deferred"
        self.code: list[Field] = []
        self.entry: Field | None = None
        self.scripts: list[Field] = []
        self.environment: list[Field] = []
        self.operands = 0
        self.words = not wrapper.code or wrapper.assignments
        self.command = end

    def option(self, option: Option, wrapper: Wrapper) -> None:
        if option.name in wrapper.target and option.value:
            self.target = option.value.text
        if option.name in wrapper.code and option.value:
            self.code.append(option.value)
        if option.name in wrapper.entry and option.value and option.value.text:
            self.entry = option.value
        if option.name in wrapper.scripts and option.value:
            self.scripts.append(option.value)
        self.words = self.words or option.name in wrapper.switch
        if wrapper.deferred_by:
            self.deferred = self.deferred or option.name.startswith(wrapper.deferred_by)

    def operand(self, option: Option, wrapper: Wrapper) -> bool:
        """Take an operand; False where it is the first word of the command."""
        text = option.value.text if option.value else ""
        if wrapper.assignments and _ASSIGNS.match(text) and option.value:
            self.environment.append(option.value)
            return True
        own = self.operands < wrapper.positionals or not self.words
        if not own and wrapper.layer != "deferred":
            return False
        if "operand" in wrapper.target and not self.target and text != "-":
            self.target = text
        self.operands += text != "-"
        self.words = self.words or (wrapper.layer == "lock" and self.operands > 0)
        return True


def _peel(name: str, argv: list[Field], wrapper: Wrapper, start: int) -> Peeled | None:
    seen = _Seen(wrapper, len(argv))
    for option in options(argv, start, wrapper.values):
        if option.name in wrapper.stop:
            return None
        if option.name and wrapper.layer == "shell" and option.name in wrapper.code:
            return _shell(name, argv, wrapper, option.at + 1)
        if option.name:
            seen.option(option, wrapper)
        elif wrapper.layer == "shell" and wrapper.code:
            return None
        elif not seen.operand(option, wrapper):
            seen.command = option.at
            break
        elif seen.entry is not None and seen.operands == wrapper.positionals:
            seen.command = option.after
            break
    return _result(name, argv, wrapper, seen)._replace(
        target=seen.target or wrapper.default,
        environment=tuple(seen.environment),
        deferred=seen.deferred,
    )


def _result(name: str, argv: list[Field], wrapper: Wrapper, seen: _Seen) -> Peeled:
    """Return what follows the wrapper's own words."""
    if seen.code:
        own = [word for word in argv if not any(word is code for code in seen.code)]
        return Peeled(name, wrapper, own, [], code=seen.code[0], more_code=tuple(seen.code[1:]))
    if seen.scripts:
        shell = plain("sh")
        more = tuple([shell, script] for script in seen.scripts[1:])
        return Peeled(name, wrapper, argv, [shell, seen.scripts[0]], more=more, itself=True)
    starts = [n + 1 for n, field in enumerate(argv) if n and field.text in wrapper.after]
    if wrapper.until and wrapper.after:
        found = [_up_to(argv[start:], wrapper) for start in starts]
        rest, more = (found[0], tuple(found[1:])) if found else ([], ())
        own = argv[: starts[0]] if starts else argv
        return Peeled(name, wrapper, own, rest, more=more, itself=wrapper.itself)
    command = starts[0] if starts else seen.command
    rest = _up_to(argv[command:], wrapper)
    if wrapper.joined:
        listed = argv[command + len(rest) :] if wrapper.until else []
        texts = _for_each(joined(rest, " ") if rest else None, listed, wrapper)
        if texts:
            own = argv[:command]
            return Peeled(name, wrapper, own, [], code=texts[0], more_code=tuple(texts[1:]))
    if seen.entry is not None:
        rest = [seen.entry, *rest]
    stdin = wrapper.stdin and not rest
    return Peeled(name, wrapper, argv[:command], rest, stdin=stdin, itself=wrapper.itself)


def _for_each(text: Field | None, listed: list[Field], wrapper: Wrapper) -> list[Field]:
    """Return a shell text for each of the arguments behind ``:::``, if that is one short list."""
    items = listed[1:]
    several = any(item.text in wrapper.until for item in items)
    if not items or several or len(items) > MAX_LISTED or listed[0].text != ":::":
        return [] if text is None else [text]
    if text is None:
        return items
    return [filled(text, "{}", item) if "{}" in text.text else joined([text, item], " ")
            for item in items]  # fmt: skip


def filled(text: Field, hole: str, item: Field) -> Field:
    """Return a text with each ``hole`` in it replaced."""
    certainty = weaker(weaker(text.certainty, item.certainty), "resolved")
    return text._replace(text=text.text.replace(hole, item.text), certainty=certainty)


def _up_to(words: list[Field], wrapper: Wrapper) -> list[Field]:
    end = next((n for n, field in enumerate(words) if field.text in wrapper.until), len(words))
    return words[:end]


def _shell(name: str, argv: list[Field], wrapper: Wrapper, at: int) -> Peeled | None:
    """Peel ``sh -c TEXT NAME ARGUMENT…``; options may stand between ``-c`` and the text."""
    while at < len(argv) and argv[at].known and argv[at].text.startswith(("-", "+")):
        at += 1
    if at >= len(argv):
        return None
    return Peeled(name, wrapper, argv[:at], [], code=argv[at], code_arguments=tuple(argv[at + 1 :]))
