"""One action in one session state: what it does to a table in use, as a ``SchemaChange``."""

from __future__ import annotations

from typing import Final

from dten_audit.derive.schema.around import Fields, failure, surroundings
from dten_audit.derive.schema.book import SqlFile
from dten_audit.derive.schema.checks import switched_off
from dten_audit.derive.schema.safe_forms import safe_form
from dten_audit.derive.schema.scans import scan_of
from dten_audit.derive.schema.settings import TIMEOUTS, state_of
from dten_audit.derive.schema.state import State
from dten_audit.derive.schema.wording import statement_of, words_of
from dten_audit.model.facts.sql import (
    Action,
    SchemaChange,
    SqlStatement,
    TableFrom,
    TableLock,
    TableSize,
)
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.sql.draft import is_computed
from dten_audit.readers.sql.locks import Effect, effect_of, is_unbounded
from dten_audit.readers.sql.servers import servers_of
from dten_audit.site.site import Site

_HARMLESS_TWICE: Final = frozenset(
    "lock_table update delete drop_table reference_table refresh_view reindex cluster vacuum_full"
    " optimize_table set_statistics set_storage_parameters cluster_on disable_keys enable_keys"
    " validate_constraint rename_index alter_index insert_select set use_enum_value"
    " add_enum_value".split()
)
"""What two migrators may do at once without harm to the schema."""
_OBJECTS: Final = frozenset(
    "drop_view drop_materialized_view drop_schema drop_database rename_schema rename_view"
    " rename_enum_value drop_trigger drop_policy drop_rule create_trigger create_policy"
    " create_rule".split()
)
_ROWS: Final = frozenset(("update", "delete", "insert_select"))
_SERVERS: Final = {"postgres": ("postgresql", "postgres"), "mysql": ("mysql", "mariadb")}
_SAY_ALWAYS: Final = frozenset(("rename_schema", "rename_view", "rename_enum_value"))


class Judge:
    """Makes facts of actions; knows the site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        versions = {name: _major(version) for name, version in site.databases}
        self._versions = {
            dialect: next((versions[name] for name in names if name in versions), 0)
            for dialect, names in _SERVERS.items()
        }

    def version(self, dialect: str) -> int:
        """Return the major version of the site's server, 0 where the site does not say."""
        return self._versions.get(dialect, 0)

    def change(
        self, action: Action, statement: SqlStatement, state: State, file: SqlFile
    ) -> SchemaChange | None:
        """Return what an action changes; None where it concerns no table in use."""
        fails = failure(action, state, self.version(state.dialect))
        effect = self._effect(action, state, fails=bool(fails))
        if effect is None:
            return None
        first = self._stated(action, effect, state, file, fails)
        emptied = state.tables.is_emptied(first.table, file.file.path, state.dialect)
        scanned = {} if emptied else self._scan(first, action, effect, state)
        change = first._replace(
            emptied=emptied,
            **surroundings(action, statement, state, file),
            **_held(first, statement.at, action.part, state),
            **_session(first, state, file),
            **scanned,
        )
        return _with_safe_form(change, action, state)

    def _stated(
        self, action: Action, effect: Effect, state: State, file: SqlFile, fails: str
    ) -> SchemaChange:
        """Return what the action and its effect say, whatever is around it."""
        table = action.table or state.tables.table_of_index(action.name, state.dialect)
        origin = self._origin(action, table, state, file)
        return SchemaChange(
            action.at,
            state.dialect,
            action.verb,
            table,
            words_of(action),
            statement_of(action),
            action.column,
            action.name,
            action.constraint,
            tuple(sorted(action.flags)),
            unbounded=action.verb in ("update", "delete") and is_unbounded(action),
            fails=fails,
            lock=effect.lock,
            blocks=effect.blocks,
            concurrently="concurrently" in action.flags or "online" in action.flags,
            alters=action.verb not in _HARMLESS_TWICE,
            other_locks=(*effect.others, *_untied(action, state)),
            table_from=origin,
            table_created_here=origin != "site",
            table_size=self.size(table),
            certainty=action.certainty,
        )

    def _effect(self, action: Action, state: State, *, fails: bool) -> Effect | None:
        """Return what an action locks; an empty effect where it is told without a lock."""
        effect = effect_of(action, state.dialect, *servers_of(state.dialect, self._site.databases))
        if effect is not None:
            return effect
        if action.verb in _SAY_ALWAYS:
            return Effect("", ("reads", "writes"))
        if action.verb in _ROWS and state.held:
            return Effect("ROW EXCLUSIVE", ())
        return Effect("", ()) if fails or switched_off(action, state.dialect) else None

    def _origin(self, action: Action, table: str, state: State, file: SqlFile) -> TableFrom:
        if action.verb == "drop_index" and action.name and not action.table:
            known = state.tables.table_of_index(action.name, state.dialect)
            return state.tables.origin(known, file.file.path, state.dialect) if known else "site"
        if action.verb == "add_domain_constraint":
            known_here = state.tables.domains.get(action.name)
            return "file" if known_here is not None and known_here.base else "site"
        name = table or action.name
        return state.tables.origin(name, file.file.path, state.dialect) if name else "site"

    def size(self, table: str) -> TableSize | Unknown:
        """Return what the site says of a table."""
        if is_computed(table):
            return Unknown("package.value")
        record = self._site.table(table) if table else Unknown("site.tables")
        if record is None:
            return TableSize(present=False)
        if isinstance(record, Unknown):
            return record
        return TableSize(record.rows, record.bytes)

    def _scan(self, change: SchemaChange, action: Action, effect: Effect, state: State) -> Fields:
        """Say whether the table is read or copied under the lock."""
        servers = servers_of(state.dialect, self._site.databases)
        scan = scan_of(action, effect, state, self.version(state.dialect), *servers)
        in_place = (
            state.dialect == "mysql"
            and action.constraint == "foreign-key"
            and action.verb == "add_constraint"
            and scan.copies is False
        )
        return Fields(
            scans=scan.reads,
            rewrites=scan.copies,
            validates=scan.checks,
            blocks=() if in_place or scan.free else change.blocks,
        )


def _untied(action: Action, state: State) -> list[TableLock]:
    """PostgreSQL: with a foreign key its triggers on the other table go."""
    if state.dialect != "postgres":
        return []
    found = state.tables.links(action, state.dialect)
    return [TableLock(table, "ACCESS EXCLUSIVE") for table in found if table != action.table]


def _with_safe_form(change: SchemaChange, action: Action, state: State) -> SchemaChange:
    """Return a change with another way of doing the same, where that is worth showing."""
    if _has_hazard(change) and not change.concurrently:
        return change._replace(safe_form=safe_form(action, state.dialect))
    return change


def _has_hazard(change: SchemaChange) -> bool:
    """Say whether another way of doing the same is worth showing."""
    given = ("default", "identity", "serial", "generated", "virtual", "stored")
    required = change.action == "add_column" and "not-null" in change.flags
    return (
        change.scans is not False
        or change.unbounded
        or change.action == "drop_index"
        or (required and not any(flag in change.flags for flag in given))
    )


def _held(change: SchemaChange, statement: Location, part: int, state: State) -> Fields:
    """Say which tables earlier statements of the transaction keep locked."""
    earlier = [held for held in state.held if (held.at, held.part) != (statement, part)]
    if not earlier:
        return {}
    locked = next((held for held in earlier if held.all_use), None)
    since = locked or earlier[0]
    key = state.tables.key(change.table, state.dialect)
    others = (
        held.table
        for held in earlier
        if held.all_use and held.is_table and state.tables.key(held.table, state.dialect) != key
    )
    return Fields(
        holding=locked.table if locked else "",
        holding_writes="" if locked else earlier[0].table,
        also_locks=next(others, "") if change.table and "reads" in change.blocks else "",
        holding_since=(since.at,),
    )


def _session(change: SchemaChange, state: State, file: SqlFile) -> Fields:
    """Return what the session says: timeouts, transaction, migration lock, and what the file is."""
    dialect = state.dialect
    timeout = TIMEOUTS[dialect]
    value = state.settings.get(timeout.name)
    if "bounded-wait" in change.flags:
        value = 1000
    statement = state.settings.get("statement_timeout") if dialect == "postgres" else 0
    lock = state.context.lock_holder or state.lock
    return Fields(
        lock_timeout=state_of(value, timeout.default),
        lock_timeout_ms=timeout.default if value is None else value,
        statement_timeout=state_of(statement, 0),
        in_transaction=_in_transaction(change, state, file),
        migration_lock=bool(lock),
        lock_holder=lock,
        role=file.role,
        runner=file.runner.name,
        runner_waits=_waits_for_runner(change, file, dialect),
        script=file.file.path,
        unit=file.unit,
    )


def _in_transaction(change: SchemaChange, state: State, file: SqlFile) -> bool | Unknown:
    """Say whether a transaction is open; of what needs none, a runner's may be autocommit."""
    runners = state.in_transaction is True and not state.explicit
    if change.concurrently and runners and file.runner.autocommits:
        return Unknown("package.value")
    return state.in_transaction


def _waits_for_runner(change: SchemaChange, file: SqlFile, dialect: str) -> bool:
    """Say whether an index is built beside a transaction of the runner, whose end it waits for."""
    builds = change.action in ("create_index", "reindex") and change.concurrently
    return builds and dialect == "postgres" and file.runner.holds_open


def parents(action: Action, state: State, file: SqlFile) -> list[Action]:
    """Return the locks on other tables that an action needs, as actions of their own.

    A foreign key locks the table that it refers to, also where its own table is new; a partition
    locks its parent (CREATE TABLE, PostgreSQL 18).
    """
    if state.dialect != "postgres" or action.verb not in ("create_table", "add_constraint"):
        return []
    own = state.tables.key(action.table, "postgres")
    if action.verb == "add_constraint" and (
        state.tables.origin(action.table, file.file.path, "postgres") == "site"
    ):
        return []
    mode = "share row exclusive"
    if "partition-of" in action.flags:
        mode = "access exclusive"
    elif "inherits" in action.flags:
        mode = "share update exclusive"
    return [
        action._replace(verb="lock_table", table=parent, value=mode, column="", name="")
        for parent in action.references
        if parent and state.tables.key(parent, "postgres") != own
    ]


def _major(version: str) -> int:
    digits = version.strip().partition(".")[0]
    return int(digits[:4]) if digits.isdigit() else 0
