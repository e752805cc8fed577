"""Fetches programs of Debian's suites that tell which keys they know: unpacked, never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.oracles.daemons import run
from tests.oracles.servers import apt_below, cache, unpack

_NOBODY: Final = 65534
_LOADERS: Final = ("usr/lib64/ld-linux-*", "lib64/ld-linux-*", "lib/*/ld-linux-*", "lib/*/ld-2*.so")


def program(name: str, suite: str, package: str, path: str) -> list[str] | None:
    """Return what runs a program of a package of a suite with its own libraries; None: not had."""
    root = cache() / name
    if not (root / "ready").exists() and not unpack(root, suite, package):
        return None
    loaders = (place for glob in _LOADERS for place in root.glob(glob) if place.exists())
    loader = next(loaders, None)
    if loader is None or not (root / path).exists():
        return None
    libraries = [str(p) for p in (*root.glob("lib/*-linux-gnu"), *root.glob("usr/lib/*-linux-gnu"))]
    return [str(loader), "--library-path", ":".join(libraries), str(root / path)]


def contents(name: str, suite: str, package: str) -> Path | None:
    """Return the contents of one package of a suite, without what it needs; None: not had."""
    root = cache() / name
    if (root / "ready").exists():
        return root
    apt = apt_below(root, suite)
    if run([*apt, "update"], root, 180).returncode:
        return None
    if run([*apt, "download", package], root, 180).returncode:
        return None
    for archive in root.glob("*.deb"):
        run(["dpkg-deb", "-x", archive.name, "."], root)
    shutil.rmtree(root / "apt")
    (root / "ready").touch()
    return root


def asked(command: list[str], folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a server's program, not as root, to hear what it says; it reads ``text``."""
    user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=60, input=text,
        errors="replace", env={"PATH": "/usr/bin", "LC_ALL": "C"}, **user,  # type: ignore[call-overload]
    )  # fmt: skip
    return done
