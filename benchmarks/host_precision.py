"""Holds what is found in Debian packages against what somebody who looked says.

``python -m benchmarks.host_precision FOLDER`` downloads the labelled packages of
``host_packages.yaml`` and audits each without a site. ``host_labels.yaml`` says of findings of
CRON, UNIT and PRIV at medium or above whether their message is so; each set of labels was drawn
from a first run. What held must still be found, at low if need be; what did not must be gone from
medium and above: else it is an error.

``--draw`` draws a new sample: of the findings of ``packages`` (if there are fewer than 90, of
those of ``reserve`` too) the first 150 in the order of a digest of (word, package, fingerprint).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import sqrt
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import RealPackage, digest, fetch_all
from dten_audit import Options, audit
from dten_audit.options import parse_moment

HERE: Final = Path(__file__).parent
AT: Final = "2026-11-21T03:00:00Z"
FAMILIES: Final = ("CRON", "UNIT", "PRIV")
SEVERE: Final = frozenset(("critical", "high", "medium"))
ALSO_LOW: Final = SEVERE | {"low"}
SEED: Final = "host"
"""The word that the order of the draw comes from."""
DRAWN: Final = 150
ENOUGH: Final = 90
"""With so many findings in ``packages``, ``reserve`` is kept for the next measure."""
_Z: Final = 1.959964
"""The standard normal's 97.5 % point: the bounds of a 95 % interval."""

Key = tuple[str, str]
"""A finding's package and fingerprint."""


class Found(NamedTuple):
    """A finding of a package, as far as a label needs it."""

    package: str
    fingerprint: str
    rule: str
    severity: str
    place: str
    message: str

    @property
    def key(self) -> Key:
        return self.package, self.fingerprint

    @property
    def rank(self) -> str:
        """Where it stands in the order in which the sample is drawn."""
        return hashlib.sha256(f"{SEED} {self.package} {self.fingerprint}".encode()).hexdigest()


class Label(NamedTuple):
    """What somebody who read the place says: does the message hold, and why.

    ``mended`` are words that the place and the message hold since they were put right, where they
    stay at all; ``gone`` says why what held is not told any more, where that is meant.
    """

    package: str
    fingerprint: str
    rule: str
    place: str
    holds: bool
    reason: str
    mended: str = ""
    gone: str = ""


def packages() -> dict[str, list[RealPackage]]:
    """Return the lists of packages by their name."""
    data = yaml.safe_load((HERE / "host_packages.yaml").read_text(encoding="utf-8"))
    return {name: [RealPackage(**row) for row in rows] for name, rows in data.items()}


def labels() -> dict[str, list[Label]]:
    """Return the sets of labels by their name."""
    data = yaml.safe_load((HERE / "host_labels.yaml").read_text(encoding="utf-8"))
    return {name: [Label(**row) for row in rows] for name, rows in data.items()}


def found_in(
    path: Path,
    package: str = "",
    families: tuple[str, ...] = FAMILIES,
    severities: frozenset[str] = SEVERE,
) -> list[Found]:
    """Return a package's findings of some families, of some severities."""
    report = audit([path], Options(at=parse_moment(AT))).packages[0]
    if report.error:
        message = f"{path.name}: {report.error}"
        raise SystemExit(message)
    name = package or path.name.partition("_")[0]
    return [
        Found(name, finding.fingerprint, finding.rule, finding.severity,
              f"{finding.at.member}:{finding.at.line}", finding.message)
        for finding in report.findings
        if finding.severity in severities and finding.rule.startswith(families)
    ]  # fmt: skip


def everything(
    folder: Path, wanted: Iterable[RealPackage], severities: frozenset[str] = SEVERE
) -> list[Found]:
    """Fetch packages and return their findings in the order of the draw."""
    listed = list(wanted)
    if fetch_all(listed, folder):
        sys.exit(1)
    digests = {package.sha256 for package in listed}
    files = sorted(path for path in folder.glob("*.deb") if digest(path) in digests)
    look = partial(found_in, severities=severities)
    with ProcessPoolExecutor() as pool:
        found = [one for some in pool.map(look, files, chunksize=4) for one in some]
    return sorted(found, key=lambda one: one.rank)


def lower_bound(right: int, total: int) -> float:
    """Return the lower end of Wilson's 95 % interval of a proportion (Wilson, JASA 22, 1927)."""
    if not total:
        return 0.0
    share, z2 = right / total, _Z * _Z
    centre = share + z2 / (2 * total)
    spread = _Z * sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return (centre - spread) / (1 + z2 / total)


def problems(name: str, known: list[Label], found: dict[Key, Found]) -> Iterator[str]:
    """Yield what does not fit between a set of labels and what is found now."""
    for label in known:
        now = found.get((label.package, label.fingerprint))
        said = f"{name}: {label.package} {label.rule} {label.place}"
        if now is None and label.holds and not label.gone:
            yield f"{said}: it held, and is not found any more"
        elif (
            now is not None
            and now.severity in SEVERE
            and not (label.holds or (label.mended and label.mended in f"{now.place} {now.message}"))
        ):
            yield f"{said}: it did not hold ({label.reason}), and is still found"
        elif now is not None and now.rule != label.rule:
            yield f"{said}: now {now.rule}"


def told(found: list[Found]) -> None:
    """Print what was found, by rule."""
    many = len({one.package for one in found})
    print(f"{len(found)} findings at medium or above in {many} packages:")
    rules = sorted(Counter(one.rule for one in found).items())
    print(", ".join(f"{rule} {count}" for rule, count in rules))


def measured(name: str, known: list[Label]) -> str:
    """Return how much of a set held on its first run."""
    right = sum(label.holds for label in known)
    bound = lower_bound(right, len(known))
    return f"{name}, first run: {right} of {len(known)} hold (lower 95 % bound {bound:.3f})"


def draw(folder: Path) -> None:
    """Print the sample that a new set of labels is to label."""
    lists = packages()
    found = everything(folder, lists["packages"])
    told(found)
    if len(found) < ENOUGH:
        found = everything(folder, [*lists["packages"], *lists["reserve"]])
        told(found)
    for one in found[:DRAWN]:
        print("\t".join(one))


def check(folder: Path) -> int:
    """Print each set's precision and what does not fit; return how much that is."""
    sets, lists = labels(), packages()
    named = {label.package for known in sets.values() for label in known}
    listed = [package for some in lists.values() for package in some]
    wanted = [package for package in listed if package.name in named]
    found = everything(folder, wanted, ALSO_LOW)
    told([one for one in found if one.severity in SEVERE])
    keyed = {one.key: one for one in found}
    wrong = [text for name, known in sets.items() for text in problems(name, known, keyed)]
    print("\n".join([*wrong, *(measured(name, known) for name, known in sets.items())]))
    return len(wrong)


def main() -> None:
    """Run the command line; the status says whether labels and findings fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draw", action="store_true", help="print a new sample to be labelled")
    arguments = parser.parse_args()
    if arguments.draw:
        draw(arguments.folder)
    else:
        sys.exit(bool(check(arguments.folder)))


if __name__ == "__main__":
    main()
