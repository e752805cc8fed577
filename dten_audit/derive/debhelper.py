"""Debian packages: where dpkg unpacks them, and what debhelper's texts ask before they act."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Guard

_ANSWER: Final = re.compile(r"\$\{?RET\b")
_UNQUOTED: Final = str.maketrans("", "", "\"'\\")
_HELPER: Final = "deb-systemd-helper"
_KNOWN_BEFORE: Final = "debian-installed"
_FIRST: Final = "debian-binary"
"""The first member of a Debian package (deb(5))."""


def unpacked(package: Package) -> tuple[str, ...]:
    """Return how the addresses of what dpkg unpacks start: it lands where its path says."""
    return tuple(
        info.address.removesuffix(_FIRST)
        for info in package.documents.values()
        if info.path == _FIRST
    )


def keeps_state(command: Command) -> bool:
    """Say whether a unit is enabled only where it was so before (dh_installsystemd --no-enable)."""
    return any(guard.holds and _asks_for_state(guard) for guard in command.guards)


def asks_debconf(guard: Guard) -> bool:
    """Say whether a test wants an answer of debconf, which is in ``$RET`` (debconf-devel(7))."""
    return guard.kind == "other" and guard.holds and bool(_ANSWER.search(guard.subject))


def _asks_for_state(guard: Guard) -> bool:
    if _KNOWN_BEFORE not in guard.subject:
        return False
    words = guard.subject.translate(_UNQUOTED).split()
    if not words or words[0] != _HELPER:
        return False
    return next((word for word in words[1:] if not word.startswith("-")), "") == _KNOWN_BEFORE
