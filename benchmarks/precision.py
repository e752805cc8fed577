"""Audits the real packages and holds every finding at high or above against its label.

``precision.py FOLDER``: the folder that ``fetch_real_packages.py`` filled. Labels stand in
``labels.yaml``, one a fingerprint: true or false, and why. A finding without a label, or a label
without a finding, is an error: nothing is judged after the fact in silence.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from dten_audit import Options, audit
from dten_audit.model.finding import Finding
from dten_audit.options import parse_moment

HERE = Path(__file__).parent
AT = "2026-11-21T03:00:00Z"
ARCHIVES = (".whl", ".deb", ".tgz", ".tar.gz", ".zip", ".jar")


class Label(NamedTuple):
    """What somebody who read the place says of a finding."""

    rule: str
    true: bool
    reason: str


def labels() -> dict[str, dict[str, Label]]:
    """Return the labels by package file and fingerprint."""
    data = yaml.safe_load((HERE / "labels.yaml").read_text(encoding="utf-8"))
    return {
        package: {
            str(row["fingerprint"]): Label(row["rule"], row["holds"], row["reason"]) for row in rows
        }
        for package, rows in data["packages"].items()
    }


def severe(path: Path) -> list[Finding]:
    """Return a package's findings at high or above."""
    report = audit([path], Options(at=parse_moment(AT))).packages[0]
    if report.error:
        message = f"{path}: {report.error}"
        raise SystemExit(message)
    return [finding for finding in report.findings if finding.severity in ("critical", "high")]


def problems(path: Path, known: dict[str, Label]) -> Iterator[str]:
    """Yield what does not fit between a package's findings and its labels."""
    found = {finding.fingerprint: finding for finding in severe(path)}
    for fingerprint, finding in found.items():
        label = known.get(fingerprint)
        if label is None:
            place = f"{finding.at.member}:{finding.at.line}"
            yield f"no label: {fingerprint} {finding.rule} {place} {finding.message[:100]}"
        elif label.rule != finding.rule:
            yield f"another rule: {fingerprint} {finding.rule} is labelled {label.rule}"
    for fingerprint, label in known.items():
        if fingerprint not in found:
            yield f"no finding: {fingerprint} {label.rule} ({label.reason})"


def main() -> None:
    """Print the precision and what does not fit; the status says whether all fits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    every = labels()
    total, right, bad = 0, 0, 0
    for path in sorted(p for p in arguments.folder.iterdir() if p.name.endswith(ARCHIVES)):
        if path.name not in every:
            continue
        known = every[path.name]
        wrong = list(problems(path, known))
        for line in wrong:
            print(f"{path.name}: {line}")
        bad += len(wrong)
        total += len(known)
        right += sum(label.true for label in known.values())
        print(f"{path.name}: {len(known)} at high or above")
    print(f"precision at high and above: {right} of {total}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
