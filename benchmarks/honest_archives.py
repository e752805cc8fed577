"""Audits the archives of ``honest_archives.yaml`` with the ARC rules: above info they say nothing.

``python -m benchmarks.honest_archives FOLDER [--jobs N]`` fetches what is not there yet, takes the
listed members out with Python's own modules and ``dpkg-deb``, audits every archive by itself, and
prints a table. It fails at any finding above info that the list does not explain, at an explanation
without a finding, and where an archive cannot be had.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import RealPackage, digest, fetch
from dten_audit import Options, audit
from dten_audit.options import parse_moment

LIST: Final = Path(__file__).with_name("honest_archives.yaml")
_AT: Final = "2026-11-21T03:00:00Z"
_ENDINGS: Final = {"pypi-wheel": "whl", "pypi-sdist": "sdist", "debian": "deb", "npm": "npm"}


class Entry(NamedTuple):
    """A package of the list, and the archives inside it that are audited by themselves.

    ``only_members``: the package is not audited itself. ``holds``: findings that are true, as rule
    and end of the place; the list gives the reason for each.
    """

    package: RealPackage
    members: tuple[str, ...] = ()
    only_members: bool = False
    holds: frozenset[tuple[str, str]] = frozenset()


class Archive(NamedTuple):
    """One archive to be audited: its file, its type, and the findings that are true."""

    name: str
    kind: str
    path: Path
    holds: frozenset[tuple[str, str]]


class Said(NamedTuple):
    """A finding above info."""

    rule: str
    severity: str
    message: str
    place: str

    def __str__(self) -> str:
        return f"{self.severity} {self.rule} {self.message} [{self.place}]"


class Verdict(NamedTuple):
    """What the ARC rules said of an archive: ``above`` info, and at info."""

    archive: Archive
    documents: int
    above: tuple[Said, ...]
    info: tuple[str, ...]
    error: str

    def problems(self) -> Iterator[str]:
        """Yield what must not be."""
        if self.error:
            yield self.error
        yield from (str(said) for said in self.above if not self.explained(said))
        met = {(said.rule, said.place) for said in self.above}
        for rule, end in self.archive.holds:
            if not any(rule == found and place.endswith(end) for found, place in met):
                yield f"{rule} is explained for {end}, but was not found"

    def explained(self, said: Said) -> bool:
        """Tell whether the list says that a finding is true."""
        return any(
            said.rule == rule and said.place.endswith(end) for rule, end in self.archive.holds
        )


def load() -> list[Entry]:
    """Return the list."""
    stated = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [_entry(dict(fields)) for fields in stated["packages"]]


def _entry(fields: dict[str, Any]) -> Entry:
    members = tuple(fields.pop("members", ()))
    only = fields.pop("only_members", False)
    holds = frozenset((row["rule"], row["at"]) for row in fields.pop("holds", ()))
    return Entry(RealPackage(**fields, why="honest"), members, only, holds)


def archives(entry: Entry, path: Path, folder: Path) -> Iterator[Archive]:
    """Yield the archives of an entry whose package is at ``path``; members go to ``folder``."""
    name = entry.package.name
    if not entry.only_members:
        kind = _ENDINGS[entry.package.ecosystem]
        yield Archive(name, kind, path, entry.holds)
    contents = unpack(path, entry.members) if entry.members else {}
    for member in entry.members:
        target = folder / entry.package.sha256[:12] / Path(member).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents[member])
        shown = f"{name}: {target.name}"
        yield Archive(shown, target.suffix[1:].lower(), target, frozenset())


def unpack(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    """Return members of a tar archive or Debian package, by other means than ours."""
    stream = io.BytesIO(path.read_bytes())
    if path.suffix == ".deb":
        command = ["dpkg-deb", "--fsys-tarfile", str(path)]
        stream = io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout)
    with tarfile.open(fileobj=stream) as archive:
        found = {member: archive.extractfile(member) for member in members}
        return {member: file.read() for member, file in found.items() if file is not None}


def judge(archive: Archive) -> Verdict:
    """Audit one archive with the ARC rules."""
    options = Options(select=("ARC",), at=parse_moment(_AT))
    report = audit([archive.path], options).packages[0]
    above, info = [], []
    for finding in report.findings:
        if finding.severity == "info":
            info.append(finding.rule)
        else:
            place = finding.at.path.partition("!/")[2]
            above.append(Said(finding.rule, finding.severity, finding.message, place))
    error = f"cannot be opened: {report.error}" if report.error else ""
    return Verdict(archive, report.coverage.members, tuple(above), tuple(info), error)


def collect(entries: Sequence[Entry], folder: Path) -> Iterator[Archive | str]:
    """Yield all archives, fetching packages that are not there; as text what cannot be had."""
    folder.mkdir(parents=True, exist_ok=True)
    present = {digest(path): path for path in folder.iterdir() if path.is_file()}
    for entry in entries:
        package = entry.package
        if package.sha256 not in present:
            wrong = fetch(package, folder)
            if wrong:
                yield f"{package.name} {package.version}: {wrong}"
                continue
            present = {digest(path): path for path in folder.iterdir() if path.is_file()}
        yield from archives(entry, present[package.sha256], folder / "members")


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield one line for each archive that something was said of, then the sums by type."""
    counts = Counter(verdict.archive.kind for verdict in verdicts)
    clean = Counter(verdict.archive.kind for verdict in verdicts if not verdict.above)
    documents: Counter[str] = Counter()
    for verdict in verdicts:
        documents[verdict.archive.kind] += verdict.documents
        for problem in verdict.problems():
            yield f"{verdict.archive.name}: {problem}"
        for said in filter(verdict.explained, verdict.above):
            yield f"{verdict.archive.name}: {said}, which is true"
    yield f"{'type':8} {'archives':>8} {'clean':>8} {'documents':>10}"
    for kind, count in sorted(counts.items()):
        yield f"{kind:8} {count:8} {clean[kind]:8} {documents[kind]:10}"
    yield f"{'all':8} {len(verdicts):8} {sum(clean.values()):8} {sum(documents.values()):10}"
    context = Counter(rule for verdict in verdicts for rule in verdict.info)
    infos = ", ".join(f"{rule} {count}" for rule, count in sorted(context.items()))
    yield f"at info, as context: {infos or 'nothing'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only these packages")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    chosen = [e for e in load() if not options.names or e.package.name in options.names]
    found = list(collect(chosen, options.folder))
    missing = [item for item in found if isinstance(item, str)]
    with ProcessPoolExecutor(options.jobs) as pool:
        verdicts = list(pool.map(judge, [item for item in found if isinstance(item, Archive)]))
    print("\n".join([*missing, *table(verdicts)]))
    checksum = hashlib.sha256(LIST.read_bytes()).hexdigest()[:16]
    print(f"list {checksum}, {len(missing)} packages could not be had")
    return 1 if missing or any(any(verdict.problems()) for verdict in verdicts) else 0


if __name__ == "__main__":
    raise SystemExit(main())
