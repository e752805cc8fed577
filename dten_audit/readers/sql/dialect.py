"""Tells which dialect a document is in: by who runs it, by its path, by words only one has."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, cast

from dten_audit.documents.document import Document
from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.knowledge import knowledge

_SAMPLE: Final = 64 << 10
_CLEAR: Final = 2
"""The dialect's words must outweigh those of the next one by this factor."""

_PATH_WORDS: Final[dict[str, Dialect]] = {
    "postgres": "postgres", "postgresql": "postgres", "pgsql": "postgres", "psql": "postgres",
    "pg": "postgres", "plpgsql": "postgres", "cockroach": "postgres", "cockroachdb": "postgres",
    "mysql": "mysql", "mariadb": "mysql", "maria": "mysql", "innodb": "mysql",
    "mssql": "tsql", "sqlserver": "tsql", "tsql": "tsql", "azuresql": "tsql",
    "oracle": "oracle", "ora": "oracle", "plsql": "oracle",
    "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip
_WORD: Final = re.compile(r"[a-z]+(?:sqlite3)?")
_COMMENTS: Final = re.compile(r"--[^\n]*+|/\*(?!!)[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)")

_SIGNS: Final[dict[Dialect, str]] = {
    "postgres": r"\$\$|\bconcurrently\b|\bplpgsql\b|\b(?:big|small)?serial\b|\w::\w|\bjsonb\b"
    r"|\btimestamptz\b|^\\[a-z!]|\bfrom\s+stdin\b|\bpg_[a-z_]+\(|\bset_config\(|\block_timeout\s*[=t']"
    r"|\bnot\s+valid\b|\bvalidate\s+constraint\b|\bowner\s+to\b|\balter\s+table\s+only\b|\bbytea\b"
    r"|\balter\s+column\s+\S+\s+(?:set\s+(?:not|data|statistics|storage)|drop\s+not|type)\b|\busing\s+(?:gin|gist|brin|btree)\b"
    r"|\brefresh\s+materialized\b|\bset\s+(?:local\s+)?(?:search_path|statement_timeout)\b"
    r"|\bif\s+not\s+exists\s+\S+\s+on\b|\balter\s+type\s+\S+\s+add\s+value\b|\bexclude\s+using\b"
    r"|\bcreate\s+type\s+\S+\s+as\s+(?:enum|range)\b|\btimestamp(?:\(\d\))?\s+without\s+time\s+zone\b"
    r"|\bwith\s+time\s+zone\s+(?:not\s+null\s+)?default\s+\(?now\(\)"
    r"|\bsession_replication_role\b|\b(?:at|de)tach\s+partition\b|\bdisable\s+trigger\s+(?:all|user)\s*;",
    "mysql": r"`\w+`|\bengine\s*=|\bdelimiter\s|\bauto_increment\b|\bmodify\s+(?:column\s+)?`?\w+`?"
    r"\s+(?:int|varchar|bigint|text|datetime|tinyint|enum|decimal|char|longtext)|\bchange\s+column\b"
    r"|/\*!\d{5}|\bunsigned\b|\bcharset\s*=|\block\s+tables\s|\bget_lock\s*\(|\btinyint\(\d"
    r"|\bon\s+schedule\s+(?:every|at)\b|\bevent_scheduler\b|\block_wait_timeout\b|\balgorithm\s*=\s*(?:inplace|instant|copy)|\butf8(?:mb4)?\b"
    r"|\b(?:tiny|medium|long)(?:text|blob)\b|\bmediumint\b|\bint\(1[01]\)|\bbigint\(20\)"
    r"|(?<!as )\benum\s*\(\s*'"
    r"|\bdrop\s+foreign\s+key\b|\badd\s+(?:fulltext\s+)?(?:index|key)\b|\bon\s+update\s+current_timestamp\b"
    r"|\bdrop\s+primary\s+key\b|\bcharacter\s+set\s+\w|\bforeign_key_checks\b|\binsert\s+ignore\b|\breplace\s+into\b",
    "tsql": r"^[ \t]*go[ \t]*;?$|\[\w+\]\.\[\w+\]|(?<=[\s,(=])(?-i:N')|\bdbo\.|\bnvarchar\b"
    r"|\bsp_(?:rename|executesql|getapplock)\b|\bobject_id\s*\(|\bdeclare\s+@|\bbegin\s+tran\b|\bidentity\s*\(\d|\bsys\.\w+"
    r"|\bwith\s+(?:no)?check\b|\bnocheck\s+constraint\b|\bnonclustered\b|\bset\s+(?:xact_abort|nocount|ansi_nulls)\b"
    r"|\bprint\s+'|^:(?:r|setvar|on\s+error)\s|\bdatetime2\b|\block_timeout\s+\d",
    "oracle": r"^[ \t]*/[ \t]*$|\bvarchar2\b|\bnumber\(\d|^[ \t]*prompt\b|\bwhenever\s+sqlerror\b"
    r"|\bexecute\s+immediate\b|\bdbms_\w+\.|\bsysdate\b|\bmodify\s*\(|\bfrom\s+dual\b|\bclob\b"
    r"|\benable\s+(?:no)?validate\b|\balter\s+session\b|\bexception\s+when\s+others\b",
    "sqlite": r"^[ \t]*pragma\b|\bautoincrement\b|\bwithout\s+rowid\b|\bbegin\s+immediate\b"
    r"|^\.(?:read|mode|bail|timeout|echo)\b|\bsqlite_(?:master|sequence|schema)\b",
}  # fmt: skip


@cache
def _signs(dialect: Dialect) -> re.Pattern[str]:
    return re.compile(_SIGNS[dialect], re.IGNORECASE | re.MULTILINE | re.ASCII)


def dialect_of(document: Document) -> Dialect:
    """Return the dialect of a document, ``generic`` where nothing tells.

    A migration that names it and the client that runs it know best, then the path, also that of
    the archives that it is in, then words that only one dialect has.
    """
    return (
        _PATH_WORDS.get(document.hints.get("dialect", "").lower())
        or of_client(document.hints.get("client", ""))
        or of_path(document.path)
        or of_path(document.address.partition("!/")[2].replace("!/", "/"))
        or of_text(document.text)
        or "generic"
    )


def of_client(name: str) -> Dialect | None:
    """Return the dialect that a client program, a driver or a connection URL speaks."""
    table = cast("dict[str, dict[str, object]]", knowledge("sql_clients"))
    word = name.lower().partition("://")[0].partition("+")[0].removeprefix("jdbc:")
    client = table["clients"].get(word)
    if isinstance(client, dict):
        return cast("Dialect", client["dialect"])
    driver = table["drivers"].get(word)
    return cast("Dialect", driver) if driver else None


def of_path(path: str) -> Dialect | None:
    """Return the dialect that the path names, the word nearest to its end first."""
    for part in reversed(path.lower().split("/")):
        words = [_PATH_WORDS[word] for word in _WORD.findall(part) if word in _PATH_WORDS]
        if words:
            return words[-1]
    return None


def of_text(text: str) -> Dialect | None:
    """Return the dialect whose own words clearly prevail in the first 64 KiB."""
    sample = _COMMENTS.sub(" ", text[:_SAMPLE])
    counts = [(sum(1 for _ in _signs(name).finditer(sample)), name) for name in _SIGNS]
    (most, best), (next_most, _) = sorted(counts, reverse=True)[:2]
    return best if most and most >= _CLEAR * next_most else None
