"""The packages of ``shell_scripts.yaml`` and the distinct shell scripts in them."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import RealPackage

LIST: Final = Path(__file__).with_name("shell_scripts.yaml")
LARGEST: Final = 2_000_000
_BATCH: Final = 40
_SHEBANG: Final = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?(?:ba|da|k|mk|a)?sh\b")


class Script(NamedTuple):
    """A script: where it was met first, and its bytes."""

    name: str
    content: bytes


def load() -> list[RealPackage]:
    """Return the list."""
    stated = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [
        RealPackage(str(name), str(version), ecosystem, "", "shell")
        for ecosystem, packages in stated["packages"].items()
        for name, version in packages.items()
    ]


def fetch(packages: Sequence[RealPackage], folder: Path) -> list[str]:
    """Download what is not there yet; return the packages that cannot be had."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [package for package in packages if not _file(package, folder).exists()]
    debian = [package for package in wanted if package.ecosystem == "debian"]
    for start in range(0, len(debian), _BATCH):
        _download(debian[start : start + _BATCH], folder)
    missing: list[str] = []
    for package in wanted:
        if not _file(package, folder).exists():
            _download([package], folder)
        if not _file(package, folder).exists():
            missing.append(f"{package.name} {package.version}")
    return missing


def _file(package: RealPackage, folder: Path) -> Path:
    plain = re.sub(r"[^\w.+~-]", "_", f"{package.ecosystem}_{package.name}_{package.version}")
    return folder / plain


def _download(packages: Sequence[RealPackage], folder: Path) -> None:
    """Download packages of one ecosystem at once, those that can be had."""
    command = packages[0].command()
    if packages[0].ecosystem == "debian":
        command = [*command[:-1], *(package.command()[-1] for package in packages)]
    with tempfile.TemporaryDirectory(dir=folder) as work:
        subprocess.run(command, cwd=work, check=False, capture_output=True)
        for file in Path(work).iterdir():
            for package in packages:
                if len(packages) == 1 or file.name.startswith(f"{package.name}_"):
                    file.replace(_file(package, folder))
                    break


def scripts(packages: Iterable[RealPackage], folder: Path) -> Iterator[Script]:
    """Yield the distinct shell scripts of the packages that are there."""
    seen: set[bytes] = set()
    for package in packages:
        path = _file(package, folder)
        if not path.exists():
            continue
        for member, content in members(path, package.ecosystem):
            key = hashlib.sha256(content).digest()
            if is_script(member, content) and key not in seen:
                seen.add(key)
                yield Script(f"{package.name}: {member}", content)


def is_script(name: str, content: bytes) -> bool:
    """Tell whether a file is a shell script: by its first line, else by its name."""
    if not content or len(content) > LARGEST or b"\0" in content[:4096]:
        return False
    if content.startswith(b"#!"):
        return _SHEBANG.match(content.split(b"\n", 1)[0]) is not None
    return name.endswith((".sh", ".bash", ".ksh"))


def members(path: Path, ecosystem: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a package, by other means than ours."""
    if ecosystem == "debian":
        for option in ("--ctrl-tarfile", "--fsys-tarfile"):
            command = ["dpkg-deb", option, str(path)]
            content = subprocess.run(command, check=True, capture_output=True).stdout
            yield from _tar_members(io.BytesIO(content))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.file_size <= LARGEST:
                    yield info.filename, archive.read(info)
    else:
        yield from _tar_members(io.BytesIO(path.read_bytes()))


def _tar_members(stream: io.BytesIO) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream) as archive:
        for info in archive:
            file = archive.extractfile(info) if info.isreg() and info.size <= LARGEST else None
            if file is not None:
                yield info.name, file.read()
