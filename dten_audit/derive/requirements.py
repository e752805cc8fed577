"""Which other packages must be installed before this one: by its own metadata."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.documents.text import decode
from dten_audit.links.package import Package

_FIELDS: Final = re.compile(
    r"^(?:Pre-Depends|Depends|Recommends)[ \t]*:(.*(?:\n[ \t]+.*)*)", re.MULTILINE
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_MAX_BYTES: Final = 1 << 20


def required_packages(package: Package, *, alone: bool = False) -> frozenset[str]:
    """Return the packages that a Debian control file says this one needs (Debian Policy 7.2).

    Recommended ones are among them: apt installs them as well. ``alone``: without those of which
    another may be installed instead (``exim4 | mail-transport-agent``).
    """
    controls = [
        info.id
        for info in package.documents.values()
        if info.path.rpartition("/")[2] == "control" and not info.host and info.size <= _MAX_BYTES
    ]
    found: set[str] = set()
    for _, data in package.contents(controls) if controls else ():
        for match in _FIELDS.finditer(decode(data).text):
            for group in match[1].split(","):
                parts = group.split("|")
                names = [_NAME.match(part.strip()) for part in parts]
                if len(parts) == 1 or not alone:
                    found.update(name[0] for name in names if name)
    return frozenset(found)
