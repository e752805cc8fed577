"""What is known of programs that change rights, and of paths that only root may change."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple, cast

from dten_audit.model.facts.privilege import Write
from dten_audit.readers.knowledge import from_tables, knowledge


class Tool(NamedTuple):
    """A program that runs a command as somebody else; fields as in ``privilege_tools.yaml``."""

    escalates: bool
    policy: bool
    takes: frozenset[str]
    no_prompt: frozenset[str]
    from_stdin: frozenset[str]
    askpass: frozenset[str]
    environment: frozenset[str]
    login: frozenset[str]
    shell: frozenset[str]


class Writer(NamedTuple):
    """A program that changes files; fields as in ``system_paths.yaml``."""

    operands: str
    what: Write
    takes: frozenset[str]
    target: frozenset[str]
    only: frozenset[str]
    not_: frozenset[str]


def _table() -> dict[str, object]:
    return cast("dict[str, object]", knowledge("privilege_tools"))


def _words(row: dict[str, object], key: str) -> frozenset[str]:
    return frozenset(cast("list[str]", row.get(key, [])))


@from_tables
def tools() -> dict[str, Tool]:
    """Return the programs that run a command as somebody else, by name."""
    rows = cast("dict[str, dict[str, object]]", _table()["tools"])
    return {
        name: Tool(
            bool(row.get("escalates", False)),
            bool(row.get("policy", False)),
            _words(row, "takes"),
            _words(row, "no_prompt"),
            _words(row, "from_stdin"),
            _words(row, "askpass"),
            _words(row, "environment"),
            _words(row, "login"),
            _words(row, "shell"),
        )
        for name, row in rows.items()
    }


@from_tables
def names(section: str) -> frozenset[str]:
    """Return a list of names: ``builtins``, ``no_login``, ``users``, ``escapes``, …."""
    return frozenset(cast("list[str]", _table()[section]))


@from_tables
def admin_groups() -> dict[str, str]:
    """Return the groups whose members are nearly root, with what they may do."""
    return cast("dict[str, str]", _table()["admin_groups"])


@from_tables
def near_groups() -> dict[str, str]:
    """Return the groups whose members are no root by themselves but close to it."""
    return cast("dict[str, str]", _table()["near_groups"])


class Action(NamedTuple):
    """What an action of polkit amounts to; ``scoped`` is the same where it is for one unit only."""

    root: bool
    why: str
    scoped: str


def polkit_action(action: str) -> Action | None:
    """Return what is known of an action, or of a glob of actions; None for a product's own."""
    for row in cast("list[dict[str, object]]", _table()["polkit_actions"]):
        known = str(row["action"])
        covers = fnmatchcase(known, action) if "*" in action else False
        if covers or (known != "*" and fnmatchcase(action, known)):
            return Action(bool(row["root"]), str(row["why"]), str(row.get("scoped", "")))
    return None


def loosening(setting: str, value: str, *, negated: bool) -> str:
    """Return what a setting of sudoers loosens; empty for all others."""
    for row in cast("list[dict[str, object]]", _table()["defaults"]):
        wanted = str(row.get("value", "*"))
        same = row["setting"] == setting and bool(row.get("negated", False)) == negated
        if same and fnmatchcase(value, wanted):
            return str(row["why"])
    return ""


@from_tables
def writers() -> dict[str, Writer]:
    """Return the programs that change files, by name."""
    table = cast("dict[str, dict[str, dict[str, object]]]", knowledge("system_paths"))
    return {
        name: Writer(
            str(row["operands"]),
            cast("Write", row["what"]),
            _words(row, "takes"),
            _words(row, "target"),
            _words(row, "only"),
            _words(row, "not"),
        )
        for name, row in table["writers"].items()
    }


@from_tables
def _areas() -> tuple[dict[str, str], int]:
    """Return what belongs to whom, by path, and the length of the longest path."""
    table = cast("dict[str, dict[str, str]]", knowledge("system_paths"))["areas"]
    return table, max(map(len, table), default=0)


def area(path: str) -> str:
    """Return what a path belongs to that only root may change; empty for all others."""
    areas, longest = _areas()
    at = path if len(path) <= longest else path[: longest + 1].rpartition("/")[0]
    while at:
        if at in areas:
            return "" if areas[at] == "none" else areas[at]
        at = at.rpartition("/")[0]
    return ""
