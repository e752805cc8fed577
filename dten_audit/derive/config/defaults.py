"""Defaults that an upgrade changes for whoever does not set the key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dten_audit.derive.config.cases import Case, change_of
from dten_audit.derive.config.files import ConfigFile
from dten_audit.derive.config.versions import reached
from dten_audit.model.facts.config import ConfigChange, ConfigKey
from dten_audit.model.unknown import Unknown
from dten_audit.site.matrix import MatrixEntry
from dten_audit.site.matrix_keys import assigned_variable, full_name


def flipped(case: Case, files: Sequence[ConfigFile]) -> Iterator[ConfigChange]:
    """Yield the defaults that flip: the package brings the new version, no file sets the key.

    A file of the package tells what is set; where it ships none, the site's live files do, as far
    as the site says that it lists them all. A variable that sets the key may stand in any of
    ``files``.
    """
    whole = [file for file in case.files if file.role == "live" and not file.partial and file.keys]
    live = [file for file in whole if file.side == "package"] or whole
    target = case.versions.target
    if not live or target is None:
        return
    unlisted = live[0].side == "site" and not case.site_complete
    entries = [entry for entry in case.matrix.entries if entry.default_in]
    keys = [key for file in case.files for key in file.keys] if entries else []
    matches = (match for key in keys for match in case.lookup.find(key.section, key.key))
    there = {id(match.entry) for match in matches}
    there.update(_by_variable(case, files) if entries else ())
    for entry in entries:
        if id(entry) in there:
            continue
        applies = _flips(case, entry, target)
        if applies is True and unlisted:
            applies = Unknown("site.config")
        if applies is not False:
            file, key = _neighbour(live, entry)
            plain = key._replace(key=entry.key, section=entry.section, value="")
            fact = change_of(case, file, plain, entry, "default-changed", entry.default_in, applies)
            old, new = entry.default_from, entry.default_to
            yield fact._replace(default_from=old, default_to=new, replacement="", setting="")


def _by_variable(case: Case, files: Sequence[ConfigFile]) -> Iterator[int]:
    """Yield the entries whose key an environment variable sets."""
    if case.matrix.env is None:
        return
    for key in (key for file in files for key in file.keys):
        assigned = assigned_variable(key.format, key.key, key.value)
        if assigned is not None:
            yield from map(id, case.lookup.variable(assigned[0]))


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
