"""What a statement of PostgreSQL does: as its own parser says, and as our reader says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from dten_audit.model.facts.sql import Action
from dten_audit.readers.sql.draft import Draft
from dten_audit.readers.sql.scanning import Scanner

Told = tuple[str, str, str]
"""What both sides say of an action: verb, table, column."""

COMMANDS = {
    "AT_AddColumn": "add_column",
    "AT_DropColumn": "drop_column",
    "AT_AlterColumnType": "alter_type",
    "AT_SetNotNull": "set_not_null",
    "AT_DropNotNull": "drop_not_null",
    "AT_SetStatistics": "set_statistics",
    "AT_SetOptions": "set_statistics",
    "AT_ResetOptions": "set_statistics",
    "AT_SetStorage": "alter_column_option",
    "AT_SetCompression": "alter_column_option",
    "AT_SetIdentity": "alter_column_option",
    "AT_DropIdentity": "alter_column_option",
    "AT_DropExpression": "alter_column_option",
    "AT_AddIdentity": "add_identity",
    "AT_SetExpression": "set_expression",
    "AT_AlterConstraint": "alter_constraint",
    "AT_ValidateConstraint": "validate_constraint",
    "AT_DropConstraint": "drop_constraint",
    "AT_ChangeOwner": "owner",
    "AT_SetTableSpace": "set_tablespace",
    "AT_SetAccessMethod": "set_access_method",
    "AT_SetLogged": "set_logged",
    "AT_SetUnLogged": "set_logged",
    "AT_SetRelOptions": "set_storage_parameters",
    "AT_ResetRelOptions": "set_storage_parameters",
    "AT_ClusterOn": "cluster_on",
    "AT_DropCluster": "cluster_on",
    "AT_AddInherit": "inherit",
    "AT_DropInherit": "inherit",
    "AT_EnableTrig": "enable_trigger",
    "AT_EnableAlwaysTrig": "enable_trigger",
    "AT_EnableReplicaTrig": "enable_trigger",
    "AT_EnableTrigAll": "enable_trigger",
    "AT_EnableTrigUser": "enable_trigger",
    "AT_DisableTrig": "disable_trigger",
    "AT_DisableTrigAll": "disable_trigger",
    "AT_DisableTrigUser": "disable_trigger",
    "AT_EnableRule": "enable_rule",
    "AT_DisableRule": "disable_rule",
    "AT_EnableRowSecurity": "alter_row_security",
    "AT_DisableRowSecurity": "alter_row_security",
    "AT_ForceRowSecurity": "alter_options",
    "AT_NoForceRowSecurity": "alter_options",
    "AT_ReplicaIdentity": "alter_options",
    "AT_AddOf": "alter_options",
    "AT_DropOf": "alter_options",
    "AT_AttachPartition": "attach_partition",
    "AT_DetachPartition": "detach_partition",
    "AT_DetachPartitionFinalize": "detach_partition",
}
CONSTRAINTS = {
    "CONSTR_FOREIGN": "foreign-key",
    "CONSTR_CHECK": "check",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_PRIMARY": "primary-key",
    "CONSTR_EXCLUSION": "exclude",
    "CONSTR_NOTNULL": "not-null",
}
DROPS = {
    "OBJECT_TABLE": "drop_table",
    "OBJECT_INDEX": "drop_index",
    "OBJECT_VIEW": "drop_view",
    "OBJECT_MATVIEW": "drop_materialized_view",
    "OBJECT_SCHEMA": "drop_schema",
    "OBJECT_TRIGGER": "drop_trigger",
    "OBJECT_POLICY": "drop_policy",
    "OBJECT_RULE": "drop_rule",
}
TRANSACTIONS = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_PREPARE": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_ROLLBACK_TO": "rollback_to",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "release",
}
COMPARED = frozenset((*COMMANDS.values(), *DROPS.values(), *TRANSACTIONS.values())) | {
    "add_constraint", "set_default", "drop_default", "create_index", "create_table", "truncate",
    "update", "delete", "lock_table", "vacuum_full", "vacuum", "cluster", "refresh_view", "reindex",
    "rename_table", "rename_column", "rename_constraint", "set_schema", "create_trigger",
    "create_rule", "create_policy", "create_view", "create_materialized_view", "create_function",
    "create_procedure", "set", "reset",
}  # fmt: skip


NAMED = frozenset(
    "create_index create_trigger create_policy create_rule drop_trigger drop_policy drop_rule"
    " validate_constraint drop_constraint create_view create_materialized_view create_function"
    " create_procedure set reset".split()
)
"""Verbs that are compared with the name of what they make, drop or set."""


def _name(relation: Any) -> str:
    return ".".join(filter(None, (relation.schemaname, relation.relname)))


def _names(objects: Any) -> list[str]:
    found = []
    for each in objects:
        kind = each.WhichOneof("node")
        value = getattr(each, kind)
        items = value.items if kind == "list" else [each]
        found.append(".".join(i.string.sval for i in items if i.WhichOneof("node") == "string"))
    return found


def parsed(text: str) -> list[Told]:
    """Return the comparable actions of a statement as PostgreSQL's parser sees them."""
    postgast: Any = import_module("postgast")
    found: list[Told] = []
    for raw in postgast.parse(text).stmts:
        kind = raw.stmt.WhichOneof("node")
        found += _told(kind, getattr(raw.stmt, kind))
    return found


def _told(kind: str, node: Any) -> Iterator[Told]:
    pb: Any = import_module("postgast.pg_query_pb2")
    tables = ("OBJECT_TABLE", "OBJECT_FOREIGN_TABLE")
    if kind == "alter_table_stmt" and pb.ObjectType.Name(node.objtype) in tables:
        for command in node.cmds:
            yield _command(command.alter_table_cmd, _name(node.relation))
    elif kind == "drop_stmt":
        verb = DROPS.get(pb.ObjectType.Name(node.remove_type), "")
        for name in _names(node.objects) if verb else ():
            table, _, last = name.rpartition(".")
            on_table = verb in ("drop_trigger", "drop_policy", "drop_rule")
            yield (verb, table, last) if on_table else (verb, name, "")
    elif kind == "transaction_stmt":
        verb = TRANSACTIONS.get(pb.TransactionStmtKind.Name(node.kind), "")
        if verb:
            yield verb, "", ""
    elif kind == "rename_stmt":
        yield from _rename(node, pb)
    elif kind in ("vacuum_stmt", "reindex_stmt", "cluster_stmt", "refresh_mat_view_stmt"):
        yield from _maintenance(kind, node, pb)
    else:
        yield from _simple(kind, node)


def _simple(kind: str, node: Any) -> Iterator[Told]:
    if kind == "index_stmt":
        yield "create_index", _name(node.relation), node.idxname
    elif kind == "create_stmt":
        yield "create_table", _name(node.relation), ""
    elif kind == "create_foreign_table_stmt":
        yield "create_table", _name(node.base_stmt.relation), ""
    elif kind == "create_table_as_stmt" and node.objtype != _matview():
        yield "create_table", _name(node.into.rel), ""
    elif kind == "select_stmt":
        if node.HasField("into_clause"):
            yield "create_table", _name(node.into_clause.rel), ""
        yield from _with(node)
    elif kind in ("update_stmt", "delete_stmt"):
        yield from _with(node)
        yield kind.removesuffix("_stmt"), _name(node.relation), _bound(node)
    elif kind == "insert_stmt":
        yield from _with(node)
    elif kind in ("truncate_stmt", "lock_stmt"):
        for relation in node.relations:
            verb = "truncate" if kind == "truncate_stmt" else "lock_table"
            yield verb, _name(relation.range_var), ""
    elif kind == "alter_object_schema_stmt":
        if node.relation.relname and node.object_type in _tables():
            yield "set_schema", _name(node.relation), ""
    elif kind == "create_trig_stmt":
        yield "create_trigger", _name(node.relation), node.trigname
    elif kind == "create_policy_stmt":
        yield "create_policy", _name(node.table), node.policy_name
    elif kind == "rule_stmt":
        yield "create_rule", _name(node.relation), node.rulename
    else:
        yield from _others(kind, node)


_NO_SETTINGS = ("session_authorization", "role", "client_encoding", "timezone", "xmloption")
"""Settings that have a statement of their own."""


def _others(kind: str, node: Any) -> Iterator[Told]:
    pb: Any = import_module("postgast.pg_query_pb2")
    if kind == "view_stmt":
        yield "create_view", "", _name(node.view)
    elif kind == "create_table_as_stmt":
        yield "create_materialized_view", "", _name(node.into.rel)
    elif kind == "create_function_stmt":
        verb = "create_procedure" if node.is_procedure else "create_function"
        yield verb, "", ".".join(part.string.sval for part in node.funcname)
    elif kind == "variable_set_stmt":
        how = pb.VariableSetKind.Name(node.kind)
        if how in ("VAR_SET_VALUE", "VAR_SET_DEFAULT", "VAR_SET_CURRENT"):
            yield from () if node.name in _NO_SETTINGS else (("set", "", node.name),)
        elif how in ("VAR_RESET", "VAR_RESET_ALL"):
            yield "reset", "", node.name or "all"
    elif kind == "discard_stmt" and pb.DiscardMode.Name(node.target) == "DISCARD_ALL":
        yield "reset", "", "all"


def _tables() -> set[int]:
    pb: Any = import_module("postgast.pg_query_pb2")
    return {pb.ObjectType.Value("OBJECT_TABLE"), pb.ObjectType.Value("OBJECT_FOREIGN_TABLE")}


def _matview() -> int:
    pb: Any = import_module("postgast.pg_query_pb2")
    value: int = pb.ObjectType.Value("OBJECT_MATVIEW")
    return value


def _with(node: Any) -> Iterator[Told]:
    for cte in node.with_clause.ctes:
        query = cte.common_table_expr.ctequery
        kind = query.WhichOneof("node")
        if kind in ("update_stmt", "delete_stmt"):
            yield from _told(kind, getattr(query, kind))


def _bound(node: Any) -> str:
    others = len(node.using_clause) if hasattr(node, "using_clause") else 0
    return "bound" if node.HasField("where_clause") or others else ""


def _command(command: Any, table: str) -> Told:
    pb: Any = import_module("postgast.pg_query_pb2")
    kind = pb.AlterTableType.Name(command.subtype)
    if kind == "AT_AddConstraint":
        constraint = command.__getattribute__("def").constraint
        name = CONSTRAINTS[pb.ConstrType.Name(constraint.contype)]
        enforced = constraint.is_enforced or name not in ("foreign-key", "check")
        state = " not-valid" if constraint.skip_validation or not enforced else ""
        index = " using-index" if constraint.indexname else ""
        return f"add_constraint {name}{state}{index}", table, constraint.conname
    if kind == "AT_ColumnDefault":
        has = command.HasField("def")
        return "set_default" if has else "drop_default", table, command.name
    column = command.name
    if kind == "AT_AddColumn":
        column = command.__getattribute__("def").column_def.colname
    verb = COMMANDS[kind]
    by_column = verb in ("add_column", "drop_column", "alter_type", "set_not_null", "drop_not_null")
    named = by_column or verb in ("validate_constraint", "drop_constraint")
    return verb, table, column if named else ""


def _rename(node: Any, pb: Any) -> Iterator[Told]:
    kinds = {
        "OBJECT_TABLE": ("rename_table", ""),
        "OBJECT_COLUMN": ("rename_column", node.subname),
        "OBJECT_TABCONSTRAINT": ("rename_constraint", ""),
    }
    verb = kinds.get(pb.ObjectType.Name(node.rename_type))
    if verb is not None:
        yield verb[0], _name(node.relation), verb[1]


def _maintenance(kind: str, node: Any, pb: Any) -> Iterator[Told]:
    if kind == "vacuum_stmt" and node.is_vacuumcmd:
        options = [o.def_elem for o in node.options]
        full = any(o.defname == "full" and not _is_off(o) for o in options)
        verb = "vacuum_full" if full else "vacuum"
        for relation in node.rels or [None]:
            name = _name(relation.vacuum_relation.relation) if relation else ""
            yield verb, name, ""
    elif kind == "reindex_stmt":
        concurrent = any(o.def_elem.defname == "concurrently" for o in node.params)
        table = pb.ReindexObjectType.Name(node.kind) == "REINDEX_OBJECT_TABLE"
        yield "reindex", _name(node.relation) if table else "", "c" if concurrent else ""
    elif kind == "cluster_stmt":
        yield "cluster", _name(node.relation), ""
    elif kind == "refresh_mat_view_stmt":
        yield "refresh_view", _name(node.relation), "c" if node.concurrent else ""


def _is_off(option: Any) -> bool:
    argument = option.arg
    kind = argument.WhichOneof("node")
    return kind is not None and getattr(argument, kind).sval in ("false", "off", "0")


def recognised(text: str) -> list[Told]:
    """Return the comparable actions of a statement as the reader sees them."""
    found = Scanner(text, "postgres").scan(0, len(text))
    return comparable(d for d in found if not _is_call(text[d.start : d.end]))


def _is_call(source: str) -> bool:
    """``set_config(…)`` is a function for the parser, not a statement."""
    return source.lower().startswith("set_config")


def comparable(drafts: Iterable[Draft | Action]) -> list[Told]:
    """Return what is compared of a statement's actions: nothing inside a routine or a block."""
    found: list[Told] = []
    inside = False
    for each in drafts:
        inside = inside or each.verb == "block_begins"
        apart = each.verb == "set" and each.name in _NO_SETTINGS
        apart = apart or (isinstance(each, Action) and _is_call(each.text))
        if each.verb not in COMPARED or inside or each.routine or apart:
            continue
        verb, table, extra = each.verb, each.table, ""
        if verb == "add_constraint":
            state = " not-valid" if "not-valid" in each.flags else ""
            index = " using-index" if "using-index" in each.flags else ""
            verb, extra = f"add_constraint {each.constraint}{state}{index}", each.name
        elif verb in NAMED:
            extra = each.name
        elif verb.startswith("drop_") and verb not in ("drop_column", "drop_table"):
            table = each.table or each.name
        elif verb in ("update", "delete"):
            extra = "bound" if each.flags & {"where", "join", "tautology"} else ""
        elif verb in ("reindex", "refresh_view"):
            extra = "c" if "concurrently" in each.flags else ""
        if verb in ("add_column", "drop_column", "alter_type", "set_not_null", "drop_not_null",
                    "set_default", "drop_default", "rename_column"):  # fmt: skip
            extra = each.column
        found.append((verb, table, extra))
    return found
