"""Puppet: resources, titles, values, tests around them, and what is not known."""

from __future__ import annotations

import pytest

from dten_audit.readers.orchestration.puppet_tokens import Tokens

from .reading import commands, lines, texts


def said(text: str) -> list[str]:
    return lines(text, "manifests/init.pp", "puppet")


CASES = [
    (
        "service { 'dten': ensure => running, enable => true }",
        ["1: systemctl enable dten", "1: systemctl start dten"],
    ),
    (
        "service { ['a', 'b']: ensure => 'stopped', }",
        ["1: systemctl stop a", "1: systemctl stop b"],
    ),
    (
        "service{'x':\n  ensure=>true;\n'y':\n  ensure=>false}",
        ["1: systemctl start x", "3: systemctl stop y"],
    ),
    (
        "service { default: ensure => running; 'a':; 'b': ensure => stopped }",
        ["1: systemctl start a", "1: systemctl stop b"],
    ),
    ("$svc = 'dten'\nservice { $svc: ensure => running }", ["2: systemctl start dten="]),
    ("$svc = 'a'\n$svc = 'b'\nservice { $svc: ensure => running }", ["3: systemctl start ${svc}?"]),
    (
        "class dten ($svc = 'dten-core') { service { \"${svc}-x\": ensure => running } }",
        ["1: systemctl start dten-core-x="],
    ),
    ("service { $facts['x']: ensure => running }", ["1: systemctl start ${facts}?"]),
    (
        "service { 'a': ensure => $x ? { 'y' => running, default => stopped } }",
        ["1: systemctl ${x}? a"],
    ),
    ("exec { 'systemctl restart dten': path => '/bin' }", ["1: systemctl restart dten"]),
    ("exec { 'x':\n  command => \"rm -rf ${dir}/old\",\n}", ["2: rm -rf ${dir}/old?"]),
    ("exec { 'x': command => ['systemctl', 'restart', 'a b'] }", ["1: systemctl restart a b"]),
    ("file { '/usr/bin/x': mode => '4755' }", ["1: chmod 4755 /usr/bin/x"]),
    ("file { '/x': ensure => absent }", ["1: rm -rf /x"]),
    ("file { '/etc/x': source => 'puppet:///modules/dten/x' }", ["1: cp dten/files/x /etc/x"]),
    ("file { '/etc/x': content => epp('dten/x.epp', {}) }", ["1: cp dten/templates/x.epp /etc/x"]),
    ("user { 'dten': groups => ['wheel', 'docker'] }", ["1: useradd -G wheel,docker dten"]),
    ("package { 'dten': ensure => '9.4' }", []),
    ("package { 'dten': ensure => latest }", ["1: apt-get install -y dten"]),
    ("# service { 'a': ensure => running }\n/* service { 'b': ensure => running } */", []),
    ("notify { 'service { x: ensure => running }': }", []),
    ("Service { ensure => running }\nService['a'] -> Service['b']", []),
    ("$h = { 'service' => { 'a' => 1 } }", []),
    ("if $x =~ /'/ { service { 'a': ensure => running } }", ["1: systemctl start a"]),
    (
        "case $x { 'a': { service { 'b': ensure => running } } default: { } }",
        ["1: systemctl start b"],
    ),
    ("$l.each |$s| { service { $s: ensure => running } }", ["1: systemctl start ${s}?"]),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_resources_become_commands(text: str, wanted: list[str]) -> None:
    assert said(text) == wanted


def test_tests_around_a_resource_are_guards() -> None:
    text = (
        "if $facts['service_provider'] == 'systemd' {\n  service { 'a': ensure => running }\n"
        "} else {\n  exec { 'x': unless => 'test -e /y', creates => '/z', refreshonly => true }\n"
        "}\n"
        "service { 'b': ensure => running }\n"
    )
    first, second, third = commands(text, "a.pp", "puppet")
    assert [(g.kind, g.subject, g.holds) for g in first.guards[1:]] == [
        ("systemd-running", "systemd", True)
    ]
    assert [(g.kind, g.subject, g.holds) for g in second.guards[1:]] == [
        ("other", "else", True),
        ("other", "test -e /y", False),
        ("path-exists", "/z", False),
        ("other", "refreshonly", True),
    ]
    assert [g.kind for g in third.guards] == ["root-check"]


def test_an_exec_of_a_user_leaves_root() -> None:
    (command,) = commands("exec { 'psql -l': user => 'postgres' }", "a.pp", "puppet")
    assert [(x.tool, x.target) for x in command.layers] == [("runuser", "postgres"), ("sh", "")]


def test_virtual_resources_are_not_called() -> None:
    (command,) = commands("@service { 'a': ensure => running }", "a.pp", "puppet")
    assert not command.called


def test_heredocs_stand_at_their_lines() -> None:
    text = (
        "file { '/etc/systemd/system/a.service':\n  content => @(\"EOT\"/L),\n    [Service]\n"
        "      ExecStart=${bin} 'x'\n    | EOT\n  mode => '0644',\n"
        "}\nservice { 'a': enable => true }\n"
    )
    (part,) = texts(text, "a.pp", "puppet")
    assert (part.kind, part.lines) == ("systemd-unit", (3,))
    assert part.text == "[Service]\n  ExecStart=${bin} 'x'\n"
    assert said(text)[-1] == "8: systemctl enable a"


def test_jobs_of_cron_take_lists() -> None:
    text = (
        "cron { 'x':\n  command => '/opt/x',\n"
        "  minute => [0, 30],\n  hour => '*/2',\n  user => 'u',\n}"
    )
    (part,) = texts(text, "a.pp", "puppet")
    assert (part.text, part.lines, dict(part.hints)) == (
        "0,30 */2 * * * /opt/x\n",
        (2,),
        {"user": "u"},
    )


@pytest.mark.parametrize(
    "text", ["unit Dten;\ninterface { x }", "{ c }\nprogram x; begin { 'a': } end."]
)
def test_pascal_is_no_puppet(text: str) -> None:
    assert not said(text)


def test_strings_are_read_with_their_escapes() -> None:
    tokens = Tokens(r"""'it\'s' "a\"b\$c\n" 'no\n'""").all
    assert [token.text for token in tokens] == ["it's", 'a"b\ue000c\n', r"no\n"]
