"""The report for people: verdict, questions, coverage, and the one next command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dten_audit.model.finding import SEVERITIES, Finding, Severity, severity_rank
from dten_audit.model.location import MEMBER, Location
from dten_audit.model.report import Coverage, PackageReport, Report
from dten_audit.report.sanitise import for_terminal

_COLOURS: Final[dict[str, str]] = {
    "critical": "1;31", "high": "31", "medium": "33", "low": "36", "info": "2", "title": "1",
}  # fmt: skip
_RELATED: Final = 3
_NOT_COVERED: Final = 10
_REPEATED: Final = 3
_ASKED: Final = 12
_ALIKE: Final = 3


class Style(NamedTuple):
    """How to print: with colour or not; how much; the mildest severity that is shown."""

    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    floor: Severity = "low"
    timings: bool = False

    def paint(self, text: str, name: str) -> str:
        """Return ``text`` in a colour, if colours are wanted."""
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if self.colour else text


def render(report: Report, style: Style) -> str:
    """Return the report as text. Everything that came from a package has been made safe."""
    return "\n".join(
        line for package in report.packages for line in _package(package, report, style)
    ) + ("\n" if report.packages else "")


def _package(package: PackageReport, report: Report, style: Style) -> Iterator[str]:
    yield style.paint(_head(package), "title")
    if package.error:
        yield f"  could not be opened: {for_terminal(package.error)}"
        return
    certain = [f for f in package.findings if f.certainty == "certain" and not f.waived]
    questions = [f for f in package.findings if f.certainty == "unknown" and not f.waived]
    shown = [f for f in certain if severity_rank(f.severity) <= severity_rank(style.floor)]
    yield _verdict(certain, questions)
    if not style.quiet:
        for finding in shown:
            yield ""
            yield from _finding(finding, style)
        hidden = len(certain) - len(shown)
        if hidden:
            yield f"\n{hidden} milder not shown; --profile everything shows them."
        yield from _questions(questions, style)
    yield ""
    yield from _coverage(package.coverage)
    if style.timings:
        yield "timings: " + ", ".join(f"{stage} {took:.3f} s" for stage, took in package.timings)
    yield f"next: {for_terminal(_next(package, report, certain, questions))}"


def _head(package: PackageReport) -> str:
    identity = " ".join(
        package.identity[key] for key in ("name", "version") if key in package.identity
    )
    digest = f"  sha256 {package.sha256[:16]}…" if package.sha256 else ""
    return f"{for_terminal(package.path)}  {for_terminal(identity)}{digest}".rstrip()


def _verdict(certain: list[Finding], questions: list[Finding]) -> str:
    counts = [
        f"{number} {severity}"
        for severity in SEVERITIES
        if (number := sum(f.severity == severity for f in certain))
    ]
    found = ", ".join(counts) or "nothing found"
    asked = f"; {len(questions)} open questions" if questions else ""
    return f"verdict: {found}{asked}"


def place(at: Location) -> str:
    """Return a place for people: the path inside the package and the line."""
    inside = at.path.partition(MEMBER)[2] or at.path
    text = f"{inside}:{at.line}" if at.line else inside
    if at.byte_offset is not None and at.line is None:
        text += f" at byte {at.byte_offset}"
    return for_terminal(text)


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    label = style.paint(finding.severity.upper(), finding.severity)
    yield f"{label} {finding.rule} {place(finding.at)}"
    yield f"  {for_terminal(finding.message)}"
    yield f"  fix: {for_terminal(finding.fix)}"
    if style.verbose:
        yield f"  why: {for_terminal(finding.why)}"
        if finding.at.snippet:
            yield f"  line: {for_terminal(finding.at.snippet)}"
        yield f"  fingerprint: {finding.fingerprint}"
    yield from _places(finding, style)


def _places(finding: Finding, style: Style) -> Iterator[str]:
    """Name the further places: repeats in one line, others each with what they are."""
    repeats = [entry.at for entry in finding.related if entry.message == finding.message]
    others = [entry for entry in finding.related if entry.message != finding.message]
    limit = len(finding.related) if style.verbose else _RELATED
    for entry in others[:limit]:
        yield f"  see {place(entry.at)}: {for_terminal(entry.message)}"
    if repeats:
        yield f"  also {_joined(map(place, repeats), limit)}"
    if len(others) > limit:
        yield f"  and {len(others) - limit} more places; --verbose shows them"


def _questions(questions: list[Finding], style: Style) -> Iterator[str]:
    """Group what could not be settled by what is asked."""
    if not questions:
        return
    yield "\n" + style.paint("questions", "title")
    groups: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in questions:
        groups[finding.rule][finding.question or finding.message].append(finding)
    for rule, asked in groups.items():
        shown = list(asked.items())
        limit = len(shown) if style.verbose or len(shown) <= _ALIKE + 1 else _ALIKE
        for question, findings in shown[:limit]:
            places = _joined((place(finding.at) for finding in findings), _ASKED)
            yield f"  {rule} {for_terminal(question)}"
            yield f"    {places}  (needs {', '.join(sorted(_needs(findings)))})"
        if limit < len(shown):
            yield f"  {rule} and {len(shown) - limit} more questions like these; --verbose"


def _needs(findings: Iterable[Finding]) -> set[str]:
    return {need for finding in findings for need in finding.needs}


def _joined(texts: Iterable[str], limit: int) -> str:
    parts = list(dict.fromkeys(texts))
    more = f" and {len(parts) - limit} more" if len(parts) > limit else ""
    return ", ".join(parts[:limit]) + more


def _coverage(coverage: Coverage) -> Iterator[str]:
    yield (
        f"coverage: {coverage.members} documents, {coverage.bytes} bytes: "
        f"{coverage.parsed} parsed, {coverage.scanned} scanned, {coverage.opaque} opaque, "
        f"{len(coverage.not_covered)} not covered"
    )
    for entry in coverage.not_covered[:_NOT_COVERED]:
        inside = entry.path.partition(MEMBER)[2] or entry.path
        yield f"  not covered: {for_terminal(inside)} ({entry.reason})"
    more = len(coverage.not_covered) - _NOT_COVERED
    if more > 0:
        yield f"  and {more} more, all in the JSON report"
    for path, first in coverage.repeated[:_REPEATED]:
        inside, other = (p.partition(MEMBER)[2] or p for p in (path, first))
        yield f"  read once: {for_terminal(inside)} is identical to {for_terminal(other)}"
    more = len(coverage.repeated) - _REPEATED
    if more > 0:
        yield f"  and {more} more identical archives, all in the JSON report"


def _next(
    package: PackageReport, report: Report, certain: list[Finding], questions: list[Finding]
) -> str:
    if any(need.startswith("site.") for need in _needs(questions)) and not report.site_given:
        return f"dten-audit inventory --for {package.path} -o site.yaml"
    if certain:
        return f"dten-audit explain {certain[0].rule}"
    return f"dten-audit facts {package.path}"
