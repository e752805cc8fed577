"""The readers, in the order in which they are asked."""

from __future__ import annotations

from dten_audit.readers.base import Reader

READERS: tuple[Reader, ...] = (
    Reader(
        "systemd", frozenset({"systemd-unit", "empty"}), "dten_audit.readers.systemd.unit_file:read"
    ),
    Reader(
        "config",
        frozenset({"yaml", "json", "toml", "ini", "properties", "env", "text", "xml"}),
        "dten_audit.readers.config.config:read",
    ),
)  # fmt: skip
