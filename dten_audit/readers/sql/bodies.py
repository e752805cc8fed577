"""Finds the statements inside blocks, routine bodies and T-SQL batches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.tokens import Cursor, Token

_OPENERS: Final = frozenset(("begin", "then", "else", "loop", "atomic", ">>", "do", "as", "is"))
_STATEMENTS: Final = frozenset(
    "alter create drop truncate rename update delete reindex cluster vacuum refresh lock set"
    " execute perform select call commit rollback savepoint release optimize with prepare".split()
)
_TSQL_PAIRS: Final[dict[str, frozenset[str]]] = {
    "create": frozenset(
        "table index unique clustered nonclustered view procedure proc function trigger type schema"
        " sequence or spatial fulltext statistics columnstore synonym database user role".split()
    ),
    "alter": frozenset(
        "table index view procedure proc function trigger schema sequence database role".split()
    ),
    "drop": frozenset(
        "table index view procedure proc function trigger type schema sequence database statistics"
        " synonym user role".split()
    ),
    "truncate": frozenset(("table",)),
    "enable": frozenset(("trigger",)),
    "disable": frozenset(("trigger",)),
    "begin": frozenset(("tran", "transaction", "distributed")),
    "save": frozenset(("tran", "transaction")),
}
_TSQL_LINE: Final = frozenset(
    "update delete exec execute commit rollback select declare insert merge print if while return"
    " raiserror throw grant use goto end with".split()
)
_TSQL_SETTINGS: Final = frozenset(
    "lock_timeout xact_abort nocount ansi_nulls quoted_identifier ansi_padding ansi_warnings"
    " arithabort deadlock_priority transaction identity_insert implicit_transactions".split()
)
_TSQL_GRANTS: Final = frozenset(("grant", "deny", "revoke", ",", "to", "or"))
_TSQL_NOT_AFTER: Final = _TSQL_GRANTS | frozenset(
    "for after of then instead ( default union all except intersect into".split()
)


def statements_in(tokens: list[Token], dialect: Dialect, text: str) -> Iterator[list[Token]]:
    """Yield the token runs that are statements of a body.

    ``text`` is the source that the offsets of the tokens mean.
    """
    if dialect == "tsql":
        yield from _batch(tokens, text)
        return
    start = -1
    opened = True
    for number, token in enumerate(tokens):
        if start >= 0:
            if token.text == ";" and token.kind == "mark":
                yield tokens[start:number]
                start, opened = -1, True
            continue
        if opened and token.kind == "word" and token.text in _STATEMENTS:
            start = number
            continue
        ends = token.kind == "mark" and token.text in (";", ">>")
        opened = ends or (token.kind == "word" and token.text in _OPENERS)
    if start >= 0:
        yield tokens[start:]


def _batch(tokens: list[Token], text: str) -> Iterator[list[Token]]:
    """T-SQL needs no terminator: a statement ends where the next one begins."""
    starts = [*_starts(tokens, text), len(tokens)]
    for start, end in pairwise(starts):
        run = tokens[start:end]
        while run and run[-1].text in (";", "end", "else", "begin"):
            run.pop()
        if run:
            yield run


def _starts(tokens: list[Token], text: str) -> Iterator[int]:
    depth = begun = 0
    for number, token in enumerate(tokens):
        if token.kind == "mark":
            if token.text in "()":
                depth += 1 if token.text == "(" else -1
            elif token.text == ";":
                depth = 0
            continue
        if token.kind != "word" or depth > 0:
            continue
        before = tokens[number - 1] if number else None
        follower = tokens[number + 1].text if number + 1 < len(tokens) else ""
        behind = before.text if before is not None else ""
        setting = token.text == "set" and (follower in _TSQL_SETTINGS or follower[:1] == "@")
        if token.text in ("enable", "disable") and _of_table(tokens, begun, number):
            continue
        pair = follower in _TSQL_PAIRS.get(token.text, ()) and behind not in _TSQL_GRANTS
        line = token.text in _TSQL_LINE and behind not in _TSQL_NOT_AFTER
        if pair or setting or (line and _opens_line(before, token, text)):
            begun = number
            yield number


def _of_table(tokens: list[Token], begun: int, number: int) -> bool:
    """Say whether ``DISABLE TRIGGER`` at ``number`` is a clause of ALTER TABLE."""
    cursor = Cursor(tokens, begun)
    return cursor.take("alter", "table") and cursor.name() != "" and cursor.index == number


def _opens_line(before: Token | None, token: Token, text: str) -> bool:
    if before is None or before.text in (";", "begin", "else", "end"):
        return True
    if token.text == "with":
        return False
    if before.text == "as":
        return token.text in ("update", "delete", "exec", "execute")
    if before.text == "on" and token.text in ("update", "delete"):
        return False
    return "\n" in text[before.end : token.start]
