"""Tests, failures, calls and embedded texts of Windows scripts."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.general import Unreadable
from tests.derive.trees import package_of

ADMIN = """$me = [Security.Principal.WindowsPrincipal] $identity
$isAdmin = $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
"""


def command(path: str, text: str, program: str) -> Command:
    found = [c for c in package_of({path: text}).of(Command) if c.program == program]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "guards"),
    [
        ("if (Get-Service X -EA 0) { Stop-Service X }", [("unit-exists", "X", True)]),
        ("if (-not (Get-Service X)) { return }\nStop-Service X", [("unit-exists", "X", True)]),
        ("$s = Get-Service -Name 'X'\nif ($s) { Stop-Service X }", [("unit-exists", "X", True)]),
        ("$s = Get-Service X\nif ($null -eq $s) { } else { Stop-Service X }",
         [("unit-exists", "X", True)]),
        ("if (Test-Path 'C:\\X') { Stop-Service X }", [("path-exists", "C:\\X", True)]),
        ("if (!(Test-Path C:\\X)) { Stop-Service X }", [("path-exists", "C:\\X", False)]),
        ("if (Get-Command nssm) { Stop-Service X }", [("command-exists", "nssm", True)]),
        (f"{ADMIN}if (-not $isAdmin) {{ exit 1 }}\nStop-Service X", [("root-check", "root", True)]),
        (f"{ADMIN}if (!$isAdmin) {{ Stop-Service X }}", [("root-check", "root", False)]),
        ("#Requires -RunAsAdministrator\nStop-Service X", [("root-check", "root", True)]),
        ("if ($a -eq 1) { Stop-Service X }", [("other", "$a -eq 1", True)]),
        ("if (Test-IsAdmin) { Stop-Service X }", [("root-check", "root", True)]),
        ("if ($x) { } Stop-Service X", []),
    ],
)  # fmt: skip
def test_powershell_guards(text: str, guards: list[tuple[str, str, bool]]) -> None:
    found = command("a.ps1", text, "stop-service").guards
    assert [(guard.kind, guard.subject, guard.holds) for guard in found] == guards


@pytest.mark.parametrize(
    ("text", "guards"),
    [
        ("net session >nul 2>&1\nif %errorlevel% neq 0 exit /b 1\nsc stop X",
         [("root-check", "root", True)]),
        ("net session >nul 2>&1 || exit /b 1\nsc stop X", [("root-check", "root", True)]),
        ("fsutil dirty query %systemdrive% >nul\nif errorlevel 1 (exit /b)\nsc stop X",
         [("root-check", "root", True)]),
        ("net session >nul 2>&1\nif %errorLevel% == 0 (goto :go) else (exit /b)\n:go\nsc stop X",
         [("root-check", "root", True)]),
        ("sc query X >nul && sc stop X", [("unit-exists", "X", True)]),
        ("if exist C:\\X sc stop X", [("path-exists", "C:\\X", True)]),
        ("if not exist C:\\X sc stop X", [("path-exists", "C:\\X", False)]),
        ('if "%A%"=="1" sc stop X', [("other", "%A%==1", True)]),
        ("sc stop X", []),
    ],
)  # fmt: skip
def test_batch_guards(text: str, guards: list[tuple[str, str, bool]]) -> None:
    found = [c for c in package_of({"a.bat": text}).of(Command) if "stop" in c.arguments]
    assert [(g.kind, g.subject, g.holds) for g in found[-1].guards] == guards


@pytest.mark.parametrize(
    ("path", "text", "failure"),
    [
        ("a.ps1", "Stop-Service X", "default"),
        ("a.ps1", "$ErrorActionPreference = 'Stop'\nStop-Service X", "stops"),
        ("a.ps1", "Stop-Service X -ErrorAction SilentlyContinue", "ignored"),
        ("a.ps1", "Stop-Service X -EA 0", "ignored"),
        ("a.ps1", "try { Stop-Service X } catch { }", "ignored"),
        ("a.ps1", "try { Stop-Service X } catch { throw }", "stops"),
    ],
)
def test_failures(path: str, text: str, failure: str) -> None:
    assert command(path, text, "stop-service").failure == failure


@pytest.mark.parametrize(
    ("text", "failure"),
    [("sc stop X || exit /b 1", "stops"), ("sc stop X || echo no", "ignored"),
     ("sc stop X", "default")],
)  # fmt: skip
def test_batch_failures(text: str, failure: str) -> None:
    assert command("a.bat", text, "sc").failure == failure


def test_a_call_site_is_the_place_of_what_needs_its_parameters() -> None:
    text = "function Stop-It($n) {\n  Stop-Service $n\n}\nStop-It DtenCore\n"
    found = command("a.ps1", text, "stop-service")
    assert (found.at.line, found.function) == (4, "stop-it")
    assert [place.line for place in found.via] == [2]


def test_lines_of_texts_are_those_of_the_script() -> None:
    tree = {"a.ps1": "$x = 1\n@'\n@echo off\nsc stop X\n'@ | Set-Content C:\\x.cmd\n"}
    assert command("a.ps1", tree["a.ps1"], "sc").at.line == 4
    text = "@echo off\n(\n echo @echo off\n echo sc stop X\n) > x.cmd\n"
    assert command("a.bat", text, "sc").at.line == 4


def test_scripts_are_linked() -> None:
    package = package_of({
        "setup/install.bat": '@call "%~dp0lib\\one.bat" x\n'
        'powershell -File "%~dp0Two.ps1" -x\nsqlcmd -S . -i sql\\up.sql\n',
        "setup/lib/one.bat": "sc stop X\n",
        "setup/Two.ps1": '& "$PSScriptRoot\\lib\\three.ps1"\n. (Join-Path $PSScriptRoot four.ps1)',
        "setup/lib/three.ps1": "Stop-Service X\n",
        "setup/four.ps1": "",
        "setup/sql/up.sql": "DROP TABLE a;\n",
    })  # fmt: skip
    called = {name.rpartition("/")[2] for name, calls in package.calls.items() if calls}
    assert called >= {"one.bat", "Two.ps1", "three.ps1", "up.sql"}


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.ps1", "Stop-Service X\nif ($a) {\n", 2),
        ("a.ps1", "Stop-Service X\n$a = 'b\n", 2),
        ("a.ps1", "@'\nabc\n", 1),
        ("a.ps1", "powershell -enc QQ\n", 1),
        ("a.bat", "if a==b (\nsc stop X\n", 1),
    ],
)
def test_what_is_not_understood_is_said(path: str, text: str, line: int) -> None:
    found = package_of({path: text}).of(Unreadable)
    assert [gap.at.line for gap in found] == [line]
