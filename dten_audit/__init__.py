"""dten-audit: what an upgrade package would do to production, said before anybody runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dten_audit.auditing import audit as audit
    from dten_audit.options import Options as Options

__version__ = "0.1.0"
__all__ = ["Options", "__version__", "audit"]


def __getattr__(name: str) -> object:
    """Import the public API when it is first used: ``--version`` must cost nothing."""
    if name == "audit":
        from dten_audit.auditing import audit

        return audit
    if name == "Options":
        from dten_audit.options import Options

        return Options
    message = f"module {__name__} has no attribute {name}"
    raise AttributeError(message)
