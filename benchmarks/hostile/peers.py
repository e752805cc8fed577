"""Runs other programs on a hostile archive, where they can do no harm, and judges what they did.

Each runs in a mount namespace of its own: everything is read-only but a fresh folder, which is also
its /tmp, so that whatever is written outside the target folder is seen and lost.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from .case import CANARY, HostileCase

_SECONDS: Final = 20
_INSIDE: Final = """
mount --make-rprivate / && mount --bind "$1" /mnt && mount -o remount,bind,nodev,nosuid /mnt &&
mount -o remount,bind,ro / && mount --bind /mnt/tmp /tmp && cd /mnt/a/b/target || exit 99
shift; ulimit -t 20 && ulimit -v 1048576 && ulimit -f 409600 && exec "$@"
"""
"""The limits are seconds, KiB and half KiB."""
_UNREADY: Final = 99
_WARNS: Final = re.compile(rb"warning|mismatch|error|caution|skipping", re.IGNORECASE)
_SIGNALS: Final = {24: "stopped, time", 25: "stopped, size", 9: "stopped, time"}
_FSIZE_SHOWN: Final = re.compile(rb"(?i)file too large|file size limit|no space|write error")
_PACKAGE: Final = "/mnt/package"
NONE: Final = "\u2013"
_STREAMS: Final = frozenset({"gzip", "bzip2", "xz", "lzma", "zstd", "lzip"})


class Peer(NamedTuple):
    """A program: the kinds that it reads, its commands, and which exit status is a warning."""

    name: str
    program: str
    kinds: frozenset[str]
    commands: tuple[tuple[str, ...], ...]
    warning: int = 0


PEERS: Final = (
    Peer("unzip", "unzip", frozenset({"zip"}),
         (("unzip", "-t", _PACKAGE), ("unzip", "-o", "-d", ".", _PACKAGE)), 1),
    Peer("7z", "7z", frozenset({"zip", "tar", "ar", "cpio", "rpm", *_STREAMS} - {"lzip"}),
         (("7z", "t", "-y", "-pnone", _PACKAGE), ("7z", "x", "-y", "-pnone", _PACKAGE)), 1),
    Peer("bsdtar", "bsdtar", frozenset({"zip", "tar", "ar", "cpio", "rpm", *_STREAMS}),
         (("bsdtar", "-xf", _PACKAGE),)),
    Peer("Python", sys.executable, frozenset({"zip", "tar", *_STREAMS} - {"zstd", "lzip"}),
         ((sys.executable, "-I", "/mnt/reader.py", "", _PACKAGE),)),
)  # fmt: skip
_READER: Final = (Path(__file__).parent / "python_reader.py").read_text()


class Ran(NamedTuple):
    """How a command ended: its status (negative: the signal), what it printed."""

    status: int
    output: bytes


def versions() -> list[str]:
    """Return a line for each program; raises ``SystemExit`` where one is missing."""
    lines = []
    for peer in PEERS:
        if not shutil.which(peer.program):
            raise SystemExit(f"{peer.program} is not installed")
    for command in (["unzip", "-v"], ["7z"], ["bsdtar", "--version"]):
        out = subprocess.run(command, capture_output=True, check=False).stdout.decode()
        lines.append(next(line for line in out.splitlines() if line.strip()).partition(", by")[0])
    lines[1] = lines[1].partition(" : ")[0]
    lines[2] = lines[2].partition(" - ")[0]
    return [*lines, f"Python {sys.version.split()[0]}"]


def verdict(peer: Peer, case: HostileCase, data: bytes) -> str:
    """Return in a few words what a program does with an archive."""
    if case.kind not in peer.kinds:
        return NONE
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        root = Path(folder)
        target = root / "a" / "b" / "target"
        target.mkdir(parents=True)
        (root / "tmp").mkdir()
        (root / "package").write_bytes(data)
        (root / "reader.py").write_text(_READER)
        before = _tree(root)
        commands = [[part or case.kind for part in command] for command in peer.commands]
        runs = [_run(command, root) for command in commands]
        escaped = _tree(root) - before
        seen = _finds(target, CANARY)
    words = _judge(peer, runs)
    if words == "accepts" and case.near and case.found and not seen:
        words = "accepts, content missed"
    return f"**writes outside**, {words}" if escaped else words


def _judge(peer: Peer, runs: list[Ran]) -> str:
    """Return the worst that the commands did."""
    words = [_of_run(peer, run) for run in runs]
    order = ("stopped", "crash", "refuses", "warns", "accepts", "no reader")
    return min(words, key=lambda word: next(n for n, o in enumerate(order) if word.startswith(o)))


def _of_run(peer: Peer, run: Ran) -> str:
    text = run.output
    if peer.name == "Python":
        return text.decode(errors="replace").strip().rpartition("\n")[2] or _ended(run)
    if b"Unrecognized archive format" in text and peer.name == "bsdtar":
        return "no reader"
    if run.status < 0:
        return _ended(run)
    if _FSIZE_SHOWN.search(text):
        return "stopped, size"
    if run.status and run.status != peer.warning:
        return "refuses"
    return "warns" if run.status or _WARNS.search(_noted(peer, text)) else "accepts"


def _noted(peer: Peer, text: bytes) -> bytes:
    """Return what a program printed, without names of members and without praise."""
    if peer.name == "unzip":
        text = re.sub(rb"(?m)^ *(testing|inflating|extracting|creating|linking):.*$", b"", text)
        return text.replace(b"No errors detected", b"")
    return text


def _ended(run: Ran) -> str:
    return _SIGNALS.get(-run.status, f"crash (signal {-run.status})")


def _run(command: list[str], root: Path) -> Ran:
    """Run a command in the sandbox, under limits."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    full = [*unshare, "sh", "-c", _INSIDE, "sh", str(root), *command]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            full, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        try:
            status = process.wait(_SECONDS * 2)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return Ran(-9, b"")
        output.seek(0)
        text = output.read(1 << 20)
    if status == _UNREADY:
        raise SystemExit("the sandbox cannot be set up: it needs unshare and mount")
    return Ran(128 - status if 128 < status < 160 else status, text)  # noqa: PLR2004 - as shells do


def _tree(root: Path) -> set[str]:
    """Return everything outside the target folder."""
    inside = str(root / "a" / "b" / "target")
    found: set[str] = set()
    for folder, folders, files in os.walk(root):
        if folder == inside:
            folders.clear()
            continue
        found.update(os.path.join(folder, name) for name in (*folders, *files))  # noqa: PTH118
    return found


def _finds(target: Path, content: bytes) -> bool:
    """Tell whether a file below ``target`` holds a text; grep reads paths of any length."""
    command = ["grep", "-rqaF", "-D", "skip", "-e", content.strip().decode(), "."]
    return (
        subprocess.run(command, cwd=target, check=False, stderr=subprocess.DEVNULL).returncode == 0
    )
