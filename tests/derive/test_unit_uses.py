"""Unit uses: which commands control which units, and what the site and the package say of them."""

from __future__ import annotations

import pytest

from dten_audit.derive.units import dependencies, files, stops, uses
from dten_audit.links.installs import layout_target
from dten_audit.links.package import Install, Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Guard, Layer
from dten_audit.model.facts.units import UnitDependency, UnitInstall, UnitProgram, UnitStop, UnitUse
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.site import UnitRecord
from tests.derive.making import NO_SITE, SCRIPT, command, estate, info, package, unit_file, uses_of

SITE = estate(
    "dten-core.service",
    "dten-web.service",
    "dten-broker.service",
    "postgresql.service",
    "backup@.service",
    UnitRecord("ssh.service", "enabled", line=20),
    UnitRecord("sshd.service", "alias", "ssh.service", 21),
    UnitRecord("old.service", "masked", line=22),
    UnitRecord("mail.service", "static", line=23),
)


def use_of(made: Command, *facts: Fact, site: Estate = SITE) -> UnitUse:
    found = uses_of(package(made, *facts), site)
    assert len(found) == 1, found
    return found[0]


CONTROLLING = [
    ("systemctl restart dten-core", "restart", ["dten-core.service"]),
    ("/usr/bin/systemctl --no-block start dten-core.service", "start", ["dten-core.service"]),
    ("systemctl stop dten-core dten-web", "stop", ["dten-core.service", "dten-web.service"]),
    ("systemctl -q enable --now x.timer", "enable", ["x.timer"]),
    ("systemctl -t service stop x", "stop", ["x.service"]),
    ("systemctl --job-mode replace stop x", "stop", ["x.service"]),
    ("systemctl -n5 kill -s HUP x", "kill", ["x.service"]),
    ("systemctl condrestart x", "try-restart", ["x.service"]),
    ("systemctl force-reload x", "reload-or-restart", ["x.service"]),
    ("systemctl start backup@eu.service", "start", ["backup@eu.service"]),
    ("systemctl enable /opt/x/x.service", "enable", ["x.service"]),
    ("systemctl stop /mnt/data", "stop", ["mnt-data.mount"]),
    ("systemctl start ~'a b'", "start", ["a.service", "b.service"]),
    ("service nginx reload", "reload", ["nginx.service"]),
    ("/sbin/service httpd graceful", "reload", ["httpd.service"]),
    ("invoke-rc.d --quiet cron restart", "restart", ["cron.service"]),
    ("deb-systemd-invoke restart a.service b.service", "restart", ["a.service", "b.service"]),
    ("rc-service sshd zap", "stop", ["sshd.service"]),
    ("chkconfig --level 35 httpd on", "enable", ["httpd.service"]),
    ("chkconfig --add dten", "enable", ["dten.service"]),
    ("update-rc.d -f dten remove", "disable", ["dten.service"]),
    ("update-rc.d dten defaults", "enable", ["dten.service"]),
    ("rc-update add dten default", "enable", ["dten.service"]),
    ("insserv dten", "enable", ["dten.service"]),
    ("/etc/init.d/dten restart", "restart", ["dten.service"]),
    ("sh /etc/init.d/dten stop", "stop", ["dten.service"]),
    ("supervisorctl restart web worker", "restart", ["web.service", "worker.service"]),
    ('systemctl "$ACTION" dten-core', "computed", ["dten-core.service"]),
    ("systemctl status dten-core", "", []),
    ("systemctl is-active --quiet dten-core", "", []),
    ("systemctl list-units dten-*", "", []),
    ("systemctl cat dten-core", "", []),
    ("systemctl show -p MainPID dten-core", "", []),
    ("systemctl daemon-reload", "", []),
    ("systemctl", "", []),
    ("systemctl start", "", []),
    ("service --status-all", "", []),
    ("service dten status", "", []),
    ("/etc/init.d/dten status", "", []),
    ("/etc/init.d/functions", "", []),
    ("echo systemctl restart dten-core", "", []),
    ("journalctl -u dten-core", "", []),
    ("supervisorctl status", "", []),
]


@pytest.mark.parametrize(("text", "verb", "units"), CONTROLLING)
def test_which_commands_control_units(text: str, verb: str, units: list[str]) -> None:
    found = uses_of(package(command(text)), SITE)
    assert [use.unit for use in found] == units
    assert {use.verb for use in found} <= {verb}


def test_a_known_unit_is_present_and_an_unknown_one_is_not() -> None:
    known = use_of(command("systemctl restart dten-core"))
    assert known.present is True
    assert known.site_lines == (Location("site.yaml", 4),)
    missing = use_of(command("systemctl restart dten-queue"))
    assert missing.present is False
    assert set(missing.similar) == {"dten-core.service", "dten-web.service", "dten-broker.service"}
    assert "Perhaps you mean" in missing.perhaps


def test_a_unit_that_the_package_knows_is_not_the_one_that_it_names_wrongly() -> None:
    right = [command(f"systemctl start dten-{name}") for name in ("core", "web")]
    graph = package(command("systemctl start dten-queue"), *right)
    assert uses_of(graph, SITE)[0].similar == ("dten-broker.service",)


def test_without_a_site_it_is_a_question() -> None:
    assert use_of(command("systemctl restart dten"), site=NO_SITE).present == Unknown("site.units")
    partial = estate("dten-core.service", complete=())
    assert use_of(command("systemctl stop dten-queue"), site=partial).present == Unknown(
        "site.units"
    )


@pytest.mark.parametrize(
    "unit",
    [
        "multi-user.target",
        "systemd-journald",
        "dbus",
        "-.mount",
        "user.slice",
        "getty@tty1.service",
    ],
)
def test_units_of_every_host_are_never_asked_about(unit: str) -> None:
    use = use_of(command(f"systemctl start -- {unit}"), site=NO_SITE)
    assert use.present is True


def test_state_and_alias_come_from_the_site() -> None:
    assert use_of(command("systemctl enable sshd")).alias_of == "ssh.service"
    assert use_of(command("systemctl start old")).state == "masked"
    assert use_of(command("systemctl enable mail")).installable is False
    assert use_of(command("systemctl start backup@eu")).present is True


def test_a_computed_name_is_said_to_be_one() -> None:
    use = use_of(command('systemctl restart "${PREFIX}-core"'))
    assert use.certainty == "computed"
    assert use.present == Unknown("package.value")


def test_a_glob_is_held_against_all_units() -> None:
    assert use_of(command("systemctl stop 'dten-*'")).pattern
    assert use_of(command("systemctl stop 'dten-*'")).present is True
    assert use_of(command("systemctl stop 'x-*'")).present is False


UNIT = "[Service]\nExecStart=/opt/dten/bin/new\n[Install]\nWantedBy=multi-user.target\n"


def brought(made: Command, *installs: Install, path: str = "systemd/new.service") -> UnitUse:
    file = unit_file(path, UNIT)
    graph = package(made, file)
    graph.installs.extend(installs)
    return uses_of(graph, SITE)[0]


def step(order: int, script: str = SCRIPT, source: str = "p.zip!/systemd/new.service") -> Install:
    target = "/etc/systemd/system/new.service"
    return Install(source, target, Location(script, order), order, script)


def test_a_unit_that_the_package_brings_is_present() -> None:
    start = command("systemctl start new", order=5)
    assert brought(start).provided == "somewhere"
    assert brought(start, step(3)).provided == "before"
    assert brought(start, step(3)).present is True
    assert brought(start, step(9)).provided == "later"
    assert brought(start, step(9)).present is False
    assert brought(start, step(9, "p.zip!/bin/other.sh")).provided == "somewhere"
    assert brought(start, step(3, source="")).provided == "before"
    assert brought(start._replace(called=False), step(9)).provided == "somewhere"
    assert brought(start).brought_at[0].path == "p.zip!/systemd/new.service"


def test_a_template_brings_its_instances() -> None:
    start = command("systemctl start new@eu", order=5)
    assert brought(start, path="systemd/new@.service").present is True


def test_a_unit_written_by_the_script_itself_is_present() -> None:
    text = "/etc/systemd/system/new.service"
    write = command("cat", order=1, redirect=((">", text),))
    found = uses_of(package(write, command("systemctl start new", order=2)), SITE)
    assert found[0].provided == "before"
    tee = command(f"tee {text}", order=3)
    late = uses_of(package(tee, command("systemctl start new", order=2)), SITE)
    assert late[0].provided == "later"


def test_a_link_to_nothing_brings_no_unit() -> None:
    ln = command("ln -sf /dev/null /etc/systemd/system/new.service", order=1)
    graph = package(ln, command("systemctl start new", order=2))
    graph.installs.append(step(1, source=""))
    assert uses_of(graph, SITE)[0].provided == ""


@pytest.mark.parametrize(
    ("install", "unit", "expected"),
    [
        ("apt-get install -y redis-server", "redis-server", "package-manager"),
        ("dnf -y install docker-ce docker-ce-cli", "docker", "package-manager"),
        ("dpkg -i pool/nginx_1.24-1_amd64.deb", "nginx", "package-manager"),
        ("rpm -Uvh grafana-10.1.x86_64.rpm", "grafana-server", ""),
        ("apt-get remove redis-server", "redis-server", ""),
        ("echo apt-get install redis-server", "redis-server", ""),
    ],
)
def test_packages_bring_units_of_their_name(install: str, unit: str, expected: str) -> None:
    graph = package(command(install, order=1), command(f"systemctl start {unit}", order=2))
    assert uses_of(graph, SITE)[0].provided == expected


@pytest.mark.parametrize(
    ("guard", "guarded", "checked"),
    [
        (Guard("unit-exists", "dten-queue.service", 3), True, False),
        (Guard("unit-exists", "dten-queue", 3), True, False),
        (Guard("unit-exists", "dten-queue", 3, holds=False), False, False),
        (Guard("unit-exists", "nginx", 3), False, False),
        (Guard("path-exists", "/etc/init.d/dten-queue", 3), True, False),
        (Guard("path-exists", "/etc/systemd/system/dten-queue.service", 3), True, False),
        (Guard("path-exists", "/opt/dten", 3), False, False),
        (Guard("other", "systemctl list-unit-files | grep -q dten-queue", 3), True, True),
        (Guard("other", '[ "$RESTART_QUEUE" = dten-queue ]', 3), False, False),
        (Guard("systemd-running", "", 3), False, True),
        (Guard("command-exists", "systemctl", 3), False, True),
        (Guard("command-exists", "systemctl", 3, holds=False), False, False),
    ],
)
def test_guards(guard: Guard, guarded: bool, checked: bool) -> None:
    use = use_of(command("systemctl restart dten-queue", guards=(guard,)))
    assert (use.guarded, use.checked) == (guarded, checked)


def test_what_runs_elsewhere_is_said_to() -> None:
    remote = Layer("ssh", "remote", target="db2")
    assert use_of(command("systemctl restart x", layers=(remote,))).elsewhere == "host db2"
    inside = Layer("docker", "container", target="web")
    assert use_of(command("service x restart", layers=(inside,))).elsewhere == "container web"
    assert use_of(command("systemctl -H db3 restart x")).elsewhere == "host db3"
    assert use_of(command("systemctl --root=/mnt enable x")).elsewhere == "root folder /mnt"


def test_scope_and_now() -> None:
    assert use_of(command("systemctl --user restart x")).scope == "user"
    assert use_of(command("supervisorctl stop web")).scope == "other"
    assert use_of(command("systemctl enable --now x")).starts
    assert use_of(command("systemctl disable --now x")).stops
    assert not use_of(command("systemctl enable x")).starts


def test_shared_units_and_roles() -> None:
    use = use_of(command("systemctl stop firewalld"))
    assert (use.impact, use.role) == ("firewall", "script")
    assert use_of(command("systemctl stop dten-core")).impact == ""
    assert use_of(command("service ssh stop", script="p.zip!/docs/x.sh")).role == "documentation"


def stops_of(*made: Command) -> list[UnitStop]:
    graph = package(*made)
    graph.add(uses.derive(graph, SITE))
    return list(stops.derive(graph, SITE))


@pytest.mark.parametrize(
    ("texts", "restarted", "retired"),
    [
        (["systemctl stop dten-core"], False, False),
        (["systemctl stop dten-core", "systemctl start dten-core"], True, False),
        (["service dten-core stop", "systemctl restart dten-core.service"], True, False),
        (["systemctl stop dten-core", "systemctl enable --now dten-core"], True, False),
        (["systemctl stop dten-core", "systemctl enable dten-core"], False, False),
        (["systemctl stop dten-core", "systemctl try-restart dten-core"], False, False),
        (["systemctl stop dten-core", "systemctl start dten-core.socket"], True, False),
        (["systemctl stop dten-core", "systemctl disable dten-core"], False, True),
        (["systemctl stop dten-core", "rm -f /etc/systemd/system/dten-core.service"], False, True),
    ],
)
def test_stops(texts: list[str], restarted: bool, retired: bool) -> None:
    found = stops_of(*(command(text, order=n) for n, text in enumerate(texts, start=1)))
    assert (found[0].restarted, found[0].retired) == (restarted, retired)


@pytest.mark.parametrize(
    "text", ['systemctl start "$UNIT"', "apt-get install -y x", "reboot", "systemctl $1 dten-core"]
)
def test_a_start_that_is_not_seen_leaves_it_open(text: str) -> None:
    found = stops_of(command("systemctl stop dten-core"), command(text, order=2))
    assert found[0].restarted == Unknown("package.value")


def file_facts(graph: Package, site: Estate = SITE) -> list[Fact]:
    for document in graph.documents.values():
        target = layout_target(document.path)
        if target:
            graph.installs.append(Install(document.id, target, Location(document.address)))
    graph.add(uses.derive(graph, site))
    return [*files.derive(graph, site), *dependencies.derive(graph, site)]


def test_dependencies() -> None:
    text = (
        "[Unit]\nRequires=dten-queue.service network-online.target\n"
        "After=dten-core.service dten-queue.service\n"
        "BindsTo=x@%i.service\nWants=\n[Install]\nWantedBy=multi-user.target\n"
    )
    graph = package(unit_file("systemd/dten.service", text))
    found = [fact for fact in file_facts(graph) if isinstance(fact, UnitDependency)]
    assert [(d.relation, d.unit, d.strength, d.present) for d in found] == [
        ("Requires", "dten-queue.service", "needs", False),
        ("Requires", "network-online.target", "needs", True),
        ("WantedBy", "multi-user.target", "wants", True),
        ("After", "dten-core.service", "order", True),
    ]
    assert found[0].at.line == 2


def test_a_timer_needs_its_service() -> None:
    timer = unit_file(
        "systemd/a.timer", "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n"
    )
    found = [f for f in file_facts(package(timer)) if isinstance(f, UnitDependency)]
    assert [(d.unit, d.present) for d in found] == [("timers.target", True), ("a.service", False)]
    both = package(timer, unit_file("systemd/a.service", UNIT))
    assert all(d.present for d in file_facts(both) if isinstance(d, UnitDependency))


@pytest.mark.parametrize(
    ("line", "shipped", "system"),
    [
        ("/opt/dten/bin/core --x", True, False),
        ("-@/opt/dten/bin/core core", True, False),
        ("/opt/dten/bin/gone", False, False),
        ("/usr/bin/env node", False, True),
        ("!!/usr/sbin/nginx", False, True),
    ],
)
def test_programs(line: str, shipped: bool, system: bool) -> None:
    file = unit_file("systemd/x.service", f"[Service]\nExecStart={line}\n")
    graph = package(file, documents=[info("payload/opt/dten/bin/core", "elf")])
    found = [fact for fact in file_facts(graph) if isinstance(fact, UnitProgram)]
    assert [(p.shipped, p.system) for p in found] == [(shipped, system)]


@pytest.mark.parametrize("line", ["%h/bin/x", "$X/bin", "bin/x", "${BIN}", ""])
def test_computed_programs_are_left_out(line: str) -> None:
    file = unit_file("systemd/x.service", f"[Service]\nExecStart={line}\n")
    assert not [fact for fact in file_facts(package(file)) if isinstance(fact, UnitProgram)]


def installs_of(graph: Package, site: Estate = SITE) -> list[UnitInstall]:
    return [fact for fact in file_facts(graph, site) if isinstance(fact, UnitInstall)]


def test_what_lands_over_a_unit_of_the_site() -> None:
    path = "etc/systemd/system/postgresql.service"
    found = installs_of(package(unit_file(path, "[Service]\nExecStart=/usr/bin/x\n")))
    assert [(i.target, i.present, i.own, i.administrator) for i in found] == [
        ("/" + path, True, False, True)
    ]
    drop_in = "etc/systemd/system/docker.service.d/proxy.conf"
    found = installs_of(package(unit_file(drop_in, "[Service]\nEnvironment=A=1\n")))
    assert [(i.drop_in, i.unit, i.impact, i.present) for i in found] == [
        (True, "docker.service", "containers", False)
    ]


@pytest.mark.parametrize(
    ("texts", "reloaded", "used"),
    [
        (["systemctl restart new"], False, True),
        (["systemctl daemon-reload", "systemctl restart new"], True, True),
        (["systemctl enable --now new"], True, True),
        (["echo done"], False, False),
    ],
)
def test_daemon_reload(texts: list[str], reloaded: bool, used: bool) -> None:
    commands = [command(text, order=n) for n, text in enumerate(texts, start=4)]
    graph = package(*commands, unit_file("systemd/new.service", UNIT))
    graph.installs.append(step(3))
    found = installs_of(graph)
    assert [(i.by_script, i.reloaded, i.used) for i in found] == [(True, reloaded, used)]


def test_a_reload_before_the_file_is_written_does_not_count() -> None:
    commands = [
        command("systemctl daemon-reload", order=1),
        command("systemctl start new", order=9),
    ]
    graph = package(*commands, unit_file("systemd/new.service", UNIT))
    graph.installs.append(step(3))
    assert not installs_of(graph)[0].reloaded
