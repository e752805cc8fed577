"""The audit: open, read, link, derive, judge, report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from dten_audit import __version__
from dten_audit.collecting import collecting_seldom
from dten_audit.derive.deriving import derive
from dten_audit.derive.registry import DERIVERS
from dten_audit.derive.schema.runner_settings import speaks_to_runner
from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.document import Document
from dten_audit.documents.errors import PackageError
from dten_audit.documents.open import Container, open_package
from dten_audit.documents.root import STDIN, read_stdin
from dten_audit.judge.copies import with_copies
from dten_audit.judge.judging import judge
from dten_audit.judge.loading import load_rules
from dten_audit.links.package import Package
from dten_audit.links.relinking import link_package
from dten_audit.model.facts.container import CoverageGap
from dten_audit.model.report import Coverage, NotCovered, PackageReport, Repeated, Report
from dten_audit.model.rule import Rule
from dten_audit.options import Options
from dten_audit.readers.base import Reader
from dten_audit.readers.knowledge import using
from dten_audit.readers.reading import Reading, Tally
from dten_audit.readers.registry import READERS
from dten_audit.site.estate import Estate
from dten_audit.site.matrix_files import speaks_of

Progress = Callable[[str, int], None]
"""Told what is being read and how many documents there were so far."""


def audit(
    packages: Iterable[str | Path], options: Options | None = None, progress: Progress | None = None
) -> Report:
    """Audit packages without running anything of them, and return what was found.

    The same as ``dten-audit check``. A package that cannot be opened is reported with its
    ``error``. Raises ``SiteFileError``, ``RuleError`` or ``OptionError`` where the user's own
    files or options are wrong.
    """
    options = options or Options()
    rules = options.chosen(load_rules(options.rules))
    estate = options.estate()
    with using(options.tables()), collecting_seldom():
        reports = [audit_package(path, options, rules, estate, progress) for path in packages]
    at = estate.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Report(__version__, at, tuple(reports), options.site is not None)


def audit_package(
    path: str | Path,
    options: Options,
    rules: Sequence[Rule],
    estate: Estate,
    progress: Progress | None = None,
) -> PackageReport:
    """Audit one package: the six stages, with the tables of names that are in use."""
    clock = Clock()
    try:
        reading, ledger = read_package(path, options, estate, progress)
        clock.lap("open and read")
        package = link_package(path, reading, options.budget)
        clock.lap("link")
        derive(package, estate, DERIVERS)
        clock.lap("derive")
        findings = tuple(with_copies(judge(package, rules, estate), ledger.repeated))
        clock.lap("judge")
    except PackageError as error:
        none = Coverage(0, 0, 0, 0, 0, ())
        return PackageReport(str(path), "", {}, none, (), error=str(error))
    coverage = cover(reading.tallies, ledger)
    digest = sha256_of(path, options.limits)
    return PackageReport(str(path), digest, package.identity, coverage, findings, tuple(clock.laps))


def examine(path: str | Path, options: Options) -> Package:
    """Return what a package states, linked and derived: the first four stages.

    Raises ``PackageError`` if it cannot be opened.
    """
    estate = options.estate()
    with using(options.tables()), collecting_seldom():
        reading, _ = read_package(path, options, estate)
        package = link_package(path, reading, options.budget)
        derive(package, estate, DERIVERS)
    return package


def read_package(
    path: str | Path, options: Options, estate: Estate, progress: Progress | None = None
) -> tuple[Reading, Ledger]:
    """Open a package and read its documents. Raises ``PackageError`` if it cannot be opened."""
    budget = options.budget()

    def wanted(reader: Reader, document: Document) -> bool:
        if options.read_everything or reader.name != "config":
            return True
        return speaks_of(estate.matrices, document) or speaks_to_runner(document)

    reading = Reading(READERS, wanted)
    ledger = Ledger([], [])
    for item in open_package(path, budget, str(path), reading.carries):
        if isinstance(item, Document):
            reading.add(item)
            if progress is not None:
                progress(item.path, len(reading.tallies))
        elif isinstance(item, Container):
            reading.tallies.append(Tally(item.address, "parsed", 0))
            if item.same_as:
                ledger.repeated.append(Repeated(item.address, item.same_as))
        else:
            reading.facts.append(item)
    ledger.gaps.extend(fact for fact in reading.facts if isinstance(fact, CoverageGap))
    return reading, ledger


class Ledger(NamedTuple):
    """What was not covered, and what was met twice."""

    gaps: list[CoverageGap]
    repeated: list[Repeated]


def cover(tallies: Iterable[Tally], ledger: Ledger) -> Coverage:
    """Return the ledger: every document and container ends in one way, the worst that is true.

    A container that is a document as well, as it is signed, counts as a container.
    """
    missing = {gap.at.path: NotCovered(gap.at.path, gap.reason) for gap in reversed(ledger.gaps)}
    size, counts = 0, {"parsed": 0, "scanned": 0, "opaque": 0}
    for tally in {tally.document: tally for tally in tallies}.values():
        size += tally.size
        counts[tally.how] += tally.document not in missing
    return Coverage(
        members=sum(counts.values()) + len(missing),
        bytes=size,
        **counts,
        not_covered=tuple(reversed(missing.values())),
        repeated=tuple(ledger.repeated),
    )


def sha256_of(path: str | Path, limits: Limits) -> str:
    """Return the SHA-256 of a package file or of standard input; empty for a folder."""
    if str(path) == STDIN:
        return hashlib.sha256(read_stdin(Budget(limits))).hexdigest()
    if not Path(path).is_file():
        return ""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Clock:
    """How long each stage took, in seconds."""

    def __init__(self) -> None:
        self.laps: list[tuple[str, float]] = []
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage."""
        now = perf_counter()
        self.laps.append((stage, now - self._last))
        self._last = now
