"""Recognises CREATE: tables, indexes, routines, and the kinds of objects that hold no rows."""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.constraints import is_online
from dten_audit.readers.sql.draft import Draft, draft, flag, referenced, type_of
from dten_audit.readers.sql.tokens import Cursor, Token, flat, follows, parts, take_wait

MAX_COLUMNS: Final = 500
_BEFORE_INDEX: Final = frozenset(
    "unique clustered nonclustered bitmap fulltext spatial columnstore online offline primary xml"
    " multivalue hash vector selective".split()
)
_BEFORE_TABLE: Final = frozenset(
    "global local temporary temp unlogged private shared sharded duplicated external blockchain"
    " immutable foreign node edge virtual".split()
)
ROUTINES: Final = frozenset(("function", "procedure", "proc", "trigger", "event", "package"))
OBJECTS: Final = frozenset(
    "view type domain extension schema sequence database role user group rule policy aggregate"
    " operator cast conversion collation text statistics publication subscription server"
    " language access transform tablespace synonym login assembly certificate credential queue"
    " service contract message asymmetric symmetric master partition fulltext search"
    " availability endpoint column remote xml directory context library profile cluster"
    " dimension outline java controlfile pfile spfile diskgroup edition audit rollback restore"
    " flashback macro virtual logfile resource spatial loadable catalog mining analytic"
    " attribute hierarchy inmemory lockdown undo bigfile smallfile default broker workload"
    " crypto json property vector unified app application event constraint procedural trusted"
    " security external warehouse stage table server_audit materialized definer algorithm sql"
    " editionable noneditionable recursive".split()
)
"""What else can be created: an object word that is not here is said, not passed over."""
_TABLE_CONSTRAINTS: Final = frozenset(
    "constraint primary unique foreign check exclude key index fulltext spatial like period"
    " not".split()
)


def create(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``CREATE``."""
    replace = cursor.take("or", "replace") or cursor.take("or", "alter")
    start = cursor.index
    kinds: set[str] = set()
    while word := cursor.any_of(_BEFORE_INDEX):
        kinds.add(word)
    if cursor.take("index"):
        return [_index(cursor, kinds)]
    cursor.index = start
    kinds = set()
    while word := cursor.any_of(_BEFORE_TABLE):
        kinds.add(word)
    if cursor.take("table"):
        return [_table(cursor, kinds, dialect)]
    if cursor.peek() == "data" and "foreign" in kinds:
        return [draft("create_object", cursor.tokens, name="foreign data wrapper")]
    return [_object(cursor, kinds, replace=replace)]


def _index(cursor: Cursor, kinds: set[str]) -> Draft:
    whole = cursor.tokens
    concurrently = cursor.take("concurrently")
    missing = cursor.take("if", "not", "exists")
    name = "" if cursor.peek() == "on" else cursor.name()
    if cursor.take("using"):
        cursor.name()
    words = flat(whole)
    waits = take_wait(cursor) or "nowait" in words or "wait" in words
    if cursor.take("indextype") or not cursor.take("on"):
        return draft("unclassified", whole, name=name)
    cursor.take("only") or cursor.take("cluster")
    only = whole[cursor.index - 1].text == "only"
    table = cursor.name()
    return draft(
        "create_index",
        whole,
        flag("concurrently", when=concurrently),
        flag("if-not-exists", when=missing),
        flag("only", when=only),
        flag("unique", when="unique" in kinds),
        flag("fulltext", when="fulltext" in kinds),
        flag("spatial", when="spatial" in kinds or "xml" in kinds),
        flag("clustered", when="clustered" in kinds),
        flag("online", when=is_online(cursor.rest()) or "online" in kinds),
        flag("unusable", when="unusable" in words),
        flag("bounded-wait", when=waits),
        *asserted(words),
        table=table,
        name=name,
    )


_ASSERTIONS: Final = (
    ("algorithm", "copy"), ("algorithm", "inplace"), ("algorithm", "instant"),
    ("lock", "shared"), ("lock", "exclusive"), ("lock", "none"),
)  # fmt: skip


def asserted(words: list[str]) -> list[str]:
    """Return flags for MySQL's ``ALGORITHM = …`` and ``LOCK = …`` behind an index."""
    if "algorithm" not in words and "lock" not in words:
        return []
    return [f"{o}-{v}" for o, v in _ASSERTIONS if _sets(words, o, v)]


def _sets(words: list[str], option: str, value: str) -> bool:
    return follows(words, option, "=", value) or follows(words, option, value)


def _table(cursor: Cursor, kinds: set[str], dialect: Dialect) -> Draft:
    whole = cursor.tokens
    missing = cursor.take("if", "not", "exists")
    table = cursor.name()
    behind = cursor.index
    columns = _columns(cursor) if cursor.peek() == "(" else ()
    words = flat(whole[behind:])
    parents: tuple[str, ...] = ()
    partition = follows(words, "partition", "of")
    if partition or "inherits" in words:
        parents = _parents(Cursor(whole, behind))
    temporary = {"temporary", "temp"} & kinds or table.startswith("#")
    copies = "as" in words and dialect != "tsql"
    return draft(
        "create_table",
        whole,
        flag("if-not-exists", when=missing),
        flag("temporary", when=temporary),
        flag("partition-of", when=partition),
        flag("inherits", when=parents and not partition),
        flag("as-select", when=copies),
        flag("on-commit-drop", when=follows(words, "on", "commit", "drop")),
        table=table,
        references=parents or referenced(whole),
        columns=columns,
    )


def _parents(cursor: Cursor) -> tuple[str, ...]:
    while not cursor.done:
        if cursor.take("partition", "of"):
            return (cursor.name(),)
        if cursor.take("inherits", "("):
            names = [cursor.name()]
            while cursor.take(","):
                names.append(cursor.name())
            return tuple(name for name in names if name)
        cursor.index += 1
    return ()


def _columns(cursor: Cursor) -> tuple[tuple[str, str], ...]:
    """Return names and types of the columns between the parentheses here."""
    opened = cursor.index
    cursor.skip_parentheses()
    inner = cursor.tokens[opened + 1 : cursor.index - 1]
    found: list[tuple[str, str]] = []
    for part in parts(inner):
        if part[0].kind == "word" and part[0].text in _TABLE_CONSTRAINTS:
            continue
        column = Cursor(part)
        name = column.name()
        definition = column.rest()
        if name and definition and len(found) < MAX_COLUMNS:
            null = " not null" if len(definition) > 1 and _never_null(definition) else ""
            found.append((name, type_of(definition) + null))
    return tuple(found)


def _never_null(definition: list[Token]) -> bool:
    said = [token.said for token in definition]
    return "not" in said and follows(flat(definition), "not", "null")


def _object(cursor: Cursor, kinds: set[str], *, replace: bool) -> Draft:
    whole = cursor.tokens
    _definer(cursor)
    cursor.take("public")
    if cursor.take("materialized", "view") or cursor.peek() == "materialized":
        cursor.take("materialized", "view", "log", "on")
        cursor.take("if", "not", "exists")
        return draft("create_materialized_view", whole, name=cursor.name())
    trigger = cursor.take("constraint", "trigger") or cursor.take("trigger")
    if trigger:
        return _trigger(cursor)
    word = cursor.any_of(ROUTINES)
    if word:
        body = cursor.take("body")
        cursor.take("trigger")
        cursor.take("if", "not", "exists")
        verb = "create_" + ("procedure" if word == "proc" else word)
        return draft(verb, whole, flag("body", when=body), name=cursor.name())
    word = cursor.any_of(OBJECTS)
    if not word or (word == "table" and not kinds):
        return draft("unclassified", whole)
    return _plain_object(cursor, word, replace=replace)


def _plain_object(cursor: Cursor, word: str, *, replace: bool) -> Draft:
    whole = cursor.tokens
    if word in ("recursive", "editionable"):
        cursor.take("view")
    cursor.take("if", "not", "exists")
    if word in ("rule", "policy"):
        name = cursor.name()
        before_table = "to" if word == "rule" else "on"
        while not cursor.done and not cursor.take(before_table):
            cursor.index += 1
        return draft(f"create_{word}", whole, table=cursor.name(), name=name)
    verb = "create_view" if word in ("view", "recursive", "editionable") else "create_object"
    return draft(verb, whole, flag("replace", when=replace), name=cursor.name(), value=word)


def _definer(cursor: Cursor) -> None:
    """Step over MySQL's ``ALGORITHM = x DEFINER = y SQL SECURITY z`` and Oracle's EDITIONABLE."""
    cursor.any_of(("editionable", "noneditionable", "force"))
    for option in ("algorithm", "definer"):
        if cursor.take(option, "="):
            while not cursor.done and cursor.peek() not in _AFTER_DEFINER:
                cursor.index += 1
    if cursor.take("sql", "security"):
        cursor.index += 1
    cursor.take("aggregate") if cursor.peek(1) == "function" else None


_AFTER_DEFINER: Final = frozenset(("definer", "sql", "view", "aggregate", *ROUTINES))


def _trigger(cursor: Cursor) -> Draft:
    whole = cursor.tokens
    cursor.take("if", "not", "exists")
    name = cursor.name()
    table = ""
    while not cursor.done:
        if cursor.take("on"):
            table = cursor.name()
            break
        cursor.index += 1
    return draft("create_trigger", whole, table=table, name=name)


def select_into(tokens: list[Token]) -> tuple[str, str]:
    """Return the table that ``SELECT … INTO t FROM`` creates, and ``temporary`` if it is.

    Both are empty where it creates none. INTO behind INSERT, as in a WITH, names an existing one.
    """
    depth = 0
    for number, token in enumerate(tokens):
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif depth == 0 and token.kind == "word" and token.text == "into":
            if number and tokens[number - 1].text in ("insert", "merge"):
                return "", ""
            cursor = Cursor(tokens, number + 1)
            temporary = cursor.any_of(("temporary", "temp", "unlogged")) in ("temporary", "temp")
            cursor.take("table")
            table = cursor.name()
            behind = flat(cursor.rest())
            if table.startswith("@") or table in ("outfile", "dumpfile") or "from" not in behind:
                return "", ""
            return table, flag("temporary", when=temporary or table.startswith("#"))
    return "", ""
