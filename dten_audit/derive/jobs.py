"""Tells texts that a job or a unit runs from those of scripts that somebody starts."""

from __future__ import annotations

from typing import Final

from dten_audit.links.package import Package

JOB_KINDS: Final = frozenset(("cron", "crontab", "anacrontab", "systemd-unit"))
_HINTS: Final = frozenset(("unit", "deferred"))


def is_job(package: Package, document: str) -> bool:
    """Say whether a document is the command of a job or of a unit, which have no terminal."""
    info = package.documents.get(document)
    if info is None:
        return False
    host = package.documents.get(info.host) if info.host else None
    told = any(name in _HINTS for name, _ in info.hints)
    return told or (host is not None and host.kind in JOB_KINDS)
