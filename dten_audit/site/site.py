"""The site: which units, packages, tables, hosts there are, as far as its file says."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.unknown import Unknown


class UnitRecord(NamedTuple):
    """A unit of the site. ``name`` has its type (``x.service``); ``line`` is the site file's.

    ``manager`` is ``windows`` for a service of Windows, whose name stands as it is.
    """

    name: str
    state: str = ""
    alias_of: str = ""
    line: int = 0
    manager: str = ""


class TableRecord(NamedTuple):
    """A live table with its size; 0 where the site does not say."""

    name: str
    rows: int = 0
    bytes: int = 0
    line: int = 0


class PackageRecord(NamedTuple):
    """An installed package: its purl without version, and the version."""

    purl: str
    version: str
    line: int = 0


class RetiredHost(NamedTuple):
    """A host pattern that must not be contacted any more."""

    match: str
    since: str = ""
    replaced_by: str = ""
    reason: str = ""
    line: int = 0


SudoUse = Literal["none", "listed", "nopasswd"]


class SudoRule(NamedTuple):
    """What sudo lets ``who`` run as ``runas``; no commands mean all."""

    who: str
    runas: str = "root"
    nopasswd: bool = False
    commands: tuple[str, ...] = ()
    line: int = 0


class SudoPolicy(NamedTuple):
    """How the site uses sudo: not at all, as ``rules`` list, or for all without a password."""

    policy: SudoUse
    rules: tuple[SudoRule, ...] = ()
    line: int = 0


class ConfigRecord(NamedTuple):
    """A key that a live configuration file of the site sets.

    ``path`` is the file on the host, ``component`` the purl of the product that reads it, if the
    site file says so. ``value`` is empty where the site does not tell it. ``line`` is the site
    file's.
    """

    path: str
    component: str
    section: str
    key: str
    value: str = ""
    line: int = 0


class Site(NamedTuple):
    """What the user knows of the site (dten-site/1).

    Only sections listed in ``complete`` may be believed for absence.
    """

    path: str = ""
    name: str = ""
    complete: frozenset[str] = frozenset()
    units: tuple[UnitRecord, ...] = ()
    packages: tuple[PackageRecord, ...] = ()
    tables: tuple[TableRecord, ...] = ()
    retired_hosts: tuple[RetiredHost, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    timezone: str = ""
    databases: tuple[tuple[str, str], ...] = ()
    sudo: SudoPolicy | None = None
    config: tuple[ConfigRecord, ...] = ()

    def unit(self, name: str) -> UnitRecord | Unknown | None:
        """Return the unit, None where the site certainly lacks it, else what is needed to know."""
        if "." not in name:
            name += ".service"
        for record in self.units:
            if record.name == name:
                return record
        return None if "units" in self.complete else Unknown("site.units")

    def table(self, name: str) -> TableRecord | Unknown | None:
        """Return the table by its name, with or without schema."""
        bare = name.rpartition(".")[2].lower()
        for record in self.tables:
            if (
                record.name.lower() == name.lower()
                or record.name.rpartition(".")[2].lower() == bare
            ):
                return record
        return None if "tables" in self.complete else Unknown("site.tables")

    def version_of(self, purl: str) -> str | Unknown | None:
        """Return the installed version of a package given by purl (without version)."""
        for record in self.packages:
            if record.purl == purl:
                return record.version
        return None if "packages" in self.complete else Unknown("site.packages")

    def user(self, name: str) -> str | Unknown | None:
        """Return the user's name, None where the site certainly has no such user."""
        if name in self.users or name == "root":
            return name
        return None if "users" in self.complete else Unknown("site.users")

    def retired_host(self, name: str) -> RetiredHost | Unknown | None:
        """Return the record of a retired host that ``name`` falls under.

        A pattern names a host; ``*.example`` names all hosts below it. None means that the list
        of hosts is complete and lacks it.
        """
        host = name.rstrip(".").lower()
        for record in self.retired_hosts:
            pattern = record.match.rstrip(".").lower()
            if host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:])):
                return record
        return None if "hosts" in self.complete else Unknown("site.hosts")
