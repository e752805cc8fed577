"""The report: everything an audit says, before a format renders it."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.finding import Finding


class NotCovered(NamedTuple):
    """A document that was not read, and why (``encrypted``, ``unsupported-format``, …)."""

    path: str
    reason: str


class Repeated(NamedTuple):
    """An archive inside the package that is identical to one read before, at ``first``."""

    path: str
    first: str


class Coverage(NamedTuple):
    """How every byte of the package ended. ``members`` and ``bytes`` count inflated documents.

    What is in a ``repeated`` archive is counted once, and its findings name each of its places.
    """

    members: int
    bytes: int
    parsed: int
    scanned: int
    opaque: int
    not_covered: tuple[NotCovered, ...]
    repeated: tuple[Repeated, ...] = ()


class PackageReport(NamedTuple):
    """What was found in one package. ``error`` is set where it could not be opened at all."""

    path: str
    sha256: str
    identity: dict[str, str]
    coverage: Coverage
    findings: tuple[Finding, ...]
    timings: tuple[tuple[str, float], ...] = ()
    error: str = ""


class Report(NamedTuple):
    """The whole run. ``at`` is the moment judged as of (RFC 3339, UTC)."""

    version: str
    at: str
    packages: tuple[PackageReport, ...]
    site_given: bool = False
