"""Configuration files that others include: they are read by the same program as these.

What no matrix names is not read at first; a file that another one includes is, here.
Sources: MySQL 8.4 ("Using Option Files", !include, !includedir), PostgreSQL 17 (20.1.5), nginx
(ngx_core_module, include), Apache httpd 2.4 (Include, IncludeOptional), redis.conf (include),
sshd_config(5) (Include), Git (include.path), rsyslog; read 2026-11-21.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, DocumentInfo
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.config import ConfigInclude, ConfigKey
from dten_audit.readers.config.config import read

_FILES: Final = frozenset(("!include", "include", "include_if_exists", "includeoptional"))
_FOLDERS: Final[dict[str, tuple[str, ...]]] = {
    "!includedir": ("*.cnf", "*.ini"),
    "include_dir": ("*.conf",),
}
_MOST: Final = 200
_LARGEST: Final = 1 << 20
_DEEPEST: Final = 5


def includes(package: Package) -> Iterator[Fact]:
    """Yield which files include which, and the keys of those that nobody has read yet."""
    keys: dict[str, list[ConfigKey]] = defaultdict(list)
    for key in package.of(ConfigKey):
        keys[key.at.path].append(key)
    known = {address for address, found in keys.items() if found}
    new, told = list(keys), 0
    for _ in range(_DEEPEST):
        stated = [fact for address in new for fact in _stated(package, keys[address])]
        yield from stated
        told += len(stated)
        unread = dict.fromkeys(fact.file for fact in stated if fact.file not in known)
        known.update(unread)
        if not unread or told > _MOST:
            return
        for fact in _read(package, list(unread)[:_MOST]):
            yield fact
            if isinstance(fact, ConfigKey):
                keys[fact.at.path].append(fact)
        new = list(unread)


def _stated(package: Package, keys: list[ConfigKey]) -> Iterator[ConfigInclude]:
    for key in keys:
        name = key.key.lower()
        folder = _FOLDERS.get(name, ())
        near = package.documents.get(key.at.path)
        if near is None or not (folder or name in _FILES) or key.setter:
            continue
        for pattern in folder or ("",):
            for found in _found(package, posixpath.join(key.value, pattern), near):
                yield ConfigInclude(key.at, key.path, found.id, found.path, key.certainty)


def _found(package: Package, path: str, near: DocumentInfo) -> Iterator[DocumentInfo]:
    for found in package.index.find(path.rstrip("/"), near):
        if found.id != near.id and found.size <= _LARGEST:
            yield found


def _read(package: Package, documents: list[str]) -> Iterator[Fact]:
    """Read files as configuration."""
    for name, data in package.contents(documents):
        info = package.documents[name]
        for fact in read(Document(info.address, info.path, info.kind, data, info.mode)):
            if isinstance(fact, ConfigKey):
                yield fact
