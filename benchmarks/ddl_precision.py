"""Holds what is found in the migrations of real servers against what somebody who looked says.

``python -m benchmarks.ddl_precision FOLDER`` downloads the releases of ``ddl_packages.yaml``, makes
an upgrade out of each two that follow each other, and audits these and the newest release without
a site. ``ddl_labels.yaml`` says of findings of DDL at medium or above whether their message is so.
What held must still be found, what did not must be gone: else it is an error.

``--draw SET`` prints the first 100 findings of a set of servers in the order of the draw.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import RealPackage, digest, fetch_all
from benchmarks.host_precision import Found, Label, found_in, measured, problems, told

HERE: Final = Path(__file__).parent
DRAWN: Final = 100
_STAMP: Final = (2026, 1, 1, 0, 0, 0)
"""When the files of an upgrade were made: the same at each run."""


class Server(NamedTuple):
    """A server of the list. ``migration`` finds the path of one, and in it the name of its own.

    ``suites`` are the suites of Debian that hold its releases.
    """

    name: str
    ecosystem: str
    kind: str
    migration: str
    releases: dict[str, str]
    suites: Mapping[str, str] = MappingProxyType({})

    def packages(self) -> list[RealPackage]:
        """Return its releases, the oldest first."""
        return [
            RealPackage(
                self.name, version, self.ecosystem, sha256, suite=self.suites.get(version, "")
            )
            for version, sha256 in self.releases.items()
        ]


def servers() -> dict[str, list[Server]]:
    """Return the lists of servers by their name."""
    data = yaml.safe_load((HERE / "ddl_packages.yaml").read_text(encoding="utf-8"))
    return {name: [Server(**row) for row in rows] for name, rows in data.items()}


def labels() -> dict[str, list[Label]]:
    """Return the sets of labels by the list that they were drawn from."""
    data = yaml.safe_load((HERE / "ddl_labels.yaml").read_text(encoding="utf-8"))
    return {name: [Label(**row) for row in rows] for name, rows in data.items()}


def packed_files(archive: Path) -> tarfile.TarFile:
    """Open the archive with a package's files: a Debian package's is inside of it."""
    if archive.suffix != ".deb":
        return tarfile.open(archive)
    unpacked = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", archive], check=True, capture_output=True
    )
    return tarfile.open(fileobj=BytesIO(unpacked.stdout))


def contents(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a wheel, of an npm package or of a Debian package."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
        return
    with packed_files(archive) as packed:
        for member in packed:
            stream = packed.extractfile(member) if member.isfile() else None
            if stream is not None:
                yield member.name, stream.read()


def upgrades(server: Server, archives: list[Path], folder: Path) -> Iterator[tuple[str, Path]]:
    """Write a ZIP of what each release adds to the migrations of the one before it."""
    pattern = re.compile(server.migration)
    held: list[dict[str, tuple[str, bytes]]] = []
    for archive in archives:
        found = ((pattern.search(path), path, data) for path, data in contents(archive))
        held.append({match[1]: (path, data) for match, path, data in found if match})
    for (before, after), (old, new) in zip(pairwise(server.releases), pairwise(held), strict=True):
        added = sorted(new[name] for name in new.keys() - old.keys())
        if added:
            path = folder / f"{server.name}-{before}-to-{after}.zip"
            with zipfile.ZipFile(path, "w") as upgrade:
                for name, data in added:
                    upgrade.writestr(zipfile.ZipInfo(name, _STAMP), data)
            yield f"{server.name} {before} to {after}", path


def audited(folder: Path, server: Server) -> list[tuple[str, Path]]:
    """Fetch a server's releases and return what is audited, each with its name."""
    if fetch_all(server.packages(), folder):
        sys.exit(1)
    files = {digest(path): path for path in folder.iterdir() if path.is_file()}
    archives = [files[sha256] for sha256 in server.releases.values()]
    newest = f"{server.name} {list(server.releases)[-1]}"
    made = folder / "upgrades"
    made.mkdir(exist_ok=True)
    return [(newest, archives[-1]), *upgrades(server, archives, made)]


def everything(folder: Path, wanted: Iterable[Server]) -> list[Found]:
    """Return the findings of some servers in the order of the draw."""
    given = [one for server in wanted for one in audited(folder, server)]
    with ProcessPoolExecutor() as pool:
        judged = partial(found_in, families=("DDL",))
        some = pool.map(judged, [path for _, path in given], [name for name, _ in given])
        return sorted((one for found in some for one in found), key=lambda one: one.rank)


def check(folder: Path) -> int:
    """Print each set's precision and what does not fit; return how much that is."""
    wrong = 0
    for name, known in labels().items():
        found = everything(folder, servers()[name])
        told(found)
        unfit = list(problems(name, known, {one.key: one for one in found}))
        print("\n".join([*unfit, measured(name, known)]))
        wrong += len(unfit)
    return wrong


def main() -> None:
    """Run the command line; the status says whether labels and findings fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draw", metavar="SET", help="print a sample to be labelled")
    arguments = parser.parse_args()
    if not arguments.draw:
        sys.exit(bool(check(arguments.folder)))
    found = everything(arguments.folder, servers()[arguments.draw])
    told(found)
    for one in found[:DRAWN]:
        print("\t".join(one))


if __name__ == "__main__":
    main()
