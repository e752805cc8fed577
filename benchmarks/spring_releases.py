"""Our matrix of Spring Boot against the metadata of five releases of it, key by key.

The jars of Spring Boot stand in packages of PyPI, which are fetched into a folder (550 MB).

    python -m benchmarks.spring_releases --wheels /tmp/wheels
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dten_audit.derive.config.versions import reached
from dten_audit.site.matrix import Matrix, MatrixEntry, shipped_matrix
from dten_audit.site.matrix_rows import phases

RELEASES: Final = {
    "2.6.6": "atoti==0.6.6",
    "2.7.4": "atoti==0.7.4",
    "3.2.0": "atoti==0.8.14",
    "3.5.0": "atoti-server-spring-boot-admin==0.9.16",
    "4.1.1": "atoti-server==6.2.2",
}
METADATA: Final = "META-INF/spring-configuration-metadata.json"
DEEPEST: Final = 2


def main() -> int:
    """Print every row that a release contradicts; exit status 1 where there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, required=True, help="folder that keeps the packages")
    folder = parser.parse_args().wheels
    matrix = shipped_matrix("spring-boot")
    wrong = 0
    for version, package in RELEASES.items():
        known = levels(fetched(package, folder))
        asked = [(entry, known.get(plain(entry.key))) for entry in matrix.entries]
        differ = [
            f"  {entry.key}: {said(matrix, entry, version)}, the release says {level}"
            for entry, level in asked
            if level and level != said(matrix, entry, version)
        ]
        print(f"{version}: {sum(bool(level) for _, level in asked)} rows, {len(differ)} differ")
        print("\n".join(differ), end="\n" if differ else "")
        wrong += len(differ)
    return 1 if wrong else 0


def said(matrix: Matrix, entry: MatrixEntry, version: str) -> str:
    """Return what a row says of its key in a release: live, warning (still bound) or error."""
    told = [
        change for change, since in phases(entry) if reached(version, since, matrix.scheme) is True
    ]
    bound = entry.effect == "still-bound" or all(change == "deprecated" for change in told)
    return "live" if not told else "warning" if bound else "error"


def fetched(package: str, folder: Path) -> bytes:
    """Return the wheel of a package."""
    name, _, version = package.partition("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not any(folder.glob(pattern)):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-qq",
            "--no-deps",
            "--only-binary=:all:",
        ]
        at = ["--python-version", "3.12", "--platform", "manylinux2014_x86_64", "--platform", "any"]
        subprocess.run(
            [
                *command,
                "--only-binary=:all:",
                "--ignore-requires-python",
                *at,
                "-d",
                str(folder),
                package,
            ],
            check=True,
        )
    return next(folder.glob(pattern)).read_bytes()


def levels(wheel: bytes) -> dict[str, str]:
    """Return what the metadata in the jars of a wheel says of each property, the worst of it."""
    found: dict[str, str] = {}
    for item in properties(wheel, 0):
        how = item.get("deprecation") or {}
        old = bool(how or item.get("deprecated"))
        level = "live" if not old else "error" if how.get("level") == "error" else "warning"
        key = plain(item["name"])
        if found.get(key, "live") == "live" or level != "live":
            found[key] = level
    return found


def properties(archive: bytes, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the properties of all metadata in an archive and the jars in it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            if name.endswith(METADATA):
                yield from json.loads(opened.read(name)).get("properties", [])
            elif name.endswith(".jar") and depth < DEEPEST:
                yield from properties(opened.read(name), depth + 1)


def plain(name: str) -> str:
    """Return a property's name as Spring compares it: without dashes, in lower case."""
    return re.sub(r"[-_]", "", name).lower()


if __name__ == "__main__":
    raise SystemExit(main())
