"""Derive: all derivers over a package graph, each after those that it needs."""

from __future__ import annotations

from collections.abc import Sequence

from dten_audit.derive.base import Deriver
from dten_audit.links.package import Package
from dten_audit.site.estate import Estate


def derive(package: Package, estate: Estate, derivers: Sequence[Deriver]) -> None:
    """Add to ``package`` what ``derivers`` conclude."""
    for deriver in ordered(derivers):
        if deriver.concerns(package):
            package.add(deriver.load()(package, estate))


def ordered(derivers: Sequence[Deriver]) -> list[Deriver]:
    """Return the derivers so that each comes after those that give what it needs.

    Raises ``ValueError`` for a circle.
    """
    waiting, done = list(derivers), []
    while waiting:
        ready = [
            deriver
            for deriver in waiting
            if not any(
                set(deriver.needs) & set(other.gives) for other in waiting if other != deriver
            )
        ]
        if not ready:
            message = f"derivers need each other: {', '.join(d.name for d in waiting)}"
            raise ValueError(message)
        done += ready
        waiting = [deriver for deriver in waiting if deriver not in ready]
    return done
