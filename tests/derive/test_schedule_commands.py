"""Schedules that scripts set up: crontab, at, systemd-run, files in cron's folders, timers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from dten_audit.derive.schedules.building import TOO_MANY_JOBS
from dten_audit.derive.schedules.crontab_calls import CrontabCall, read_call
from dten_audit.derive.schedules.deriving import derive
from dten_audit.derive.schedules.scripts import TOO_MANY
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import Schedule
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate, Window
from dten_audit.site.site import Site
from tests.derive.trees import package_of

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = Window(datetime(2026, 11, 22, 1, 30, tzinfo=UTC), timedelta(hours=1))
ESTATE = Estate(Site(timezone="Europe/Berlin"), AT, window=WINDOW)
INSTALL = "bin/install.sh"


def schedules(tree: Mapping[str, str]) -> list[Schedule]:
    facts = derive(package_of(tree), ESTATE)
    return [fact for fact in facts if isinstance(fact, Schedule)]


def script(text: str, **tree: str) -> list[Schedule]:
    return schedules({INSTALL: f"#!/bin/sh\n{text}\n", **tree})


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ("-", CrontabCall("install", "", "-")),
        ("/tmp/x", CrontabCall("install", "", "/tmp/x")),
        ("-u dten /tmp/x", CrontabCall("install", "dten", "/tmp/x")),
        ("-udten -", CrontabCall("install", "dten", "-")),
        ("-l -u dten", CrontabCall("list", "dten", "")),
        ("-ru dten", CrontabCall("remove", "dten", "")),
        ("-ir", CrontabCall("remove", "", "")),
        ("-e", CrontabCall("edit", "", "")),
        ("-n /tmp/x", CrontabCall("check", "", "/tmp/x")),
        ("", CrontabCall("install", "", "")),
    ],
)
def test_calls_of_crontab(arguments: str, call: CrontabCall) -> None:
    assert read_call(arguments.split()) == call


JOB = "0 3 * * * /opt/x"


@pytest.mark.parametrize(
    ("text", "user", "replaces"),
    [
        (f"crontab - <<E\n{JOB}\nE", "", True),
        (f"crontab -u dten - <<'E'\n# x\n{JOB}\nE", "dten", True),
        (f"echo '{JOB}' | crontab -", "", True),
        (f"printf '%s\\n' '{JOB}' | sudo crontab -", "root", True),
        (f"crontab - <<< '{JOB}'", "", True),
        (f"(crontab -l; echo '{JOB}') | crontab -", "", False),
        (f"{{ crontab -l 2>/dev/null; echo '{JOB}'; }} | sudo -u dten crontab -", "dten", False),
        (f"crontab -l > /tmp/c\necho '{JOB}' >> /tmp/c\ncrontab /tmp/c", "", False),
        (f"cat > /tmp/c <<E\n{JOB}\nE\ncrontab -u root /tmp/c", "root", True),
    ],
)
def test_a_line_that_a_script_installs(text: str, user: str, replaces: bool) -> None:
    (found,) = script(text)
    assert (found.kind, found.expression, found.command) == (
        "crontab-command", "0 3 * * *", "/opt/x",
    )  # fmt: skip
    assert (found.user, found.replaces, found.certainty) == (user, replaces, "exact")
    assert found.fires_in_window is True


@pytest.mark.parametrize(
    "text",
    [
        "crontab -l",
        "crontab -l -u dten | grep -q x || echo 'run crontab -'",
        "crontab -l | grep -v /opt/x | crontab -",
        "# echo '0 3 * * * x' | crontab -",
        "mv /etc/cron.d/dten /etc/cron.d/dten.disabled",
        "rm -f /etc/cron.d/dten",
        "ln -sf /dev/null /etc/cron.d/dten",
        "echo 'at 03:00 run crontab /tmp/x'",
        "atq; at -l",
        "systemd-run --scope /opt/x",
        "systemctl enable --now other.timer",
    ],
)
def test_what_sets_nothing_up(text: str) -> None:
    assert not script(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("crontab -r", "the crontab of the user who runs the script"),
        ("sudo crontab -u dten -r", "the crontab of dten"),
        ("crontab /dev/null", "the crontab of the user who runs the script"),
        ("crontab - < /dev/null", "the crontab of the user who runs the script"),
        ("ssh db1.example crontab -u dten -r", "the crontab of dten on db1.example"),
    ],
)
def test_crontabs_that_are_deleted(text: str, place: str) -> None:
    (found,) = script(text)
    assert (found.kind, found.place, found.certainty) == ("crontab-wipe", place, "exact")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/opt/dten/ctl cron | crontab -u dten -", "/var/spool/cron/crontabs/dten"),
        ("crontab -u dten /opt/dten/none.cron", "/var/spool/cron/crontabs/dten"),
        ("envsubst < /opt/dten/x.tmpl > /etc/cron.d/dten", "/etc/cron.d/dten"),
        ("sed -i s/3/4/ /etc/cron.d/dten", "/etc/cron.d/dten"),
        ("cp /opt/dten/none.cron /etc/cron.d/dten", "/etc/cron.d/dten"),
        ("curl -fsS https://a.example/x | tee /etc/cron.d/dten", "/etc/cron.d/dten"),
        ("crontab -e", ""),
    ],
)
def test_tables_that_are_not_seen(text: str, path: str) -> None:
    (found,) = script(text)
    assert (found.kind, found.certainty, found.path_on_host) == (
        "crontab-command", "computed", path,
    )  # fmt: skip


def test_a_line_with_computed_times() -> None:
    (found,) = script('M=$((RANDOM % 60))\necho "$M 3 * * * root /opt/x" > /etc/cron.d/dten')
    assert (found.certainty, found.fires_in_window) == ("computed", Unknown("package.value"))
    assert found.command == "/opt/x"


@pytest.mark.parametrize(
    "text",
    [
        "crontab -u dten files/dten.cron",
        "crontab -u dten - < files/dten.cron",
        "install -m 600 files/dten.cron /var/spool/cron/crontabs/dten",
    ],
)
def test_a_shipped_table_is_one_schedule(text: str) -> None:
    (found,) = script(text, **{"files/dten.cron": f"{JOB}\n"})
    assert (found.kind, found.at.line, found.user) == ("file", 1, "dten")
    assert found.path_on_host == "/var/spool/cron/crontabs/dten"
    assert [place.line for place in found.installed_by] == [2]
    assert found.enabled is True


@pytest.mark.parametrize("name", ["files/dten.cron", "files/jobs.txt"])
def test_where_it_lands_decides_how_it_is_read(name: str) -> None:
    text = f"install -m 644 {name} /etc/cron.d/dten"
    (found,) = script(text, **{name: "0 3 * * * nightly run-import --all\n"})
    assert (found.dialect, found.user, found.command) == ("cron.d", "nightly", "run-import --all")
    assert found.path_on_host == "/etc/cron.d/dten"


def test_a_loop_over_tables() -> None:
    text = 'for f in etc/cron.d/*; do\n  install "$f" "/etc/cron.d/$(basename "$f")"\ndone'
    table = "0 3 * * * root x\n"
    for tree in ({"etc/cron.d/dten": table}, {"etc/cron.d/dten": table, "etc/cron.d/two": "#\n"}):
        (found,) = script(text, **tree)
        assert (found.path_on_host, found.traps) == ("/etc/cron.d/dten", ())
        assert [place.line for place in found.installed_by] == [3]


def test_a_script_that_is_copied_to_cron_daily() -> None:
    found = script(
        "install -m 755 files/x.sh /etc/cron.daily/x", **{"files/x.sh": "#!/bin/sh\ny\n"}
    )
    assert [(s.kind, s.path_on_host, len(s.installed_by)) for s in found] == [
        ("cron-script", "/etc/cron.daily/x", 1)
    ]


def test_a_script_that_is_written_to_cron_daily() -> None:
    found = script("cat > /etc/cron.daily/x <<'E'\n#!/bin/sh\nsh -c 'ssh a.example y'\nE")
    assert [(s.kind, s.hosts) for s in found] == [("cron-script", ("a.example",))]


@pytest.mark.parametrize(
    ("text", "command", "inside"),
    [
        ("echo '/opt/x --all' | at now + 10 minutes", "/opt/x --all", True),
        ("at now <<E\n/opt/x\nE", "/opt/x", True),
        ("at 04:30 <<E\n/opt/x\nE", "/opt/x", False),
        ("batch <<E\n/opt/x\nE", "/opt/x", Unknown("package.value")),
        ("at -f bin/later.sh 03:00", "/opt/later", True),
        ('echo "$(command -v dten) run $1" | at now', "dten run $1", True),
    ],
)
def test_at(text: str, command: str, inside: bool | Unknown) -> None:
    (found,) = script(text, **{"bin/later.sh": "#!/bin/sh\n/opt/later\n"})
    assert (found.kind, found.command, found.fires_in_window) == ("at-command", command, inside)


@pytest.mark.parametrize(
    ("options", "inside", "place"),
    [
        ("--on-calendar='*-*-* 03:00'", True, "a transient timer"),
        ("--on-calendar '*-*-* 05:00' --unit=x", False, "x.timer"),
        ("--on-active=30m --unit x.service", True, "x.timer"),
        ("--on-active=2h", False, "a transient timer"),
        ("--on-boot=5min", False, "a transient timer"),
        ("--on-calendar=someday", Unknown("package.value"), "a transient timer"),
    ],
)
def test_systemd_run(options: str, inside: bool | Unknown, place: str) -> None:
    (found,) = script(f"systemd-run {options} --uid=dten /opt/x --all")
    assert (found.kind, found.command, found.user) == ("systemd-run", "/opt/x --all", "dten")
    assert (found.fires_in_window, found.place) == (inside, place)


def timer(text: str, service: str = "", **tree: str) -> Schedule:
    units = {"lib/systemd/system/x.timer": f"[Timer]\n{text}\n"}
    if service:
        units["lib/systemd/system/x.service"] = f"[Service]\n{service}\n"
    (found,) = schedules({**units, **tree})
    return found


@pytest.mark.parametrize(
    ("text", "inside", "never", "boot"),
    [
        ("OnCalendar=*-*-* 03:00:00", True, False, False),
        ("OnCalendar=05:15", False, False, False),
        ("OnCalendar=05:15\nOnCalendar=03:15", True, False, False),
        ("OnCalendar=05:15\nOnCalendar=\nOnCalendar=06:15", False, False, False),
        ("OnCalendar=2020-01-01", False, True, False),
        ("OnCalendar=whenever", Unknown("package.value"), False, False),
        ("OnCalendar=03:00 America/New_York", False, False, False),
        ("OnCalendar=02:00\nRandomizedDelaySec=1h", Unknown("package.value"), False, False),
        ("OnCalendar=03:00\nRandomizedDelaySec=5min", True, False, False),
        ("OnCalendar=05:00\nRandomizedDelaySec=5min", False, False, False),
        ("OnBootSec=5min", False, False, True),
        ("OnBootSec=5min\nOnUnitActiveSec=15min", True, False, False),
        ("OnUnitActiveSec=1d", False, False, False),
    ],
)
def test_timers(text: str, inside: bool | Unknown, never: bool, boot: bool) -> None:
    found = timer(text)
    assert found.fires_in_window == inside
    assert (found.never_fires, found.at_boot) == (never, boot)
    assert found.enabled == Unknown("package.install")


def test_the_service_of_a_timer() -> None:
    found = timer(
        "OnCalendar=daily\nPersistent=true",
        "User=dten\nExecStart=-/bin/sh -c 'curl -fsS https://a.example/x'\n"
        "StandardOutput=append:/var/log/x.log",
    )
    assert (found.user, found.hosts, found.persistent) == ("dten", ("a.example",), True)
    assert (found.log_path, found.log_rotated) == ("/var/log/x.log", Unknown("site.logrotate"))
    assert "makes up for missed runs" in found.summary


def test_a_timer_follows_its_service_into_a_shipped_script() -> None:
    found = timer(
        "OnCalendar=daily",
        "ExecStart=/opt/dten/import --all",
        **{"opt/dten/import": "#!/bin/sh\nscp x u@a.example:/y\n"},
    )
    assert (found.target, found.target_present) == ("/opt/dten/import", True)
    assert (found.hosts, found.runs_as_root) == (("a.example",), True)


@pytest.mark.parametrize(
    ("command", "inside"),
    [
        ("systemctl enable --now x.timer", True),
        ("systemctl start x.timer", True),
        ("systemctl enable x.timer", False),
    ],
)
def test_a_timer_from_boot_runs_at_once_when_it_is_started(command: str, inside: bool) -> None:
    found = timer("OnBootSec=5min", **{INSTALL: f"#!/bin/sh\n{command}\n"})
    assert (found.enabled, found.fires_in_window) == (True, inside)
    assert [place.line for place in found.installed_by] == [2]


def test_a_shipped_link_enables_a_timer() -> None:
    link = "etc/systemd/system/timers.target.wants/x.timer"
    found = schedules({"lib/systemd/system/x.timer": "[Timer]\nOnCalendar=daily\n", link: ""})
    assert [s.enabled for s in found if s.at.path.endswith("system/x.timer")] == [True]


def test_a_timer_may_start_a_target_and_need_conditions() -> None:
    unit = "[Unit]\nConditionPathExists=/run/x\nRequisite=gpsd.service\n[Timer]\nOnBootSec=5min\n"
    found = timer("", **{
        "lib/systemd/system/x.timer": f"{unit}Unit=x.target\n",
        INSTALL: "#!/bin/sh\nsystemctl start x.timer\n",
    })  # fmt: skip
    needs = "ConditionPathExists=/run/x, Requisite=gpsd.service"
    assert (found.starts, found.only_where) == ("x.target", needs)
    assert found.brief == f"starts x.target; at every boot; only with {needs}"
    assert found.fires_in_window is False


def test_a_timer_that_was_enabled_before_stays_so() -> None:
    known = "deb-systemd-helper debian-installed x.timer"
    lines = f"if {known}; then\n  deb-systemd-helper enable x.timer\nfi\n"
    found = timer("OnCalendar=daily", **{INSTALL: f"#!/bin/sh\n{lines}"})
    assert isinstance(found.enabled, Unknown)
    assert found.brief.endswith("nothing here enables it")


def test_of_one_file_so_many_texts_of_jobs_are_read_and_the_rest_is_said() -> None:
    lines = "".join(f"systemd-run --on-active=5 /opt/dten/{n}\n" for n in range(600))
    facts = list(derive(package_of({INSTALL: f"#!/bin/sh\n{lines}"}), ESTATE))
    jobs = [fact for fact in facts if isinstance(fact, Schedule)]
    assert [job.program for job in jobs].count("") == 100
    (told,) = [fact for fact in facts if isinstance(fact, Unreadable)]
    assert (told.reason, told.at.line) == (TOO_MANY, 502)


def test_of_one_script_so_many_commands_that_set_up_jobs_are_told_and_the_rest_is_said() -> None:
    lines = "".join(f"cp /srv/{n} /etc/cron.d/a{n}\n" for n in range(2050))
    facts = list(derive(package_of({INSTALL: f"#!/bin/sh\n{lines}"}), ESTATE))
    assert sum(isinstance(fact, Schedule) for fact in facts) == 2000
    (told,) = [fact for fact in facts if isinstance(fact, Unreadable)]
    assert (told.reason, told.at.line) == (TOO_MANY_JOBS, 2002)
