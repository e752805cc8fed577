"""Judges keys by config matrices: what the coming version removed, renamed or reads anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.derive.config.cases import Case, change_of
from dten_audit.derive.config.defaults import flipped
from dten_audit.derive.config.files import (
    ConfigFile,
    config_files,
    landings,
    role_of,
    site_files,
)
from dten_audit.derive.config.ranges import in_range
from dten_audit.derive.config.shipped import shipped
from dten_audit.derive.config.values import outside, same_value
from dten_audit.derive.config.versions import Versions, brought, reached, versions_of
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.config import (
    ConfigChange,
    ConfigKey,
    Effect,
    Role,
    UnreadableConfig,
)
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.config.config import LANGUAGES
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import USES, Matrix, MatrixEntry, shipped_headers, shipped_matrix
from dten_audit.site.matrix_files import TEMPLATE_ENDS, matching
from dten_audit.site.matrix_keys import Lookup, Match, assigned_variable, variable_of
from dten_audit.site.matrix_rows import phases

COMPUTED: Final = Unknown("package.value")


class BrokenFile(NamedTuple):
    """A configuration file that could not be read to its end."""

    fact: Unreadable
    path: str
    paths: tuple[str, ...]
    role: Role


def derive(package: Package, estate: Estate) -> Iterable[Fact]:
    """Return what matrices say of the package's configuration files and settings."""
    files = [*config_files(package), *site_files(estate.site)]
    broken = _unreadable(package)
    if not files and not broken:
        return
    seen: set[tuple[Location, str, str]] = set()
    archives = brought(package)
    for matrix, own_version in _matrices(package, estate, files, broken):
        versions = versions_of(package, estate, matrix, archives)
        versions = versions._replace(target=own_version) if own_version else versions
        in_force = versions.in_force
        if in_force is None:
            continue
        of_product = tuple(file for file in files if _belongs(file, matrix, versions))
        known = "config" in estate.site.complete
        case = Case(Lookup(matrix), of_product, versions, in_force, known)
        for fact in _changes(case, files):
            spot = fact.at, fact.key, fact.change
            if spot not in seen:
                seen.add(spot)
                yield fact
        yield from _breaks(case, broken)


def _unreadable(package: Package) -> list[BrokenFile]:
    """Return broken configuration files with their path and where they land.

    A template is in its own language until somebody fills it in.
    """
    found = [fact for fact in package.of(Unreadable) if fact.language in LANGUAGES]
    if not found:
        return []
    targets = landings(package)
    broken = []
    for fact in found:
        host = package.documents.get(fact.at.path)
        if host is not None and not _is_template(fact, host.path):
            path = host.path
            lands = targets.get(fact.at.path, [])
            paths = (path, *(landing.path for landing in lands))
            broken.append(BrokenFile(fact, path, paths, role_of(path, lands, fact.at.path)))
    return broken


def _is_template(fact: Unreadable, path: str) -> bool:
    """Say whether its form or a word of its name tells: ``a.conf.j2``, ``compose-template.yml``."""
    words = re.split(r"[-_.]", path.rpartition("/")[2].lower())
    return fact.certainty == "computed" or not TEMPLATE_ENDS.isdisjoint(words[1:])


def _matrices(
    package: Package,
    estate: Estate,
    files: Sequence[ConfigFile],
    broken: Sequence[BrokenFile],
) -> Iterator[tuple[Matrix, str]]:
    """Yield the user's matrices, the package's own, and those of ours that speak of a file.

    Beside each stands the version that it is of; empty where it is of all.
    """
    yield from ((matrix, "") for matrix in estate.matrices)
    yield from shipped(package, files) if files else ()
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
        used = head.format in uses if head.format in USES else matching(head, paths)
        spoken = bool(programs & set(head.programs))
        if used or spoken or any(known.startswith(prefixes) for known in names):
            yield shipped_matrix(name), ""


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
    """Yield what the rows say of each key; of rows for several values, the certain first.

    A key that is written for some versions only is its author's answer, and no question.
    """
    for file in case.files:
        form = _first_labels(file) if case.lookup.forms else frozenset[str]()
        for key in file.keys:
            if not case.lookup.may_hold(key.key):
                continue
            if key.condition == "version" or _sets_nothing(key, case.matrix):
                continue
            unseen = file.partial and not key.section
            found = [
                fact
                for match in case.lookup.find(key.section, key.key, any_section=unseen)
                if form.isdisjoint(match.entry.unless_set)
                for fact in _change(case, file, key, match.entry, _effect(match))
                if not _lived_with(case, file, fact)
            ]
            yield from sorted(_worst(found), key=lambda fact: fact.applies is not True)
    if case.matrix.env is not None:
        for file in files:
            for key in file.keys:
                yield from _variable(case, file, key)
    yield from flipped(case, files)


def _first_labels(file: ConfigFile) -> frozenset[str]:
    return frozenset(key.key.partition(".")[0] for key in file.keys)


def _sets_nothing(key: ConfigKey, matrix: Matrix) -> bool:
    return key.certainty != "computed" and key.value in matrix.unset


def _worst(found: list[ConfigChange]) -> list[ConfigChange]:
    """Return what rows say of one key, without that it is deprecated where another says more."""
    more = [fact.applies for fact in found if fact.change != "deprecated"]
    return [
        fact
        for fact in found
        if fact.change != "deprecated" or not (True in more or (more and fact.applies is not True))
    ]


def _effect(match: Match) -> Effect:
    return "warns" if match.tolerated else match.entry.effect


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
            form, new = case.matrix.env, fact.replacement
            new = variable_of(new, new.partition(".")[0], form) if form and new else new
            yield fact._replace(setting="", replacement=new, replacement_at=None)


def _change(
    case: Case, file: ConfigFile, key: ConfigKey, entry: MatrixEntry, effect: Effect
) -> Iterator[ConfigChange]:
    """Yield the worst that holds of a key in the version in force; of an unknown one, the worst."""
    same = same_value(key, entry)
    if same is False:
        return
    for change, since in phases(entry):
        applies = reached(case.in_force, since, case.matrix.scheme)
        if applies is False or not in_range(key, case.in_force, since):
            continue
        if change == "value-not-allowed" and not outside(key, entry):
            return
        if key.condition and applies is True:
            applies = COMPUTED
        wants_value = entry.only_if_value is not None or change == "value-not-allowed"
        if wants_value and key.certainty == "computed" and applies is True and same is not True:
            applies = COMPUTED
        yield change_of(case, file, key, entry, change, since, applies)._replace(
            effect="still-bound" if change == "deprecated" else effect
        )
        return


def _breaks(case: Case, broken: Sequence[BrokenFile]) -> Iterator[UnreadableConfig]:
    matrix = case.matrix
    for fact, path, paths, role in broken:
        if matrix.format not in USES and matching(matrix, paths):
            yield UnreadableConfig(
                fact.at, matrix.component, matrix.product, path, fact.language, fact.reason, role
            )
