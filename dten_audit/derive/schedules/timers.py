"""systemd timers that a package ships or writes, with the service that each starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from dten_audit.derive.debhelper import keeps_state
from dten_audit.derive.schedules.building import AT_ONCE, COMPUTED, NOT_SEEN, Builder
from dten_audit.derive.schedules.calendar import Calendar, read_calendar, read_span
from dten_audit.derive.schedules.moments import Times, zone_named
from dten_audit.derive.schedules.paths import cron_paths, role_of
from dten_audit.derive.schedules.scripts import Step
from dten_audit.derive.units.tables import in_user_folder
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.container import LinkEntry
from dten_audit.model.facts.schedules import Schedule
from dten_audit.model.facts.units import UnitEntry, UnitFile
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

_SPANS: Final[tuple[tuple[str, str], ...]] = (
    ("OnActiveSec", "after it is activated"),
    ("OnBootSec", "after boot"),
    ("OnStartupSec", "after systemd starts"),
    ("OnUnitActiveSec", "after each run"),
    ("OnUnitInactiveSec", "after each run ends"),
)
_TRUE: Final = frozenset(("1", "yes", "true", "on", "y", "t"))
_PREFIXES: Final = "@-:+!|"
_ENABLING: Final = frozenset(
    "enable start reenable restart preset try-restart reload-or-restart".split()
)
_ONLY_ENABLE: Final = frozenset(("enable", "reenable", "preset"))
_NEEDS: Final = ("Condition", "Assert", "Requisite")
"""Settings of [Unit] without which a unit does not start (systemd.unit(5))."""
_ASKS: Final = "deb-systemd-invoke"
_MANAGERS: Final = frozenset(("systemctl", "deb-systemd-helper", _ASKS))


class Switch(NamedTuple):
    """A command that turns a unit on; ``starts`` unless it only does so from the next boot on.

    ``asks``: it starts what is enabled, and nothing else (deb-systemd-invoke(1p)).
    """

    at: Location
    starts: bool
    asks: bool


def timers(builder: Builder) -> Iterator[Schedule]:
    """Yield a schedule for each timer unit of the package; drop-ins only change others."""
    units = [unit for unit in builder.package.of(UnitFile) if not unit.drop_in_of]
    services = {unit.name: unit for unit in reversed(units) if unit.type == "service"}
    enabled = _enabled_by(builder)
    computed = _computes(builder)
    for unit in units:
        if unit.type == "timer" and not unit.masked and unit.entries:
            yield _timer(builder, unit, services, enabled, computed=computed)


def _timer(
    builder: Builder,
    unit: UnitFile,
    services: dict[str, UnitFile],
    enabled: dict[str, tuple[Switch, ...]],
    *,
    computed: bool,
) -> Schedule:
    service = _service_of(unit, services)
    starts = service.values("Service", "ExecStart") if service else ()
    switches = _turned_on_by(builder, unit, enabled)
    on = NOT_SEEN if computed else builder.otherwise(unit.at)
    calendars = unit.values("Timer", "OnCalendar")
    base = Schedule(
        calendars[0].at if calendars else unit.at,
        "timer",
        unit.document,
        _landing(builder, unit),
        unit.name,
        _expression(unit, calendars),
        "systemd",
        _user(unit, service),
        "; ".join(entry.value.lstrip(_PREFIXES) for entry in starts),
        "",
        role=role_of(_written_in(builder, unit)),
        installed_by=tuple(switch.at for switch in switches or ()),
        enabled=True if switches is not None else on,
        persistent=unit.value("Timer", "Persistent").lower() in _TRUE,
        certainty=unit.certainty,
    )
    needs = _needs(unit)
    running = service.name if service and _kept_running(service, enabled) else ""
    stopped = (f"{running} stopped",) if running else ()
    only = ", ".join(dict.fromkeys((*needs, *_conditions(service), *stopped)))
    base = base._replace(starts=running or _starts(unit, service), only_where=only)
    started = not needs and any(switch.starts for switch in switches or ())
    base, times = _timed(builder, unit, base, calendars, started=started)
    full = builder.complete(base, times, _steps(builder, starts, service))
    return _with_log(builder, full, service)


def _turned_on_by(
    builder: Builder, unit: UnitFile, enabled: dict[str, tuple[Switch, ...]]
) -> tuple[Switch, ...] | None:
    """Return the commands that enable a timer, none for a link; None where nothing surely does."""
    switches = _switched_on(unit, enabled)
    turned_on = _linked(builder, unit) or not all(switch.asks for switch in switches)
    return switches if turned_on and builder.roles.of(unit.document) != "example" else None


def _service_of(unit: UnitFile, services: dict[str, UnitFile]) -> UnitFile | None:
    """Return the service that a timer starts, if the package brings it."""
    stem = unit.name.removesuffix(".timer")
    service = services.get(unit.value("Timer", "Unit") or f"{stem}.service")
    if service is None and unit.instance:
        service = services.get(unit.template.replace(".timer", ".service"))
    return service


def _written_in(builder: Builder, unit: UnitFile) -> str:
    """Return the path of the file that a timer stands in: a script, if one writes it."""
    info = builder.package.documents.get(unit.document)
    host = builder.package.documents.get(info.host) if info and info.host else info
    return host.path if host else unit.path


def _needs(unit: UnitFile) -> list[str]:
    """Return the settings that must hold for a timer to start, as they stand there."""
    return [
        f"{entry.key}={entry.value}"
        for entry in unit.entries
        if entry.section == "Unit" and entry.value and entry.key.startswith(_NEEDS)
    ]


def _conditions(service: UnitFile | None) -> list[str]:
    """Return the conditions under which a service does what its timer starts it for."""
    entries = service.entries if service is not None else ()
    return [
        f"{entry.key}={entry.value}"
        for entry in entries
        if entry.section == "Unit" and entry.value and entry.key.startswith(_NEEDS[:2])
    ]


def _starts(unit: UnitFile, service: UnitFile | None) -> str:
    """Return the unit that a timer starts, where it is no service of the package (a target)."""
    if service is not None:
        return ""
    name = unit.value("Timer", "Unit")
    return name or f"{unit.name.removesuffix('.timer')}.service"


def _kept_running(service: UnitFile, enabled: dict[str, tuple[Switch, ...]]) -> bool:
    """Say whether a service runs all the time, so that a timer only starts it where it was stopped.

    The package starts it, and so does systemd at each boot, and whenever it ends.
    """
    boots = service.value("Install", "WantedBy") or service.value("Install", "RequiredBy")
    always = service.value("Service", "Restart") == "always"
    return bool(boots) and always and any(not by.asks for by in _switched_on(service, enabled))


def _expression(unit: UnitFile, calendars: tuple[UnitEntry, ...]) -> str:
    spans = [f"{key}={value}" for key, _ in _SPANS if (value := unit.value("Timer", key))]
    return "; ".join([*(entry.value for entry in calendars), *spans])


def _user(unit: UnitFile, service: UnitFile | None) -> str:
    if "/systemd/user/" in f"/{unit.path}":
        return ""
    return (service.value("Service", "User") if service else "") or "root"


def _landing(builder: Builder, unit: UnitFile) -> str:
    targets = [i.target for i in builder.package.installs if i.source == unit.document]
    return targets[0] if targets else unit.path if unit.path.startswith("/") else ""


def _steps(builder: Builder, starts: tuple[UnitEntry, ...], service: UnitFile | None) -> list[Step]:
    if service is None:
        return []
    commands = [
        command
        for entry in starts
        for command in builder.scripts.read_command(
            entry.value.lstrip(_PREFIXES), entry.at, service.document
        )
    ]
    return builder.scripts.steps_from(commands)


def _with_log(builder: Builder, full: Schedule, service: UnitFile | None) -> Schedule:
    """Add the file that the service's output is appended to (systemd.exec(5))."""
    output = service.value("Service", "StandardOutput") if service else ""
    silenced = output == "null" and bool(
        service and service.value("Service", "StandardError") in ("null", "inherit", "")
    )
    path = output.removeprefix("append:") if output.startswith("append:") else ""
    if not path:
        return full._replace(silenced=full.silenced or silenced)
    return full._replace(
        log_path=path,
        log_rotated=(rotated := builder.worker.rotated(path)),
        log_rotation_shipped=rotated is True,
        summary=f"{full.summary}; appends to {path}",
    )


def _timed(
    builder: Builder,
    unit: UnitFile,
    base: Schedule,
    calendars: tuple[UnitEntry, ...],
    *,
    started: bool,
) -> tuple[Schedule, Times]:
    read = [read_calendar(entry.value) for entry in calendars]
    known = [calendar for calendar in read if calendar is not None]
    texts = [
        f"{value}{' s' * value.isdecimal()} {text}"
        for key, text in _SPANS
        if (value := unit.value("Timer", key))
    ]
    delay = read_span(unit.value("Timer", "RandomizedDelaySec") or "0") or 0
    if known:
        zone = builder.timetable.zone(known[0].zone)
        times = builder.timetable.union(known, zone)
        if delay:
            times = _delayed(builder, times, known, zone, delay)
        base = base._replace(zone=zone, period_minutes=period_of(times))
        if len(known) < len(read) and times.in_window is False:
            times = times._replace(in_window=COMPUTED)
        return base, times
    if calendars:
        return base._replace(next_text=base.expression), Times(in_window=COMPUTED)
    return _by_spans(builder, unit, base, ", ".join(texts), started=started)


def _by_spans(
    builder: Builder, unit: UnitFile, base: Schedule, text: str, *, started: bool
) -> tuple[Schedule, Times]:
    """Judge a timer that counts from an event; the change is taken to start with the window.

    A timer that counts from boot elapses at once when it is started on a host that is up for longer
    (systemd.timer(5)).
    """
    boot = bool(unit.value("Timer", "OnBootSec") or unit.value("Timer", "OnStartupSec"))
    window: bool | Unknown = boot and started
    period = 0
    for key in ("OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec"):
        value = unit.value("Timer", key)
        if not value:
            continue
        seconds = read_span(value)
        inside = COMPUTED if seconds is None else builder.timetable.relative(seconds)
        window = inside if window is False else window
        if key != "OnActiveSec" and seconds is not None:
            period = max(1, int(seconds // 60))
    if boot and started:
        text = f"{AT_ONCE}, then {text}"
    base = base._replace(next_text=text, period_minutes=period, at_boot=boot and not period)
    return base, Times(in_window=window)


def _delayed(
    builder: Builder, times: Times, calendars: list[Calendar], zone: str, delay: float
) -> Times:
    """A random delay may carry a run into the window or out of it."""
    window, known_zone = builder.timetable.window, zone_named(zone)
    if window is None or known_zone is None or not isinstance(times.in_window, bool):
        return times
    spread = timedelta(seconds=delay)
    if times.window_fire is not None and times.window_fire + spread < window.end:
        return times
    start = (window.start - spread).astimezone(known_zone)
    first = [found for calendar in calendars if (found := calendar.after(start))]
    may = any(moment < window.end for moment in first)
    return times._replace(in_window=COMPUTED if may else False, window_fire=None)


def period_of(times: Times) -> int:
    """Return the shortest time between the next runs in minutes; 0 for a single one."""
    gaps = [
        int((after - before).total_seconds() // 60)
        for before, after in zip(times.next, times.next[1:], strict=False)
    ]
    return min(gaps, default=0)


def _enabled_by(builder: Builder) -> dict[str, tuple[Switch, ...]]:
    """Return the commands that turn timers and services on, by the unit's name (or template's)."""
    found: dict[str, tuple[Switch, ...]] = {}
    for command in builder.package.of(Command):
        if _on_events(builder, command) or keeps_state(command):
            continue
        if command.program in _MANAGERS and _ENABLING & set(command.arguments):
            for word in command.arguments:
                if word.endswith((".timer", ".service")):
                    starts = (
                        not _ONLY_ENABLE & set(command.arguments) or "--now" in command.arguments
                    )
                    switch = Switch(command.at, starts, command.program == _ASKS)
                    found[word] = (*found.get(word, ()), switch)
    return found


def _computes(builder: Builder) -> bool:
    """Say whether a command enables a unit whose name only the run tells: it may be any timer."""
    return any(
        command.program in _MANAGERS
        and _ENABLING & set(command.arguments)
        and any(word.certainty == "computed" for word in command.argv)
        for command in builder.package.of(Command)
    )


def _switched_on(unit: UnitFile, enabled: dict[str, tuple[Switch, ...]]) -> tuple[Switch, ...]:
    if unit.name in enabled:
        return enabled[unit.name]
    if not unit.template or unit.instance:
        return ()
    stem = unit.template.rpartition(".")[0]
    return next((by for name, by in enabled.items() if name.startswith(stem)), ())


def _on_events(builder: Builder, command: Command) -> bool:
    """Say whether a command stands in a script that an event starts, not an installation."""
    info = builder.package.documents.get(command.document)
    return info is not None and not cron_paths().on_events.isdisjoint(info.path.split("/"))


def _linked(builder: Builder, unit: UnitFile) -> bool:
    """Say whether the package ships the link that enables a unit (``timers.target.wants/``)."""
    end = f".wants/{unit.name}"
    package = builder.package
    paths = [link.path for link in package.of(LinkEntry)]
    paths += [info.path for info in package.documents.values()]
    user = in_user_folder(unit.path)
    return any(path.endswith(end) and in_user_folder(path) == user for path in paths)
