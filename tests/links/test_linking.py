"""Who runs whom and what lands where, on small trees of hand-made facts."""

from __future__ import annotations

import shlex
import time

import pytest

from dten_audit.documents.document import Document, DocumentInfo, Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.links.identity import identity
from dten_audit.links.installs import layout_target
from dten_audit.links.linking import link
from dten_audit.links.package import Package
from dten_audit.links.resolving import PathIndex, known_part
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Redirection, Word
from dten_audit.model.facts.container import LinkEntry

TREE = (
    "bin/upgrade.sh",
    "bin/lib/common.sh",
    "lib/common.sh",
    "sql/001_init.sql",
    "sql/002_orders.sql",
    "sql/old/001_init.sql",
    "etc/cron.d/dten",
    "units/dten-core.service",
)


def kind(path: str) -> str:
    return {"sh": "shell", "sql": "sql"}.get(path.rpartition(".")[2], "text")


def command(line: str, document: str = "p.zip!/bin/upgrade.sh", **changes: object) -> Command:
    words = tuple(Word(word) for word in shlex.split(line))
    at = Document(document, "x", "shell", b"").location(1)
    program = words[0].text.rpartition("/")[2]
    return Command(at, document, 1, program, words)._replace(**changes)  # type: ignore[arg-type]


def package(*facts: Fact, tree: tuple[str, ...] = TREE) -> Package:
    documents = [Document(f"p.zip!/{path}", path, kind(path), b"x").info() for path in tree]
    return link(documents, facts)


def callees(graph: Package) -> list[str]:
    return sorted(callee.removeprefix("p.zip!/") for callee, calls in graph.calls.items() if calls)


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("./lib/common.sh", ["bin/lib/common.sh"]),
        ("lib/common.sh", ["bin/lib/common.sh"]),
        (". '${HERE}/lib/common.sh'", []),
        (". '${0%/*}/lib/common.sh'", ["bin/lib/common.sh"]),
        (". '${0%/*}/../lib/common.sh'", ["lib/common.sh"]),
        (". '${HERE}/bin/lib/common.sh'", ["bin/lib/common.sh"]),
        ("/opt/dten/bin/upgrade.sh", []),
        ("bash -x ../sql/001_init.sql", ["sql/001_init.sql"]),
        ("bash -c lib/common.sh", []),
        ("psql -f sql/002_orders.sql", ["sql/002_orders.sql"]),
        ("psql -v ON_ERROR_STOP=1 --file=/opt/dten/sql/002_orders.sql", ["sql/002_orders.sql"]),
        ("psql -fsql/002_orders.sql", ["sql/002_orders.sql"]),
        ("psql -f '/opt/dten/sql/*.sql'", ["sql/001_init.sql", "sql/002_orders.sql"]),
        ("sqlplus / @sql/002_orders.sql", ["sql/002_orders.sql"]),
        ("sqlite3 x.db '.read sql/002_orders.sql'", ["sql/002_orders.sql"]),
        ("echo lib/common.sh", []),
        ("psql -f '$FILE'", []),
    ],
)
def test_calls(line: str, called: list[str]) -> None:
    assert callees(package(command(line))) == called


def test_a_client_reads_from_a_redirection_and_from_a_pipe() -> None:
    redirected = command("mysql", redirections=(Redirection("<", Word("sql/002_orders.sql")),))
    piped = command("psql", feeds=((Word("cat"), Word("${0%/*}/../sql/001_init.sql")),))
    assert callees(package(redirected)) == ["sql/002_orders.sql"]
    assert callees(package(piped)) == ["sql/001_init.sql"]


def test_the_working_folder_counts() -> None:
    moved = command("psql -f 002_orders.sql", folder="/opt/dten/sql")
    assert callees(package(moved)) == ["sql/002_orders.sql"]


def test_what_a_script_writes_is_installed_and_not_run() -> None:
    host = Document("p.zip!/bin/upgrade.sh", "bin/upgrade.sh", "shell", b"cat <<E\nx\nE\n")
    written = host.embed(Embedded("cron", "x\n", (2,), path="/etc/cron.d/late"))
    fed = host.embed(Embedded("sql", "y\n", (3,)))
    facts = [command("cat", documents=(written.id,)), command("psql", stdin=fed.id)]
    graph = link([host.info(), written.info(), fed.info()], facts)
    assert [callee for callee, calls in graph.calls.items() if calls] == [fed.id]
    assert [(i.source, i.target) for i in graph.installs] == [(written.id, "/etc/cron.d/late")]


@pytest.mark.parametrize(
    ("line", "landed"),
    [
        ("cp ../etc/cron.d/dten /etc/cron.d/", ["/etc/cron.d/dten"]),
        ("install -m 0644 -o root units/dten-core.service /etc/systemd/system",
         ["/etc/systemd/system/dten-core.service"]),
        ("install -d /var/lib/dten", []),
        ("cp -t /srv/sql sql/001_init.sql sql/002_orders.sql",
         ["/srv/sql/001_init.sql", "/srv/sql/002_orders.sql"]),
        ("cp files/agent.cron /etc/cron.d/agent", ["/etc/cron.d/agent"]),
        ("cp files/agent.sh /usr/bin", ["/usr/bin/agent.sh"]),
        ("mv /tmp/x.conf /etc/dten/dten.conf", ["/etc/dten/dten.conf"]),
        ("ln -s /opt/dten/bin/core /usr/bin/dten", ["/usr/bin/dten"]),
        ("cp onlyone", []),
    ],
)  # fmt: skip
def test_installs(line: str, landed: list[str]) -> None:
    found = [i.target for i in package(command(line)).installs if i.order >= 0]
    assert found == landed


def test_scripts_that_nobody_calls_are_entry_points() -> None:
    graph = package(command("./lib/common.sh"))
    assert graph.entry_points == {"p.zip!/bin/upgrade.sh", "p.zip!/lib/common.sh"}


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("etc/cron.d/x", "/etc/cron.d/x"),
        ("./etc/cron.d/x", "/etc/cron.d/x"),
        ("dten-9.4/payload/usr/bin/x", "/usr/bin/x"),
        ("docs/a/b/etc/x", ""),
        ("bin/upgrade.sh", ""),
        ("lib/systemd/system/x.service", "/lib/systemd/system/x.service"),
        ("README.md", ""),
    ],
)
def test_the_layout_says_where_files_land(path: str, target: str) -> None:
    assert layout_target(path) == target


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a/b", ("a/b", True)),
        ("$HERE/a/b", ("a/b", False)),
        ("${HERE:-/x}/a", ("a", False)),
        ("$(dirname $0)/a", ("a", False)),
        ("$X", ("", False)),
    ],
)
def test_the_known_part_of_a_path(text: str, part: tuple[str, bool]) -> None:
    assert known_part(text) == part


def test_other_containers_are_not_meant() -> None:
    inner = Document("p.zip!/in.tar!/sql/a.sql", "sql/a.sql", "sql", b"x").info()
    near = Document("p.zip!/up.sh", "up.sh", "shell", b"x").info()
    assert PathIndex([inner, near]).find("sql/a.sql", near) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/usr/lib/dten/setup", True),
        ("/lib/dten/setup", True),
        ("/opt/usr/lib/dten/setup", False),
        ("usr/lib/dten/setup", False),
        ("setup", False),
    ],
)
def test_maintainer_scripts_name_what_dpkg_unpacks(text: str, found: bool) -> None:
    place = "usr/lib/dten/setup"
    inner = Document(f"x.deb!/data.tar.xz!/{place}", place, "shell", b"x").info()
    near = Document("x.deb!/control.tar.xz!/postinst", "postinst", "shell", b"x").info()
    assert PathIndex([inner, near]).find(text, near) == ([inner] if found else [])


def test_a_debian_package_says_who_it_is() -> None:
    control = Document("x.deb!/control.tar.xz!/control", "control", "text", b"x").info()
    kept = {control.id: b"Package: redis-server\nVersion: 5:7.0.15-1\n\nPackage: other\n"}
    found = identity(Package([control], []), kept, "redis-server_5%3a7.0.15-1_amd64.deb")
    assert found == {"name": "redis-server", "version": "5:7.0.15-1"}


WRAPPED = [
    (("VERSION", "readme.md"), "9.4.0"),
    (("dten-9.4.zip!/VERSION", "dten-9.4.zip.p7s", "letter.txt"), "9.4.0"),
    (("dten-9.4.zip!/db/up.sql", "dten-9.4.zip.p7s"), "9.4"),
    (("dten-9.4.zip!/VERSION", "install.sh"), "8"),
    (("a.zip!/VERSION", "b.zip!/VERSION"), "8"),
    (("core_9.4.0-1_all.deb!/control.tar.xz!/control", "core_9.4.0-1_all.deb!/debian-binary"), "1"),
]
"""The files of a delivery called old-8.zip, and the version that it is of."""


@pytest.mark.parametrize(("addresses", "version"), WRAPPED)
def test_a_delivery_that_only_wraps_a_package_is_that_package(
    addresses: tuple[str, ...], version: str
) -> None:
    texts = {"VERSION": b"9.4.0\n", "control": b"Package: core\nVersion: 1\n"}
    infos, kept = [], {}
    for address in addresses:
        path = address.rpartition("!/")[2]
        kind = kind_of(path, texts.get(path, b"text\n"))
        infos.append(DocumentInfo(f"x!/{address}", f"x!/{address}", path, kind, 9, None, ""))
        kept[f"x!/{address}"] = texts.get(path, b"")
    assert identity(Package(infos, []), kept, "old-8.zip")["version"] == version


@pytest.mark.parametrize(
    ("path", "target", "hard", "source", "landing"),
    [
        ("etc/cron.daily/dten", "../cron.d/dten", False, "p.zip!/etc/cron.d/dten", True),
        ("etc/cron.daily/dten", "/etc/cron.d/dten", False, "p.zip!/etc/cron.d/dten", True),
        ("x/etc/cron.daily/dten", "x/etc/cron.d/dten", True, "p.zip!/etc/cron.d/dten", True),
        ("etc/cron.daily/dten", "/opt/dten/bin/other", False, "", True),
        ("bin/dten", "../etc/cron.d/dten", False, "", False),
    ],
)
def test_a_link_lands_as_what_it_leads_to(
    path: str, target: str, hard: bool, source: str, landing: bool
) -> None:
    entry = LinkEntry(path, target, hard, "p.zip")
    found = [i for i in package(entry).installs if i.at == entry.at]
    assert [i.source for i in found] == ([source] if landing else [])
    assert all(i.target == "/etc/cron.daily/dten" for i in found)


@pytest.mark.parametrize("opening", ["$(", "${", "`", "$(`", "`${"])
def test_what_never_ends_in_a_path_is_looked_through_once(opening: str) -> None:
    begun = time.process_time()
    known_part(opening * 300_000)
    assert time.process_time() - begun < 1
    assert known_part(f"${{a}}/b/$(c)/d{opening}")[0] == f"d{opening}"
