"""Holds what config matrices say of real packages against what somebody who looked says.

``python -m benchmarks.config_precision FOLDER`` downloads the packages of ``config_packages.yaml``
and audits each as though the site ran a version after all that the matrices name: so every row
holds, and whatever matches a key that is not the product's shows. ``config_labels.yaml`` says of
each finding of CONF whether its message is so. What held must still be found, what did not must be
gone, and no finding may be without a label: else it is an error. A set of packages counts as soon
as a set of labels has its name.

``--list SET`` prints the findings of a set, to be labelled.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import RealPackage, digest, fetch_all
from benchmarks.host_precision import AT, Found, Label, measured, problems
from dten_audit import Options
from dten_audit.auditing import audit, examine
from dten_audit.model.finding import Finding
from dten_audit.options import parse_moment
from dten_audit.site.matrix import shipped_matrices

HERE: Final = Path(__file__).parent
_AFTER_ALL: Final = "999.0"
SCRIPTS: Final = frozenset("shell python perl ruby php batch powershell makefile".split())
SETTINGS: Final = frozenset(
    "yaml json toml ini properties env xml text systemd-unit logrotate sudoers cron".split()
)


class Looked(NamedTuple):
    """What an audit of one package gave: its findings, and how many files of each sort it has."""

    found: list[Found]
    settings: int
    scripts: int


def packages() -> dict[str, list[RealPackage]]:
    """Return the sets of packages by their name."""
    data = yaml.safe_load((HERE / "config_packages.yaml").read_text(encoding="utf-8"))
    return {name: [RealPackage(**row) for row in rows] for name, rows in data.items()}


def labels() -> dict[str, list[Label]]:
    """Return the sets of labels by the name of the set of packages."""
    data = yaml.safe_load((HERE / "config_labels.yaml").read_text(encoding="utf-8"))
    return {name: [Label(**row) for row in rows] for name, rows in data.items()}


def newest(folder: Path) -> Path:
    """Write a site that runs a version of each product after all that the matrices name."""
    listed = [f"{matrix.component.partition('@')[0]}@{_AFTER_ALL}" for matrix in shipped_matrices()]
    site = {"schema": "dten-site/1", "packages": sorted(set(listed))}
    path = folder / "newest.yaml"
    path.write_text(yaml.safe_dump(site), encoding="utf-8")
    return path


def looked_at(path: Path, site: Path) -> Looked:
    """Return what matrices say of a package, and its files of the sorts that may hold keys."""
    options = Options(site=site, at=parse_moment(AT), select=("CONF",))
    report = audit([path], options).packages[0]
    if report.error:
        message = f"{path.name}: {report.error}"
        raise SystemExit(message)
    name = path.name.partition("_")[0]
    found = [
        Found(name, finding.fingerprint, finding.rule, finding.severity,
              f"{finding.at.member}:{finding.at.line}", said(finding))
        for finding in report.findings
    ]  # fmt: skip
    kinds = Counter(
        info.kind for info in examine(path, options).documents.values() if not info.host
    )
    return Looked(
        found,
        sum(count for kind, count in kinds.items() if kind in SETTINGS),
        sum(count for kind, count in kinds.items() if kind in SCRIPTS),
    )


def said(finding: Finding) -> str:
    """Return what a reader is told: the message, or the question where nothing is certain."""
    asked = finding.certainty == "unknown" and finding.question
    return f"asks: {finding.question}" if asked else finding.message


def everything(folder: Path, listed: list[RealPackage]) -> list[Found]:
    """Fetch packages and return all findings; print how many files were looked at."""
    if fetch_all(listed, folder):
        sys.exit(1)
    digests = {package.sha256 for package in listed}
    files = sorted(
        path for path in folder.iterdir()
        if path.suffix in (".deb", ".whl", ".tgz") and digest(path) in digests
    )  # fmt: skip
    with ProcessPoolExecutor() as pool:
        given = list(pool.map(partial(looked_at, site=newest(folder)), files, chunksize=4))
    found = sorted((one for each in given for one in each.found), key=lambda one: one.key)
    settings, scripts = sum(each.settings for each in given), sum(each.scripts for each in given)
    print(f"{len(files)} packages, {settings} settings files, {scripts} scripts")
    print(f"{len(found)} findings:", sorted(Counter(one.rule for one in found).items()))
    return found


def unlabelled(known: list[Label], found: list[Found]) -> Iterator[str]:
    """Yield the findings that nobody has looked at."""
    seen = {(label.package, label.fingerprint) for label in known}
    yield from (f"no label: {' '.join(one)}" for one in found if one.key not in seen)


def check(folder: Path) -> int:
    """Print each labelled set's precision and what does not fit; return how much that is."""
    many = 0
    for name, known in labels().items():
        found = everything(folder, packages()[name])
        given = {one.key: one for one in found}
        wrong = [*problems(name, known, given), *unlabelled(known, found)]
        print("\n".join([*wrong, measured(name, known)]))
        many += len(wrong)
    return many


def main() -> None:
    """Run the command line; the status says whether labels and findings fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", metavar="SET", help="print the findings to be labelled")
    arguments = parser.parse_args()
    if arguments.list:
        for one in everything(arguments.folder, packages()[arguments.list]):
            print("\t".join(one))
    else:
        sys.exit(bool(check(arguments.folder)))


if __name__ == "__main__":
    main()
