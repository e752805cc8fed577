"""The questions of a package as a site file to fill in (dten-site/1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.model.finding import Finding
from dten_audit.model.report import PackageReport
from dten_audit.report.sanitise import for_terminal


class Section(NamedTuple):
    """A section of the site file: what needs it, which fields name its entries, what to ask."""

    need: str
    name: str
    fields: tuple[str, ...]
    advice: str


SECTIONS: Final = (
    Section(
        "site.units", "units", ("unit",),
        "Keep the units that the site has, delete the others; then add units to complete.",
    ),
    Section(
        "site.tables", "tables", ("table",),
        "Add rows and bytes where you know them; then add tables to complete.",
    ),
    Section(
        "site.packages", "packages", ("component",),
        "Give the installed version after @; then add packages to complete.",
    ),
    Section(
        "site.users", "users", ("user", "target_user"),
        "Keep the users that the site has, delete the others; then add users to complete.",
    ),
    Section(
        "site.hosts", "hosts", ("hosts", "host"),
        "Keep below retired the hosts that are gone; then add hosts to complete.",
    ),
)  # fmt: skip


def render(package: PackageReport) -> str:
    """Return a site file that is valid as it stands and says, where to answer, what."""
    lines = [
        f"# Questions of {for_terminal(package.path)}. Answer them, then audit with --site.",
        "schema: dten-site/1",
        "site:",
        "  complete: []  # sections that list everything there is: units, packages, hosts, …",
    ]
    for section in SECTIONS:
        entries = list(dict.fromkeys(_entries(package.findings, section)))
        if entries:
            lines += ["", f"# {section.advice}", *_section(section, entries)]
    return "\n".join(lines) + "\n"


def _section(section: Section, entries: list[str]) -> Iterator[str]:
    if section.name == "hosts":
        yield "hosts:"
        yield "  retired:"
        yield from (f"    - {_scalar(entry)}" for entry in entries)
        return
    yield f"{section.name}:"
    for entry in entries:
        text = f"{entry}@0" if section.name == "packages" and "@" not in entry else entry
        yield f"  - {_scalar(text)}"


def _scalar(text: str) -> str:
    """Return a text as a YAML scalar that can only be read as this text: a JSON string."""
    return json.dumps(text)


def _entries(findings: tuple[Finding, ...], section: Section) -> Iterator[str]:
    for finding in findings:
        if section.need not in finding.needs:
            continue
        for field in section.fields:
            value = finding.facts.get(field)
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, str) and entry:
                    yield entry
