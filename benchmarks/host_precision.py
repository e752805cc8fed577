"""Holds a sample of what is found in 300 Debian packages against what somebody who looked says.

``python -m benchmarks.host_precision FOLDER`` downloads the packages of ``host_packages.yaml``,
audits each without a site, and draws findings of CRON, UNIT and PRIV at medium or above: the first
in the order of a digest of (seed, package, fingerprint). ``host_labels.yaml`` says of each whether
its message is so. A finding of the sample without a label, or a label whose finding is gone, is an
error: nothing is judged after the fact in silence. ``--unlabelled`` prints what needs a label.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from math import sqrt
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import fetch_all, load
from dten_audit import Options, audit
from dten_audit.options import parse_moment

HERE: Final = Path(__file__).parent
LIST: Final = HERE / "host_packages.yaml"
AT: Final = "2026-11-21T03:00:00Z"
FAMILIES: Final = ("CRON", "UNIT", "PRIV")
SEVERE: Final = frozenset(("critical", "high", "medium"))
SEED: Final = "host"
"""The word that the order of the draw comes from."""
DRAWN: Final = 150
_Z: Final = 1.959964
"""The standard normal's 97.5 % point: the bounds of a 95 % interval."""


class Found(NamedTuple):
    """A finding of a package, as far as a label needs it."""

    package: str
    fingerprint: str
    rule: str
    severity: str
    place: str
    message: str

    @property
    def rank(self) -> str:
        """Where it stands in the order in which the sample is drawn."""
        return hashlib.sha256(f"{SEED} {self.package} {self.fingerprint}".encode()).hexdigest()


class Label(NamedTuple):
    """What somebody who read the place says: does the message hold, and why."""

    rule: str
    holds: bool
    reason: str


def found_in(path: Path) -> list[Found]:
    """Return a package's findings of these families at medium or above."""
    report = audit([path], Options(at=parse_moment(AT))).packages[0]
    if report.error:
        message = f"{path.name}: {report.error}"
        raise SystemExit(message)
    return [
        Found(path.name.partition("_")[0], finding.fingerprint, finding.rule, finding.severity,
              f"{finding.at.member}:{finding.at.line}", finding.message)
        for finding in report.findings
        if finding.severity in SEVERE and finding.rule.startswith(FAMILIES)
    ]  # fmt: skip


def everything(folder: Path) -> list[Found]:
    """Return the findings of all packages in the order of the draw."""
    listed = {package.name for package in load(LIST)}
    packages = sorted(p for p in folder.glob("*.deb") if p.name.partition("_")[0] in listed)
    with ProcessPoolExecutor() as pool:
        found = [one for some in pool.map(found_in, packages, chunksize=4) for one in some]
    return sorted(found, key=lambda one: one.rank)


def labels() -> dict[tuple[str, str], Label]:
    """Return the labels by package and fingerprint."""
    path = HERE / "host_labels.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {"labels": []}
    return {
        (row["package"], row["fingerprint"]): Label(row["rule"], row["holds"], row["reason"])
        for row in data["labels"]
    }


def lower_bound(right: int, total: int) -> float:
    """Return the lower end of Wilson's 95 % interval of a proportion (Wilson, JASA 22, 1927)."""
    if not total:
        return 0.0
    share, z2 = right / total, _Z * _Z
    centre = share + z2 / (2 * total)
    spread = _Z * sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return (centre - spread) / (1 + z2 / total)


def problems(sample: list[Found], known: dict[tuple[str, str], Label]) -> Iterator[str]:
    """Yield what does not fit between the sample and the labels."""
    drawn = {(one.package, one.fingerprint): one for one in sample}
    for key, one in drawn.items():
        label = known.get(key)
        if label is None:
            yield f"no label: {one.package} {one.fingerprint} {one.rule} {one.place} {one.message}"
        elif label.rule != one.rule:
            yield f"another rule: {one.package} {one.fingerprint} {one.rule}, not {label.rule}"
    for package, fingerprint in known.keys() - drawn.keys():
        yield f"not in the sample: {package} {fingerprint} {known[package, fingerprint].rule}"


def told(found: list[Found], sample: list[Found], known: dict[tuple[str, str], Label]) -> None:
    """Print what was found, by rule, and how much of the sample holds."""
    packages = len({one.package for one in found})
    print(f"{len(found)} findings at medium or above in {packages} packages:")
    rules = sorted(Counter(one.rule for one in found).items())
    print(", ".join(f"{rule} {count}" for rule, count in rules))
    judged = [known.get((one.package, one.fingerprint)) for one in sample]
    right = sum(label is not None and label.holds for label in judged)
    bound = lower_bound(right, len(sample))
    print(f"sample: {right} of {len(sample)} hold (lower 95 % bound {bound:.3f})")


def main() -> None:
    """Print the precision and what does not fit; the status says whether all fits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unlabelled", action="store_true", help="print what needs a label")
    arguments = parser.parse_args()
    if fetch_all(load(LIST), arguments.folder):
        sys.exit(1)
    found = everything(arguments.folder)
    sample, known = found[:DRAWN], labels()
    wrong = list(problems(sample, known))
    if arguments.unlabelled or wrong:
        print("\n".join(wrong))
    told(found, sample, known)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
