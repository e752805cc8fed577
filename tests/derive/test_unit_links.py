"""Links among units, other init systems, drop-ins, conflicts, and what other packages bring."""

from __future__ import annotations

import pytest

from dten_audit.derive.requirements import required_packages
from dten_audit.derive.units import dependencies, files, uses
from dten_audit.derive.units.brought import Brought
from dten_audit.links.installs import leads_to
from dten_audit.links.package import Install, Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Guard, Layer
from dten_audit.model.facts.container import LinkEntry
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.units import UnitProgram, UnitUse
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from tests.derive.making import NO_SITE, command, estate, package, unit_file, uses_of
from tests.derive.trees import package_of

UNITS = "lib/systemd/system"
CORE = "[Service]\nExecStart=/usr/sbin/core\n[Install]\nWantedBy=multi-user.target\n"
SITE = estate("dten-core.service", "apache2.service")
CONTAINER = Layer("docker", "container", (), "web")


def link(path: str, target: str) -> LinkEntry:
    return LinkEntry(path, target, hard=False, container="p.zip")


def tree(*facts: Fact) -> Package:
    """Return a package in which links land, as the linker has it."""
    graph = package(*facts)
    for fact in facts:
        if isinstance(fact, LinkEntry):
            real = [f.at.path for f in facts if f.at.member == leads_to(fact).lstrip("/")]
            graph.installs.append(Install("".join(real), f"/{fact.path}", fact.at))
    return graph


def used(graph: Package, site: Estate = SITE) -> UnitUse:
    return uses_of(graph, site)[0]


@pytest.mark.parametrize(
    ("path", "target", "kind", "real", "owner"),
    [
        (f"{UNITS}/a.service", "/dev/null", "mask", "", ""),
        (f"{UNITS}/a.service", "b.service", "alias", "b.service", ""),
        (f"{UNITS}/a.service", f"/{UNITS}/b.service", "alias", "b.service", ""),
        (f"{UNITS}/a@x.service", "a@.service", "brings", "a@.service", ""),
        ("etc/systemd/system/a.service", "/opt/a/a.service", "brings", "a.service", ""),
        (f"{UNITS}/t.target.wants/a.service", "../a.service", "enables", "a.service", "t.target"),
        (f"{UNITS}/t.target.requires/a.timer", "../a.timer", "enables", "a.timer", "t.target"),
    ],
)
def test_links_of_the_tree(path: str, target: str, kind: str, real: str, owner: str) -> None:
    (found,) = Brought(package(link(path, target))).links
    assert (found.kind, found.real, found.owner, found.target) == (kind, real, owner, f"/{path}")


@pytest.mark.parametrize("path", ["bin/a.service", f"{UNITS}/README", "etc/x.wants/a.service"])
def test_no_links_of_units(path: str) -> None:
    assert not Brought(package(link(path, "/dev/null"))).links


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ln -s /dev/null /etc/systemd/system/a.service", "mask"),
        ("ln -sf /opt/b.service /etc/systemd/system/a.service", "alias"),
        ("ln -s -t /etc/systemd/system/t.target.wants /opt/a.service", "enables"),
        ("ln -s /opt/a.service /etc/systemd/system/t.target.wants/", "enables"),
        ("ln -s /opt/a.service /etc/systemd/system/", "brings"),
    ],
)
def test_links_that_scripts_make(text: str, kind: str) -> None:
    (found,) = Brought(package(command(text, order=4))).links
    assert (found.kind, found.unit, found.order) == (kind, "a.service", 4)


def test_a_link_that_enables_brings_no_unit() -> None:
    graph = tree(
        link("etc/systemd/system/multi-user.target.wants/a.service", f"/{UNITS}/a.service"),
        command("systemctl restart a"),
    )
    assert used(graph).present is False


def test_the_package_masks_and_names_its_own_units() -> None:
    core = unit_file(f"{UNITS}/core.service", CORE + "Alias=dtend.service\n")
    masked = tree(core, link(f"{UNITS}/old.service", "/dev/null"), command("systemctl start old"))
    assert used(masked).state == "masked"
    for name, facts in (("dtend", ()), ("dten", (link(f"{UNITS}/dten.service", "core.service"),))):
        use = used(tree(core, *facts, command(f"systemctl enable {name}")), NO_SITE)
        assert (use.alias_of, use.present, use.installable) == ("core.service", True, True)


def test_a_shipped_init_script_is_a_unit() -> None:
    use = used(package_of({"etc/init.d/old": "#!/bin/sh\n", "up.sh": "service old restart\n"}))
    assert (use.present, use.provided, use.init_script) == (True, "somewhere", True)


def test_units_of_packages_that_it_depends_on() -> None:
    control = "Package: dten\nDepends: ab (>= 1), rpcbind:any | portmap,\n redis-server\n"
    graph = package_of({"control": control, "up.sh": "systemctl restart rpcbind\n"})
    assert required_packages(graph) == {"ab", "rpcbind", "portmap", "redis-server"}
    assert used(graph).provided == "dependency"
    assert used(graph).impact == "cluster"  # it brings rpcbind, and others stand on that too


def test_drop_ins_are_in_force() -> None:
    graph = package_of({
        "etc/systemd/system/a.service": "[Service]\nExecStart=/opt/a/bin/old\n",
        "etc/systemd/system/a.service.d/9.conf": "[Service]\nExecStart=\nExecStart=/opt/a/new\n",
        "usr/lib/systemd/system/a.service.d/9.conf": "[Service]\nExecStart=/opt/a/bin/none\n",
        "etc/systemd/system/service.d/1.conf": "[Install]\nWantedBy=multi-user.target\n",
        "up.sh": "systemctl enable a\n",
    })  # fmt: skip
    found = [f for f in files.derive(graph, NO_SITE) if isinstance(f, UnitProgram)]
    assert "/opt/a/bin/old" not in [program.path for program in found]
    assert used(graph).installable is True


@pytest.mark.parametrize(
    ("line", "strength", "present"),
    [
        ("Conflicts=apache2.service", "stops", True),
        ("Conflicts=nginx.service", "stops", False),
        ("OnSuccess=x.service", "wants", False),
        ("PropagatesStopTo=x.service", "order", False),
    ],
)
def test_edges(line: str, strength: str, present: bool) -> None:
    graph = package(unit_file("systemd/a.service", f"[Unit]\n{line}\n"))
    (found,) = dependencies.derive(graph, SITE)
    assert (found.strength, found.present) == (strength, present)


@pytest.mark.parametrize(
    ("text", "verb", "unit", "scope"),
    [
        ("loginctl enable-linger dten", "enable", "user@dten.service", "system"),
        (
            ("busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1"
            " org.freedesktop.systemd1.Manager StartUnit ss a.service replace"),
            "start",
            "a.service",
            "system",
        ),
        (
            ("dbus-send --system --dest=org.freedesktop.systemd1 /org/freedesktop/systemd1"
            " org.freedesktop.systemd1.Manager.StopUnit string:a.service string:fail"),
            "stop",
            "a.service",
            "system",
        ),
        (
            ("gdbus call --system -d org.freedesktop.systemd1 -o /x"
            " --method=org.freedesktop.systemd1.Manager.RestartUnit \"'a.service'\" replace"),
            "restart",
            "a.service",
            "system",
        ),
        ("s6-rc -u change a", "", "", ""),
        ("s6-svc -r /run/service/a", "restart", "a.service", "other"),
        ("docker restart -t 5 web", "restart", "web.service", "other"),
        ("docker run web", "", "", ""),
        ("pm2 restart web", "restart", "web.service", "other"),
        ("busctl list", "", "", ""),
    ],
)  # fmt: skip
def test_other_managers(text: str, verb: str, unit: str, scope: str) -> None:
    found = uses_of(package(command(text)), NO_SITE)
    assert [(u.verb, u.unit, u.scope) for u in found] == ([(verb, unit, scope)] if verb else [])


@pytest.mark.parametrize(
    ("text", "site", "fits"),
    [
        ("rc-service a start", SITE, False),
        ("rc-service a start", NO_SITE, Unknown("site.units")),
        ("chkconfig a on", SITE, False),
        ("service a start", SITE, True),
        ("systemctl start a", NO_SITE, True),
    ],
)
def test_init_systems(text: str, site: Estate, fits: bool | Unknown) -> None:
    assert used(package(command(text)), site).fits == fits


@pytest.mark.parametrize(
    ("guard", "checked"),
    [
        (Guard("command-exists", "rc-service", 2), True),
        (Guard("command-exists", "systemctl", 2, holds=False), True),
        (Guard("systemd-running", "", 2, holds=False), True),
        (Guard("systemd-running", "", 2), False),
        (Guard("other", "${OS} in alpine", 2), True),
        (Guard("other", "[ -n $X ]", 2), False),
    ],
)
def test_what_chooses_an_init_system(guard: Guard, checked: bool) -> None:
    assert used(package(command("rc-service a start", guards=(guard,)))).checked == checked


def test_what_runs_in_a_container_of_one_program() -> None:
    inside = command("systemctl start a", layers=(CONTAINER,))
    assert used(package(inside)).in_container
    machine = CONTAINER._replace(tool="machinectl")
    assert not used(package(command("systemctl start a", layers=(machine,)))).in_container


def test_command_lines_of_units_are_later() -> None:
    text = "[Service]\nExecStartPre=-/bin/systemctl stop a\nExecStart=/bin/b\n"
    use = used(package_of({"etc/systemd/system/b.service": text}))
    assert (use.verb, use.failure, use.deferred, use.at.line) == ("stop", "ignored", True, 2)


def test_of_one_file_so_many_uses_are_looked_at_and_the_rest_is_said() -> None:
    made = [command(f"systemctl stop x{n}", order=n) for n in range(uses.MOST_USES + 9)]
    found = list(uses.derive(package(*made), SITE))
    assert sum(isinstance(fact, UnitUse) for fact in found) == uses.MOST_USES
    assert [fact.reason for fact in found if isinstance(fact, Unreadable)] == [uses.TOO_MANY]
