"""Recognises UPDATE and DELETE, and whether anything bounds the rows they touch."""

from __future__ import annotations

from typing import Final

from dten_audit.readers.sql.draft import Draft, draft, flag
from dten_audit.readers.sql.tokens import Cursor, Token, flat

MAX_VISITS: Final = 4
"""How often nested queries of a statement may be looked at again."""
_PRIORITIES: Final = frozenset(("low_priority", "ignore", "quick", "only", "history"))
_CLAUSES: Final = frozenset(
    "set from where returning output using order limit join inner left right cross full as on"
    " with natural straight_join outer".split()
)
_ALWAYS: Final = (["1", "=", "1"], ["true"], ["1"], ["0", "=", "0"], ["not", "false"])


def update(cursor: Cursor) -> list[Draft]:
    """Return the action of a statement whose cursor stands behind ``UPDATE``."""
    if cursor.peek() == "statistics" or cursor.done:
        return []
    return _rows(cursor, "update")


def delete(cursor: Cursor) -> list[Draft]:
    """Return the action of a statement whose cursor stands behind ``DELETE``."""
    return [] if cursor.done else _rows(cursor, "delete")


def insert(cursor: Cursor) -> list[Draft]:
    """Return the action of a statement whose cursor stands behind ``INSERT``, if it copies rows."""
    cursor.take("ignore")
    cursor.take("into")
    table = cursor.name()
    words = flat(cursor.rest())
    copies = "values" not in words and ("select" in words or "with" in words)
    return [draft("insert_select", cursor.tokens, table=table)] if table and copies else []


def _rows(cursor: Cursor, verb: str) -> list[Draft]:
    whole = cursor.tokens
    top = cursor.take("top")
    if top:
        cursor.skip_parentheses() or cursor.name()
    while cursor.any_of(_PRIORITIES):
        pass
    if verb == "update" and cursor.take("or"):
        cursor.index += 1
    cursor.take("from")
    while cursor.any_of(_PRIORITIES):
        pass
    table = cursor.name()
    if not table:
        return []
    words = flat(whole)
    table = _behind_alias(whole, table) if "from" in words or "using" in words else table
    condition = _condition(whole)
    return [
        draft(
            verb,
            whole,
            flag("where", when=condition and not _is_always(condition)),
            flag("tautology", when=condition and _is_always(condition)),
            flag("limit", when="limit" in words or top or "fetch" in words),
            flag("join", when="join" in words or "using" in words or _several(whole)),
            table=table,
        )
    ]


def _several(tokens: list[Token]) -> bool:
    """``UPDATE a, b SET …`` and ``… FROM a, b`` without JOIN."""
    depth = 0
    before_set = True
    for token in tokens:
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif depth == 0 and token.kind == "word" and token.text == "set":
            before_set = False
        elif depth == 0 and token.kind == "mark" and token.text == "," and before_set:
            return True
    return False


def _behind_alias(tokens: list[Token], name: str) -> str:
    """T-SQL and MySQL: ``UPDATE a SET … FROM accounts a``, ``DELETE a FROM accounts a``."""
    for number, token in enumerate(tokens):
        if token.kind == "word" and token.text in ("from", "join", "using"):
            cursor = Cursor(tokens, number + 1)
            table = cursor.name()
            cursor.take("as")
            following = cursor.token()
            if (
                table
                and following is not None
                and following.text == name
                and following.text not in _CLAUSES
            ):
                return table
    return name


def _condition(tokens: list[Token]) -> list[Token]:
    """Return what stands behind WHERE, outside parentheses; empty where there is none."""
    depth = 0
    for number, token in enumerate(tokens):
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif depth == 0 and token.kind == "word" and token.text == "where":
            return tokens[number + 1 :]
    return []


def _is_always(condition: list[Token]) -> bool:
    texts = [token.text for token in condition if token.text not in ("(", ")")]
    stops = [n for n, text in enumerate(texts) if text in ("returning", "order", "option")]
    return texts[: stops[0] if stops else None] in _ALWAYS


def with_queries(tokens: list[Token]) -> list[Draft]:
    """Return the UPDATE and DELETE of a ``WITH`` statement: the main one, and those inside."""
    found: list[Draft] = []
    depth = 0
    budget = MAX_VISITS * len(tokens)
    for number, token in enumerate(tokens):
        if budget < 0:
            break
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif token.kind == "word" and token.text in ("update", "delete") and number:
            before = tokens[number - 1].text
            if before in ("for", "on", "do", "no", "key"):
                continue
            inside = depth > 0
            if inside and before != "(":
                continue
            end = _closing(tokens, number) if inside else len(tokens)
            part = tokens[number:end]
            budget -= len(part)
            cursor = Cursor(part, 1)
            found += update(cursor) if token.text == "update" else delete(cursor)
    return found


def _closing(tokens: list[Token], start: int) -> int:
    depth = 0
    for number in range(start, len(tokens)):
        token = tokens[number]
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
            if depth < 0:
                return number
    return len(tokens)
