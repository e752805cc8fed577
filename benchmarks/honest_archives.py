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

    ``only_members``: the package is not audited itself. ``holds``: for an archive (empty for the
    package, else the member's path), the rules whose findings are true there, each with the reason.
    """

    package: RealPackage
    members: tuple[str, ...] = ()
    only_members: bool = False
    holds: dict[str, dict[str, str]] = {}  # noqa: RUF012 - a default that nobody changes


class Archive(NamedTuple):
    """One archive to be audited: its file, its type, and the rules whose findings are true."""

    name: str
    kind: str
    path: Path
    explained: frozenset[str]


class Verdict(NamedTuple):
    """What the ARC rules said of an archive: ``above`` info, and at info."""

    archive: Archive
    documents: int
    above: tuple[tuple[str, str, str, str], ...]
    info: tuple[str, ...]
    error: str

    def problems(self) -> Iterator[str]:
        """Yield what must not be."""
        if self.error:
            yield self.error
        for rule, severity, message, place in self.above:
            if rule not in self.archive.explained:
                yield f"{severity} {rule} {message} [{place}]"
        for rule in self.archive.explained - {finding[0] for finding in self.above}:
            yield f"{rule} is explained, but was not found"


def load() -> list[Entry]:
    """Return the list."""
    stated = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [_entry(dict(fields)) for fields in stated["packages"]]


def _entry(fields: dict[str, Any]) -> Entry:
    members = tuple(fields.pop("members", ()))
    only, holds = fields.pop("only_members", False), fields.pop("holds", {})
    return Entry(RealPackage(**fields, why="honest"), members, only, holds)


def archives(entry: Entry, path: Path, folder: Path) -> Iterator[Archive]:
    """Yield the archives of an entry whose package is at ``path``; members go to ``folder``."""
    name = entry.package.name
    if not entry.only_members:
        kind = _ENDINGS[entry.package.ecosystem]
        yield Archive(name, kind, path, frozenset(entry.holds.get("", {})))
    contents = unpack(path, entry.members) if entry.members else {}
    for member in entry.members:
        target = folder / entry.package.sha256[:12] / Path(member).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents[member])
        explained = frozenset(entry.holds.get(member, {}))
        shown = f"{name}: {target.name}"
        yield Archive(shown, target.suffix[1:].lower(), target, explained)


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
            place = finding.at.path
            above.append((finding.rule, finding.severity, finding.message, place))
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
    clean = Counter(v.archive.kind for v in verdicts if not any(v.problems()))
    documents: Counter[str] = Counter()
    for verdict in verdicts:
        documents[verdict.archive.kind] += verdict.documents
        for problem in verdict.problems():
            yield f"{verdict.archive.name}: {problem}"
        for rule, severity, message, place in verdict.above:
            if rule in verdict.archive.explained:
                shown = f"{severity} {rule} {message} [{place}], which is true"
                yield f"{verdict.archive.name}: {shown}"
    yield f"{'type':8} {'archives':>8} {'clean':>8} {'documents':>10}"
    for kind, count in sorted(counts.items()):
        yield f"{kind:8} {count:8} {clean[kind]:8} {documents[kind]:10}"
    yield f"{'all':8} {len(verdicts):8} {sum(clean.values()):8} {sum(documents.values()):10}"
    said = Counter(rule for verdict in verdicts for rule in verdict.info)
    infos = ", ".join(f"{rule} {count}" for rule, count in sorted(said.items()))
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
