"""The functions that hand SQL to a database, from ``rules/knowledge/sql_calls.yaml``."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple, cast

from dten_audit.documents.document import Document
from dten_audit.readers.gate import Trigger
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.words import words_of

KINDS: Final = frozenset(
    "python ruby php javascript typescript java kotlin groovy go csharp perl".split()
)
_TOPIC: Final = "programs sql"
_MAX_NAMES: Final = 100_000
_GENERATED: Final = 1 << 20
"""A program of more bytes is a bundle of others' code."""


class Row(NamedTuple):
    """A function; the fields are those of ``sql_calls.yaml``."""

    driver: str = ""
    does: str = ""


class Calls(NamedTuple):
    """The functions of a language by name, and by the last part of those of any object.

    ``last`` are the last parts of all names, ``sets`` names that a text is assigned to.
    """

    names: dict[str, Row]
    methods: dict[str, Row]
    last: frozenset[str]
    sets: tuple[str, ...]


def _table() -> dict[str, Any]:
    return cast("dict[str, Any]", knowledge("sql_calls"))


@from_tables
def calls(language: str) -> Calls:
    """Return the functions of a language."""
    table = _table()
    names: dict[str, Row] = {}
    methods: dict[str, Row] = {}
    sets: list[str] = []
    for data in table["calls"].get(table["like"].get(language, language), ()):
        if data.get("sets"):
            sets += data["names"]
            continue
        row = Row(str(data.get("driver", "")), str(data.get("does", "")))
        for name in data["names"]:
            into = methods if name.startswith(".") else names
            into.setdefault(name.lstrip("."), row)
    last = frozenset(name.rpartition(".")[2] for name in (*names, *methods))
    return Calls(names, methods, last, tuple(sets))


_CALLED: Final = re.compile(r"\b[A-Za-z_]\w*+(?=[ \t]*+\()")


@from_tables
def _alike() -> tuple[re.Pattern[str], re.Pattern[str]]:
    table = _table()
    return re.compile(table["names_like"]), re.compile(table["not_like"])


def named_like(code: str) -> frozenset[str]:
    """Return the functions that a program calls whose names say that they run SQL."""
    alike, unlike = _alike()
    found = set(_CALLED.findall(code)[:_MAX_NAMES])
    return frozenset(name for name in found if alike.search(name) and not unlike.search(name))


@from_tables
def wrapping() -> frozenset[str]:
    """Return functions that only wrap a text on its way."""
    return frozenset(_table()["unwrap"])


@from_tables
def tags() -> tuple[str, ...]:
    """Return names that stand before a template literal of SQL."""
    return tuple(_table()["tags"])


@from_tables
def _drivers() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(text)) for name, text in _table()["drivers"].items())


@from_tables
def asks_for_dialect() -> re.Pattern[str]:
    """Return what the text of a test holds that asks which database it is."""
    return re.compile(_table()["dialect_words"])


@from_tables
def _autocommit() -> re.Pattern[str]:
    return re.compile(_table()["autocommit"])


def driver_of(text: str) -> str:
    """Return the driver that a program's text speaks of; empty where there are several or none."""
    found = [name for name, pattern in _drivers() if pattern.search(text)]
    if found == ["psycopg2", "postgres"]:
        return "psycopg2"
    return found[0] if len(found) == 1 else ""


def opens_transactions(driver: str, text: str) -> bool:
    """Say whether a driver opens a transaction by itself before the first statement."""
    return driver in _table()["implicit"] and not _autocommit().search(text)


def triggers() -> list[Trigger]:
    """Return what a program holds that is worth reading for its SQL."""
    return [Trigger(_TOPIC, _table()["trigger"].encode(), KINDS)]


def fits(document: Document) -> bool:
    """Say, by a document's bytes, whether a program may change a schema.

    Migrations of a known runner are read by that runner's reader.
    """
    from dten_audit.readers.migrations.reader import fits as is_migration

    if len(document.data) > _GENERATED or _TOPIC not in words_of(document):
        return False
    return not is_migration(document)


# ruff: noqa: E501 (a grammar of first words reads best by its lines)

_MODIFIERS: Final = (
    r"(?:(?:or\s+(?:replace|alter)|global|local|temp|temporary|unlogged|unique|clustered"
    r"|nonclustered|fulltext|spatial|bitmap|materialized|virtual|external|foreign|event|recursive"
    r"|definer\s*+=\s*+\S+|algorithm\s*+=\s*+\w+|sql\s+security\s+\w+|trusted|constraint|editionable"
    r"|columnstore|hash|large|text\s+search|user|trusted|procedural|resource|access|replication"
    r"|default)\s+|\$\{[^}]*+\}\s*+)*+"
)
_OBJECTS: Final = (
    _MODIFIERS
    + r"(?:(?:table|index|view|function|procedure|proc|trigger|type|domain|schema|database|sequence"
    r"|extension|role|user|event|package|policy|rule|aggregate|class|family|cast|collation"
    r"|statistics|publication|subscription|server|tablespace|synonym|login|privileges|system"
    r"|session|column|dictionary|configuration|object|data|group|keyspace|materialized|operator"
    r"|conversion|assertion|transform|language|mapping|parser|template|method)\b|\$\{)"
)
_NAME: Final = r"[\w.`\"\[\]${}%:@#()'-]"


@cache
def _statement() -> re.Pattern[str]:
    """Match what a statement of SQL begins with: more than its first word."""
    return re.compile(
        r"(?:\s|--[^\n]*+\n|/\*(?:[^*]|\*(?!/))*+\*/|[(;])*+(?:"
        r"select\s|with\s+(?:recursive\s+)?+[\w\"`\[$]+[^;]{0,200}?\bas\s|values\s*+\("
        r"|insert\s+(?:into|ignore|or|all|low_priority|delayed|overwrite|high_priority)\s"
        r"|insert\s+" + _NAME + r"+\s*+(?:\(|values|select)|replace\s+(?:into\s|" + _NAME +
        r"+\s*+(?:\(|set\b|values|select))"
        r"|update\s[^;]{1,300}?\sset\s|delete\s+(?:from\s|ignore\s|low_priority\s|top\b"
        r"|[\w.`\"$]+(?:\s*+,\s*+[\w.`\"$]+)*+\s+(?:from|where|using)\s)"
        r"|merge\s+(?:into\s|" + _NAME + r"+\s+(?:as\s+\w+\s+)?using\s)"
        r"|(?:create|alter|drop)\s+" + _OBJECTS +
        r"|truncate\s+(?:table\s+)?" + _NAME + r"|rename\s+(?:table|user)\s"
        r"|reindex\s+\S|cluster\s+" + _NAME + r"+\s+(?:using|on)\s|cluster\s*+;?\s*+\Z"
        r"|vacuum\b(?!\s+(?:the|a)\s)|analyze\s*+(?:;|\(|\Z|table\b|verbose\b|" + _NAME + r"+\s*+;?\s*+\Z)"
        r"|(?:optimize|repair|check|checksum|flush)\s+(?:no_write_to_binlog\s+|local\s+)?+tables?\b"
        r"|flush\s+(?:privileges|logs|hosts|status)\b"
        r"|refresh\s+materialized\s|lock\s+(?:tables?\s|" + _NAME + r"+\s+in\s)|unlock\s+tables?\b"
        r"|set\s+(?:(?:session|local|global|persist)\s+)?+[@\w.`\"$]++\s*+(?:=|:=|to\s)"
        r"|set\s+(?:session\s+|local\s+)?+(?:names|transaction|constraints|role|character\s+set|time\s+zone"
        r"|identity_insert|default\s+role|password|statistics|quoted_identifier|ansi_nulls|nocount"
        r"|xact_abort|lock_timeout|authorization)\b"
        r"|reset\s+(?:all|role|[\w.]+)\s*+;?\s*+\Z|discard\s+(?:all|temp|plans|sequences)\b"
        r"|begin\s*+(?:;|\Z|tran|work|immediate|exclusive|deferred|isolation|read|declare|atomic|\n)"
        r"|start\s+transaction\b|(?:commit|rollback|end)\s*+;|(?:commit|rollback|end|abort)\s*+(?:work|tran\w*+|and\s+(?:no\s+)?chain|to\s[\w\s$]+)?\s*+;?\s*+\Z"
        r"|rollback\s+to\s|commit\s+prepared\s|rollback\s+prepared\s|prepare\s+transaction\s"
        r"|savepoint\s+\S|release\s+(?:savepoint\s|[\w\"$`{}]+\s*+;?\s*+\Z)|do\s+(?:\$|language\s|'|sleep|get_lock|release_lock|setval)"
        r"|copy\s+" + _NAME + r"[^;]{0,400}?\s(?:from|to)\s|grant\s[^;]{1,300}?\s(?:to|on)\s"
        r"|revoke\s[^;]{1,300}?\s(?:from|on)\s|comment\s+on\s|call\s+" + _NAME + r"+?\s*+[(;]"
        r"|exec(?:ute)?\s+(?:immediate\s|sp_|xp_|dbo\.|function\s|procedure\s|@|" + _NAME + r"+\s*+(?:@|;|\Z|\())"
        r"|pragma\s+\w|attach\s+(?:database\s|'|\?|\$|:|\")|detach\s+(?:database\s|\w+\s*+;?\s*+\Z)"
        r"|use\s+[\w`\"\[\]${}]+\s*+;?\s*+\Z|show\s+[\w\"$`@]|explain\s+[\w(${]|desc(?:ribe)?\s+[\w.`\"$]+\s*+;?\s*+\Z"
        r"|notify\s+\w|(?:un)?listen\s+[\w\"$*]|declare\s+[@\w]+\s|if\s+(?:not\s+)?(?:exists\s*+\(|object_id|col_length)"
        r"|prepare\s+\w+\s+(?:from|as|\()|deallocate\s|fetch\s+(?:next|first|\d+|all|forward)\s|close\s+\w+\s*+;?\s*+\Z"
        r"|security\s+label\s|reassign\s+owned\s|drop\s+owned\s|import\s+foreign\s|load\s+(?:data|xml|extension)\s|checkpoint\s*+;?\s*+\Z"
        r"|kill\s+(?:query\s+|connection\s+)?[\d?%$:{]|table\s+\w+\s*+;?\s*+\Z|handler\s+\w+\s+open"
        r"|move\s+(?:forward|next|absolute)\s)",
        re.IGNORECASE,
    )  # fmt: skip


_LONGEST_HEAD: Final = 4_000


def is_statement(text: str) -> bool:
    """Say whether a text is a statement of SQL, by what it begins with; prose never is."""
    return _statement().match(text, 0, _LONGEST_HEAD) is not None


_PLAIN: Final = re.compile(
    r"(?:\s|--[^\n]*+\n|/\*(?:[^*]|\*(?!/))*+\*/|[(;])*+"
    r"(?:select|insert|with|values|show|explain|desc|describe|use|grant|revoke|comment|copy|merge"
    r"|replace|analyze|pragma|notify|listen|unlisten|fetch|close|kill|commit|rollback|begin|start"
    r"|savepoint|release|end)\b",
    re.IGNORECASE,
)
_LOCKS: Final = re.compile(r"(?i)advisory|get_lock|getapplock|set_config|;\s*+[a-z]")
_WHERE: Final = re.compile(r"(?i)\s(?:where|limit)\s")
_WRITES: Final = re.compile(r"\s*+(?:update|delete)\s", re.IGNORECASE)


def matters(text: str) -> bool:
    """Say whether a statement could change a schema, a session's settings or whole tables."""
    if _PLAIN.match(text):
        return _LOCKS.search(text) is not None
    return not (_WRITES.match(text) and _WHERE.search(text) and ";" not in text.rstrip("; \n"))


_PLAIN_VERBS: Final = (
    "select|insert|with|values|show|explain|desc|describe|use|grant|revoke|comment|copy|merge"
    "|replace|analyze|pragma|notify|listen|unlisten|fetch|close|kill|commit|rollback|begin|start"
    "|savepoint|release|end"
)
_GAP: Final = r"(?:\s|\\[nrt]|--[^\n]*+\n|/\*(?:[^*]|\*(?!/))*+\*/)"
_WORD: Final = r"(?:[^\s,(;{]|\{[^}\n]{0,200}+\}?){1,200}+"
_JOINS: Final = r"[\"'`]\s*+(?:[+.&|%\"'`]|\Z)"
_VERBS: Final = (
    rf"(?:update|delete|create|alter|drop|truncate|rename|lock|call|exec|execute)(?:{_JOINS})"
    rf"|(?:create|alter|drop){_GAP}++(?:{_OBJECTS}|{_MODIFIERS}[^\w\s.,:;-])"
    rf"|(?:update|delete|truncate|rename|lock|call|exec|execute|set){_GAP}++[^\w\s]"
    rf"|update\s[^;]{{0,600}}?\bset\b|delete{_GAP}++(?:from|ignore|low_priority|top)\b"
    rf"|delete{_GAP}++{_WORD}(?:\s*+,\s*+{_WORD})*+{_GAP}++(?:from|where|using)\b"
    r"|truncate\s+(?:(?:table|only)\b|[\w.]++\s*+(?:[^\w\s]|\Z|restart|continue|cascade|restrict"
    r"|drop|reuse|preserve|purge|partition|immediate|ignore|on\b))|rename\s+(?:table|user)|lock\s+(?:tables?|\S+\s+in)\b|unlock\s+table"
    rf"|call{_GAP}++(?:{_WORD})?\s*+[(;]"
    rf"|exec(?:ute)?{_GAP}++(?:[^\s@;(_.\"'`]{{0,100}}+\s*+[@;(_.\"'`])"
    r"|execute\s+(?:immediate|function|procedure)|reindex\b|vacuum\b|cluster\s+\S+\s+(?:using|on)\b"
    r"|cluster\s*+;|(?-i:CLUSTER[\"'`])|refresh\s+mater|reset\s+[\w.]+\s*+[;\"'`\\\n]|discard\s+[atps]"
    r"|abort\s*+(?:;|work|tran|and\b|to\s|\\)|(?-i:ABORT[\"'`])"
    r"|(?:optimize|repair|check|checksum)\s+(?:no_write_to_binlog\s+|local\s+)?tables?\b"
    r"|flush\s+[nltphs]|attach\s+(?:database|[^\w\s])|detach\s+(?:database|\w+\s*+[;\"'`\\\n])"
    r"|declare\s+[@\w]|prepare\s+(?:trans|\w+\s+(?:from|as|\())|deallocate\s|checkpoint\b"
    r"|handler\s+\w+\s+open|do\s+[$'lsgr]"
    rf"|set{_GAP}++(?:(?:session|local|global|persist){_GAP}++)?(?:[^\s=:]|\{{[^}}\n]{{0,80}}+\}}){{1,80}}+\s*+(?::?=|to\b)"
    r"|set\s+(?:session\s+|local\s+)?(?:names|trans|constr|role|char|time|identity_|default|password"
    r"|stat|quoted_|ansi_|nocount|xact_|lock_|auth)"
    r"|if\s+(?:not\s+)?(?:exists|object_id|col_length)|security\s+label|reassign\s+owned"
    r"|import\s+foreign|load\s+(?:data|xml|ext)|table\s+\w+\s*+[;\"'`\\\n]"
    r"|move\s+(?:forward|next|absolute)"
)
_BLANKS: Final = r"(?:\s|\\(?:[nrt]|\n)|--[^\n]*+\n|/\*(?:[^*]|\*(?!/))*+\*/|[(;])*+"
_HEREDOC: Final = r"<<[^\n]{1,80}\n"
_QUOTES: Final = r"[\"'`]"
_QUOTED: Final = {
    "php": rf"[\"']|{_HEREDOC}",
    "ruby": rf"[\"'`{{(\[<|/!%]|{_HEREDOC}",
    "perl": rf"[\"'`{{(\[<|/!~#^%,@]|{_HEREDOC}",
    "groovy": r"[\"'`/]",
}
"""What opens literals beside quotes."""


@cache
def _begins(language: str) -> re.Pattern[str]:
    """Match where a literal may begin with what ``matters`` is true for.

    Before its first word stand blanks (also as escapes), comments and parentheses; behind it a
    blank, or the end of a literal that goes on with another.
    """
    return re.compile(
        rf"(?:{_QUOTED.get(language, _QUOTES)}){_BLANKS}"
        rf"(?:{_VERBS}|(?P<plain>{_PLAIN_VERBS})\b[^;]{{0,4000}}+;\s*+[a-z])",
        re.IGNORECASE,
    )


def _in_one(text: str, match: re.Match[str]) -> bool:
    """Say whether what was found does not reach beyond the string that it begins in.

    That of minified programs does: ``"use strict";var``.
    """
    start = match.start()
    quote = text[start]
    if quote not in "\"'`" or text[start - 2 : start + 1] == 3 * quote:
        return True
    found = text[start + 1 : match.end()]
    return quote not in found.replace(f"\\{quote}", "").replace(2 * quote, "")


def may_matter(document: Document) -> bool:
    """Say whether a program can hold a statement that ``matters``, before it is lexed."""
    text, begins = document.text, _begins(document.kind)
    tried, match = 0, begins.search(text)
    while match is not None:
        tried += 1
        if not match["plain"] or tried > _MOST_TRIED or _in_one(text, match):
            return True
        match = begins.search(text, match.start() + 1)
    lower = text.lower()
    return any(word in lower for word in _LOCKING)


_MOST_TRIED: Final = 2_000
_LOCKING: Final = ("advisory", "get_lock", "getapplock", "set_config")


_SETS: Final = re.compile(
    r"(?i)(?:\s|\()*+(?:set|reset|discard|begin|start|pragma|lock|alter\s+session|select\s[^;]{0,200}?"
    r"(?:advisory|get_lock|set_config)|do\s+get_lock|exec\w*\s+sp_getapplock)"
)


def shapes_session(text: str) -> bool:
    """Say whether a statement changes how later ones of the session run."""
    return _SETS.match(text) is not None
