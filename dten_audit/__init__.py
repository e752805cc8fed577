"""dten-audit: what an upgrade package would do to production, said before anybody runs it."""

from __future__ import annotations

__version__ = "0.1.0"
