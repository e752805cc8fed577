"""Asks nginx, httpd, sshd, ssh, php and systemd of four Debian releases what they make of a line.

The programs run in a root of their release, unpacked and not installed; they check a configuration
and start nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.oracles.daemons import entering, run
from tests.oracles.servers import cache, unpack

SUITES: Final = ("bullseye", "bookworm", "trixie", "sid")
_PACKAGES: Final = (
    "nginx openssh-server openssh-client apache2-bin php-cli php-mbstring php-mysql systemd"
)
_LIGHT: Final = {"bullseye": "nginx-light "}
"""In bullseye nginx is a package of nothing that asks for one of several."""
_USERS: Final = ("root:x:0:0::/:/bin/sh", "sshd:x:100:65534::/run/sshd:/bin/false",
                 "www-data:x:33:33::/:/bin/sh", "nobody:x:65534:65534::/:/bin/sh")  # fmt: skip
_MODULES: Final = (
    "mpm_event authn_core authz_core authz_host authn_file authz_user authz_groupfile authz_owner"
    " authz_dbm dbd authz_dbd ldap authnz_ldap access_compat alias auth_basic cache dumpio"
    " cache_disk socache_shmcb dir env mime rewrite setenvif ssl watchdog proxy"
).split()


class Answer(NamedTuple):
    """Whether a program takes a line, and what it says of it."""

    taken: bool
    said: str


Ask = Callable[[str, str], Answer]
"""Takes a line and the place where it stands."""


class Asked(NamedTuple):
    """A program of one release."""

    suite: str
    version: str
    ask: Ask


def roots() -> Iterator[tuple[str, Path]]:
    """Yield the roots of the releases that can be had, oldest first."""
    for suite in SUITES:
        root = cache() / f"web-{suite}"
        if (root / "ready").exists() or unpack(root, suite, _LIGHT.get(suite, "") + _PACKAGES):
            _furnish(root)
            yield suite, root


def _furnish(root: Path) -> None:
    """Lay what the programs look for when they start."""
    for name in ("tmp", "dev", "proc", "run/sshd", "etc", "var/log/nginx", "var/lib/nginx"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if not (root / name).exists() and (root / "usr" / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name, minor in (("null", 3), ("urandom", 9)):
        device = root / "dev" / name
        if not device.exists():
            with contextlib.suppress(PermissionError):
                os.mknod(device, 0o020666, os.makedev(1, minor))
            device.touch()
    (root / "etc/passwd").write_text("\n".join((*_USERS, "")))
    (root / "etc/group").write_text("root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n")


def _in(root: Path, *command: str) -> Answer:
    done = run([*entering(root), *command], root)
    return Answer(done.returncode == 0, done.stdout + done.stderr)


def _version(root: Path, pattern: str, *command: str) -> str:
    found = re.search(pattern, _in(root, *command).said)
    return found[1] if found else ""


def nginx(suite: str, root: Path) -> Asked:
    """Return what asks ``nginx -t``; a place is a block: main, events, http, server."""
    around = {
        "main": "{} events {{}}", "events": "events {{ {} }}",
        "http": "events {{}} http {{ {} }}",
        "server": "events {{}} http {{ server {{ {} }} }}",
    }  # fmt: skip

    def ask(line: str, place: str) -> Answer:
        text = around[place].format(line + ";")
        (root / "tmp/nginx.conf").write_text(f"pid /tmp/pid; error_log /dev/null; {text}\n")
        return _in(root, "/usr/sbin/nginx", "-t", "-c", "/tmp/nginx.conf")

    return Asked(suite, _version(root, r"nginx/([\d.]+)", "/usr/sbin/nginx", "-v"), ask)


def httpd(suite: str, root: Path) -> Asked:
    """Return what asks ``apache2 -t``; a place is the server or a directory."""
    folder = root / "usr/lib/apache2/modules"
    modules = [name for name in _MODULES if (folder / f"mod_{name}.so").exists()]
    head = "ServerRoot /tmp\nServerName x\nPidFile /tmp/pid\nErrorLog /dev/null\nListen 8089\n"
    head += "DefaultRuntimeDir /tmp\n"
    for name in modules:
        head += f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"

    def ask(line: str, place: str) -> Answer:
        text = f"<Directory /srv>\n{line}\n</Directory>" if place == "directory" else line
        (root / "tmp/httpd.conf").write_text(f"{head}{text}\n")
        return _in(root, "/usr/sbin/apache2", "-t", "-f", "/tmp/httpd.conf")

    return Asked(suite, _version(root, r"Apache/([\d.]+)", "/usr/sbin/apache2", "-v"), ask)


def sshd(suite: str, root: Path) -> Asked:
    """Return what asks ``sshd -t``."""
    if not (root / "tmp/key").exists():
        _in(root, "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/tmp/key")

    def ask(line: str, _place: str) -> Answer:
        (root / "tmp/sshd_config").write_text(f"{line}\n")
        return _in(root, "/usr/sbin/sshd", "-t", "-h", "/tmp/key", "-f", "/tmp/sshd_config")

    return Asked(suite, _version(root, r"OpenSSH_(\w[\w.]*)", "/usr/bin/ssh", "-V"), ask)


def ssh(suite: str, root: Path) -> Asked:
    """Return what asks ``ssh -G``."""

    def ask(line: str, _place: str) -> Answer:
        (root / "tmp/ssh_config").write_text(f"{line}\n")
        done = run([*entering(root), "/usr/bin/ssh", "-G", "-F", "/tmp/ssh_config", "host"], root)
        said = [line for line in done.stderr.splitlines() if "Pseudo-terminal" not in line]
        return Answer(done.returncode == 0, "\n".join(said))

    return Asked(suite, _version(root, r"OpenSSH_(\w[\w.]*)", "/usr/bin/ssh", "-V"), ask)


def php(suite: str, root: Path) -> Asked:
    """Return what asks ``php -d``; it says ``unknown`` of a setting that it does not have."""
    program = f"/usr/bin/{next((root / 'usr/bin').glob('php[78].[0-9]')).name}"
    loaded = ["zend_extension=opcache"]
    loaded += [f"extension={name}" for name in ("iconv", "mbstring", "mysqlnd", "mysqli")]
    options = [word for name in loaded for word in ("-d", name)]

    def ask(line: str, _place: str) -> Answer:
        key = line.partition("=")[0]
        code = f"echo ini_get('{key}') === false ? 'unknown' : 'known';"
        return _in(root, program, "-n", *options, "-d", line, "-r", code)

    return Asked(suite, _version(root, r"PHP ([\d.]+)", program, "-n", "-v"), ask)


def systemd(suite: str, root: Path) -> Asked:
    """Return what asks ``systemd-analyze verify``; a place is a section of a service."""

    def ask(line: str, place: str) -> Answer:
        sections = {"Unit": [], "Service": ["Type=oneshot", "ExecStart=/bin/true"]}
        sections[place].append(line)
        text = "".join(f"[{name}]\n" + "\n".join((*rows, "")) for name, rows in sections.items())
        (root / "tmp/x.service").write_text(text)
        said = _in(root, "/usr/bin/systemd-analyze", "verify", "--man=no", "/tmp/x.service").said
        key = line.partition("=")[0]
        mine = [row for row in said.splitlines() if "x.service:" in row or key in row]
        mine = [row for row in mine if "Failed to create" not in row]
        return Answer("gnor" not in "".join(mine), "\n".join(mine))

    return Asked(
        suite, _version(root, r"systemd (\d+)", "/usr/bin/systemd-analyze", "--version"), ask
    )
