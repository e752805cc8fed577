"""Recognises the rest of ALTER TABLE: partitions, triggers, storage, table options."""

from __future__ import annotations

from typing import Final

from dten_audit.readers.sql.draft import Draft, draft, flag
from dten_audit.readers.sql.tokens import Cursor, flat, follows

TABLE_OPTIONS: Final = frozenset(
    "engine auto_increment avg_row_length checksum comment compression connection data"
    " delay_key_write encryption insert_method key_block_size max_rows min_rows pack_keys"
    " password row_format stats_auto_recalc stats_persistent stats_sample_pages union"
    " page_compressed page_compression_level page_checksum transactional collate character charset"
    " default secondary_engine autoextend_size read write cache nocache noparallel parallel logging"
    " nologging compress nocompress pctfree initrans storage result_cache monitoring inmemory"
    " flashback row shrink allocate deallocate enable disable supplemental lock_escalation"
    " filestream_on ledger system_versioning secondary_load secondary_unload order with options"
    " without oids of set reset replica inherit no force start stop tablespace discard import"
    " split merge period versioning upgrade dependent records not".split()
)
"""Words that a clause about the table as a whole starts with, in any dialect."""

_REBUILDING: Final = frozenset(
    "engine row_format key_block_size force encryption compression page_compressed".split()
)


def other_clause(cursor: Cursor, table: str, checks: frozenset[str]) -> Draft:
    """Recognise a clause that neither adds, drops nor changes columns.

    ``checks`` is T-SQL's ``WITH CHECK`` in front of it.
    """
    words = flat(cursor.tokens)
    for recognise in (_constraint, _partition, _storage, _switch):
        found = recognise(cursor, table, words)
        if found is not None:
            return found._replace(flags=found.flags | checks) if checks else found
    first = words[0] if words else ""
    if first in ("algorithm", "lock"):
        value = next((word for word in words[1:] if word != "="), "")
        return draft(f"assert_{first}", cursor.tokens, table=table, value=value)
    if first in TABLE_OPTIONS:
        return draft("alter_options", cursor.tokens, table=table, name=first)
    return draft("unclassified", cursor.tokens, table=table)


def _constraint(cursor: Cursor, table: str, words: list[str]) -> Draft | None:
    whole = cursor.tokens
    if cursor.take("validate", "constraint"):
        return draft("validate_constraint", whole, table=table, name=cursor.name())
    if words[:4] == ["with", "check", "check", "constraint"]:
        cursor.index += 4
        return draft("validate_constraint", whole, table=table, name=cursor.name())
    if words[:2] in (["check", "constraint"], ["nocheck", "constraint"]):
        cursor.index += 2
        verb = "enable_constraint" if words[0] == "check" else "disable_constraint"
        return draft(verb, whole, table=table, name=cursor.name())
    if words[:1] in (["enable"], ["disable"]):
        everything = flag("all", when="all" in words or "user" in words)
        for kind in ("trigger", "constraint", "keys", "rule"):
            if kind in words or f"{kind}s" in words:
                return draft(f"{words[0]}_{kind}", whole, everything, table=table)
        if "row" in words:
            return draft("alter_row_security", whole, table=table)
    return None


def _partition(cursor: Cursor, table: str, words: list[str]) -> Draft | None:
    whole = cursor.tokens
    if cursor.take("attach", "partition"):
        child = cursor.name()
        return draft("attach_partition", whole, table=table, name=child, references=(child,))
    if cursor.take("detach", "partition"):
        child = cursor.name()
        finalize = flag("finalize", when="finalize" in words)
        online = flag("concurrently", when="concurrently" in words)
        return draft(
            "detach_partition",
            whole,
            finalize,
            online,
            table=table,
            name=child,
            references=(child,),
        )
    if words[:2] in (["convert", "partition"], ["convert", "table"]):
        return draft("alter_partitions", whole, table=table, name="convert")
    if words[:2] == ["truncate", "partition"]:
        return draft("drop_partition", whole, table=table)
    if words[:1] and words[0] in _PARTITION_WORK:
        return draft("alter_partitions", whole, table=table, name=words[0])
    if cursor.take("inherit") or cursor.take("no", "inherit"):
        parent = cursor.name()
        return draft("inherit", whole, table=table, references=(parent,))
    return None


_PARTITION_WORK: Final = frozenset(
    "coalesce reorganize exchange split merge repair optimize analyze remove partition".split()
)


def _storage(cursor: Cursor, table: str, words: list[str]) -> Draft | None:
    whole = cursor.tokens
    if cursor.take("set", "unused"):
        cursor.any_of(("column", "("))
        return draft("drop_column", whole, "unused", table=table, column=cursor.name())
    if words[:2] in (["set", "logged"], ["set", "unlogged"]):
        return draft("set_logged", whole, table=table, value=words[1])
    if words[:2] in (["set", "tablespace"], ["move"], ["move", "tablespace"], ["move", "online"]):
        return draft("set_tablespace", whole, flag("online", when="online" in words), table=table)
    if words[:1] == ["move"]:
        return draft("set_tablespace", whole, flag("online", when="online" in words), table=table)
    if words[:3] == ["set", "access", "method"]:
        return draft("set_access_method", whole, table=table)
    if cursor.take("set", "schema"):
        return draft("set_schema", whole, table=table, value=cursor.name())
    if words[:1] == ["cluster"] or follows(words, "set", "without", "cluster"):
        return draft("cluster_on", whole, table=table)
    if cursor.take("owner", "to"):
        return draft("owner", whole, table=table, value=cursor.name())
    if cursor.take("set", "(") or cursor.take("reset", "("):
        return draft("set_storage_parameters", whole, table=table)
    if words[:1] and words[0] in _REBUILDING and words[1:2] != ["row"]:
        value = next((word for word in words[1:] if word != "="), "")
        return draft("rebuild_table", whole, table=table, name=words[0], value=value)
    if words[:2] == ["convert", "to"]:
        return draft("convert_charset", whole, table=table)
    return None


def _switch(cursor: Cursor, table: str, words: list[str]) -> Draft | None:
    """T-SQL: REBUILD copies the table, SWITCH swaps a partition in place."""
    online = flag("online", when=_says_online(cursor))
    if words[:1] == ["rebuild"]:
        return draft("rebuild_table", cursor.tokens, online, table=table, name="rebuild")
    if words[:1] == ["switch"]:
        return draft("switch_partition", cursor.tokens, table=table)
    return None


def _says_online(cursor: Cursor) -> bool:
    words = [token.text for token in cursor.tokens if token.kind == "word"]
    return follows(words, "online", "on")
