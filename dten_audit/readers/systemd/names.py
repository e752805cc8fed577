"""Unit names: types, templates, instances, and which unit a file in a systemd folder speaks of.

Source: systemd.unit(5), sections DESCRIPTION and UNIT FILE LOAD PATH.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

UNIT_TYPES: Final = frozenset({
    "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer",
    "slice", "scope",
})  # fmt: skip
NAME_MAX: Final = 255


class UnitName(NamedTuple):
    """A unit's name in its parts. ``template`` is empty for a unit that is neither."""

    name: str
    template: str = ""
    instance: str = ""


@cache
def _valid() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9:_.\\@%-]+")


@lru_cache(maxsize=512)
def unit_type(name: str) -> str:
    """Return the type that a name ends in, or an empty string where it ends in none."""
    suffix = name.rpartition(".")[2]
    return suffix if suffix in UNIT_TYPES and len(name) > len(suffix) + 1 else ""


def is_unit_name(name: str) -> bool:
    """Say whether ``name`` is a full unit name as systemd.unit(5) allows it."""
    return bool(unit_type(name) and len(name) <= NAME_MAX and _valid().fullmatch(name))


def canonical(name: str) -> str:
    """Return the full name for what systemctl accepts as one: ``.service`` is understood."""
    return name if unit_type(name) else f"{name}.service"


@lru_cache(maxsize=512)
def split_name(name: str) -> UnitName:
    """Return the parts of a full unit name: template and instance, if it has them."""
    stem, at, rest = name.partition("@")
    suffix = unit_type(name)
    if not at or not stem or not suffix:
        return UnitName(name)
    return UnitName(name, f"{stem}@.{suffix}", rest.removesuffix(f".{suffix}"))


def unit_of_path(path: str) -> tuple[str, bool] | None:
    """Return the unit that a file at ``path`` speaks of, and whether the file is a drop-in.

    A drop-in is ``<unit>.d/<any>.conf``, and ``<type>.d/<any>.conf`` for all units of a type.
    """
    folder, _, name = path.rpartition("/")
    parent = folder.rpartition("/")[2]
    if name.endswith(".conf") and parent.endswith(".d"):
        owner = parent.removesuffix(".d")
        if is_unit_name(owner) or owner in UNIT_TYPES:
            return owner, True
        return None
    return (name, False) if is_unit_name(name) else None
