"""The tests in a polkit rule: which actions and which subjects they let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from dten_audit.readers.polkit.tokens import Token

_MOST: Final = 64
_DEEPEST: Final = 30
_LOCAL: Final = "with a session on this host"
_PREFIXING: Final = (".indexOf", ".startsWith", ".match", ".search", ".lastIndexOf")


class Case(NamedTuple):
    """What a test lets through. ``actions`` and ``who`` are None where it asks for none.

    ``sure`` is False where a part of the test was not understood.
    """

    actions: tuple[str, ...] | None = None
    who: tuple[str, ...] | None = None
    conditions: tuple[str, ...] = ()
    sure: bool = True

    def __and__(self, other: Case) -> Case:
        return Case(
            self.actions if other.actions is None else other.actions,
            self.who if other.who is None else other.who,
            tuple(dict.fromkeys(self.conditions + other.conditions)),
            self.sure and other.sure,
        )


Cases = tuple[Case, ...]
ALWAYS: Final[Cases] = (Case(),)
UNSURE: Final[Cases] = (Case(sure=False),)


def both(first: Cases, second: Cases) -> Cases:
    """Return the cases in which two tests hold."""
    if len(first) * len(second) > _MOST:
        return UNSURE
    return tuple(one & other for one in first for other in second)


class Conditions:
    """Reads tests. ``ends`` are the places of closing brackets by those of the opening ones."""

    def __init__(self, tokens: Sequence[Token], ends: Mapping[int, int]) -> None:
        self._tokens = tokens
        self._ends = ends
        self._lists: dict[str, tuple[str, ...]] = {}

    def remember(self, name: str, start: int, end: int) -> None:
        """Note the texts that a variable is set to."""
        texts = tuple(token.text for token in self._tokens[start:end] if token.kind == "text")
        self._lists[name] = texts if name not in self._lists else ()

    def cases(self, start: int, end: int, *, negated: bool = False, depth: int = 0) -> Cases:
        """Return in which cases the test between two places holds, or does not (``negated``)."""
        if depth > _DEEPEST or start >= end:
            return UNSURE
        for sign in ("||", "&&"):
            parts = list(self._parts(start, end, sign))
            if len(parts) > 1:
                found = [self.cases(*part, negated=negated, depth=depth + 1) for part in parts]
                return _any(found) if (sign == "||") != negated else _all(found)
        first = self._tokens[start].text
        if first == "!" and self._tokens[start].kind == "sign":
            return self.cases(start + 1, end, negated=not negated, depth=depth + 1)
        if first == "(" and self._ends.get(start) == end - 1:
            return self.cases(start + 1, end - 1, negated=negated, depth=depth + 1)
        return (self._atom(self._tokens[start:end], negated=negated),)

    def _parts(self, start: int, end: int, sign: str) -> Iterator[tuple[int, int]]:
        place = begin = start
        while place < end:
            token = self._tokens[place]
            if token.kind == "sign" and token.text == sign:
                yield begin, place
                begin = place + 1
            place = self._ends.get(place, place) + 1
        yield begin, end

    def _atom(self, words: Sequence[Token], *, negated: bool) -> Case:
        """Return the case of a test that holds no other."""
        negated = negated != _is_negative(words)
        names = [word.text for word in words if word.kind == "name"]
        texts = tuple(word.text for word in words if word.kind == "text")
        texts = texts or tuple(
            text for name in names for text in self._lists.get(name.partition(".")[0], ())
        )
        if any(name.endswith(".isInGroup") for name in names) and texts:
            return _who("unix-group", texts, negated=negated)
        if any(name.endswith(".user") for name in names) and texts:
            return _who("unix-user", texts, negated=negated)
        if any(name.endswith(".lookup") for name in names) and texts:
            said = " is not " if negated else " is "
            return Case(conditions=(f"where {said.join(texts[:2])}",))
        if any(name.endswith((".local", ".active")) for name in names) and not texts:
            return Case(conditions=(_LOCAL.replace("with", "without") if negated else _LOCAL,))
        if any(name.endswith(".id") or ".id." in name for name in names) and texts:
            return _actions(words, names, texts, negated=negated)
        return Case(sure=False)


def merged(cases: Cases) -> Cases:
    """Return the same with fewer cases: those that differ in their actions only, or in whom."""
    by_who: dict[tuple[object, ...], Case] = {}
    for case in cases:
        key = (case.who, case.conditions, case.sure)
        known = by_who.get(key)
        actions = case.actions if known is None else _union(known.actions, case.actions)
        by_who[key] = case._replace(actions=actions)
    by_action: dict[tuple[object, ...], Case] = {}
    for case in by_who.values():
        key = (case.actions, case.conditions, case.sure)
        known = by_action.get(key)
        who = case.who if known is None else _union(known.who, case.who)
        by_action[key] = case._replace(who=who)
    return tuple(by_action.values())


def _union(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if one is None or other is None else tuple(dict.fromkeys(one + other))


def _any(found: list[Cases]) -> Cases:
    together = tuple(case for cases in found for case in cases)
    return together if len(together) <= _MOST else UNSURE


def _all(found: list[Cases]) -> Cases:
    held = ALWAYS
    for cases in found:
        held = both(held, cases)
    return held


def _is_negative(words: Sequence[Token]) -> bool:
    """Say whether a comparison asks for the opposite: ``!=``, ``== -1``, ``< 0``, ``== false``."""
    texts = [word.text for word in words if word.kind != "text"]
    unequal = sum(text in ("!=", "!==") for text in texts)
    absent = texts[-2:] in (["-", "1"], ["<", "0"]) or texts[-1:] == ["false"]
    return (unequal + absent) % 2 == 1


def _who(kind: str, texts: tuple[str, ...], *, negated: bool) -> Case:
    named = tuple(f"{kind}:{text}" for text in texts)
    return Case(conditions=(f"but not {', '.join(named)}",)) if negated else Case(who=named)


def _actions(
    words: Sequence[Token], names: list[str], texts: tuple[str, ...], *, negated: bool
) -> Case:
    starts = any(name.endswith(_PREFIXING) and ".id" in name for name in names)
    starts = starts or any(name.rpartition(".")[2] == "test" for name in names)
    last = [word.text for word in words][-2:]
    if any(name.endswith(".id.indexOf") for name in names) and last[-1:] != ["0"]:
        texts = tuple(f"*{text}" for text in texts)
    ids = tuple(_glob(text) if starts else text for text in texts)
    return Case(conditions=(f"but not {', '.join(ids)}",)) if negated else Case(actions=ids)


def _glob(text: str) -> str:
    """Return a start or a regular expression as a glob."""
    plain = text.removeprefix("^").replace("\\.", ".").replace(".*", "*")
    return plain.removesuffix("$") if plain.endswith("$") else f"{plain.rstrip('*')}*"
