"""Tasks, services and rights of Windows: what is derived from commands and files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dten_audit.derive.deriving import derive
from dten_audit.derive.registry import DERIVERS
from dten_audit.links.package import Package
from dten_audit.model.facts.privilege import AdminGrant
from dten_audit.model.facts.schedules import Schedule
from dten_audit.model.facts.units import UnitStop, UnitUse
from dten_audit.model.facts.windows import Elevation
from dten_audit.model.unknown import Unknown
from dten_audit.readers.windows.clock import clock, minutes, weekday
from dten_audit.site.estate import Estate, Window
from dten_audit.site.site import Site, UnitRecord
from tests.derive.trees import package_of

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)  # a Saturday
WINDOW = Window(datetime(2026, 11, 22, 2, tzinfo=UTC), timedelta(hours=2))


def audited(tree: dict[str, str], site: Site | None = None) -> Package:
    package = package_of(tree)
    estate = Estate(site or Site(timezone="UTC"), at=AT, window=WINDOW)
    wanted = ("schedules", "services of Windows", "unit stops", "rights on Windows")
    derive(package, estate, [d for d in DERIVERS if d.name in wanted])
    return package


def task(text: str, path: str = "setup/install.bat") -> Schedule:
    found = audited({path: text}).of(Schedule)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("options", "fires", "inside"),
    [
        ("/sc daily /st 03:00", ["2026-11-21T03:00:00+00:00", "2026-11-22T03:00:00+00:00"], True),
        ("/sc daily /st 05:00", ["2026-11-21T05:00:00+00:00", "2026-11-22T05:00:00+00:00"], False),
        ("/sc weekly /d MON,SUN /st 02:30",
         ["2026-11-22T02:30:00+00:00", "2026-11-23T02:30:00+00:00"], True),
        ("/sc weekly /d TUE /st 02:30",
         ["2026-11-24T02:30:00+00:00", "2026-12-01T02:30:00+00:00"], False),
        ("/sc monthly /d 15 /st 01:00",
         ["2026-12-15T01:00:00+00:00", "2027-01-15T01:00:00+00:00"], False),
        ("/sc monthly /mo LASTDAY /m * /st 01:00",
         ["2026-11-30T01:00:00+00:00", "2026-12-31T01:00:00+00:00"], False),
        ("/sc monthly /mo SECOND /d SUN /st 01:00",
         ["2026-12-13T01:00:00+00:00", "2027-01-10T01:00:00+00:00"], False),
        ("/sc minute /mo 15", ["2026-11-21T03:00:00+00:00", "2026-11-21T03:15:00+00:00"], True),
        ("/sc hourly /mo 6 /st 00:10",
         ["2026-11-21T06:10:00+00:00", "2026-11-21T12:10:00+00:00"], False),
        ("/sc onstart", [], False),
        ("/sc onlogon", [], False),
    ],
)  # fmt: skip
def test_times_of_schtasks(options: str, fires: list[str], *, inside: bool) -> None:
    found = task(f"schtasks /create /tn DTEN /tr C:\\x.exe {options} /ru SYSTEM /f")
    assert list(found.next_fires[:2]) == fires
    assert found.fires_in_window is inside
    assert (found.user, found.kind) == ("SYSTEM", "windows-task")


def test_a_time_that_is_not_told_is_a_question() -> None:
    found = task("schtasks /create /tn DTEN /tr C:\\x.exe /sc daily /mo 3 /st 03:00")
    assert isinstance(found.fires_in_window, Unknown)
    found = task("schtasks /create /tn DTEN /tr C:\\x.exe /sc daily /st %TIME_OF_DAY%")
    assert isinstance(found.fires_in_window, Unknown)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("-Daily -At 3am", "2026-11-21T03:00:00+00:00"),
        ("-Daily -At '04:30'", "2026-11-21T04:30:00+00:00"),
        ("-Weekly -DaysOfWeek Monday, Sunday -At 2am", "2026-11-22T02:00:00+00:00"),
        ("-Once -At '2026-11-25T01:00:00'", "2026-11-25T01:00:00+00:00"),
    ],
)
def test_times_of_powershell(trigger: str, expected: str) -> None:
    text = (
        "$a = New-ScheduledTaskAction -Execute 'C:\\x.exe' -Argument '-q'\n"
        f"$t = New-ScheduledTaskTrigger {trigger}\n"
        "$p = New-ScheduledTaskPrincipal -UserId 'NT AUTHORITY\\SYSTEM' -RunLevel Highest\n"
        "$task = New-ScheduledTask -Action $a -Trigger $t -Principal $p\n"
        "Register-ScheduledTask -TaskName DTEN -InputObject $task\n"
    )
    found = task(text, "setup/Install.ps1")
    assert found.next_fires[0] == expected
    assert (found.user, found.command, found.at.line) == ("SYSTEM", "C:\\x.exe -q", 5)


def test_a_task_calls_what_its_script_calls() -> None:
    package = audited({
        "setup/i.bat": 'schtasks /create /tn D /tr "powershell -File C:\\d\\s.ps1" /sc onstart',
        "d/s.ps1": "ssh root@db.example.com uptime\n",
    })  # fmt: skip
    assert package.of(Schedule)[0].hosts == ("db.example.com",)


SITE = Site(
    complete=frozenset(("units",)),
    units=(UnitRecord("DtenCore", manager="windows"), UnitRecord("ssh.service")),
)


@pytest.mark.parametrize(
    ("text", "verb", "unit", "present"),
    [
        ("net stop dtencore", "stop", "dtencore", True),
        ("net stop Dten Old", "stop", "Dten Old", False),
        ("sc config DtenCore start= disabled", "disable", "DtenCore", True),
        ("sc config DtenCore start=auto", "enable", "DtenCore", True),
        ("nssm restart DtenCore", "restart", "DtenCore", True),
        ("wmic service where name='DtenOld' call stopservice", "stop", "DtenOld", False),
        ("net start Spooler", "start", "Spooler", True),
        ("iisreset /noforce", "restart", "W3SVC", False),
        ("powershell Set-Service DtenCore -StartupType Disabled", "disable", "DtenCore", True),
        ('powershell -c "Get-Service DtenOld | Stop-Service"', "stop", "DtenOld", False),
    ],
)  # fmt: skip
def test_services(text: str, verb: str, unit: str, *, present: bool) -> None:
    found = audited({"a.bat": text}, SITE).of(UnitUse)
    assert [(use.verb, use.unit, use.present) for use in found] == [(verb, unit, present)]
    asked = audited({"a.bat": text}).of(UnitUse)[0].present
    assert asked is True or isinstance(asked, Unknown)


@pytest.mark.parametrize(
    "text",
    ["net start", "net use z: \\\\a\\b", "sc query X", "sc failure X reset= 0", "net stop",
     "net user x /add", "sc config X obj= LocalSystem", "iisreset /status", "nssm status X"],
)  # fmt: skip
def test_no_services(text: str) -> None:
    assert not audited({"a.bat": text}).of(UnitUse)


def test_a_stopped_service_that_is_started_again() -> None:
    found = audited({"a.bat": "net stop A\nnet stop B\nsc start A\n"}).of(UnitStop)
    assert [(stop.unit, stop.restarted) for stop in found] == [("A", True), ("B", False)]


@pytest.mark.parametrize(
    ("text", "how", "system"),
    [
        ("runas /user:x cmd", "runas", False),
        ("runas /savecred /user:x cmd", "saved-password", False),
        ("powershell Set-ExecutionPolicy Bypass", "policy", False),
        ("takeown /f C:\\Windows\\x", "ownership", True),
        ("icacls C:\\Windows\\x /grant Everyone:(F)", "access", True),
        ("icacls C:\\d /grant *S-1-1-0:(OI)(CI)M", "access", False),
    ],
)
def test_rights(text: str, how: str, *, system: bool) -> None:
    found = audited({"a.bat": text}).of(Elevation)
    assert [(fact.how, fact.system) for fact in found] == [(how, system)]


@pytest.mark.parametrize(
    ("text", "who"),
    [("net localgroup Administrators svc /add", ["svc"]),
     ("net localgroup Users svc /add", []),
     ("net localgroup Administrators svc /delete", []),
     ("powershell Add-LocalGroupMember -Group Administrators -Member svc", ["svc"])],
)  # fmt: skip
def test_administrators(text: str, who: list[str]) -> None:
    assert [grant.who for grant in audited({"a.bat": text}).of(AdminGrant)] == who


def test_clocks_days_and_spans() -> None:
    assert clock("3:30 PM") == ("15:30", "")
    assert clock("2026-01-02T04:05:06") == ("04:05", "2026-01-02")
    assert clock("25:00") == clock("soon") == ("", "")
    assert (weekday("Mon"), weekday("Th"), weekday("x")) == (0, 3, None)
    assert (minutes("PT5M"), minutes("P1DT1H"), minutes("01:30:00"), minutes("")) == (
        5,
        1500,
        90,
        0,
    )
