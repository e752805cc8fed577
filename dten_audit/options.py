"""What a user may set of an audit: the same names for the command and for the API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.plugins import PluginError, Plugins
from dten_audit.model.rule import Rule
from dten_audit.model.suggestion import suggestion
from dten_audit.readers.knowledge import SHIPPED, Tables
from dten_audit.site.estate import Estate, Window
from dten_audit.site.site import Site

if TYPE_CHECKING:
    from dten_audit.site.advisory import Advisory
    from dten_audit.site.matrix import Matrix
    from dten_audit.site.trust import TrustStore

Profile = Literal["gate", "review", "everything"]
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|min|m|h|d)")
_SECONDS: Final = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}


class OptionError(ValueError):
    """An option whose value cannot be used."""


class Options(NamedTuple):
    """Options of an audit. ``at`` is the moment to judge as of (default: now).

    ``select`` and ``ignore`` hold rule ids and families; ``rules`` folders of further rules and of
    rows that are added to the tables of names.
    ``plugins`` are names of installed plugins that read further formats.
    """

    site: Path | None = None
    trust: Path | None = None
    matrices: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    advisories: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    at: datetime | None = None
    window: Window | None = None
    limits: Limits = Limits()
    read_everything: bool = False
    plugins: tuple[str, ...] = ()

    def budget(self) -> Budget:
        """Return the budget of one reading. Raises ``OptionError`` for a plugin that is none."""
        try:
            return Budget(self.limits, Plugins(self.plugins) if self.plugins else None)
        except PluginError as error:
            raise OptionError(str(error)) from None

    def estate(self) -> Estate:
        """Load what the user knows. Raises ``SiteFileError`` where a file of theirs is wrong."""
        return Estate(
            site=_site(self.site) if self.site else Site(),
            at=self.at or datetime.now(UTC),
            matrices=tuple(_matrix(path) for path in self.matrices),
            trust=_trust(self.trust) if self.trust else None,
            window=self.window,
            advisories=_advisories(self.advisories),
        )

    def tables(self) -> Tables:
        """Load the tables of names, with the rows that ``rules`` add. Raises ``SiteFileError``."""
        if not self.rules:
            return SHIPPED
        from dten_audit.site.tables import load_tables

        return load_tables(self.rules)

    def chosen(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """Return the rules that ``select`` and ``ignore`` leave. Raises ``OptionError``."""
        known = {rule.id for rule in rules} | {rule.family for rule in rules}
        for word in (*self.select, *self.ignore):
            if word not in known:
                message = f"there is no rule or family {word}{suggestion(word, sorted(known))}"
                raise OptionError(message)
        return tuple(
            rule
            for rule in rules
            if (not self.select or {rule.id, rule.family} & set(self.select))
            and not {rule.id, rule.family} & set(self.ignore)
        )


def _site(path: Path) -> Site:
    from dten_audit.site.loading import load_site

    return load_site(path)


def _matrix(path: Path) -> Matrix:
    from dten_audit.site.matrix_file import load_matrix

    return load_matrix(path)


def _trust(path: Path) -> TrustStore:
    from dten_audit.site.trust_loading import load_trust

    return load_trust(path)


def _advisories(paths: tuple[Path, ...]) -> tuple[Advisory, ...]:
    if not paths:
        return ()
    from dten_audit.site.advisories import load_advisories

    return tuple(advisory for path in paths for advisory in load_advisories(path))


def parse_moment(text: str) -> datetime:
    """Return an RFC 3339 moment; without a zone it is UTC. Raises ``OptionError``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"not a time such as 2026-11-21T03:00:00Z: {text}"
        raise OptionError(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_duration(text: str) -> timedelta:
    """Return a duration such as ``90min`` or ``2h``. Raises ``OptionError``."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"not a duration such as 90min or 2h: {text}"
        raise OptionError(message)
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def parse_window(text: str) -> Window:
    """Return a change window given as START/DURATION. Raises ``OptionError``."""
    start, slash, duration = text.partition("/")
    if not slash:
        message = f"not a window such as 2026-11-22T02:00:00Z/2h: {text}"
        raise OptionError(message)
    return Window(parse_moment(start), parse_duration(duration))
