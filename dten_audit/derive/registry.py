"""The derivers. Their order follows from what they need and give, not from this list."""

from __future__ import annotations

from dten_audit.derive.base import Deriver

DERIVERS: tuple[Deriver, ...] = (
    Deriver(
        "schedules",
        ("command", "cron_job", "log_rotation", "unit_file"),
        ("schedule",),
        "dten_audit.derive.schedules.deriving:derive",
    ),
)  # fmt: skip
