"""Reads ``.rules`` files: the tests under which a function says ``polkit.Result.YES``.

A small certain reader of the JavaScript that such files use: ``if``, ``return``, ``switch``, tests
of the action's id and of the subject. What it does not understand it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.polkit import PolkitRule
from dten_audit.readers.polkit.conditions import (
    ALWAYS,
    UNSURE,
    Case,
    Cases,
    Conditions,
    both,
    merged,
)
from dten_audit.readers.polkit.tokens import Token, tokens

_DEEPEST: Final = 40
_HEAD: Final = 12
"""So many tokens stand at most before a function's body."""
_CLOSES: Final = {")": "(", "]": "[", "}": "{"}
_YES: Final = "polkit.Result.YES"


class _Block(NamedTuple):
    """The tokens from ``start`` to ``end``, which are run in these cases."""

    start: int
    end: int
    cases: Cases
    depth: int = 0


def read_rules(document: Document) -> Iterator[PolkitRule | Unreadable]:
    """State each answer ``yes``, and who is made an administrator."""
    reader = _Reader(document)
    reader.read()
    yield from reader.found
    yield from reader.unread()


def _pairs(words: Sequence[Token]) -> dict[int, int]:
    """Return the places of closing brackets by those of the opening ones."""
    found: dict[int, int] = {}
    stacks: dict[str, list[int]] = {"(": [], "[": [], "{": []}
    for number, token in enumerate(words):
        if token.kind != "sign":
            continue
        if token.text in stacks:
            stacks[token.text].append(number)
        elif token.text in _CLOSES and stacks[_CLOSES[token.text]]:
            found[stacks[_CLOSES[token.text]].pop()] = number
    return found


class _Reader:
    """Walks through the functions of one file."""

    def __init__(self, document: Document) -> None:
        self.found: list[PolkitRule] = []
        self._document = document
        self._tokens = tokens(document.text)
        self._ends = _pairs(self._tokens)
        self._conditions = Conditions(self._tokens, self._ends)
        self._answers: set[int] = set()

    def read(self) -> None:
        """Find the rules and what they say yes to."""
        for number, token in enumerate(self._tokens):
            if token.text in ("var", "let", "const") and token.kind == "name":
                self._variable(number)
        for number, token in enumerate(self._tokens):
            if token.kind != "name" or number + 1 not in self._ends:
                continue
            if token.text == "polkit.addRule":
                self._walk(self._body(number + 1))
            elif token.text == "polkit.addAdminRule":
                self._administrators(number + 1)

    def unread(self) -> Iterator[Unreadable]:
        """Yield the answers YES that no walk came upon."""
        for number, token in enumerate(self._tokens):
            if token.text == _YES and number not in self._answers:
                line, _ = self._document.index.position(token.offset)
                reason = "an answer YES under tests that are not understood"
                yield Unreadable(self._document.location(line), "polkit", reason)

    def _variable(self, place: int) -> None:
        if [token.text for token in self._tokens[place + 2 : place + 3]] == ["="]:
            end = self._statement_end(place + 3, len(self._tokens))
            self._conditions.remember(self._tokens[place + 1].text, place + 3, end)

    def _body(self, opening: int) -> _Block:
        """Return the body of the function in these parentheses; nothing where it is not here."""
        end = self._ends[opening]
        for number in range(opening + 1, min(end, opening + _HEAD)):
            if self._tokens[number].text == "{" and number in self._ends:
                return _Block(number + 1, self._ends[number], ALWAYS)
        return _Block(end, end, ALWAYS)

    def _administrators(self, opening: int) -> None:
        for token in self._tokens[opening : self._ends[opening]]:
            if token.kind == "text" and token.text.startswith(("unix-user:", "unix-group:")):
                self._state(token, Case(who=(token.text,)), administrators=True)

    def _walk(self, block: _Block) -> None:
        """Go through the statements of a block."""
        place, cases = block.start, block.cases
        while place < block.end:
            token = self._tokens[place]
            deeper = block.depth < _DEEPEST
            word = token.text if token.kind != "text" else ""
            if word == "if" and deeper and place + 1 in self._ends:
                place, cases = self._if(place, block._replace(cases=cases))
            elif word == "return":
                end = self._statement_end(place + 1, block.end)
                self._answer(place + 1, end, cases)
                place = end + 1
            elif word == "switch" and deeper and place + 1 in self._ends:
                place = self._switch(place, block._replace(cases=cases))
            elif word in ("for", "while") and place + 1 in self._ends:
                cases = both(cases, UNSURE)
                place = self._ends[place + 1] + 1
            elif word == "{" and place in self._ends and deeper:
                self._walk(_Block(place + 1, self._ends[place], cases, block.depth + 1))
                place = self._ends[place] + 1
            else:
                place = self._ends.get(place, place) + 1

    def _if(self, place: int, block: _Block) -> tuple[int, Cases]:
        """Go through an ``if``; return where it ends, and the cases that come past it."""
        test = (place + 2, self._ends[place + 1])
        start = self._ends[place + 1] + 1
        end = self._branch_end(start, block.end)
        held = both(block.cases, self._conditions.cases(*test))
        failed = both(block.cases, self._conditions.cases(*test, negated=True))
        self._walk(_Block(start, end, held, block.depth + 1))
        leaves = "return" in (token.text for token in self._tokens[start:end])
        if end < block.end and self._tokens[end].text == "else":
            other = self._branch_end(end + 1, block.end)
            self._walk(_Block(end + 1, other, failed, block.depth + 1))
            return other, block.cases
        return end, failed if leaves else block.cases

    def _branch_end(self, start: int, end: int) -> int:
        """Return the place behind a branch: a block, an ``if``, or one statement."""
        for _ in range(_DEEPEST):
            if start >= end:
                return end
            if self._tokens[start].text == "{" and start in self._ends:
                return self._ends[start] + 1
            if self._tokens[start].text != "if" or start + 1 not in self._ends:
                return min(self._statement_end(start, end) + 1, end)
            after = self._branch_end_of_if(start, end)
            if after is not None:
                return after
            start = self._ends[start + 1] + 1
        return end

    def _branch_end_of_if(self, start: int, end: int) -> int | None:
        """Return the end of ``if (…) {…}`` with all its ``else``; None where no block follows."""
        place = self._ends[start + 1] + 1
        if place >= end or self._tokens[place].text != "{" or place not in self._ends:
            return None
        place = self._ends[place] + 1
        while place < end and self._tokens[place].text == "else":
            place += 1
            if place < end and self._tokens[place].text == "if" and place + 1 in self._ends:
                place = self._ends[place + 1] + 1
            place = self._ends.get(place, place) + 1
        return min(place, end)

    def _switch(self, place: int, block: _Block) -> int:
        """Go through ``switch (action.id) { case "x": … }``; return where it ends."""
        opening = self._ends[place + 1] + 1
        if opening not in self._ends:
            return opening
        of_action = any(t.text.endswith(".id") for t in self._tokens[place:opening])
        labels: list[str] = []
        number, end = opening + 1, self._ends[opening]
        while number < end:
            if self._tokens[number].text == "case" and number + 1 < end:
                labels.append(self._tokens[number + 1].text)
                number += 3
            elif self._tokens[number].text == "default":
                number += 2
            else:
                stop = self._statement_end(number, end)
                case = Case(tuple(labels)) if labels and of_action else Case(sure=False)
                inside = both(block.cases, (case,))
                self._walk(_Block(number, min(stop + 1, end), inside, block.depth + 1))
                if self._tokens[number].text in ("return", "break"):
                    labels = []
                number = stop + 1
        return end + 1

    def _statement_end(self, start: int, end: int) -> int:
        """Return the place of the ``;`` that ends a statement, or of the bracket behind it."""
        place = start
        while place < end and self._tokens[place].text not in (";", "}"):
            place = self._ends.get(place, place) + 1
        return min(place, end)

    def _answer(self, start: int, end: int, cases: Cases) -> None:
        """State an answer, if it is yes: by itself, or as one side of ``test ? … : …``."""
        signs = {
            t.text: n for n, t in enumerate(self._tokens[start:end], start) if t.kind == "sign"
        }
        if "?" in signs and ":" in signs:
            negated = _YES not in (t.text for t in self._tokens[signs["?"] : signs[":"]])
            cases = both(cases, self._conditions.cases(start, signs["?"], negated=negated))
        for number in range(start, end):
            token = self._tokens[number]
            plain = token.kind == "text" and token.text == "yes" and end == start + 1
            if token.text == _YES or plain:
                self._answers.add(number)
                for case in merged(cases):
                    self._state(self._tokens[start], case)

    def _state(self, token: Token, case: Case, *, administrators: bool = False) -> None:
        line, _ = self._document.index.position(token.offset)
        self.found.append(
            PolkitRule(
                self._document.location(line),
                self._document.id,
                self._document.path,
                case.actions or (),
                case.who or (),
                case.conditions,
                administrators,
                "exact" if case.sure else "computed",
            )
        )
