"""Files that only their name tells how to read: sshd_config, redis.conf, gitlab.rb, HCL, XML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.readers.config.dialects import dialect_of
from tests.readers.config.settings import keys, rows, unread

Rows = list[tuple[int, str, str]]

SSH: list[tuple[str, Rows]] = [
    ("Port 22\n#Protocol 2\nPermitRootLogin=no\nUsePAM = yes # why\n",
     [(1, "Port", "22"), (3, "PermitRootLogin", "no"), (4, "UsePAM", "yes")]),
    ('Match User a,b\n  X11Forwarding no\nMatch all\nBanner "/etc/issue net"\n',
     [(2, "[Match User a,b]X11Forwarding", "no"), (4, "Banner", "/etc/issue net")]),
    ("Subsystem\tsftp  /usr/lib/sftp-server -f '#a'\n",
     [(1, "Subsystem", "sftp  /usr/lib/sftp-server -f '#a'")]),
    ("Port {{ port }}\n{% if x %}\nUsePAM yes\n{% endif %}\n",
     [(1, "Port", "{{ port }}"), (3, "UsePAM", "yes")]),
]  # fmt: skip
JVM: list[tuple[str, Rows]] = [
    ("# -Xms1g\n-Xmx1g\n8-13:-XX:+UseConcMarkSweepGC\n14-:-XX:-UseG1GC\n8:-XX:PermSize=1m\nnote\n",
     [(2, "-Xmx1g", ""), (3, "[8-13]-XX:UseConcMarkSweepGC", "+"),
      (4, "[14-]-XX:UseG1GC", "-"), (5, "[8]-XX:PermSize", "1m")]),
    ("-Xmx2g -cp lib/a.jar --illegal-access=deny # -Xms1g\n",
     [(1, "-Xmx2g", ""), (1, "-cp", "lib/a.jar"), (1, "illegal-access", "deny")]),
]  # fmt: skip
REDIS: list[tuple[str, Rows]] = [
    ("save 900 1\n# slaveof a 1\nSLAVEOF 10.0.0.1 6379\n",
     [(1, "save", "900 1"), (3, "slaveof", "10.0.0.1 6379")]),
    ('requirepass "a b"\nsave ""\nrename-command CONFIG \'\'\n',
     [(1, "requirepass", "a b"), (2, "save", ""), (3, "rename-command", "CONFIG ")]),
    ("sentinel monitor m 10.0.0.1 6379 2\n", [(1, "sentinel monitor", "m 10.0.0.1 6379 2")]),
]  # fmt: skip
RUBY: list[tuple[str, Rows]] = [
    ("external_url 'https://a.example'\ngitlab_rails['smtp_enable'] = true # x\n",
     [(1, "external_url", "https://a.example"), (2, "gitlab_rails.smtp_enable", "true")]),
    ("# nginx['listen_port'] = 80\nnginx[\"listen_port\"] = 8080\nx[:y][:z]=1\n",
     [(2, "nginx.listen_port", "8080"), (3, "x.y.z", "1")]),
    ("a['h'] = {\n  'k' => 'v', # c\n  l: [1,\n    'two'],\n  :m => {}\n}\nb['x'] = nil\n",
     [(2, "a.h.k", "v"), (3, "a.h.l[0]", "1"), (4, "a.h.l[1]", "two"), (5, "a.h.m", "{}")]),
    ("git_data_dirs({\n  'default' => { 'path' => '/srv' }\n})\nroles(['a_role'])\nputs(1)\n",
     [(2, "git_data_dirs.default.path", "/srv"), (4, "roles[0]", "a_role")]),
    ("=begin\na['x'] = 1\n=end\na['y'] = 'p\nq'\na['z'] = 2\n",
     [(4, "a.y", "p\nq"), (6, "a.z", "2")]),
    ("if a['x'] == 1\n  puts a['x']\nend\n", []),
]  # fmt: skip
HCL: list[tuple[str, Rows]] = [
    ('ui = true\nlistener "tcp" {\n  address = "0.0.0.0:8200" # c\n  tls_disable = 1\n}\n',
     [(1, "ui", "true"), (3, "listener.address", "0.0.0.0:8200"),
      (4, "listener.tls_disable", "1")]),
    ('job "w" {\n  group "a" {\n    /* old = 1 */\n    count = 3\n  tags = ["x",\n "y"]\n  }\n}\n',
     [(4, "job.group.count", "3"), (5, "job.group.tags", '["x",\n "y"]')]),
    ("a = { b = 1 }\nc = <<EOF\nd = 2\nEOF\ne = 3\n", [(1, "a", "{ b = 1 }"),
     (2, "c", "<<EOF\nd = 2\nEOF"), (5, "e", "3")]),
]  # fmt: skip
XML: list[tuple[str, Rows]] = [
    ("<Server port='8005'>\n <Service name='C'>\n  <Connector port='80'/>\n </Service></Server>\n",
     [(1, "Server@port", "8005"), (2, "Server.Service@name", "C"),
      (3, "Server.Service.Connector@port", "80")]),
    ("<conf>\n <property>\n<name>fs.default.name</name>\n<value>x</value></property></conf>",
     [(2, "conf.fs.default.name", "x")]),
    ('<c><appSettings>\n<add key="a.b" value="1"/></appSettings>\n<!-- <add/> --><e>t</e></c>',
     [(2, "c.appSettings.a.b", "1"), (3, "c.e", "t")]),
]  # fmt: skip

TABLES = {
    ("text", "etc/ssh/sshd_config"): SSH,
    ("text", "etc/redis/redis.conf"): REDIS,
    ("text", "etc/elasticsearch/jvm.options"): JVM,
    ("ruby", "etc/gitlab/gitlab.rb"): RUBY,
    ("text", "etc/vault.d/vault.hcl"): HCL,
    ("xml", "conf/server.xml"): XML,
}


@pytest.mark.parametrize(
    ("kind", "path", "text", "expected"),
    [(*where, *row) for where, table in TABLES.items() for row in table],
)
def test_keys(kind: str, path: str, text: str, expected: Rows) -> None:
    assert rows(kind, text, path) == expected


@pytest.mark.parametrize(
    ("kind", "path", "text", "line"),
    [
        ("text", "etc/ssh/sshd_config", "Port 22\n= 3\n", 2),
        ("text", "redis.conf", 'a 1\nb "x\n', 2),
        ("text", "a.hcl", "a {\n b = 1\n", 2),
        ("text", "a.hcl", "a = 1\n}\n", 2),
        ("ruby", "gitlab.rb", "a['x'] = 1\n=begin\n", 3),
        ("xml", "a.xml", "<a>\n<b></a>", 2),
        (
            "text",
            "etc/rabbitmq/advanced.config",
            "%% x\n[\n {rabbit, [{tcp_listeners, []}]}\n].\n",
            1,
        ),
        ("ini", "etc/rabbitmq/rabbitmq.config", "[{rabbit, [{port, 5672}]}].\n", 1),
    ],
)
def test_broken_files_are_told(kind: str, path: str, text: str, line: int) -> None:
    assert unread(kind, text, path)[0][0] == line


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gitlab.rb", "a['x'] = ENV['Y']\n"),
        ("gitlab.rb", "a['x'] = \"p#{q}\"\n"),
        ("gitlab.rb", "a['x'] = 1 + 2\n"),
        ("gitlab.rb", "a['x'] ||= 1\n"),
        ("a.hcl", "x = f(1)\n"),
    ],
)
def test_what_is_computed_is_no_value(path: str, text: str) -> None:
    (key,) = keys("ruby" if path.endswith("rb") else "text", text, path)
    assert key.certainty == "computed"


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("etc/ssh/sshd_config", "ssh"),
        ("templates/sshd_config.j2", "ssh"),
        ("etc/ssh/sshd_config.d/50-x.conf", "ssh"),
        ("etc/elasticsearch/jvm.options.d/gc.options", "cli"),
        ("conf/jvm11-server.options", "cli"),
        ("bin/idea64.vmoptions", "cli"),
        ("conf/server.options", ""),
        ("etc/redis/6379.conf", "redis"),
        ("redis-cluster.conf", "redis"),
        ("etc/gitlab/gitlab.rb", "ruby"),
        ("lib/gitlab.rb.rb", ""),
        ("etc/redis.confx", ""),
        ("x/my.cnf", ""),
    ],
)
def test_names(path: str, dialect: str) -> None:
    assert dialect_of(path) == dialect


PIECES = st.sampled_from(
    ["a", "['x']", " = ", "{", "}", "[", "]", "'", '"', "\n", "=>", "#", "=begin", "<<E\n", " ",
     "Match ", "<a>", "</a>", "k => 1, ", "\\", ":b", "1"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TABLES)), st.lists(PIECES, max_size=60), st.text(max_size=20))
def test_any_text_is_read(where: tuple[str, str], pieces: list[str], more: str) -> None:
    kind, path = where
    for key in keys(kind, "".join(pieces) + more, path):
        assert key.at.line


@pytest.mark.parametrize("where", sorted(TABLES))
@pytest.mark.parametrize("unit", ["[", "{", "a['x'] = [", "a {\n", "x = <<E\n", '"', "<a>", "k "])
def test_long_texts_end(where: tuple[str, str], unit: str) -> None:
    kind, path = where
    assert len(keys(kind, unit * (200_000 // len(unit)), path)) <= 20_000
