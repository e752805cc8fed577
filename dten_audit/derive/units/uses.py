"""From commands that control units to unit uses: held against the site and what is brought."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

from dten_audit.derive.allowance import PerFile
from dten_audit.derive.debhelper import keeps_state
from dten_audit.derive.jobs import is_job
from dten_audit.derive.reach import Reach
from dten_audit.derive.roles import Roles
from dten_audit.derive.units.brought import Brought, brought_by
from dten_audit.derive.units.calls import UnitCall, unit_calls
from dten_audit.derive.units.similar import Suggestions
from dten_audit.derive.units.tables import (
    Shared,
    is_base,
    managers,
    other_names,
    shared,
    units_of,
    verbs,
)
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Guard
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.units import Provided, UnitUse
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.systemd.names import split_name
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site, UnitRecord

_GLOB: Final = re.compile(r"[*?\[]")
_ASKS_FOR_UNITS: Final = re.compile(r"systemctl|\bservice\b|init\.d|systemd|unit")
_ASKS_FOR_PACKAGES: Final = re.compile(r"(?:dpkg-query|dpkg +(?:-s|--status)|rpm +-q)\b")
_FINDS_NONE: Final = re.compile(
    r"(?:systemctl|\bservice)\b.{0,200}\|\s*grep\b.{0,80}"
    r"(?:unrecognized|does not exist|not[- ]found|could not be found|not loaded)"
)
"""A test whether the service manager says that there is no such unit; no name need be in it."""
_SHORTEST: Final = 3
_CHOOSES: Final = re.compile(
    r"(?i)systemctl|systemd|openrc|upstart|sysv|alpine|gentoo|solaris|\binit\b|uname|release|distro"
    r"|\bid\b|\bos| in "
)
"""In a test, what shows that a script asks which system it runs on; `` in `` is that of a case."""
_ASKS_SYSTEMD: Final = re.compile(r"systemctl|systemd")
_OWN_CALLER: Final = re.compile(r"\b(?:invoke-rc\.d|deb-systemd-invoke|service)\b")
"""In a test, the programs that call an init script as the host wants it; all of Debian has them."""
_EQUALS: Final = re.compile(r"""\[\[? +["']?\$[{]?\w+[}]?["']? +==? +["']?([^"' ]+)["']? +\]\]?""")
"""A test of a variable for one value: ``[ "$1" = "AUTO" ]``."""
_OTHER_SYSTEMS: Final = re.compile(
    r"(?i)\b(?:(?:free|open|net|dragonfly)bsd|darwin|macos|solaris|sunos)"
)
"""In a test, what shows that it looks for a system without systemd."""
_OUR_SYSTEMS: Final = re.compile(r"(?i)linux\b|debian|ubuntu|fedora|rhel|centos|suse|systemd")
_PROGRAM_CONTAINERS: Final = frozenset((
    "docker", "podman", "nerdctl", "docker-compose", "podman-compose", "kubectl", "oc", "k3s",
    "crictl",
))  # fmt: skip
"""Containers of one program: others (LXC, machines) are booted and have an init system."""


MOST_USES: Final = 2_000
"""So many uses of units are held against the site in one file: no real script has a tenth of it."""
TOO_MANY: Final = "more commands that control units than are looked at"


def derive(package: Package, estate: Estate) -> Iterable[UnitUse | Unreadable]:
    """Yield a unit use for each unit that each command controls, and where a file has too many."""
    brought = brought_by(package)
    calls = [
        (command, call)
        for command in package.of(Command)
        for call in unit_calls(command)
        if not _denied(command) and not _ruled_out(command, call)
    ]
    familiar = {call.unit for _, call in calls} | {step.unit for step in brought.steps}
    suggestions = Suggestions(estate.site, familiar)
    roles, reach = Roles(package), Reach(package)
    unmasked = {call.unit for _, call in calls if call.verb == "unmask"}
    allowed = PerFile(MOST_USES, "shell", TOO_MANY)
    for command, call in calls:
        if not allowed.take(command.at):
            continue
        use = _use(command, call, brought)
        role = roles.of(command.document)
        keeps = keeps_state(command)
        compared = _compared(use, estate.site, brought, suggestions, keeps=keeps)
        unsettled = isinstance(compared["present"], Unknown)
        yield use._replace(
            role=role,
            unmasked=call.unit in unmasked,
            deferred=command.deferred or is_job(package, command.document),
            in_container=use.in_container or (role == "container-build" and not use.elsewhere),
            by_hand=unsettled and reach.by_hand(command.document),
            fits=_fits(use, estate.site),
            **compared,
        )
    yield from allowed.left()


def _use(command: Command, call: UnitCall, brought: Brought) -> UnitUse:
    """Return what the command itself says of a unit."""
    certain = call.written.certainty
    order = command.order if command.called else -1
    provided = brought.provided(call.unit, command.document, order)
    others = shared(call.unit)
    isolates = call.verb == "isolate" and call.scope == "system"
    own = provided not in ("", "dependency") or certain == "computed" or call.scope != "system"
    manager = managers().get(call.manager)
    guards = (*command.guards, *brought.written_under(command.document))
    return UnitUse(
        at=command.at,
        document=command.document,
        order=command.order,
        verb=call.verb,
        unit=call.unit,
        written=call.written.text,
        manager=call.manager,
        certainty=certain,
        pattern=bool(_GLOB.search(call.unit)) and certain != "computed",
        scope=call.scope,
        starts=call.verb in verbs("starting") or call.now == "start",
        stops=call.verb in verbs("stopping") or call.now == "stop",
        elsewhere=call.elsewhere,
        provided=provided,
        impact="all" if isolates else "" if own or _only_reloads(call, others) else others.impact,
        loses="every unit that is not wanted by this one" if isolates else others.loses,
        init=manager.init if manager else "",
        forwards=manager is not None and manager.forwards,
        init_script=brought.init_script(call.unit.removesuffix(".service")),
        in_container=any(
            layer.kind == "container" and layer.tool in _PROGRAM_CONTAINERS
            for layer in command.layers
        ),
        guarded=any(_finds(guard, call) for guard in guards),
        checked=any(_finds_init(guard, call) for guard in guards),
        failure=command.failure,
        brought_at=brought.places(call.unit),
        via=command.via,
    )


def _denied(command: Command) -> bool:
    """Say whether a function asks for systemd again where its caller has just found none."""
    asked = [guard for guard in command.guards if _asks_for_systemd(guard)]
    without = {guard.subject for guard in asked if not guard.holds}
    return any(guard.holds and guard.subject in without for guard in asked)


@lru_cache(maxsize=256)
def _asks_for_systemd(guard: Guard) -> bool:
    return guard.kind == "other" and _ASKS_SYSTEMD.search(guard.subject) is not None


def _ruled_out(command: Command, call: UnitCall) -> bool:
    """Say whether a test rules the unit out: its name is a mark, or the system has no units."""
    return any(map(_looks_for_another_system, command.guards)) or any(
        (match := _EQUALS.fullmatch(guard.subject)) is not None and match[1] == call.written.text
        for guard in command.guards
        if guard.kind == "other" and not guard.holds
    )


@lru_cache(maxsize=256)
def _looks_for_another_system(guard: Guard) -> bool:
    subject = guard.subject if guard.kind == "other" and guard.holds else ""
    return bool(_OTHER_SYSTEMS.search(subject)) and not _OUR_SYSTEMS.search(subject)


def _only_reloads(call: UnitCall, unit: Shared) -> bool:
    return unit.reloads and call.verb == "reload-or-restart"


def _compared(
    use: UnitUse, site: Site, brought: Brought, suggestions: Suggestions, *, keeps: bool
) -> dict[str, Any]:
    """Return the fields of a use that the site, or what the package brings, says of its unit."""
    if use.certainty == "computed" or use.scope != "system":
        nobody = Unknown("package.value" if use.certainty == "computed" else "site.units")
        return {"present": nobody, "state": nobody, "alias_of": nobody}
    record = _pattern_record(use, site) if use.pattern else site_unit(site, use.unit)
    file = brought.file_of(use.unit)
    mask = brought.mask_of(use.unit)
    state, alias = _state(record, masked=mask is not None or (file is not None and file.masked))
    present = presence(record, use.unit, use.provided, perhaps=brought.perhaps(use.unit))
    missing = present is not True
    return {
        "present": present,
        "state": state,
        "alias_of": brought.alias_of(use.unit) or ("" if file is not None else alias),
        "brought_at": (mask.at,) if mask else use.brought_at,
        "installable": _installable(brought, use, record, keeps=keeps),
        "similar": suggestions.near(use.unit) if missing else (),
        "known_as": suggestions.known_as(use.unit) if missing else (),
        "renamed": other_names(use.unit)[1] if missing else "",
        "site_lines": site_lines(site, record),
    }


def site_unit(site: Site, unit: str) -> UnitRecord | Unknown | None:
    """Return the site's record of a unit; an instance is there where its template is."""
    record = site.unit(unit)
    template = split_name(unit).template
    if template and not isinstance(record, UnitRecord):
        return site.unit(template)
    return record


def _pattern_record(use: UnitUse, site: Site) -> UnitRecord | Unknown | None:
    for record in site.units:
        if fnmatchcase(record.name, use.unit) or fnmatchcase(record.name, use.written):
            return record
    return None if "units" in site.complete else Unknown("site.units")


def presence(
    record: UnitRecord | Unknown | None, unit: str, provided: Provided, *, perhaps: bool = False
) -> bool | Unknown:
    """Say whether a unit is there: at the site, on every host, or brought in time.

    ``perhaps``: what the package needs may bring it, which nobody knows.
    """
    if isinstance(record, UnitRecord) or is_base(unit):
        return True
    if provided not in ("", "later"):
        return True
    if perhaps and not provided:
        return Unknown("site.units")
    return record if isinstance(record, Unknown) else False


def site_lines(site: Site, record: UnitRecord | Unknown | None) -> tuple[Location, ...]:
    """Return the place of a record in the site file."""
    known = isinstance(record, UnitRecord) and bool(site.path)
    return (Location(site.path, record.line or None),) if known else ()  # type: ignore[union-attr]


def _state(
    record: UnitRecord | Unknown | None, *, masked: bool
) -> tuple[str | Unknown, str | Unknown]:
    """Return the unit's state and what it is an alias of; a shipped empty file masks it."""
    if isinstance(record, UnitRecord):
        return ("masked" if masked else record.state), record.alias_of
    if masked:
        return "masked", ""
    return (record, record) if isinstance(record, Unknown) else ("", "")


def _installable(
    brought: Brought, use: UnitUse, record: UnitRecord | Unknown | None, *, keeps: bool
) -> bool | Unknown:
    """Say whether the unit file that is in force can be enabled, or only what was so before is."""
    file = brought.in_force(use.unit)
    if keeps or brought.pulled_in(use.unit):
        return True
    if file is None:
        return not isinstance(record, UnitRecord) or record.state != "static"
    return file.masked or any(entry.section == "Install" for entry in file.entries)


def _finds(guard: Guard, call: UnitCall) -> bool:
    """Say whether a test makes sure that the unit is there."""
    stem = call.unit.rpartition(".")[0]
    subject = guard.subject
    named = call.written.text in subject or (len(stem) >= _SHORTEST and stem in subject)
    if guard.holds == subject.startswith("! "):
        return guard.kind == "other" and bool(_FINDS_NONE.search(subject))
    if not guard.holds:
        return False
    if guard.kind == "unit-exists":
        return named or not subject
    if guard.kind == "path-exists":
        return posixpath.basename(subject) in (call.unit, stem, call.written.text)
    if guard.kind == "other" and _ASKS_FOR_PACKAGES.match(subject):
        return any(stem == word or stem in units_of(word) for word in subject.split())
    return guard.kind == "other" and named and bool(_ASKS_FOR_UNITS.search(subject))


def _fits(use: UnitUse, site: Site) -> bool | Unknown:
    """Say whether the site runs the init system of a manager: a site that lists units has systemd.

    systemctl and what takes any init system are never asked about.
    """
    if use.init in ("", "systemd"):
        return True
    return False if site.units or "units" in site.complete else Unknown("site.units")


def _finds_init(guard: Guard, call: UnitCall) -> bool:
    """Say whether a test makes sure that the init system or the manager is there.

    For a manager of another init system, a test that did not find systemd does as well.
    """
    manager = managers().get(call.manager)
    foreign = manager.init not in ("", "systemd") if manager else call.manager == "initd"
    systemd = guard.kind == "systemd-running" or (
        guard.kind == "command-exists" and posixpath.basename(guard.subject) == "systemctl"
    )
    if systemd:
        return guard.holds != foreign
    if guard.kind in ("command-exists", "path-exists") and guard.holds:
        return posixpath.basename(guard.subject) == call.manager
    if call.manager == "initd" and not guard.holds and _OWN_CALLER.search(guard.subject):
        return True
    if guard.kind not in ("other", "unit-exists"):
        return False
    return bool((_CHOOSES if foreign else _ASKS_SYSTEMD).search(guard.subject))
