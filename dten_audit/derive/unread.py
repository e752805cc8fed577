"""Says what the file of an unreadable part is for: a broken script of a test hurts nobody."""

from __future__ import annotations

from collections.abc import Iterator

from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable, UnreadPart
from dten_audit.site.estate import Estate


def derive(package: Package, _estate: Estate) -> Iterator[Fact]:
    """Yield each unreadable part with the role of its file."""
    roles = Roles(package)
    for part in package.of(Unreadable):
        role = "script" if package.callers(part.at.path) else roles.of(part.at.path)
        yield UnreadPart(part.at, part.language, part.reason, part.certainty, part.guessed, role)
