"""Downloads the packages of ``real_packages.yaml`` with pip, apt-get and npm, and checks them.

``python -m benchmarks.fetch_real_packages FOLDER [NAME ...]``. A package that is there with the
right digest is not fetched again. Of an sdist, pip runs the build backend to learn its metadata:
fetch on a machine where that may happen. Debian keeps only the newest version of each package.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from benchmarks.debian_suites import apt_get

LIST: Final = Path(__file__).with_name("real_packages.yaml")
_PIP: Final = (
    sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"
)  # fmt: skip
_PYTHON: Final = "3.13"
"""Wheels may ask for another Python than ours; only their files matter here."""


class RealPackage(NamedTuple):
    """An entry of the list. ``platform`` is a wheel tag where the wheel is not pure Python.

    ``suite`` is the suite of Debian that has the package, where it is not this machine's own.
    """

    name: str
    version: str
    ecosystem: str
    sha256: str
    why: str = ""
    platform: str = ""
    suite: str = ""

    def command(self) -> list[str]:
        """Return the command that downloads it into the working directory."""
        pinned = f"{self.name}=={self.version}"
        if self.ecosystem == "pypi-sdist":
            return [*_PIP, "--no-binary", self.name, pinned]
        if self.ecosystem == "pypi-wheel":
            return [
                *_PIP, "--only-binary", ":all:", "--platform", self.platform or "any",
                "--python-version", _PYTHON, "--abi", "cp313", "--abi", "abi3", "--abi", "none",
                pinned,
            ]  # fmt: skip
        if self.ecosystem == "debian":
            return [*apt_get(self.suite), "download", "-qq", f"{self.name}={self.version}"]
        if self.ecosystem == "npm":
            return ["npm", "pack", "--silent", f"{self.name}@{self.version}"]
        raise ValueError(f"{self.name}: no ecosystem {self.ecosystem}")


def load(path: Path = LIST) -> list[RealPackage]:
    """Return the list."""
    stated = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [RealPackage(**entry) for entry in stated["packages"]]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(package: RealPackage, folder: Path) -> str:
    """Download a package into ``folder`` and return what went wrong; nothing if nothing did."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        done = subprocess.run(
            package.command(), cwd=work, check=False, capture_output=True, text=True
        )
        files = list(Path(work).iterdir())
        if done.returncode or len(files) != 1:
            last = (done.stderr.strip().splitlines() or ["no file was written"])[-1]
            return f"{package.command()[0]} failed: {last}"
        if digest(files[0]) != package.sha256:
            return f"{files[0].name} has the SHA-256 {digest(files[0])}, not {package.sha256}"
        files[0].replace(folder / files[0].name)
    return ""


def fetch_all(packages: Iterable[RealPackage], folder: Path) -> int:
    """Fetch what is not there yet; return how many packages could not be had."""
    folder.mkdir(parents=True, exist_ok=True)
    present = {digest(path): path.name for path in folder.iterdir() if path.is_file()}
    failed = 0
    for package in packages:
        wrong = "" if package.sha256 in present else fetch(package, folder)
        failed += bool(wrong)
        print(f"{package.name} {package.version}: {wrong or 'ok'}")
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if a package could not be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only these packages")
    options = parser.parse_args(arguments)
    chosen = [item for item in load() if not options.names or item.name in options.names]
    return 1 if fetch_all(chosen, options.folder) else 0


if __name__ == "__main__":
    raise SystemExit(main())
