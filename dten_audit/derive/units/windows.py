"""From commands that control services of Windows to unit uses, held against the site's services."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from dten_audit.derive.roles import Roles
from dten_audit.derive.units.tables import verbs
from dten_audit.derive.units.windows_calls import (
    PROVIDES,
    ServiceCall,
    is_base,
    service_calls,
    shared,
)
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Guard
from dten_audit.model.facts.units import Provided, UnitUse
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site, UnitRecord

_GLOB: Final = re.compile(r"[*?]|\[[^\]]+\]")
_CLOSE: Final = 0.75
_MOST: Final = 4
_MOST_COMPARED: Final = 200


class _Made:
    """The services that the package makes, by lower-case name."""

    def __init__(self, calls: Iterable[tuple[Command, ServiceCall]]) -> None:
        self._places: dict[str, list[Command]] = defaultdict(list)
        for command, call in calls:
            if call.verb == PROVIDES and call.name.certainty != "computed":
                self._places[call.name.text.lower()].append(command)

    def provided(self, name: str, command: Command) -> Provided:
        """Say when the package makes a service that ``command`` controls."""
        makers = self._places.get(name.lower(), ())
        if not makers:
            return ""
        same = [maker for maker in makers if maker.document == command.document]
        if not same or not command.called:
            return "somewhere"
        return "before" if any(maker.order < command.order for maker in same) else "later"

    def places(self, name: str) -> tuple[Location, ...]:
        """Return where the package makes a service."""
        return tuple(maker.at for maker in self._places.get(name.lower(), ()))[:_MOST]


def derive(package: Package, estate: Estate) -> Iterable[UnitUse]:
    """Yield a unit use for each service of Windows that each command controls."""
    calls = [(c, call) for c in package.of(Command) for call in service_calls(c)]
    made, roles = _Made(calls), Roles(package)
    records = {
        record.name.lower(): record for record in estate.site.units if record.manager == "windows"
    }
    compared = 0
    for command, call in calls:
        if call.verb == PROVIDES:
            continue
        use = _use(command, call, made)._replace(role=roles.of(command.document))
        compared += 1
        yield _compared(use, estate.site, records, near=compared < _MOST_COMPARED)


def _use(command: Command, call: ServiceCall, made: _Made) -> UnitUse:
    name = call.name.text
    certain = call.name.certainty
    others = shared(name)
    return UnitUse(
        at=command.at,
        document=command.document,
        order=command.order,
        verb=call.verb,
        unit=name,
        written=name,
        manager="windows",
        certainty=certain,
        pattern=bool(_GLOB.search(name)) and certain != "computed",
        scope="windows",
        starts=call.verb in verbs("starting") or call.now == "start",
        stops=call.verb in verbs("stopping") or call.now == "stop",
        elsewhere=call.elsewhere,
        provided=made.provided(name, command),
        impact=others.impact,
        loses=others.loses,
        guarded=any(_finds(guard, name) for guard in command.guards),
        failure=command.failure,
        deferred=command.deferred,
        brought_at=made.places(name),
        via=command.via,
    )


def _finds(guard: Guard, name: str) -> bool:
    """Say whether a test makes sure that the service is there."""
    if not guard.holds or guard.kind not in ("unit-exists", "other"):
        return False
    subject = guard.subject.lower()
    if guard.kind == "unit-exists":
        return name.lower() in subject or "$" in subject or "%" in subject
    return name.lower() in subject and "service" in subject


def _compared(use: UnitUse, site: Site, records: dict[str, UnitRecord], *, near: bool) -> UnitUse:
    """Return a use with what the site says, as far as it lists services of Windows at all."""
    nobody = Unknown("package.value" if use.certainty == "computed" else "site.units")
    if use.certainty == "computed" or use.pattern or use.elsewhere:
        return use._replace(present=nobody, state="", alias_of="")
    record = records.get(use.unit.lower())
    if record is not None:
        lines = (Location(site.path, record.line or None),) if site.path else ()
        return use._replace(present=True, state=record.state, site_lines=lines)
    if is_base(use.unit) or use.provided not in ("", "later"):
        return use._replace(present=True)
    known = bool(records) and "units" in site.complete
    similar: tuple[str, ...] = ()
    if known and near:
        found = get_close_matches(use.unit.lower(), list(records), _MOST, _CLOSE)
        similar = tuple(records[name].name for name in found)
    return use._replace(present=False if known else nobody, similar=similar)
