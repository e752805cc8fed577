"""Writes moments as facts state them."""

from __future__ import annotations

from datetime import datetime


def instant(moment: datetime) -> str:
    """Return a moment in UTC as RFC 3339 writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def day(moment: datetime) -> str:
    """Return a moment as a date."""
    return moment.strftime("%Y-%m-%d")
