"""Which units the unit files of a package name, and which of them the site lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dten_audit.derive.roles import Roles
from dten_audit.derive.units.brought import Brought, brought_by
from dten_audit.derive.units.similar import Suggestions
from dten_audit.derive.units.tables import in_user_folder, other_names, shared
from dten_audit.derive.units.uses import presence, site_lines, site_unit
from dten_audit.links.package import Package
from dten_audit.model.facts.units import Scope, Strength, UnitDependency, UnitFile, UnitUse
from dten_audit.model.unknown import Unknown
from dten_audit.readers.systemd.names import canonical, is_unit_name
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site

RELATIONS: Final[dict[tuple[str, str], Strength]] = {
    ("Unit", "Requires"): "needs",
    ("Unit", "Requisite"): "needs",
    ("Unit", "BindsTo"): "needs",
    ("Unit", "Wants"): "wants",
    ("Unit", "Upholds"): "wants",
    ("Unit", "OnFailure"): "wants",
    ("Unit", "OnSuccess"): "wants",
    ("Timer", "Unit"): "needs",
    ("Path", "Unit"): "needs",
    ("Socket", "Service"): "needs",
    ("Service", "Sockets"): "wants",
    ("Install", "WantedBy"): "wants",
    ("Install", "RequiredBy"): "wants",
    ("Install", "Also"): "wants",
    ("Unit", "Conflicts"): "stops",
    ("Unit", "PartOf"): "order",
    ("Unit", "PropagatesReloadTo"): "order",
    ("Unit", "ReloadPropagatedFrom"): "order",
    ("Unit", "PropagatesStopTo"): "order",
    ("Unit", "StopPropagatedFrom"): "order",
    ("Unit", "JoinsNamespaceOf"): "order",
    ("Unit", "After"): "order",
    ("Unit", "Before"): "order",
}
"""Dependencies by section and key (systemd.unit(5), systemd.timer(5), systemd.socket(5))."""


def derive(package: Package, estate: Estate) -> Iterable[UnitDependency]:
    """Yield what unit files name, and what links in folders such as ``x.target.wants`` pull in."""
    brought = brought_by(package)
    familiar = {use.unit for use in package.of(UnitUse)} | {step.unit for step in brought.steps}
    suggestions = Suggestions(estate.site, familiar)
    roles = Roles(package)
    for file in package.of(UnitFile):
        role = roles.of(file.document)
        for stated in _dependencies(file):
            found = _compared(stated, brought, suggestions, estate.site)
            scope: Scope = "user" if in_user_folder(file.path) else "system"
            yield found._replace(role=role, scope=scope)
    for link in brought.links:
        if link.kind == "enables":
            role = roles.of(link.document)
            stated = UnitDependency(link.at, link.owner, link.relation, "wants", link.unit)
            found = _compared(stated, brought, suggestions, estate.site)
            yield found._replace(role=role, by_link=True)


def _compared(
    stated: UnitDependency, brought: Brought, suggestions: Suggestions, site: Site
) -> UnitDependency:
    """Return a dependency with what the site and the package say of the unit."""
    unit = stated.unit
    provided = brought.provided(unit)
    own = provided not in ("", "dependency")
    record = site_unit(site, unit)
    present = presence(record, unit, provided, perhaps=brought.perhaps(unit))
    missing = present is not True
    others = shared(unit)
    return stated._replace(
        present=present,
        provided=provided,
        likely=isinstance(present, Unknown) and brought.likely(unit),
        similar=suggestions.near(unit) if missing else (),
        renamed=other_names(unit)[1] if missing else "",
        impact="" if own else others.impact,
        loses="" if own else others.loses,
        site_lines=site_lines(site, record),
    )


def _dependencies(file: UnitFile) -> Iterator[UnitDependency]:
    """Yield what a unit file names; an order by what it needs or wants anyway says no more.

    An empty assignment takes no dependency back (systemd.unit(5), Example 2), but those of
    ``[Install]``.
    """
    owner = file.drop_in_of or file.name
    named: set[str] = set()
    for (section, key), strength in RELATIONS.items():
        of_key = [e for e in file.entries if e.key == key and e.section == section]
        for entry in of_key if section == "Unit" else file.values(section, key):
            for name in map(canonical, entry.value.split()):
                if "%" in name or not is_unit_name(name) or (strength == "order" and name in named):
                    continue
                named.add(name)
                yield UnitDependency(entry.at, owner, key, strength, name)
    if file.type in ("timer", "path") and not file.drop_in_of:
        section = file.type.capitalize()
        entries = [entry for entry in file.entries if entry.section == section]
        started = file.name.removesuffix(file.type) + "service"
        if entries and not file.values(section, "Unit"):
            yield UnitDependency(entries[0].at, owner, "Unit", "needs", started)
