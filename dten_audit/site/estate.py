"""What an audit knows beside the package: site, matrices, trust store, moment, window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from dten_audit.site.site import Site

if TYPE_CHECKING:
    from dten_audit.site.advisory import Advisory
    from dten_audit.site.matrix import Matrix
    from dten_audit.site.trust import TrustStore


class Window(NamedTuple):
    """The change window: when it starts (with zone) and how long it lasts."""

    start: datetime
    duration: timedelta

    @property
    def end(self) -> datetime:
        return self.start + self.duration


class Estate(NamedTuple):
    """The user's side of the comparison. ``trust`` is None where no store was given: a question."""

    site: Site
    at: datetime
    matrices: tuple[Matrix, ...] = ()
    trust: TrustStore | None = None
    window: Window | None = None
    advisories: tuple[Advisory, ...] = ()
