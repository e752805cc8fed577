"""Which files of a Debian package its installation, its jobs or its services run by themselves."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from dten_audit.derive.debhelper import unpacked
from dten_audit.links.package import Package
from dten_audit.model.facts.schedules import CronJob
from dten_audit.model.facts.units import UnitFile

_MAX_HOSTS: Final = 20
_MAINTAINER: Final = frozenset(("preinst", "postinst", "prerm", "postrm", "config"))
"""Scripts that dpkg and debconf run (Debian Policy 6.1, debconf-devel(7))."""
_JOBS: Final = frozenset(("systemd-unit", "cron", "crontab", "anacrontab"))
_CHANGES: Final = re.compile(r"(?i)upgrade|migrat|hotfix|rollback|(?:^|/)dbconfig-common/")
"""In a path, what says that somebody runs the file to bring the product to another version.

dbconfig-common runs what lies in its folder (dbconfig-common(8)).
"""
_PATH: Final = re.compile(r"/[\w./+-]+")


class Reach:
    """Says of the files that dpkg unpacks whether somebody must call them by hand.

    dpkg runs maintainer scripts, and with them what they call; cron, systemd and other programs run
    what lies in ``/etc`` and what units and tables name. The rest is tools for whoever calls them.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        self._unpacked = unpacked(package)

    def by_hand(self, document: str) -> bool:
        """Tell whether nothing of the package runs the file that a document stands in."""
        if not self._unpacked:
            return False
        root = self._root(document)
        info = self._package.documents.get(root)
        return (
            info is not None and info.address.startswith(self._unpacked) and root not in self._run
        )

    def _root(self, document: str) -> str:
        for _ in range(_MAX_HOSTS):
            info = self._package.documents.get(document)
            if info is None or not info.host:
                break
            document = info.host
        return document

    @cached_property
    def _run(self) -> frozenset[str]:
        uses: dict[str, set[str]] = {}
        for callee, calls in self._package.calls.items():
            for call in calls:
                uses.setdefault(self._root(call.command.document), set()).add(self._root(callee))
        waiting = self._started()
        found: set[str] = set()
        while waiting:
            document = waiting.pop()
            if document not in found:
                found.add(document)
                waiting += uses.get(document, ())
        return frozenset(found)

    def _started(self) -> list[str]:
        named = self._named()
        return [
            info.id
            for info in self._package.documents.values()
            if not info.host
            and (
                info.path.rpartition("/")[2] in _MAINTAINER
                or info.kind in _JOBS
                or info.path.startswith("etc/")
                or _CHANGES.search(info.path)
                or f"/{info.path}" in named
            )
        ]

    def _named(self) -> frozenset[str]:
        """Return the paths that units and jobs of cron name."""
        texts = [job.command for job in self._package.of(CronJob)]
        for unit in self._package.of(UnitFile):
            texts += [entry.value for entry in unit.entries if entry.key.startswith("Exec")]
        return frozenset(path for text in texts for path in _PATH.findall(text))
