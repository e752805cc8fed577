"""Asks cron daemons what they make of a line: Debian's cron, cronie, busybox; each in a root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import pytest

Verdict = Callable[[str], bool]
Bitmaps = Callable[[str], list[str] | None]
_ROWS = 5


def missing(reason: str) -> NoReturn:
    """Skip the test; fail it where DTEN_NEED_DAEMONS says that the daemons must be there."""
    if os.environ.get("DTEN_NEED_DAEMONS"):
        pytest.fail(reason)
    pytest.skip(reason)


def run(command: list[str], folder: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command; the caller looks at how it ended."""
    return subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=timeout,
        errors="replace",
    )  # fmt: skip


def fetched(folder: Path, package: str) -> Path:
    """Return the contents of a Debian package; skip where it cannot be had."""
    for tool in ("apt-get", "dpkg-deb", "chroot", "ldd"):
        if shutil.which(tool) is None:
            missing(f"no {tool} here")
    place = folder / package
    place.mkdir()
    if run(["apt-get", "download", package], place).returncode:
        missing(f"the package {package} cannot be had")
    archive = next(place.glob("*.deb"))
    run(["dpkg-deb", "-x", archive.name, "x"], place)
    return place / "x"


def root_of(folder: Path, programs: Iterable[Path]) -> Path:
    """Lay the smallest root in which some programs run."""
    root = folder / "root"
    for name in ("etc", "var/spool/cron/crontabs", "tmp", "bin", "tabs", "dev"):
        (root / name).mkdir(parents=True)
    for program in programs:
        shutil.copy(program, root / "bin")
        for library in re.findall(r"/\S+", run(["ldd", str(program)], folder).stdout):
            target = root / library.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\ncrontab:x:99:\n")
    return root


def entering(root: Path) -> list[str]:
    """Return the command that runs another one in a root."""
    enter = ["chroot"] if os.geteuid() == 0 else ["unshare", "-r", "chroot"]
    return [*enter, str(root)]


def crontab(folder: Path, program: Path, option: str) -> Verdict:
    """Return what asks a ``crontab`` program whether it accepts a table."""
    return _asking(folder, root_of(folder, [program]), f"/bin/{program.name}", option)


def _asking(folder: Path, root: Path, program: str, option: str) -> Verdict:
    def accepts(table: str) -> bool:
        (root / "tmp/table").write_text(table, encoding="utf-8", newline="")
        return run([*entering(root), program, option, "/tmp/table"], folder).returncode == 0

    if not accepts("* * * * * true\n") or accepts("60 * * * * true\n"):
        missing(f"{program} does not run here")
    return accepts


def debian(folder: Path) -> Verdict:
    """Return what asks Debian's ``crontab -n``."""
    return crontab(folder, fetched(folder, "cron") / "usr/bin/crontab", "-n")


def cronie(folder: Path) -> Verdict:
    """Return what asks ``crontab -T`` of cronie, of this Debian release or else of trixie."""
    if "Version:" in run(["apt-cache", "show", "cronie"], folder).stdout:
        return crontab(folder, fetched(folder, "cronie") / "usr/bin/crontab", "-T")
    root = _from_trixie(
        folder, "cronie libc6 libpam0g libselinux1 libaudit1 libpcre2-8-0 libcap-ng0"
    )
    return _asking(folder, root, "/usr/bin/crontab", "-T")


def debian_archive(folder: Path) -> str:
    """Return where this machine gets its Debian packages from; skip where it gets none."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian"]
    found = run(asked, folder).stdout.split()
    if not found:
        missing("this machine has no archive of Debian")
    return str(found[0])


def _from_trixie(folder: Path, packages: str) -> Path:
    """Unpack packages of Debian 13 into a root; skip where they cannot be had."""
    for name in ("lists/partial", "cache/archives/partial", "debs"):
        (folder / name).mkdir(parents=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    source = f"deb [signed-by={keys}] {debian_archive(folder)} trixie main\n"
    (folder / "sources.list").write_text(source)
    (folder / "status").touch()
    options = [
        f"Dir::Etc::sourcelist={folder}/sources.list", "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={folder}/lists", f"Dir::State::status={folder}/status",
        f"Dir::Cache={folder}/cache", "APT::Sandbox::User=root",
    ]  # fmt: skip
    apt = ["apt-get", "-q", *(word for option in options for word in ("-o", option))]
    if run([*apt, "update"], folder, 120).returncode:
        missing("no list of packages with cronie can be had")
    if run([*apt, "download", *packages.split()], folder / "debs", 120).returncode:
        missing("cronie cannot be had")
    root = folder / "root"
    root.mkdir()
    for archive in (folder / "debs").glob("*.deb"):
        run(["dpkg-deb", "-x", str(archive), str(root)], folder)
    for name in ("etc", "var/spool/cron/crontabs", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("lib", "lib64"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\ncrontab:x:99:\n")
    return root


def busybox(folder: Path) -> Bitmaps:
    """Return what asks busybox's crond for the bitmaps of a line's five fields; None: refused.

    At its most talkative it prints them, and then crashes on time words, which it is not asked.
    """
    root = root_of(folder, [fetched(folder, "busybox-static") / "bin/busybox"])
    log = root / "tmp/log"
    command = [*entering(root), "/bin/busybox", "crond", "-f", "-l", "0", "-L", "/tmp/log",
               "-c", "/tabs"]  # fmt: skip

    def bitmaps(table: str) -> list[str] | None:
        (root / "tabs/root").write_text(table, encoding="utf-8", newline="")
        (root / "tabs/root").chmod(0o600)
        log.write_text("")
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            _wait(process, log)
            process.kill()
        rows = re.findall(r"(?m)^[01]{7,60}$", log.read_text(errors="replace"))
        return rows if len(rows) == _ROWS else None

    if bitmaps("* * * * * true\n") is None or bitmaps("60 * * * * true\n") is not None:
        missing("busybox's crond does not run here")
    return bitmaps


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the daemon has read its table: it says so in a line of a few words."""
    import time

    for _ in range(100):
        text = log.read_text(errors="replace")
        if (
            process.poll() is not None
            or len(re.findall(r"(?m)^(?:[01]{7,60}|.*parse error.*)$", text)) >= _ROWS
        ):
            return
        time.sleep(0.005)
