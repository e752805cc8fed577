"""Which other packages must be installed before this one: by its own metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.text import decode
from dten_audit.links.package import Package

_FIELDS: Final = re.compile(
    r"^(?:Pre-Depends|Depends|Recommends)[ \t]*:(.*(?:\n[ \t]+.*)*)", re.MULTILINE
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_SAME: Final = re.compile(r"([a-z0-9][a-z0-9+.-]+)\s*\(\s*=\s*[^)]*\)")
_MAX_BYTES: Final = 1 << 20


def required_packages(package: Package, *, alone: bool = False) -> frozenset[str]:
    """Return the packages that a Debian control file says this one needs (Debian Policy 7.2).

    Recommended ones are among them: apt installs them as well. ``alone``: without those of which
    another may be installed instead (``exim4 | mail-transport-agent``).
    """
    found: set[str] = set()
    for group in _required(package):
        parts = group.split("|")
        names = [_NAME.match(part.strip()) for part in parts]
        if len(parts) == 1 or not alone:
            found.update(name[0] for name in names if name)
    return frozenset(found)


def completing_packages(package: Package) -> frozenset[str]:
    """Return the packages that this one needs in exactly one version.

    They are built from the same source, and are the rest of the same product.
    """
    found = (_SAME.match(group.strip()) for group in _required(package))
    return frozenset(match[1] for match in found if match)


def _required(package: Package) -> Iterator[str]:
    """Yield what stands between the commas of the fields that name other packages."""
    controls = [
        info.id
        for info in package.documents.values()
        if info.path.rpartition("/")[2] == "control" and not info.host and info.size <= _MAX_BYTES
    ]
    for _, data in package.contents(controls) if controls else ():
        for match in _FIELDS.finditer(decode(data).text):
            yield from match[1].split(",")
