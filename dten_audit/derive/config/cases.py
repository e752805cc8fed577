"""A matrix with the files of its product and the versions that matter: what changes are told of."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.derive.config.files import ConfigFile
from dten_audit.derive.config.replacing import filled, final_name, setting_line
from dten_audit.derive.config.versions import Versions, reached
from dten_audit.model.facts.config import Change, ConfigChange, ConfigKey
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.site.matrix import Matrix, MatrixEntry
from dten_audit.site.matrix_keys import Lookup


class Case(NamedTuple):
    """One matrix in one audit.

    ``files`` are those of its product; ``site_complete`` says that the site lists all of its live
    configuration, so that a key which is not there is not set.
    """

    lookup: Lookup
    files: tuple[ConfigFile, ...]
    versions: Versions
    in_force: str | Unknown
    site_complete: bool = False

    @property
    def matrix(self) -> Matrix:
        return self.lookup.matrix


def change_of(
    case: Case,
    file: ConfigFile,
    key: ConfigKey,
    entry: MatrixEntry,
    change: Change,
    since: str,
    applies: bool | Unknown,
) -> ConfigChange:
    """Return what an entry says of a key that a file sets."""
    matrix = case.matrix
    replacement = filled(final_name(case.lookup, entry, case.in_force), entry, key.key)
    return ConfigChange(
        at=key.at,
        component=matrix.component,
        product=matrix.product,
        key=key.key,
        section=key.section,
        value=key.value,
        change="removed" if change in ("renamed", "moved") and not replacement else change,
        since=since,
        effect=entry.effect,
        applies=applies,
        in_force=case.in_force,
        installed=case.versions.installed,
        replacement=replacement,
        replacement_known=_is_known(case, entry, since) if replacement else False,
        setting=setting_line(key, entry, replacement),
        transform=entry.transform,
        replacement_at=None if key.condition else _place_of(case, file, replacement),
        allowed=entry.allowed if change == "value-not-allowed" else (),
        path=file.path,
        role=file.role,
        side=file.side,
        setter=key.setter,
        note=entry.note,
        only_value=entry.only_if_value or "",
        source=f"{matrix.path}:{entry.line}" if entry.line else matrix.source or matrix.path,
        use=file.use,
    )


def _place_of(case: Case, file: ConfigFile, replacement: str) -> Location | None:
    """Return where the same file sets the key that replaces another."""
    if not replacement:
        return None
    wanted = case.lookup.normal(replacement)
    for key in file.keys:
        if key.condition:
            continue
        names = (key.key, f"{key.section}.{key.key}" if key.section else key.key)
        if wanted in map(case.lookup.normal, names):
            return key.at
    return None


def _is_known(case: Case, entry: MatrixEntry, since: str) -> bool | Unknown:
    """Say whether the version that the site runs now knows the new key already."""
    installed = case.versions.installed
    if installed is None:
        return False
    first = entry.replacement_since or entry.changed_in or since
    return reached(installed, first, case.matrix.scheme)
