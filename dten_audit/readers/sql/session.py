"""Recognises what shapes a session: settings, transactions, table locks, advisory locks."""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.draft import Draft, draft, flag
from dten_audit.readers.sql.tokens import Cursor, Token, content_of, flat, parts

_SCOPES: Final = frozenset(("session", "local", "global", "persist", "persist_only"))
_NO_SETTINGS: Final = frozenset(
    "transaction constraints role names authorization time characteristics password xml statistics"
    " identity_insert default resource charset character context_info offsets parseonly".split()
)

ADVISORY: Final[dict[str, str]] = {
    "pg_advisory_lock": "session", "pg_advisory_lock_shared": "session",
    "pg_try_advisory_lock": "session", "pg_try_advisory_lock_shared": "session",
    "pg_advisory_xact_lock": "transaction", "pg_advisory_xact_lock_shared": "transaction",
    "pg_try_advisory_xact_lock": "transaction", "pg_try_advisory_xact_lock_shared": "transaction",
    "get_lock": "session", "sp_getapplock": "session", "dbms_lock.request": "session",
}  # fmt: skip
"""Functions that take a lock of the application's own, and how long it is held."""
RELEASES: Final = frozenset(
    "pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared release_lock"
    " release_all_locks sp_releaseapplock dbms_lock.release".split()
)
MAX_CALL: Final = 60
"""How many tokens of a call of set_config are looked at."""


def set_statement(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    """Return the settings of a statement whose cursor stands behind ``SET``."""
    scoped = cursor.peek() in _SCOPES and cursor.peek(1) in (*_NO_SETTINGS, "session")
    if (
        cursor.peek() in _NO_SETTINGS
        or scoped
        or cursor.peek(1) in ("transaction", "characteristics")
    ):
        return []
    found = [_setting(Cursor(part), dialect) for part in _assignments(cursor.rest(), dialect)]
    return [setting for setting in found if setting is not None]


def _assignments(tokens: list[Token], dialect: Dialect) -> list[list[Token]]:
    """MySQL sets several at once; what no ``=`` stands in goes on with a list of values."""
    if dialect == "postgres":
        return [tokens] if tokens else []
    found: list[list[Token]] = []
    for part in parts(tokens):
        if found and not any(token.text in ("=", ":=") for token in part):
            found[-1] += part
        else:
            found.append(part)
    return found


def _setting(cursor: Cursor, dialect: Dialect) -> Draft | None:
    whole = cursor.tokens
    scope = ""
    if cursor.peek(1) not in ("=", "to", ":="):
        scope = cursor.any_of(_SCOPES)
    name = cursor.name()
    for prefix in ("@@session.", "@@local.", "@@global.", "@@persist.", "@@"):
        if name.startswith(prefix):
            scope = scope or prefix.strip("@.").replace("local", "session")
            name = name.removeprefix(prefix)
            break
    if not name or name.startswith("@"):
        return None
    cursor.any_of(("=", "to", ":="))
    value, computed = _value(cursor.rest())
    local = flag("local", when=scope == "local" and dialect in ("postgres", "generic"))
    wide = flag("global", when=scope in ("global", "persist", "persist_only"))
    return draft("set", whole, local, wide, name=name, value=value)._replace(computed=computed)


def _value(tokens: list[Token]) -> tuple[str, bool]:
    """Return a setting's value as text, and whether only the run can tell it."""
    if len(tokens) == 1:
        token = tokens[0]
        text = content_of(token).text if token.kind == "string" else token.text
        return text, token.kind == "hole"
    words = [content_of(t).text if t.kind == "string" else t.text for t in tokens]
    return "".join(words), any(token.kind == "hole" for token in tokens) or "(" in words


def transaction(cursor: Cursor, dialect: Dialect) -> list[Draft] | None:
    """Recognise BEGIN, COMMIT, ROLLBACK, SAVEPOINT; None where the statement is none of these."""
    whole = cursor.tokens
    word = whole[0].text if whole[0].kind == "word" else ""
    words = flat(whole)
    if word == "start" and words[1:2] == ["transaction"]:
        return [draft("begin", whole)]
    if word == "begin" and _begins(words, dialect):
        kind = next((w for w in ("exclusive", "immediate") if w in words), "")
        return [draft("begin", whole, value=kind)]
    if word in ("commit", "end") and _ends(words, dialect):
        return [draft("commit", whole, flag("chain", when="chain" in words and "no" not in words))]
    if word in ("rollback", "abort") and "prepared" not in words:
        to = "to" in words
        name = whole[-1].text if to or (dialect == "tsql" and len(words) > 2) else ""  # noqa: PLR2004
        chain = flag("chain", when="chain" in words and "no" not in words)
        return [draft("rollback_to" if to else "rollback", whole, chain, name=name)]
    if word == "savepoint" or words[:2] in (["save", "tran"], ["save", "transaction"]):
        return [draft("savepoint", whole, name=whole[-1].text)]
    if word == "release":
        return [draft("release", whole, name=whole[-1].text)]
    if words[:2] == ["prepare", "transaction"]:
        return [draft("commit", whole)]
    return None


def _begins(words: list[str], dialect: Dialect) -> bool:
    if dialect == "tsql":
        return words[1:2] in (["tran"], ["transaction"]) or words[1:3] == ["distributed", "tran"]
    if dialect == "oracle":
        return False
    follower = words[1] if len(words) > 1 else ""
    return follower in ("", "work", "transaction", "tran", "immediate", "exclusive", "deferred",
                        "isolation", "read", "not", "concurrent")  # fmt: skip


def _ends(words: list[str], dialect: Dialect) -> bool:
    if words[0] == "commit":
        return "prepared" not in words
    plain = words[1:2] in ([], ["work"], ["transaction"])
    return plain and dialect in ("postgres", "sqlite", "generic")


def lock_tables(cursor: Cursor) -> list[Draft]:
    """Return the locks of a statement whose cursor stands behind ``LOCK``."""
    whole = cursor.tokens
    if cursor.peek() in ("instance", "user"):
        return [draft("lock_instance", whole)]
    cursor.any_of(("table", "tables"))
    words = flat(whole)
    mode = "access exclusive"
    if "in" in words and "mode" in words:
        mode = " ".join(words[words.index("in") + 1 : words.index("mode")])
    found = []
    for part in parts(cursor.rest()):
        each = Cursor(part)
        each.take("only")
        table = each.name()
        kind = next((w for w in ("write", "read") if w in flat(part)), mode)
        found.append(draft("lock_table", whole, table=table, value=kind))
    return found or [draft("unclassified", whole)]


def functions(tokens: list[Token]) -> list[Draft]:
    """Return what calls of well-known functions do, wherever they stand in ``tokens``."""
    found: list[Draft] = []
    for number, token in enumerate(tokens):
        if token.kind != "word":
            continue
        name = token.text
        if name == "dbms_lock" and number + 2 < len(tokens):
            name = f"{name}.{tokens[number + 2].text}"
        span = tokens[number : number + 12]
        if name == "set_config":
            found += _set_config(tokens, number)
        elif name in ADVISORY:
            found.append(draft("advisory_lock", span, name=name, value=ADVISORY[name]))
        elif name in RELEASES:
            found.append(draft("advisory_unlock", span, name=name))
    return found


def _set_config(tokens: list[Token], number: int) -> list[Draft]:
    cursor = Cursor(tokens[number : number + MAX_CALL], 1)
    if not cursor.skip_parentheses():
        return []
    arguments = parts(cursor.tokens[2 : cursor.index - 1])
    if len(arguments) != 3 or arguments[0][0].kind != "string":  # noqa: PLR2004 (its three arguments)
        return []
    name = content_of(arguments[0][0]).text
    value, computed = _value(arguments[1])
    local = flag("local", when=arguments[2][0].text in ("true", "t"))
    whole = cursor.tokens[: cursor.index]
    return [draft("set", whole, local, name=name, value=value)._replace(computed=computed)]
