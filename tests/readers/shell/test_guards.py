"""Tests that must hold for a command to run, and what becomes of its failure."""

from __future__ import annotations

import pytest

from tests.readers.shell.helpers import commands

ROOT = ("root-check", "root", True)
NOT_ROOT = ("root-check", "root", False)

# each script runs `rm x` once; its guards
GUARDS = [
    ("rm x", []),
    ("if command -v sudo >/dev/null 2>&1; then rm x; fi", [("command-exists", "sudo", True)]),
    ("if ! which sudo; then rm x; fi", [("command-exists", "sudo", False)]),
    ("if ! which sudo; then :; else rm x; fi", [("command-exists", "sudo", True)]),
    ("type -p crontab && rm x", [("command-exists", "crontab", True)]),
    ("hash crontab || rm x", [("command-exists", "crontab", False)]),
    ('[ -x "$(command -v systemctl)" ] && rm x', [("command-exists", "systemctl", True)]),
    ('[ -n "`which systemctl`" ] && rm x', [("command-exists", "systemctl", True)]),
    (
        'if [ -z "$(which systemctl)" ]; then exit 0; fi\nrm x',
        [("command-exists", "systemctl", True)],
    ),
    ('[ "$(id -u)" -eq 0 ] && rm x', [ROOT]),
    ("[ `id -u` = 0 ] || exit 1\nrm x", [ROOT]),
    ("if [[ $EUID -ne 0 ]]; then echo no; exit 1; fi\nrm x", [ROOT]),
    ("if (( EUID != 0 )); then exit 1; fi\nrm x", [ROOT]),
    ("if test `whoami` != root; then echo; exit 1\nfi\nrm x", [ROOT]),
    ('if [ "$USER" = "root" ]; then exit 1; fi\nrm x', [NOT_ROOT]),
    ("U=$(id -u)\nif [ $U -ne 0 ]; then rm x; fi", [NOT_ROOT]),
    ('[ "${EUID:-$(id -u)}" -ne 0 ] && die "root"\nrm x', [ROOT]),
    ('set -e\n[ "$(id -u)" -eq 0 ]\nrm x', [ROOT]),
    ("set -e\ncommand -v psql >/dev/null\nrm x", [("command-exists", "psql", True)]),
    ("systemctl cat app.service >/dev/null 2>&1 && rm x", [("unit-exists", "app.service", True)]),
    (
        "if systemctl list-unit-files | grep -q '^app\\.service'; then rm x; fi",
        [("unit-exists", "app.service", True)],
    ),
    ("if systemctl is-active --quiet app; then rm x; fi", [("unit-exists", "app", True)]),
    ("if systemctl status app | grep running; then rm x; fi", [("unit-exists", "app", True)]),
    (
        "systemctl list-unit-files | grep -q '^bar\\.service$' && rm x",
        [("unit-exists", "bar.service", True)],
    ),
    (
        'if [ -n "$(systemctl list-units --all | grep -w bar.service)" ]; then rm x; fi',
        [("unit-exists", "bar.service", True)],
    ),
    (
        'if [ -z "$(systemctl list-unit-files | grep bar | head -1)" ]; then rm x; fi',
        [("unit-exists", "bar", False)],
    ),
    ("id -u | grep -qx 0 && rm x", [ROOT]),
    ("case $(id -u) in 0) rm x;; esac", [ROOT]),
    ("case $(id -u) in 0) ;; *) echo no; exit 1;; esac\nrm x", [ROOT]),
    ("case `whoami` in root) :;; *) exit 1;; esac\nrm x", [ROOT]),
    ("[ -x /usr/sbin/app ] && rm x", [("path-exists", "/usr/sbin/app", True)]),
    ("if [ ! -f /etc/app ]; then rm x; fi", [("path-exists", "/etc/app", False)]),
    (
        "test -d /opt/a -a -d /opt/b && rm x",
        [("path-exists", "/opt/a", True), ("path-exists", "/opt/b", True)],
    ),
    ("[[ -f /a && ! -f /b ]] && rm x", [("path-exists", "/a", True), ("path-exists", "/b", False)]),
    ("[ -f /a ] && [ -f /b ] && rm x", [("path-exists", "/a", True), ("path-exists", "/b", True)]),
    ("[ -f /a ] || [ -f /b ] || exit 1\nrm x", []),
    (
        "if [ -f /a ] || [ -f /b ]; then exit 1; fi\nrm x",
        [("path-exists", "/a", False), ("path-exists", "/b", False)],
    ),
    ("[ -d /run/systemd/system ] && rm x", [("systemd-running", "", True)]),
    ('if [ "$(ps -p 1 -o comm=)" = systemd ]; then rm x; fi', [("systemd-running", "", True)]),
    (
        "[ -f /etc/systemd/system/app.service ] && rm x",
        [
            ("path-exists", "/etc/systemd/system/app.service", True),
            ("unit-exists", "app.service", True),
        ],
    ),
    ("if grep -q a /b; then rm x; fi", [("other", "grep -q a /b", True)]),
    ("mkdir /a && rm x", []),
    ("case $1 in configure) rm x ;; esac", [("other", "$1 in configure", True)]),
    ("[ -f /a ] && { rm x; }", [("path-exists", "/a", True)]),
    ("while [ -f /a ]; do rm x; done", [("path-exists", "/a", True)]),
    ("until [ -f /a ]; do rm x; done", [("path-exists", "/a", False)]),
    ("( [ -f /a ] || exit 1 )\nrm x", []),
    ("for i in 1; do [ -f /a ] || continue; rm x; done", [("path-exists", "/a", True)]),
    ("for i in 1; do [ -f /a ] || continue; done\nrm x", []),
    ('P=$(command -v psql)\n[ -n "$P" ] || exit 1\nrm x', [("command-exists", "psql", True)]),
    ('[ $EUID -eq 0 ] || exec sudo "$0" "$@"\nrm x', [ROOT]),
    # through functions
    ('require_root() { [ "$(id -u)" -eq 0 ] || exit 1; }\nrequire_root\nrm x', [ROOT]),
    (
        "need() {\n  if [ $EUID -ne 0 ]; then\n    echo root\n    exit 1\n  fi\n}\nneed\nrm x",
        [ROOT],
    ),
    ("need() { [ $EUID -eq 0 ] || return 1; }\nneed\nrm x", []),
    ("is_root() { [ $EUID -eq 0 ]; }\nis_root || exit 1\nrm x", [ROOT]),
    (
        "r() { if [ $EUID -eq 0 ]; then return 0; else return 1; fi; }\nif r; then rm x; fi",
        [ROOT],
    ),
    ("is_root() { [ $EUID -eq 0 ] || return 1; return 0; }\nis_root && rm x", [ROOT]),
    ("is_root() { [ $EUID -eq 0 ] && return 0; return 1; }\nis_root && rm x", [ROOT]),
    (
        'has() { command -v "$1" >/dev/null 2>&1; }\nhas sudo && rm x',
        [("command-exists", "sudo", True)],
    ),
    ('die() { echo "$@" >&2; exit 1; }\n[ -f /a ] || die no\nrm x', [("path-exists", "/a", True)]),
    ("[ -f /a ] || die no\nrm x", [("path-exists", "/a", True)]),
    ("[ -f /a ] || log no\nrm x", []),
    ("f() { rm x; }\nif [ -f /a ]; then f; fi", [("path-exists", "/a", True)]),
    ("f() { rm x; }\nif [ -f /a ]; then f; fi\nf", []),
]


@pytest.mark.parametrize(("script", "expected"), GUARDS)
def test_guards(script: str, expected: list[tuple[str, str, bool]]) -> None:
    (command,) = (c for c in commands(script) if c.program == "rm" and c.called)
    assert [(guard.kind, guard.subject, guard.holds) for guard in command.guards] == expected


def test_guard_knows_its_line() -> None:
    (command,) = commands("#!/bin/sh\n\nif [ -x /usr/bin/at ]; then\n  rm x\nfi\n")
    assert [guard.line for guard in command.guards] == [3]


FAILURES = [
    ("rm x", "default"),
    ("set -e\nrm x", "stops"),
    ("#!/bin/sh -e\nrm x", "stops"),
    ("#!/bin/bash\nset -euo pipefail\nrm x", "stops"),
    ("set -o errexit\nrm x", "stops"),
    ("set -e\nset +e\nrm x", "default"),
    ("set -e\nrm x || true", "ignored"),
    ("rm x || :", "ignored"),
    ("rm x || echo failed >&2", "ignored"),
    ("rm x || warn failed", "ignored"),
    ("rm x || exit 1", "stops"),
    ("rm x || { echo failed; exit 1; }", "stops"),
    ("rm x || die failed", "stops"),
    ("fail() { echo; exit 1; }\nrm x || fail", "stops"),
    ('note() { echo "$1"; }\nrm x || note failed', "ignored"),
    ("rm x || rm y", "default"),
    ("set -e\nrm x && ls", "default"),
    ("set -e\nls && rm x", "stops"),
    ("ls && rm x || true", "ignored"),
    ("set -e\nif rm x; then ls; fi", "default"),
    ("set -e\n! rm x", "default"),
    ("set -e\nrm x | cat", "ignored"),
    ("set -eo pipefail\nrm x | cat", "stops"),
    ("set -e\nf() { rm x; }\nf || true", "ignored"),
    ("set -e\nsu - a -c 'rm x'", "stops"),
    ("set -e\nsu - a -c 'rm x; ls'", "default"),
]


@pytest.mark.parametrize(("script", "expected"), FAILURES)
def test_failures(script: str, expected: str) -> None:
    command = next(c for c in commands(script) if c.program == "rm")
    assert command.failure == expected
