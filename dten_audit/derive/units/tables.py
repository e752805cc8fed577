"""What is known of units beyond one site: names, verbs, folders; read from the knowledge tables."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import NamedTuple, cast

from dten_audit.model.facts.units import Impact
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.systemd.names import split_name, unit_type


class Manager(NamedTuple):
    """A program that controls units, and where its command line names verb and unit.

    The fields are those of ``unit_verbs.yaml``.
    """

    name: str
    order: tuple[str, ...]
    takes: frozenset[str]
    fixed: str
    flags: dict[str, str]
    units: bool
    init: str
    forwards: bool
    template: str
    method: bool


class Shared(NamedTuple):
    """A unit that more than one product stands on, and what they lose while it is down.

    ``reloads``: it can reload, so that reload-or-restart does no more than that.
    """

    impact: Impact
    loses: str
    reloads: bool = False


NOT_SHARED = Shared("", "")


@from_tables
def managers() -> dict[str, Manager]:
    """Return the programs that control units, by name."""
    rows = cast("dict[str, dict[str, object]]", _verbs()["managers"])
    return {
        name: Manager(
            name,
            tuple(cast("list[str]", row["order"])),
            frozenset(cast("list[str]", row.get("takes", []))),
            str(row.get("fixed", "")),
            cast("dict[str, str]", row.get("flags", {})),
            bool(row.get("units", True)),
            str(row.get("init", "")),
            bool(row.get("forwards", False)),
            str(row.get("template", "")),
            "method" in row,
        )
        for name, row in rows.items()
    }


@from_tables
def _verbs() -> dict[str, object]:
    return cast("dict[str, object]", knowledge("unit_verbs"))


@from_tables
def _names() -> dict[str, object]:
    return cast("dict[str, object]", knowledge("unit_names"))


def verb(word: str) -> str:
    """Return the verb of systemctl for what another program calls it."""
    return cast("dict[str, str]", _verbs()["verbs"]).get(word, word)


@from_tables
def verbs(group: str) -> frozenset[str]:
    """Return the verbs of a group: ``starting``, ``stopping``, ``changing``."""
    return frozenset(cast("list[str]", _verbs()[group]))


def with_now(name: str) -> str:
    """Return what a verb with ``--now`` does at once: ``start``, ``stop`` or nothing."""
    return cast("dict[str, str]", _verbs()["now"]).get(name, "")


@from_tables
def package_managers() -> dict[str, frozenset[str]]:
    """Return the programs that install packages, with the verbs of theirs that do."""
    rows = cast("dict[str, list[str]]", _verbs()["package_managers"])
    return {name: frozenset(words) for name, words in rows.items()}


@from_tables
def _folders(key: str) -> tuple[str, ...]:
    return tuple(f"{folder}/" for folder in cast("list[str]", _verbs()[key]))


def in_unit_folder(path: str) -> bool:
    """Say whether systemd finds a unit or drop-in of the system at ``path``."""
    return path.startswith(_folders("folders"))


def in_user_folder(path: str) -> bool:
    """Say whether the user managers find a unit or drop-in at ``path``."""
    return f"/{path.lstrip('/')}".startswith(_folders("user_folders")) or (
        "/.config/systemd/user/" in path
    )


@from_tables
def _base() -> dict[str, frozenset[str]]:
    rows = cast("dict[str, list[str]]", _names()["base"])
    return {key: frozenset(names) for key, names in rows.items()}


def is_base(name: str) -> bool:
    """Say whether every host with systemd has this unit."""
    base, kind = _base(), unit_type(name)
    stem = name.removesuffix(f".{kind}")
    return (
        kind in base["types"]
        or stem in base.get(f"{kind}s", ())
        or (split_name(name).template or name) in base["templates"]
    )


def shared(name: str) -> Shared:
    """Return what others lose while a unit is down; nothing for a product's own unit."""
    stem = name.removesuffix(".service")
    row = _row("shared", "units", stem)
    if row is None:
        return NOT_SHARED
    reloads = stem in cast("list[str]", _names()["reloading"])
    return Shared(cast("Impact", row["impact"]), str(row["loses"]), reloads)


def units_of(package: str) -> tuple[str, ...]:
    """Return the units that a package brings under other names than its own, without endings."""
    return tuple(cast("dict[str, list[str]]", _names()["packages"]).get(package, ()))


def other_names(name: str) -> tuple[tuple[str, ...], str]:
    """Return the names that other systems have for a unit, and what is known of them."""
    stem = name.removesuffix(".service")
    row = _row("names", "names", stem)
    if row is None:
        return (), ""
    names = cast("list[str]", row["names"])
    return tuple(other for other in names if other != stem), str(row["why"])


def _row(section: str, key: str, stem: str) -> dict[str, object] | None:
    """Return the first row of a table one of whose patterns fits a unit's name."""
    any_of_them, patterns = _patterns(section, key)
    if any_of_them.match(stem) is None:
        return None
    return next(row for pattern, row in patterns if pattern.match(stem) is not None)


@from_tables
def _patterns(
    section: str, key: str
) -> tuple[re.Pattern[str], list[tuple[re.Pattern[str], dict[str, object]]]]:
    """Return the patterns of a table's rows: all in one, and each with its row."""
    rows = cast("list[dict[str, object]]", _names()[section])
    regexes = [("|".join(map(translate, cast("list[str]", row[key]))), row) for row in rows]
    return (
        re.compile("|".join(regex for regex, _ in regexes)),
        [(re.compile(regex), row) for regex, row in regexes],
    )
