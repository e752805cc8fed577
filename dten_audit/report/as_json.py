"""The JSON report, dten-report/1: the contract that scripts depend on."""

from __future__ import annotations

import json
from typing import Final

from dten_audit.model.finding import SEVERITIES, Finding, Related
from dten_audit.model.location import Location
from dten_audit.model.report import PackageReport, Report

SCHEMA: Final = "dten-report/1"


def render(report: Report) -> str:
    """Return the report as JSON: ASCII only, so that no sink is harmed by a package's text."""
    return json.dumps(data(report), indent=1, ensure_ascii=True) + "\n"


def data(report: Report) -> dict[str, object]:
    """Return the report as plain data."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "dten-audit", "version": report.version},
        "at": report.at,
        "packages": [_package(package) for package in report.packages],
        "summary": summary(report),
    }


def summary(report: Report) -> dict[str, int]:
    """Return how many findings there are of each severity, and how much was not covered."""
    findings = [finding for package in report.packages for finding in package.findings]
    counts: dict[str, int] = {
        severity: sum(f.severity == severity and f.waived is None for f in findings)
        for severity in SEVERITIES
    }
    counts["waived"] = sum(finding.waived is not None for finding in findings)
    counts["not_covered"] = sum(len(p.coverage.not_covered) for p in report.packages)
    return counts


def _package(package: PackageReport) -> dict[str, object]:
    coverage = package.coverage._asdict()
    coverage["not_covered"] = [entry._asdict() for entry in package.coverage.not_covered]
    coverage["repeated"] = [entry._asdict() for entry in package.coverage.repeated]
    plain: dict[str, object] = {
        "path": package.path,
        "sha256": package.sha256,
        "identity": package.identity,
        "coverage": coverage,
        "findings": [_finding(finding) for finding in package.findings],
    }
    if package.error:
        plain["error"] = package.error
    return plain


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "certainty": finding.certainty,
        "needs": list(finding.needs),
        "message": finding.message,
        "why": finding.why,
        "fix": finding.fix,
        "question": finding.question,
        "location": _location(finding.at),
        "related": [_related(related) for related in finding.related],
        "facts": finding.facts,
        "fingerprint": finding.fingerprint,
        "waived": finding.waived,
    }


def _location(at: Location) -> dict[str, object]:
    return at._asdict()


def _related(related: Related) -> dict[str, object]:
    return {
        "side": related.side,
        "path": related.at.path,
        "line": related.at.line,
        "message": related.message,
    }
