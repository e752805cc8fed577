"""Makes packages of facts by hand: commands from one line of shell, unit files from their text."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime

from dten_audit.derive.units import uses
from dten_audit.documents.document import Document, DocumentInfo
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Guard, Layer, Redirection, Word
from dten_audit.model.facts.units import UnitFile, UnitUse
from dten_audit.model.location import Location
from dten_audit.readers.systemd.unit_file import read
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site, UnitRecord

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
SCRIPT = "p.zip!/bin/upgrade.sh"


def words(text: str) -> tuple[Word, ...]:
    """Split as the shell does; ``$x`` makes a word computed, ``~x`` marks it as resolved."""
    return tuple(
        Word(
            part.removeprefix("~"),
            "resolved" if part.startswith("~") else "computed" if "$" in part else "exact",
        )
        for part in shlex.split(text)
    )


def command(
    text: str,
    *,
    order: int = 1,
    script: str = SCRIPT,
    layers: tuple[Layer, ...] = (),
    guards: tuple[Guard, ...] = (),
    redirect: tuple[tuple[str, str], ...] = (),
    **more: object,
) -> Command:
    """Return the command that ``text`` is; ``order`` is its line too."""
    argv = words(text)
    program = (
        ""
        if argv and argv[0].certainty == "computed"
        else posixpath.basename(argv[0].text)
        if argv
        else ""
    )
    made = Command(
        Location(script, order, 1),
        script,
        order,
        program,
        argv,
        layers=layers,
        guards=guards,
        redirections=tuple(
            Redirection(operator, words(target)[0]) for operator, target in redirect
        ),
    )
    return made._replace(**more)  # type: ignore[arg-type]


def sudo(*options: str, **more: object) -> Layer:
    """Return the layer that ``sudo`` with these options is."""
    target = options[options.index("-u") + 1] if "-u" in options else "root"
    arguments = tuple(word for option in ("sudo", *options) for word in words(option))
    return Layer("sudo", "privilege", arguments, target)._replace(**more)  # type: ignore[arg-type]


def unit_file(path: str, text: str) -> UnitFile:
    """Return the unit file of a text."""
    document = Document(f"p.zip!/{path}", path, "systemd-unit", text.encode())
    return next(fact for fact in read(document) if isinstance(fact, UnitFile))


def info(path: str, kind: str = "shell", mode: int | None = None) -> DocumentInfo:
    """Return what is known of a document."""
    return DocumentInfo(f"p.zip!/{path}", f"p.zip!/{path}", path, kind, 1, mode, "")


def package(*facts: Fact, documents: Iterable[DocumentInfo] = ()) -> Package:
    """Return a package graph of these facts, and of the documents that they stand in."""
    known: dict[str, DocumentInfo] = {}
    for fact in facts:
        address = fact.at.path
        kind = "systemd-unit" if isinstance(fact, UnitFile) else "shell"
        path = address.rpartition("!/")[2]
        known[address] = DocumentInfo(address, address, path, kind, 1, None, "")
    return Package([*known.values(), *documents], facts)


def estate(
    *units: str | UnitRecord, complete: tuple[str, ...] = ("units",), **more: object
) -> Estate:
    """Return an estate whose site has these units, and no others in what is ``complete``."""
    records = tuple(
        unit if isinstance(unit, UnitRecord) else UnitRecord(unit, "enabled", line=number)
        for number, unit in enumerate(units, start=4)
    )
    site = Site(path="site.yaml", units=records, complete=frozenset(complete))
    return Estate(site._replace(**more), AT)  # type: ignore[arg-type]


NO_SITE = Estate(Site(), AT)


ROOT = Guard("root-check", "root", 3)
NOT_ROOT = Guard("root-check", "root", 3, holds=False)


def layer(text: str, target: str = "root", kind: str = "privilege", **more: object) -> Layer:
    argv = words(text)
    made = Layer(argv[0].text, kind, argv, target)  # type: ignore[arg-type]
    return made._replace(**more)  # type: ignore[arg-type]


def uses_of(graph: Package, site: Estate) -> list[UnitUse]:
    """Return the unit uses of a package, without what else their deriver says."""
    return [fact for fact in uses.derive(graph, site) if isinstance(fact, UnitUse)]
