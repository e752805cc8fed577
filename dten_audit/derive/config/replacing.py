"""What to write instead of a key: the name at the end of the chain, and the line with its value."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.derive.config.versions import reached
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.unknown import Unknown
from dten_audit.site.matrix import USES, MatrixEntry
from dten_audit.site.matrix_keys import Lookup, full_name

_LONGEST_CHAIN: Final = 10
_TRANSFORM: Final = re.compile(r"([*/])([0-9]{1,12})([A-Za-z]*)")
_STARS: Final = re.compile(r"(\*\*|\*)")
_OPEN: Final = {"**": "(.+)", "*": "([^.]+)"}
_INDEX: Final = re.compile(r"\[([0-9]{1,9})\]")
_NUMBERED: Final = re.compile(r"\.([0-9]{1,9})(?=\.|\Z)")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_SEPARATORS: Final = {
    "yaml": ": ", "json": ": ", "properties": "=", "env": "=", "apache": " ", "nginx": " ",
}  # fmt: skip


def final_name(lookup: Lookup, entry: MatrixEntry, in_force: str | Unknown) -> str:
    """Return the key that replaces an entry's, following names that were replaced in turn."""
    name = _next_name(entry)
    seen = {full_name(entry), name}
    for _ in range(_LONGEST_CHAIN):
        following = next(
            (
                match.entry
                for match in lookup.find("", name, any_section=True)
                if _next_name(match.entry) and _gone(lookup, match.entry, in_force)
            ),
            None,
        )
        if following is None or _next_name(following) in seen:
            break
        name = _next_name(following)
        seen.add(name)
    return "" if _is_dead(lookup, name, in_force) else name


def _is_dead(lookup: Lookup, name: str, in_force: str | Unknown) -> bool:
    """Say whether a key that replaced another is gone in its turn, with nothing in its place."""
    return any(
        match.entry.removed
        and match.entry.only_if_value is None
        and not _next_name(match.entry)
        and reached(in_force, match.entry.removed, lookup.matrix.scheme) is True
        for match in lookup.find("", name, any_section=True)
    )


def filled(name: str, entry: MatrixEntry, key: str) -> str:
    """Return a new name with the labels of ``key`` where it, as the old name, leaves them open."""
    if "*" not in name:
        return name
    pattern = "".join(_OPEN.get(part) or re.escape(part) for part in _STARS.split(entry.key))
    match = re.fullmatch(pattern, _INDEX.sub(r".\1", key))
    if match is None:
        return name
    labels = iter(match.groups())
    whole = _STARS.sub(lambda star: next(labels, star[0]), name)
    return _NUMBERED.sub(r"[\1]", whole)


def _next_name(entry: MatrixEntry) -> str:
    if entry.renamed_to and entry.section:
        return f"{entry.section}.{entry.renamed_to}"
    return entry.moved_to or entry.renamed_to


def _gone(lookup: Lookup, entry: MatrixEntry, in_force: str | Unknown) -> bool:
    """Say whether another name is to be used: from the deprecation on, where that is known."""
    since = entry.replacement_since or entry.changed_in or entry.deprecated or entry.removed
    return reached(in_force, since, lookup.matrix.scheme) is True


def setting_line(key: ConfigKey, entry: MatrixEntry, replacement: str) -> str:
    """Return the line that sets the new key to what the old one said; empty if nobody can say."""
    value = key.value
    if not replacement or key.certainty == "computed" or "\n" in value:
        return ""
    if entry.transform:
        changed = _transformed(value, entry.transform)
        if changed is None:
            return ""
        value = changed
    if key.format in USES:
        return _in_use(key.format, replacement, value)
    return f"{_written_name(key, replacement)}{_SEPARATORS.get(key.format, ' = ')}{value}"


def _in_use(use: str, replacement: str, value: str) -> str:
    """Return what stands for a key in another language; empty where its name says it all."""
    if use == "kubernetes":
        version, _, kind = replacement.rpartition("/")
        return f"apiVersion: {version}, kind: {kind}"
    if use == "systemd":
        return f"{replacement}={value}"
    if use == "cli" and not replacement.startswith("-"):
        return f"--{replacement}={value}" if value else f"--{replacement}"
    return ""


def _written_name(key: ConfigKey, replacement: str) -> str:
    """Return the new key as the file writes it: in an INI file, with its section if that is new."""
    section, dot, name = replacement.partition(".")
    if key.format != "ini" or not key.section or not dot:
        return replacement
    return name if section == key.section else f"[{section}] {name}"


def _transformed(value: str, transform: str) -> str | None:
    """Apply ``*86400``, ``/1024`` or ``*16MB``; None for any other text or value."""
    match = _TRANSFORM.fullmatch(transform)
    if match is None or not _NUMBER.fullmatch(value):
        return None
    factor = int(match[2])
    if match[1] == "*":
        return f"{int(value) * factor}{match[3]}"
    return f"{int(value) // factor}{match[3]}" if factor and int(value) % factor == 0 else None
