"""SARIF 2.1.0, in the form that GitHub shows: the package is the file, the member is related."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Final

from dten_audit.model.finding import Finding
from dten_audit.model.location import MEMBER, Location
from dten_audit.model.report import PackageReport, Report
from dten_audit.model.rule import Rule
from dten_audit.report.sanitise import for_uri

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
HOME: Final = "https://dten-audit.example/"
_LEVELS: Final = {
    "critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note",
}  # fmt: skip
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.0"}
_MAX_RELATED: Final = 99


def render(report: Report, rules: Sequence[Rule] = ()) -> str:
    """Return the report as SARIF, one run a package."""
    runs = [_run(package, report, rules) for package in report.packages]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return json.dumps(log, indent=1, ensure_ascii=True) + "\n"


def _run(package: PackageReport, report: Report, rules: Sequence[Rule]) -> dict[str, object]:
    used = {finding.rule for finding in package.findings}
    listed = [rule for rule in rules if rule.id in used]
    artifacts = _Artifacts(package.path)
    results = [
        _result(f, artifacts, {r.id: n for n, r in enumerate(listed)}) for f in package.findings
    ]
    driver = {
        "name": "dten-audit",
        "version": report.version,
        "semanticVersion": report.version,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in listed],
    }
    notes = [
        {"level": "warning", "message": {"text": f"not covered: {e.path} ({e.reason})"}}
        for e in package.coverage.not_covered
    ]
    if package.error:
        notes.append({"level": "error", "message": {"text": package.error}})
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"dten-audit/{for_uri(package.path)}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not package.error, "toolExecutionNotifications": notes}
        ],
        "artifacts": artifacts.listed,
        "results": results,
    }


class _Artifacts:
    """The files that results point at: the package, and members with their parents."""

    def __init__(self, package: str) -> None:
        self._index: dict[str, int] = {}
        self.listed: list[dict[str, object]] = []
        self.root = self.index(package)

    def index(self, address: str) -> int:
        """Return the number of the artifact at ``address``, listing it and its parents first."""
        if address in self._index:
            return self._index[address]
        parent, _, member = address.rpartition(MEMBER)
        entry: dict[str, object] = {"location": {"uri": for_uri(member or address)}}
        if parent:
            entry["parentIndex"] = self.index(parent)
        else:
            entry["roles"] = ["analysisTarget"]
        self._index[address] = len(self.listed)
        self.listed.append(entry)
        return self._index[address]

    def uri(self, index: int) -> object:
        """Return the URI of a listed artifact."""
        location = self.listed[index]["location"]
        assert isinstance(location, dict)
        return location["uri"]


def _rule(rule: Rule) -> dict[str, object]:
    worst = rule.severity[0].severity if len(rule.severity) == 1 else _worst(rule)
    text = f"{rule.why}\n\nWhat to do: {rule.fix}"
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": _sentence(rule.title)},
        "fullDescription": {"text": _sentence(rule.why)},
        "help": {"text": text, "markdown": text},
        "helpUri": next((r for r in rule.references if r.startswith("https://")), HOME),
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {
            "tags": [rule.family.lower(), "upgrade"],
            "precision": rule.confidence,
            "security-severity": _SCORES[worst],
            "problem.severity": {"note": "recommendation"}.get(_LEVELS[worst], _LEVELS[worst]),
        },
    }


def _worst(rule: Rule) -> str:
    order = list(_LEVELS)
    return min((case.severity for case in rule.severity), key=order.index)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."


def _result(finding: Finding, artifacts: _Artifacts, numbers: dict[str, int]) -> dict[str, object]:
    place = _place(finding.at)
    question = f" {finding.question}" if finding.certainty == "unknown" and finding.question else ""
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _sentence(f"{place}: {finding.message}{question}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": artifacts.uri(artifacts.root),
                        "index": artifacts.root,
                    },
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.at.path, "kind": "member"}],
            }
        ],
        "relatedLocations": _related(finding, artifacts),
        "partialFingerprints": {
            "dtenAudit/v1": finding.fingerprint,
            "primaryLocationLineHash": _line_hash(finding),
        },
        "properties": {
            "severity": finding.severity,
            "certainty": finding.certainty,
            "needs": list(finding.needs),
        },
    }
    if finding.rule in numbers:
        result["ruleIndex"] = numbers[finding.rule]
    if finding.waived is not None:
        reason = finding.waived.get("reason", "")
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result


def _place(at: Location) -> str:
    inside = at.path.partition(MEMBER)[2] or at.path
    return f"{inside}:{at.line}" if at.line else inside


def _related(finding: Finding, artifacts: _Artifacts) -> list[dict[str, object]]:
    places: Iterable[tuple[Location, str]] = [
        (finding.at, "where it stands"),
        *((related.at, related.message) for related in finding.related[: _MAX_RELATED - 1]),
    ]
    return [_location(number, at, text, artifacts) for number, (at, text) in enumerate(places)]


def _location(number: int, at: Location, text: str, artifacts: _Artifacts) -> dict[str, object]:
    index = artifacts.index(at.path)
    physical: dict[str, object] = {
        "artifactLocation": {"uri": artifacts.uri(index), "index": index}
    }
    if at.line:
        region: dict[str, object] = {"startLine": at.line}
        if at.end_line and at.end_line >= at.line:
            region["endLine"] = at.end_line
        if at.column:
            region["startColumn"] = at.column
        if at.snippet:
            region["snippet"] = {"text": at.snippet}
        physical["region"] = region
    elif at.byte_offset is not None:
        physical["region"] = {"byteOffset": at.byte_offset}
    return {"id": number, "physicalLocation": physical, "message": {"text": text or "related"}}


def _line_hash(finding: Finding) -> str:
    return hashlib.sha256(finding.fingerprint.encode()).hexdigest()[:16] + ":1"
