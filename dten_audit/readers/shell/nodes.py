"""The syntax tree of a shell script. Offsets count in the text of the script's source.

Nodes that hold nodes are plain classes, never changed once made: mypy takes minutes over recursive
named tuples, and dataclasses take longer to define than a small package to audit.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from dten_audit.readers.shell.values import Field, plain


class Literal(NamedTuple):
    """Text that stands for itself. ``offset`` counts from the start of its word."""

    text: str
    offset: int
    quoted: bool


class Parameter(NamedTuple):
    """``$name`` or ``${name…}``.

    ``operator`` is what follows the name (``:-``, ``%%``, ``/``, …), ``#`` in front of it is
    ``length``, ``!`` in front is ``indirect``. ``subscript`` is what stands in brackets, ``key``
    the same as a word where commands run in it.
    """

    name: str
    operator: str
    operand: Shape | None
    subscript: str
    source: str
    offset: int
    quoted: bool
    key: Shape | None = None


class Substitution:
    """``$(…)``, backquotes, ``<(…)`` or ``>(…)``: commands inside a word."""

    __slots__ = ("body", "offset", "quoted", "source")

    def __init__(self, body: Body, source: str, offset: int, quoted: bool) -> None:
        self.body = body
        self.source = source
        self.offset = offset
        self.quoted = quoted


class Arithmetic:
    """``$((…))`` or ``$[…]``, with the commands inside it."""

    __slots__ = ("inner", "offset", "quoted", "source")

    def __init__(self, inner: tuple[Part, ...], source: str, offset: int, quoted: bool) -> None:
        self.inner = inner
        self.source = source
        self.offset = offset
        self.quoted = quoted


class ArrayLiteral(NamedTuple):
    """``(a b c)`` after ``name=``; each element with its absolute offset."""

    items: tuple[tuple[Shape, int], ...]
    source: str
    offset: int
    quoted: bool


Part: TypeAlias = "Literal | Parameter | Substitution | Arithmetic | ArrayLiteral"


class Shape:
    """A word wherever it stands: its parts, and what follows from them alone.

    ``text`` is its value if it is only literal text, else None. ``quoted`` says that any of it is.
    ``plain`` is the argument that it always becomes; None where state matters, or places: in
    ``spaced`` words, which may hold commands or statements. ``runs`` says that commands inside it
    run when it is expanded.
    """

    __slots__ = ("parts", "plain", "quoted", "runs", "source", "spaced", "text")

    def __init__(self, source: str, parts: tuple[Part, ...], *, quoted: bool) -> None:
        self.source = source
        self.parts = parts
        self.quoted = quoted
        self.runs = False
        self.spaced = quoted and (" " in source or "\n" in source or "\t" in source)
        self.plain: Field | None = None
        texts = [part.text for part in parts if type(part) is Literal]
        if len(texts) != len(parts):
            self.text: str | None = None
            self.runs = any(
                type(part) is not Literal
                and (type(part) is not Parameter or part.operand or part.key)
                for part in parts
            )
            return
        self.text = "".join(texts)
        if not self.spaced and (quoted or "{" not in source):
            self.plain = plain(self.text)


class Heredoc:
    """A here-document. ``start`` and ``end`` bound its body, known once its line has ended."""

    __slots__ = ("body", "delimiter", "end", "quoted", "start", "strip")

    def __init__(self, delimiter: str, *, quoted: bool, strip: bool) -> None:
        self.delimiter = delimiter
        self.quoted = quoted
        self.strip = strip
        self.start = self.end = 0
        self.body = Shape("", (), quoted=True)


class Redirect(NamedTuple):
    """``operator`` as written; ``descriptor`` the number before it, or -1."""

    operator: str
    descriptor: int
    target: Shape
    start: int
    heredoc: Heredoc | None = None


class Assignment(NamedTuple):
    """``name=value``, ``name[subscript]=value``, ``name+=value``.

    ``key`` is the subscript as a word where commands run in it.
    """

    name: str
    subscript: str
    append: bool
    value: Shape
    start: int
    key: Shape | None = None


class Simple(NamedTuple):
    """A simple command; ``starts`` are the offsets of its words.

    ``name`` is the first word, if it is literal. ``plain`` says that all its words are, ``runs``
    that one of its words runs commands.
    """

    words: tuple[Shape, ...]
    starts: tuple[int, ...]
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    offset: int
    name: str = ""
    plain: bool = False
    runs: bool = False


class Pipeline:
    """Commands joined by ``|``."""

    __slots__ = ("commands", "offset")

    def __init__(self, commands: tuple[Node, ...], offset: int) -> None:
        self.commands = commands
        self.offset = offset


class Not:
    """``! command``."""

    __slots__ = ("command", "offset")

    def __init__(self, command: Node, offset: int) -> None:
        self.command = command
        self.offset = offset


class AndOr:
    """``first && … || …``: commands with the operator before each."""

    __slots__ = ("first", "offset", "rest")

    def __init__(self, first: Node, rest: tuple[tuple[str, Node], ...], offset: int) -> None:
        self.first = first
        self.rest = rest
        self.offset = offset


class Background:
    """``command &``."""

    __slots__ = ("command", "offset")

    def __init__(self, command: Node, offset: int) -> None:
        self.command = command
        self.offset = offset


class If:
    """``if``; an ``elif`` is an ``If`` alone in ``otherwise``."""

    __slots__ = ("condition", "offset", "otherwise", "then")

    def __init__(self, condition: Body, then: Body, otherwise: Body, offset: int) -> None:
        self.condition = condition
        self.then = then
        self.otherwise = otherwise
        self.offset = offset


class Loop:
    """``while`` and ``until``. ``assigned`` are names that the loop may set.

    ``size`` is the number of commands inside.
    """

    __slots__ = ("assigned", "body", "condition", "offset", "size", "until")

    def __init__(
        self,
        condition: Body,
        body: Body,
        until: bool,
        assigned: frozenset[str],
        size: int,
        offset: int,
    ) -> None:
        self.size = size
        self.condition = condition
        self.body = body
        self.until = until
        self.assigned = assigned
        self.offset = offset


class For:
    """``for`` and ``select``; ``words`` is None for the positional parameters.

    ``size`` is the number of commands inside.
    """

    __slots__ = ("assigned", "body", "name", "offset", "size", "words")

    def __init__(
        self,
        name: str,
        words: tuple[tuple[Shape, int], ...] | None,
        body: Body,
        assigned: frozenset[str],
        size: int,
        offset: int,
    ) -> None:
        self.name = name
        self.words = words
        self.body = body
        self.assigned = assigned
        self.size = size
        self.offset = offset


class Arm:
    """One branch of a ``case``; ``offset`` is that of its first pattern."""

    __slots__ = ("body", "offset", "patterns")

    def __init__(self, patterns: tuple[Shape, ...], body: Body, offset: int) -> None:
        self.patterns = patterns
        self.body = body
        self.offset = offset


class Case:
    """``case subject in …``."""

    __slots__ = ("arms", "offset", "start", "subject")

    def __init__(self, subject: Shape, start: int, arms: tuple[Arm, ...], offset: int) -> None:
        self.subject = subject
        self.start = start
        self.arms = arms
        self.offset = offset


class Group:
    """``{ …; }``, or ``( … )`` where ``subshell``; or any compound command with redirections."""

    __slots__ = ("body", "offset", "redirects", "subshell")

    def __init__(
        self, body: Body, subshell: bool, redirects: tuple[Redirect, ...], offset: int
    ) -> None:
        self.body = body
        self.subshell = subshell
        self.redirects = redirects
        self.offset = offset


class Function:
    """A function definition up to ``end``; ``size`` is the number of commands inside."""

    __slots__ = ("body", "end", "name", "offset", "size")

    def __init__(self, name: str, body: Node, size: int, offset: int, end: int) -> None:
        self.end = end
        self.name = name
        self.body = body
        self.size = size
        self.offset = offset


class Calculation:
    """``((…))``, with the commands inside it."""

    __slots__ = ("assigned", "inner", "offset", "text")

    def __init__(
        self, inner: tuple[Part, ...], text: str, assigned: frozenset[str], offset: int
    ) -> None:
        self.inner = inner
        self.text = text
        self.assigned = assigned
        self.offset = offset


Node: TypeAlias = (
    "Simple | Pipeline | Not | AndOr | Background | If | Loop | For | Case | Group | Function"
    " | Calculation"
)
Body: TypeAlias = tuple[Node, ...]
COMPOUND = (Pipeline, Not, AndOr, Background, If, Loop, For, Arm, Case, Group, Function)
"""Nodes that hold other nodes."""


class Problem(NamedTuple):
    """What the reader could not make sense of, and where."""

    offset: int
    reason: str
