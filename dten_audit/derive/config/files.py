"""Configuration files of a package: where each stands or lands, and what it sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from dten_audit.derive.config.conditions import WrittenTexts
from dten_audit.documents.kinds import kind_of
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.config import ConfigInclude, ConfigKey, Role
from dten_audit.model.finding import Side
from dten_audit.model.location import MEMBER, Location
from dten_audit.readers.config.config import KINDS, LOOSE
from dten_audit.readers.config.dialects import dialect_of
from dten_audit.site.matrix import USES
from dten_audit.site.matrix_files import SAMPLE_ENDS
from dten_audit.site.site import Site

_CHAIN: Final = 5
_SAMPLE_FOLDERS: Final = frozenset(
    "doc docs documentation example examples sample samples test tests testdata fixtures"
    " demo".split()
)


class ConfigFile(NamedTuple):
    """A file (or a text that lands in one) and its keys.

    ``paths`` are its path in the container, wherever it is installed to, and those of the files
    that include it. ``partial`` says that a script writes it, or a part of it: a section may stand
    where nobody sees it. ``component`` is the product that reads a live file of the site, where the
    site says so. ``use`` is the format of its keys where these are no lines of a file of the
    product's own (``matrix.USES``).
    """

    address: str
    path: str
    paths: tuple[str, ...]
    role: Role
    partial: bool
    keys: tuple[ConfigKey, ...]
    side: Side = "package"
    component: str = ""
    use: str = ""


def site_files(site: Site) -> list[ConfigFile]:
    """Return the live configuration files that the site file lists, with their keys."""
    grouped: dict[tuple[str, str], list[ConfigKey]] = defaultdict(list)
    for record in site.config:
        kind = kind_of(record.path, b"key = value\n")
        grouped[record.path, record.component].append(
            ConfigKey(
                Location(site.path, record.line),
                kind,
                record.path,
                record.section,
                record.key,
                record.value,
                "exact" if record.value else "computed",
            )
        )
    return [
        ConfigFile(
            site.path, path, (path,), "live", partial=False, keys=tuple(keys), side="site",
            component=component,
        )
        for (path, component), keys in grouped.items()
    ]  # fmt: skip


def _including(package: Package) -> dict[str, set[str]]:
    """Return the paths of the files that have each file read, by its id, chains followed."""
    above: dict[str, set[str]] = defaultdict(set)
    facts = package.of(ConfigInclude)
    for _ in range(_CHAIN if facts else 0):
        for fact in facts:
            above[fact.file] |= {fact.path, *above.get(fact.at.path, ())}
    return above


def _is_settings(document: DocumentInfo) -> bool:
    """Say whether a document is a settings file, and no program that writes one."""
    return document.kind in (*KINDS, *LOOSE) or dialect_of(document.path) != ""


class Landing(NamedTuple):
    """Where a document lands; ``stated`` says that a command puts it there, not just the layout."""

    path: str
    stated: bool


def config_files(package: Package) -> list[ConfigFile]:
    """Return the files whose keys are known, in the order in which they were read."""
    targets = landings(package)
    grouped: dict[tuple[str, str, str], list[ConfigKey]] = defaultdict(list)
    for key in package.of(ConfigKey):
        grouped[key.at.path, key.path, key.format if key.format in USES else ""].append(key)
    including = _including(package)
    scripts = WrittenTexts(package)
    files = []
    role: Role
    for (address, path, use), keys in grouped.items():
        host = package.documents.get(address)
        partial = use == "cli" or not (host is None or _is_settings(host))
        lands = [] if partial else targets.get(address, [])
        above = including.get(address, ())
        paths = tuple(dict.fromkeys((path, *(landing.path for landing in lands), *above)))
        written = host is not None and partial and _is_sample(host.path)
        role = "example" if written else role_of(path, lands, address)
        set_here = tuple(map(scripts.conditioned, keys) if partial else keys)
        files.append(ConfigFile(address, path, paths, role, partial, set_here, use=use))
    return files


def landings(package: Package) -> dict[str, list[Landing]]:
    """Return where each document lands, by its id."""
    found: dict[str, list[Landing]] = defaultdict(list)
    for install in package.installs:
        if install.source:
            found[install.source].append(Landing(install.target, bool(install.script)))
    return found


def role_of(path: str, lands: Sequence[Landing], address: str = "") -> Role:
    """Say whether a program reads the file, or a person: samples, documentation, tests.

    A sample that a command installs under another name is read by the program; what lies in an
    archive among samples is one, too.
    """
    stated = [landing.path for landing in lands if landing.stated]
    if not stated and any(map(_is_among_samples, address.split(MEMBER)[1:-1])):
        return "example"
    return "example" if all(map(_is_sample, stated or [path])) else "live"


def _is_among_samples(path: str) -> bool:
    return bool(_SAMPLE_FOLDERS & set(path.lower().split("/")[:-1]))


def _is_sample(path: str) -> bool:
    folders, _, name = path.lower().rpartition("/")
    words = name.replace("-", ".").split(".")
    return bool(SAMPLE_ENDS & set(words[1:])) or bool(_SAMPLE_FOLDERS & set(folders.split("/")))
