"""Chef: resources with literal values, actions, here-documents, tests, and what is not known."""

from __future__ import annotations

import pytest

from dten_audit.documents.kinds import kind_of

from .reading import commands, lines, texts

PATH = "cookbooks/dten/recipes/default.rb"


def said(text: str) -> list[str]:
    return lines(text, PATH, "chef")


CASES = [
    (
        "service 'dten' do\n  action [:enable, :start]\nend\n",
        ["1: systemctl enable dten", "1: systemctl start dten"],
    ),
    (
        "service 'x' do\n  service_name 'dten'\n  action :restart\nend\n",
        ["1: systemctl restart dten"],
    ),
    ("service 'dten' do\n  action :nothing\nend\n", []),
    ("service 'dten'\n", []),
    ("service node['dten']['svc'] do\n  action :stop\nend\n", ["1: systemctl stop ${svc}?"]),
    ("service \"dten-#{node['x']}\" do\n  action :stop\nend\n", ["1: systemctl stop dten-${x}?"]),
    ("execute 'systemctl stop dten'\n", ["1: systemctl stop dten"]),
    (
        "execute 'x' do\n  command 'systemctl stop a && systemctl stop b'\nend\n",
        ["2: systemctl stop a", "2: systemctl stop b"],
    ),
    (
        "bash 'x' do\n  code <<-EOH\n    systemctl stop a\n    systemctl stop #{b}\n  EOH\nend\n",
        ["3: systemctl stop a", "4: systemctl stop ${b}?"],
    ),
    ("bash 'x' do\n  code <<~'EOH'\n    echo \"#{x}\"\n  EOH\nend\n", ["3: echo #{x}"]),
    ("package %w(a b)\n", ["1: apt-get install -y a", "1: apt-get install -y b"]),
    ("%w(a b).each do |p|\n  package p\nend\n", ["2: apt-get install -y ${p}?"]),
    ("file '/usr/bin/x' do\n  mode '4755'\nend\n", ["1: chmod 4755 /usr/bin/x"]),
    (
        "template '/etc/x' do\n  source 'x.erb'\n  mode 0644\nend\n",
        ["1: cp x.erb /etc/x", "1: chmod 0644 /etc/x"],
    ),
    (
        "group 'docker' do\n  members ['dten']\n  append true\nend\n",
        ["1: usermod -a -G docker dten"],
    ),
    (
        (
            "# execute 'rm -rf /'\n=begin\nexecute 'a'\n=end\n"
            "log 'execute \"b\"'\n__END__\nexecute 'c'\n"
        ),
        [],
    ),
    ("def execute_it\n  execute = 1\nend\n", []),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_resources_become_commands(text: str, wanted: list[str]) -> None:
    assert said(text) == wanted


def test_tests_are_guards() -> None:
    text = (
        "if platform?('debian')\n  execute 'a' do\n    not_if { ::File.exist?('/x') }\n"
        "    only_if 'test -e /y'\n    user 'dten'\n"
        "    ignore_failure true\n  end\nend\nexecute 'b'\n"
    )
    first, second = commands(text, PATH, "chef")
    assert [(g.kind, g.subject, g.holds) for g in first.guards[1:]] == [
        ("other", "platform?('debian')", True),
        ("other", "test -e /y", True),
        ("path-exists", "/x", False),
    ]
    assert (first.layers[0].target, first.failure) == ("dten", "ignored")
    assert [g.kind for g in second.guards] == ["root-check"]


def test_units_and_jobs_are_documents() -> None:
    text = (
        "systemd_unit 'a.service' do\n  content <<~UNIT\n"
        "    [Service]\n    ExecStart=/bin/a\n  UNIT\n"
        "  action [:create, :enable]\nend\n"
        "cron 'x' do\n  hour '3'\n  command '/opt/x'\n  user 'dten'\nend\n"
    )
    unit, job = texts(text, PATH, "chef")
    assert (unit.kind, unit.path, unit.lines) == (
        "systemd-unit",
        "/etc/systemd/system/a.service",
        (3,),
    )
    assert (job.kind, job.text, job.lines) == ("crontab", "* 3 * * * /opt/x\n", (10,))


def test_recipes_are_told_by_their_place() -> None:
    assert kind_of(PATH, b"service 'x'\n") == "chef"
    assert kind_of("site-cookbooks/dten/resources/app.rb", b"property :x\n") == "chef"
    assert kind_of("lib/dten/resources/app.rb", b"class X\nend\n") == "ruby"
