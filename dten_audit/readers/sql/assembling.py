"""Puts SQL text together from literals, as a script does before it executes the text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.readers.sql.tokens import Token, content_of

HOLE: Final = "${}"
"""What stands for a computed part."""
MAX_LITERALS: Final = 500
MAX_VARIABLES: Final = 200
MAX_TEXT: Final = 100_000
"""How long a text may grow that a script puts together step by step."""
_CHANGES: Final = re.compile(
    r"\s*+(?:alter|create|drop|truncate|rename|update|delete|reindex|lock|cluster|vacuum|refresh"
    r"|optimize|do|begin|if|declare|exec|execute)\b",
    re.IGNORECASE,
)
_BREAKS: Final = frozenset("then else when case if select from where and or end".split())
_ENDS: Final = frozenset(("using", "into"))
_NEXT: Final = frozenset("exec execute set declare print go begin end if else while return".split())
_OPENERS: Final = frozenset("; declare begin then else loop set".split())
_JOINING: Final = frozenset(("concat", "concat_ws"))


class Assembled(NamedTuple):
    """SQL text put together from literals; ``start`` is where the first of them stands.

    ``exact`` says that it is one literal, so that every offset in it is one of the document.
    """

    text: str
    start: int
    exact: bool
    computed: bool

    @property
    def changes(self) -> bool:
        """Whether it starts like a statement that may change something."""
        return _CHANGES.match(self.text) is not None


class _Run:
    """Literals and holes that are joined, while they are collected."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.start = 0
        self.literals = 0

    def literal(self, token: Token) -> None:
        inside = content_of(token)
        if not self.literals:
            self.start = inside.start
        self.literals += 1
        self.pieces.append(inside.text)

    def hole(self) -> None:
        if self.pieces[-1:] != [HOLE]:
            self.pieces.append(HOLE)

    def take(self) -> Assembled | None:
        """Return what was collected, and start anew."""
        pieces, literals, start = self.pieces, self.literals, self.start
        self.pieces, self.literals = [], 0
        if not literals:
            return None
        text = "".join(pieces)
        computed = HOLE in pieces or "%I" in text or "%s" in text
        return Assembled(text, start, len(pieces) == 1, computed)


def assemble(expression: list[Token]) -> list[Assembled]:
    """Return the texts that an expression of literals, names and functions may give.

    ``||``, ``+`` and ``CONCAT`` join; the branches of IF and CASE are texts of their own;
    ``format('… %I …', name)`` is its first literal.
    """
    run, found = _Run(), []
    functions: list[str] = []
    for number, token in enumerate(expression[: 4 * MAX_LITERALS]):
        top = functions[-1] if functions else ""
        if token.kind == "string":
            if top != "format" or not run.literals:
                run.literal(token)
        elif token.text == "(":
            functions.append(expression[number - 1].text if number else "")
        elif token.text == ")":
            functions = functions[:-1]
        elif token.kind == "word" and token.text in _ENDS and not functions:
            break
        elif token.text in _BREAKS or (token.text == "," and top not in _JOINING | {"format"}):
            found.append(run.take())
        elif top != "format" and token.kind != "mark" and not _is_function(expression, number):
            run.hole()
    found.append(run.take())
    return [text for text in found if text is not None]


def _is_function(tokens: list[Token], number: int) -> bool:
    return number + 1 < len(tokens) and tokens[number + 1].text == "("


class Variables:
    """The texts that variables may hold, as far as literals were assigned to them."""

    def __init__(self) -> None:
        self._texts: dict[str, list[Assembled]] = {}

    def learn(self, tokens: list[Token]) -> None:
        """Take in the assignments among ``tokens``: ``x := …``, ``SET @x = …``, ``@x += …``."""
        number, size = 0, len(tokens)
        target, opened, declares = "", True, False
        while number < size:
            said, is_word = tokens[number].said, tokens[number].kind == "word"
            if is_word and (opened or said.startswith("@")):
                target, opened = said, False
            if said in _OPENERS:
                opened, declares = True, said == "declare"
            begin = 0 if is_word else _assigned(tokens, number, target, declares=declares)
            if begin:
                number = _expression_end(tokens, begin)
                self._learn(target, tokens[begin:number], adds=said == "+")
            else:
                number += 1

    def _learn(self, target: str, expression: list[Token], *, adds: bool) -> None:
        """Take in an assignment; ``x := x || …`` goes on with the text that x has."""
        itself = len(expression) > 2 and expression[0].text == target  # noqa: PLR2004 (x + …)
        goes_on = itself and expression[1].text in ("+", "|")
        texts = assemble(expression[2:] if goes_on else expression)
        known = self._texts.get(target, [])
        if (goes_on or adds) and len(known) == len(texts) == 1 and not texts[0].changes:
            computed = known[0].computed or texts[0].computed or HOLE in texts[0].text
            whole = known[0].text + texts[0].text
            if len(whole) <= MAX_TEXT:
                texts, adds = (
                    [Assembled(whole, known[0].start, exact=False, computed=computed)],
                    False,
                )
        elif goes_on:
            adds = True
        self._assign(target, texts, adds=adds)

    def _assign(self, name: str, texts: list[Assembled], *, adds: bool) -> None:
        if len(self._texts) < MAX_VARIABLES or name in self._texts:
            known = self._texts.get(name, []) if adds else []
            self._texts[name] = (known + texts)[:MAX_LITERALS]

    def texts(self, expression: list[Token]) -> list[Assembled]:
        """Return what the first variable of an expression may hold."""
        names = [t.text for t in expression if t.kind in ("word", "hole")]
        return self._texts.get(names[0], []) if names else []


def _assigned(tokens: list[Token], number: int, target: str, *, declares: bool) -> int:
    """Return where the expression begins that a mark assigns to a variable; 0 where it does not."""
    said = tokens[number].said
    if said == ":=":
        return number + 1
    if said not in ("=", "+") or not (declares or tokens[number - 1].text == target):
        return 0
    if said == "=":
        return number + 1 if target.startswith("@") else 0
    adds = number + 1 < len(tokens) and tokens[number + 1].said == "="
    return number + 2 if adds else 0


def _expression_end(tokens: list[Token], start: int) -> int:
    depth = 0
    for number in range(start, len(tokens)):
        token = tokens[number]
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif depth <= 0 and (
            (token.kind == "mark" and token.text == ";")
            or (token.kind == "word" and token.text in _NEXT and number > start)
        ):
            return number
    return len(tokens)
