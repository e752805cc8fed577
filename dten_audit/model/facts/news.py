"""Facts about news: what maintainers of packages ask an administrator to know of an upgrade."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown


class NewsEntry(NamedTuple):
    """An entry of a source package's NEWS.Debian. ``text`` is its first paragraph, on one line.

    ``written`` is the day of its last line as ``2026-11-02``; empty where that does not say.
    """

    at: Location
    document: str
    package: str
    version: str
    text: str
    written: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.package} {self.version}"


class UpgradeNews(NamedTuple):
    """An entry of news, and whether the upgrade at hand passes its version.

    All packages of a ``source`` bring its news; ``package`` is the one at hand. ``packaged`` is the
    version that is brought, ``installed`` the one that the site runs; None where the package is
    certainly not there. ``passed``: the entry is newer than what runs.
    """

    at: Location
    package: str
    source: str
    version: str
    text: str
    packaged: str
    component: str
    installed: str | Unknown | None
    passed: bool | Unknown
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.package} {self.version}"

    @property
    def than(self) -> str:
        """What the entry is newer than, in words."""
        known = isinstance(self.installed, str)
        return f"the installed {self.installed}" if known else "what may run"
