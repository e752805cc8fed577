"""Configuration files of a package: where each stands or lands, and what it sets."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from dten_audit.links.package import Package
from dten_audit.model.facts.config import ConfigKey, Role
from dten_audit.site.matrix import SAMPLE_ENDS

_SAMPLE_FOLDERS: Final = frozenset(
    "doc docs documentation example examples sample samples test tests testdata fixtures demo"
    " rollback".split()
)


class ConfigFile(NamedTuple):
    """A file (or a text that lands in one) and its keys.

    ``paths`` are its path in the container and wherever it is installed to.
    """

    address: str
    path: str
    paths: tuple[str, ...]
    role: Role
    keys: tuple[ConfigKey, ...]


def config_files(package: Package) -> list[ConfigFile]:
    """Return the files whose keys are known, in the order in which they were read."""
    targets = landings(package)
    grouped: dict[tuple[str, str], list[ConfigKey]] = defaultdict(list)
    for key in package.of(ConfigKey):
        grouped[key.at.path, key.path].append(key)
    files = []
    for (address, path), keys in grouped.items():
        lands = [] if keys[0].setter else targets.get(address, [])
        paths = tuple(dict.fromkeys((path, *lands)))
        files.append(ConfigFile(address, path, paths, role_of(path, lands), tuple(keys)))
    return files


def landings(package: Package) -> dict[str, list[str]]:
    """Return where each document lands, by its id."""
    found: dict[str, list[str]] = defaultdict(list)
    for install in package.installs:
        if install.source:
            found[install.source].append(install.target)
    return found


def role_of(path: str, lands: list[str]) -> Role:
    """Say whether a program reads the file, or a person: samples, documentation, tests.

    A sample that is installed under another name is read by the program.
    """
    return "example" if all(map(_is_sample, lands or [path])) else "live"


def _is_sample(path: str) -> bool:
    folders, _, name = path.lower().rpartition("/")
    words = name.replace("-", ".").split(".")
    return bool(SAMPLE_ENDS & set(words[1:])) or bool(_SAMPLE_FOLDERS & set(folders.split("/")))
