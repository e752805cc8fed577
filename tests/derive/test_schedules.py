"""Schedules of small packages: each job once, where it lands, what it calls, what holds for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.derive.schedules.deriving import derive
from dten_audit.documents.document import DocumentInfo
from dten_audit.links.package import Install, Package
from dten_audit.model.facts.schedules import CronJob, Schedule
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate, Window
from dten_audit.site.site import RetiredHost, Site, UnitRecord
from tests.derive.trees import package_of

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = Window(datetime(2026, 11, 22, 1, 30, tzinfo=UTC), timedelta(hours=1))
SITE = Site(
    path="site.yaml",
    timezone="Europe/Berlin",
    complete=frozenset({"hosts"}),
    retired_hosts=(
        RetiredHost("sftp.old.example", "2025-11-01", "sftp2.example", "CHG-112", 7),
        RetiredHost("*.gone.example", line=8),
    ),
    allowed_hosts=("*.corp.example",),
)
CRON = "etc/cron.d/dten"


def schedules(
    tree: Mapping[str, str],
    site: Site = SITE,
    modes: Mapping[str, int] | None = None,
    window: Window | None = WINDOW,
) -> list[Schedule]:
    facts = derive(package_of(tree, modes), Estate(site, AT, window=window))
    return [fact for fact in facts if isinstance(fact, Schedule)]


def one(tree: Mapping[str, str], site: Site = SITE, **more: object) -> Schedule:
    (found,) = schedules(tree, site, **more)  # type: ignore[arg-type]
    return found


def line(text: str, site: Site = SITE) -> Schedule:
    """Return the schedule of one line of a table in /etc/cron.d."""
    return one({CRON: f"{text}\n"}, site)


def test_by_hand() -> None:
    info = DocumentInfo("p!/x", "p!/x", "x", "cron", 1, None, "")
    at = Location("p!/x", 1)
    job = CronJob(at, "p!/x", "x", "cron.d", "0 3 * * *", "root", "y", normal="0 3 * * *")
    package = Package([info], [job])
    package.installs.append(Install("p!/x", "/etc/cron.d/x", Location("p!/i.sh", 4), 2, "p!/i.sh"))
    (found,) = derive(package, Estate(SITE, AT, window=WINDOW))
    assert isinstance(found, Schedule)
    assert (found.kind, found.path_on_host) == ("file", "/etc/cron.d/x")
    assert found.installed_by == (Location("p!/i.sh", 4),)
    assert found.fires_in_window is True


def test_the_story() -> None:
    found = one(
        {
            f"payload/{CRON}": "# nightly\n"
            "0 3 * * * dten /opt/dten/bin/import >> /var/log/dten/import.log 2>&1\n",
            "payload/opt/dten/bin/import": "#!/bin/sh\nH=sftp.old.example\nsftp -b b feeds@$H:/o\n",
        }
    )
    assert (found.at.line, found.user, found.runs_as_root) == (2, "dten", False)
    assert found.next_fires[0] == "2026-11-22T03:00:00+01:00"
    assert (found.fires_in_window, found.window_fire) == (True, "2026-11-22 03:00 Europe/Berlin")
    assert (found.target, found.target_present) == ("/opt/dten/bin/import", True)
    assert found.hosts == ("sftp.old.example",)
    assert [place.line for place in found.calls_at] == [3]
    assert found.calls_retired is True
    assert found.calls_text == (
        "sftp.old.example (retired 2025-11-01, CHG-112, replaced by sftp2.example)"
    )
    assert found.retired_hosts[0].site_at == Location("site.yaml", 7)
    assert (found.log_path, found.log_rotated) == (
        "/var/log/dten/import.log",
        Unknown("site.logrotate"),
    )
    assert found.window_question == ""


@pytest.mark.parametrize(
    ("command", "hosts"),
    [
        (
            "rsync -a -e 'ssh -p 22' --delete u@a.example:/x b.example::m /srv/",
            "a.example b.example",
        ),
        ("scp -P 22 -i /k /tmp/x u@a.example:/y", "a.example"),
        ("curl -fsS -o /tmp/x https://u:p@a.example:8443/x?y", "a.example"),
        ("wget -q a.example/file -O /tmp/x", "a.example"),
        ("ssh -o BatchMode=yes -p 22 u@a.example uptime", "a.example"),
        ("mysql -h a.example -u x db", "a.example"),
        ("mysqldump --host=a.example db", "a.example"),
        ("psql 'postgresql://u@a.example/db' -c x", "a.example"),
        ("nc -w 3 a.example 25", "a.example"),
        ("lftp -u x,y sftp://a.example", "a.example"),
        ("smbclient //a.example/share -N", "a.example"),
        ("/opt/x --server=ftp://a.example/in", "a.example"),
        ("curl http://[2001:db8::1]:80/x", "2001:db8::1"),
        ("curl http://localhost:8080/health", ""),
        ("psql -h /var/run/postgresql db", ""),
        ("echo see https://a.example/x", ""),
        ("rsync -a /srv/a/ /srv/b/", ""),
        ("/opt/x # https://a.example/", ""),
    ],
)
def test_hosts(command: str, hosts: str) -> None:
    assert " ".join(line(f"0 3 * * * dten {command}").hosts) == hosts


@pytest.mark.parametrize(
    ("command", "retired"),
    [
        ("ssh sftp.old.example", True),
        ("ssh a.gone.example", True),
        ("ssh SFTP.OLD.example.", True),
        ("ssh sftp.old.example.corp.example", False),
        ("ssh a.corp.example", False),
        ("ssh notgone.example", False),
        ("ssh $TARGET", Unknown("package.value")),
    ],
)
def test_retired_hosts(command: str, retired: bool | Unknown) -> None:
    assert line(f"0 3 * * * dten {command}").calls_retired == retired


def test_hosts_without_a_complete_list_are_a_question() -> None:
    site = SITE._replace(complete=frozenset())
    assert line("0 3 * * * dten ssh other.example", site).calls_retired == Unknown("site.hosts")
    assert line("0 3 * * * dten ssh a.corp.example", site).calls_retired is False


def test_a_host_in_the_tables_settings() -> None:
    found = one({CRON: "SERVER=sftp.old.example\n0 3 * * * dten sftp feeds@$SERVER\n"})
    assert found.hosts == ("sftp.old.example",)


@pytest.mark.parametrize(
    ("command", "path", "silenced"),
    [
        ("/opt/x >> /var/log/x.log 2>&1", "/var/log/x.log", False),
        ("/opt/x &>> /var/log/x.log", "/var/log/x.log", False),
        ("/opt/x | tee -a /var/log/x.log", "/var/log/x.log", False),
        ("/opt/x > /var/log/x.log", "", False),
        ("/opt/x > /dev/null 2>&1", "", True),
        ("/opt/x &> /dev/null", "", True),
        ("/opt/x >/dev/null 2>/dev/null", "", True),
        ("/opt/x 2>&1 >/dev/null", "", False),
        ("/opt/x >/dev/null", "", False),
        ("/opt/x | logger -t x", "", False),
        ('echo ">> /var/log/x.log"', "", False),
    ],
)
def test_output(command: str, path: str, silenced: bool) -> None:
    found = line(f"0 3 * * * dten {command}")
    assert (found.log_path, found.silenced) == (path, silenced)


@pytest.mark.parametrize(
    ("command", "target", "guarded"),
    [
        ("/opt/x --all", "/opt/x", False),
        ("cd /tmp && /opt/x", "/opt/x", False),
        ("[ -x /opt/x ] && /opt/x", "/opt/x", True),
        ("test -x /opt/x && /opt/x -q", "/opt/x", True),
        ("/usr/bin/python3 -u /opt/x.py", "/opt/x.py", False),
        ("nice -n 10 /bin/sh /opt/x.sh", "/opt/x.sh", False),
        ("sh -c 'sleep 1'", "", False),
        ("java -jar /opt/x.jar", "/opt/x.jar", False),
        ("bin/x", "", False),
        ("cleanup", "", False),
    ],
)
def test_targets(command: str, target: str, guarded: bool) -> None:
    found = line(f"0 3 * * * dten {command}")
    assert (found.target, found.target_guarded) == (target, guarded)
    assert found.target_present == (Unknown("site.files") if target else True)


@pytest.mark.parametrize(
    "command", ["flock -n /run/x.lock /opt/x", "run-one /opt/x", "lockfile-create /x && /opt/x"]
)
def test_locks(command: str) -> None:
    assert line(f"* * * * * dten {command}").overlap_guard


def test_what_systemd_switches_off() -> None:
    text = "5 * * * * root [ -x /opt/x ] && if [ ! -d /run/systemd/system ]; then /opt/x; fi"
    assert line(text).enabled == Unknown("site.units")
    known = SITE._replace(units=(UnitRecord("ssh.service"),))
    assert (line(text, known).enabled, line(text, known).without_systemd) == (False, True)


@pytest.mark.parametrize(
    ("path", "mode", "role", "traps"),
    [
        ("etc/cron.d/dten", 0o644, "live", ()),
        ("etc/cron.d/dten.cron", 0o644, "live", ("name-ignored",)),
        ("etc/cron.d/dten.disabled", 0o644, "example", ("name-ignored",)),
        ("etc/cron.d/dten", 0o664, "live", ("writable-by-others",)),
        ("etc/crontab", 0o644, "live", ()),
        ("usr/share/doc/dten/cron.d/dten", 0o644, "documentation", ()),
        ("contrib/cron.d/dten", 0o644, "example", ()),
    ],
)
def test_where_a_table_lies(path: str, mode: int, role: str, traps: tuple[str, ...]) -> None:
    found = one({path: "0 3 * * * root x\n"}, modes={path: mode})
    assert (found.role, found.traps) == (role, traps)


def test_a_table_that_nothing_installs() -> None:
    found = one({"files/dten.cron": "0 3 * * * root /opt/x\n"})
    assert (found.enabled, found.path_on_host) == (Unknown("package.install"), "")


@pytest.mark.parametrize(("mode", "traps"), [(0o755, ()), (0o644, ("not-executable",)), (None, ())])
def test_run_parts(mode: int | None, traps: tuple[str, ...]) -> None:
    tree = {"etc/cron.daily/dten": "#!/bin/sh\nssh a.gone.example x\n"}
    found = one(tree, modes={} if mode is None else {"etc/cron.daily/dten": mode})
    assert (found.kind, found.expression, found.traps) == ("cron-script", "daily", traps)
    assert (found.hosts, found.calls_retired) == (("a.gone.example",), True)
    assert found.fires_in_window == Unknown("site.cron")


def test_an_hourly_script_runs_in_a_window_of_an_hour() -> None:
    assert one({"etc/cron.hourly/dten": "#!/bin/sh\nx\n"}).fires_in_window is True


def test_an_anacrontab() -> None:
    found = one({"etc/anacrontab": "7 15 dten.weekly /opt/dten/report\n"})
    assert (found.dialect, found.user, found.period_minutes) == ("anacrontab", "root", 7 * 1440)
    assert found.brief.endswith("every 7 days, 15 minutes after anacron starts")


WORDS = ["0", "3", "*", "*/5", "22-4", "L", "1#2", "$X", "root", "/opt/x", "@daily", "@reboot",
         "ssh", "a@b:c", ">>", "/var/log/x", "%", "\n", "A=b", "CRON_TZ=Mars/Base", "'",
         "\\"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=24))
@settings(max_examples=60)
def test_any_table_gives_schedules(words: list[str]) -> None:
    for found in schedules({CRON: " ".join(words)}):
        assert found.at.line
        assert found.brief
        assert isinstance(found.fires_in_window, Unknown) == bool(found.window_question) or (
            isinstance(found.enabled, Unknown)
        )


@pytest.mark.parametrize(
    ("install", "actor"),
    [
        ("echo done", "as the user whose crontab it becomes"),
        ("crontab conf/crontab", "as the user who runs the script"),
        ("crontab -u dten conf/crontab", "as dten"),
    ],
)
def test_whose_a_shipped_crontab_is(install: str, actor: str) -> None:
    tree = {"conf/crontab": "0 3 * * * /opt/dten/bin/rotate\n", "install.sh": f"{install}\n"}
    assert one(tree).actor == actor
