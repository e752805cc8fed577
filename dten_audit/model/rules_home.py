"""Where the rules and their knowledge lie: inside an installed wheel, or beside the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def rules_home() -> Path:
    """Return the folder of the shipped rules (``_rules`` in a wheel, ``rules`` in a checkout)."""
    shipped = _PACKAGE / "_rules"
    return shipped if shipped.is_dir() else _PACKAGE.parent / "rules"
