"""Reports for the tests of formats: an ordinary one, and one full of hostile text."""

from __future__ import annotations

from dten_audit.model.finding import Finding, Related
from dten_audit.model.location import Location
from dten_audit.model.report import Coverage, NotCovered, PackageReport, Report

EVIL = "a\n::error file=x,line=1::PWNED\x1b[31m</script>\u202e`|"


def finding(**changes: object) -> Finding:
    """Return a finding; ``changes`` replace its fields."""
    at = Location("p.zip!/etc/cron.d/x", 3, 1, 3, None, "0 3 * * * root /opt/x")
    base = Finding(
        rule="ARC090",
        name="unreadable-part",
        severity="high",
        confidence="high",
        certainty="certain",
        needs=(),
        message="a job runs as root",
        why="it runs",
        fix="disable it",
        question="",
        at=at,
        related=(Related("package", Location("p.zip!/in.tar.gz!/bin/up.sh", 9), "the caller"),),
        facts={"user": "root"},
        fingerprint="0123456789abcdef01234567",
    )
    return base._replace(**changes)  # type: ignore[arg-type]


def report(*findings: Finding, path: str = "p.zip", error: str = "") -> Report:
    """Return a report of one package with these findings."""
    coverage = Coverage(4, 1234, 2, 1, 0, (NotCovered("p.zip!/x.7z", "unsupported-format"),))
    package = PackageReport(
        path, "ab" * 32, {"name": "dten", "version": "9.4"}, coverage, findings, error=error
    )
    return Report("0.1.0", "2026-11-21T03:00:00Z", (package,))


QUESTION = finding(
    rule="UNIT001",
    severity="medium",
    certainty="unknown",
    needs=("site.units",),
    question="Does the site have the unit dten-queue.service?",
    related=(),
    fingerprint="1" * 24,
)
HOSTILE = finding(
    message=EVIL,
    why=EVIL,
    fix=EVIL,
    at=Location(f"p.zip!/{EVIL}", 1, None, None, None, EVIL),
    related=(Related("package", Location(f"p.zip!/{EVIL}!/y", 2), EVIL),),
    fingerprint="2" * 24,
)
