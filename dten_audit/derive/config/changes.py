"""Judges keys by config matrices: what the coming version removed, renamed or reads anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.derive.config.files import (
    ConfigFile,
    config_files,
    landings,
    role_of,
    site_files,
)
from dten_audit.derive.config.replacing import final_name, setting_line
from dten_audit.derive.config.versions import Versions, reached, versions_of
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.config import (
    Change,
    ConfigChange,
    ConfigKey,
    Effect,
    Role,
    UnreadableConfig,
)
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.config.config import KINDS
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import USES, Matrix, MatrixEntry, shipped_headers, shipped_matrix
from dten_audit.site.matrix_files import matching
from dten_audit.site.matrix_keys import Lookup, assigned_variable, full_name
from dten_audit.site.matrix_rows import phases

COMPUTED: Final = Unknown("package.value")


class BrokenFile(NamedTuple):
    """A configuration file that could not be read to its end."""

    fact: Unreadable
    path: str
    paths: tuple[str, ...]
    role: Role


class Case(NamedTuple):
    """A matrix with the files of its product, and the versions that matter."""

    lookup: Lookup
    files: tuple[ConfigFile, ...]
    versions: Versions
    in_force: str | Unknown

    @property
    def matrix(self) -> Matrix:
        return self.lookup.matrix


def derive(package: Package, estate: Estate) -> Iterable[Fact]:
    """Return what matrices say of the package's configuration files and settings."""
    files = [*config_files(package), *site_files(estate.site)]
    broken = _unreadable(package)
    if not files and not broken:
        return
    seen: set[tuple[Location, str, str]] = set()
    for matrix in _matrices(estate, files, broken):
        versions = versions_of(package, estate, matrix)
        in_force = versions.in_force
        if in_force is None:
            continue
        of_product = tuple(file for file in files if _belongs(file, matrix, versions))
        case = Case(Lookup(matrix), of_product, versions, in_force)
        for fact in _changes(case, files):
            spot = fact.at, fact.key, fact.change
            if spot not in seen:
                seen.add(spot)
                yield fact
        yield from _breaks(case, broken)


def _unreadable(package: Package) -> list[BrokenFile]:
    """Return broken configuration files with their path and where they land."""
    found = [fact for fact in package.of(Unreadable) if fact.language in KINDS]
    if not found:
        return []
    targets = landings(package)
    broken = []
    for fact in found:
        if fact.at.path in package.documents:
            path = package.documents[fact.at.path].path
            lands = targets.get(fact.at.path, [])
            paths = (path, *(landing.path for landing in lands))
            broken.append(BrokenFile(fact, path, paths, role_of(path, lands)))
    return broken


def _matrices(
    estate: Estate,
    files: Sequence[ConfigFile],
    broken: Sequence[BrokenFile],
) -> Iterator[Matrix]:
    """Yield the user's matrices, then the shipped ones that speak of one of the files."""
    yield from estate.matrices
    paths = {path for file in files for path in file.paths}
    paths.update(path for file in broken for path in file.paths)
    names = {
        name
        for file in files
        for key in file.keys
        if (variable := assigned_variable(key.format, key.key, key.value))
        for name in variable[:1]
    }
    uses = {file.use for file in files}
    programs = {file.path for file in files if file.use == "cli"}
    for name, head in shipped_headers():
        prefixes = head.env.prefixes if head.env else ()
        used = (head.format in USES and head.format in uses) or programs & set(head.programs)
        if used or matching(head, paths) or any(known.startswith(prefixes) for known in names):
            yield shipped_matrix(name)


def _belongs(file: ConfigFile, matrix: Matrix, versions: Versions) -> bool:
    """Say whether a file is one of the product's; a live one only matters if that is upgraded."""
    if file.side == "site" and versions.target is None:
        return False
    if file.use == "cli" and file.path in matrix.programs:
        return True
    if file.use != (matrix.format if matrix.format in USES else ""):
        return False
    return file.component == matrix.component or matching(matrix, file.paths)


def _changes(case: Case, files: Sequence[ConfigFile]) -> Iterator[ConfigChange]:
    for file in case.files:
        for key in file.keys:
            unseen = file.partial and not key.section
            for match in case.lookup.find(key.section, key.key, any_section=unseen):
                effect: Effect = "warns" if match.tolerated else match.entry.effect
                for fact in _change(case, file, key, match.entry, effect):
                    if not _lived_with(case, file, fact):
                        yield fact
    if case.matrix.env is not None:
        for file in files:
            for key in file.keys:
                yield from _variable(case, file, key)
    yield from _defaults(case)


def _lived_with(case: Case, file: ConfigFile, fact: ConfigChange) -> bool:
    """Say whether a live file has its key in spite of a change that the site has behind it."""
    if file.side == "package":
        return False
    return reached(case.versions.installed, fact.since, case.matrix.scheme) is True


def _variable(case: Case, file: ConfigFile, key: ConfigKey) -> Iterator[ConfigChange]:
    assigned = assigned_variable(key.format, key.key, key.value)
    if assigned is None:
        return
    name, value = assigned
    for entry in case.lookup.variable(name):
        plain = key._replace(
            key=name,
            section="",
            value=value or "",
            certainty=key.certainty if value is not None else "computed",
        )
        for fact in _change(case, file, plain, entry, entry.effect):
            yield fact._replace(setting="", replacement_at=None)


def _change(
    case: Case, file: ConfigFile, key: ConfigKey, entry: MatrixEntry, effect: Effect
) -> Iterator[ConfigChange]:
    """Yield the worst that holds of a key in the version in force; of an unknown one, the worst."""
    same = _same_value(key, entry)
    if same is False:
        return
    for change, since in phases(entry):
        applies = reached(case.in_force, since, case.matrix.scheme)
        if applies is False:
            continue
        if change == "value-not-allowed" and not _outside(key, entry):
            return
        wants_value = entry.only_if_value is not None or change == "value-not-allowed"
        if wants_value and key.certainty == "computed" and applies is True and same is not True:
            applies = COMPUTED
        yield _fact(case, file, key, entry, change, since, applies)._replace(
            effect="still-bound" if change == "deprecated" else effect
        )
        return


def _same_value(key: ConfigKey, entry: MatrixEntry) -> bool | None:
    """Say whether an entry for one value is about this one; None where nobody can say."""
    if entry.only_if_value is None:
        return None
    if key.value == entry.only_if_value:
        return True
    return None if key.certainty == "computed" else False


def _outside(key: ConfigKey, entry: MatrixEntry) -> bool:
    """Say whether the value is one that is no longer taken; a computed one may be."""
    value = key.value.lower()
    if key.certainty == "computed" or value in {text.lower() for text in entry.refused}:
        return True
    return bool(entry.allowed) and value not in {text.lower() for text in entry.allowed}


def _fact(
    case: Case,
    file: ConfigFile,
    key: ConfigKey,
    entry: MatrixEntry,
    change: Change,
    since: str,
    applies: bool | Unknown,
) -> ConfigChange:
    matrix = case.matrix
    replacement = final_name(case.lookup, entry, case.in_force)
    return ConfigChange(
        at=key.at,
        component=matrix.component,
        product=matrix.product,
        key=key.key,
        section=key.section,
        value=key.value,
        change=change,
        since=since,
        effect=entry.effect,
        applies=applies,
        in_force=case.in_force,
        installed=case.versions.installed,
        replacement=replacement,
        setting=setting_line(key, entry, replacement),
        transform=entry.transform,
        replacement_at=_place_of(case, file, replacement),
        allowed=entry.allowed if change == "value-not-allowed" else (),
        path=file.path,
        role=file.role,
        side=file.side,
        setter=key.setter,
        note=entry.note,
        source=f"{matrix.path}:{entry.line}" if entry.line else matrix.source or matrix.path,
    )


def _place_of(case: Case, file: ConfigFile, replacement: str) -> Location | None:
    """Return where the same file sets the key that replaces another."""
    if not replacement:
        return None
    wanted = case.lookup.normal(replacement)
    for key in file.keys:
        names = (key.key, f"{key.section}.{key.key}" if key.section else key.key)
        if wanted in map(case.lookup.normal, names):
            return key.at
    return None


def _defaults(case: Case) -> Iterator[ConfigChange]:
    """Yield the defaults that flip: the package brings the new version, no file sets the key."""
    package = [file for file in case.files if file.side == "package"]
    live = [file for file in package if file.role == "live" and not file.partial]
    target = case.versions.target
    if not live or target is None:
        return
    entries = [entry for entry in case.matrix.entries if entry.default_in]
    keys = [key for file in case.files for key in file.keys] if entries else []
    matches = (match for key in keys for match in case.lookup.find(key.section, key.key))
    there = {id(match.entry) for match in matches}
    for entry in entries:
        if id(entry) in there:
            continue
        applies = _flips(case, entry, target)
        if applies is not False:
            file, key = _neighbour(live, entry)
            plain = key._replace(key=entry.key, section=entry.section, value="")
            fact = _fact(case, file, plain, entry, "default-changed", entry.default_in, applies)
            old, new = entry.default_from, entry.default_to
            yield fact._replace(default_from=old, default_to=new, replacement="", setting="")


def _flips(case: Case, entry: MatrixEntry, target: str) -> bool | Unknown:
    """Say whether the upgrade to ``target`` passes the version with the new default.

    With the installed version unknown it surely does if that version is the target itself.
    """
    scheme, installed = case.matrix.scheme, case.versions.installed
    there = reached(target, entry.default_in, scheme)
    if there is not True or installed is None:
        return there if isinstance(there, Unknown) else False
    if isinstance(installed, str):
        before = reached(installed, entry.default_in, scheme)
        return before if isinstance(before, Unknown) else not before
    return True if reached(entry.default_in, target, scheme) is True else installed


def _neighbour(files: Sequence[ConfigFile], entry: MatrixEntry) -> tuple[ConfigFile, ConfigKey]:
    """Return the key whose path is nearest to the one that is not set, and its file."""
    wanted = full_name(entry).split(".")

    def shared(key: ConfigKey) -> int:
        labels = (f"{key.section}.{key.key}" if key.section else key.key).split(".")
        count = 0
        while count < min(len(labels), len(wanted)) and labels[count] == wanted[count]:
            count += 1
        return count

    pairs = [(file, key) for file in files for key in file.keys]
    return max(pairs, key=lambda pair: shared(pair[1]))


def _breaks(case: Case, broken: Sequence[BrokenFile]) -> Iterator[UnreadableConfig]:
    matrix = case.matrix
    for fact, path, paths, role in broken:
        if matching(matrix, paths):
            yield UnreadableConfig(
                fact.at, matrix.component, matrix.product, path, fact.language, fact.reason, role
            )
