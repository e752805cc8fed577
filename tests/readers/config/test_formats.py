"""Each format: which key stands on which line, with which value."""

from __future__ import annotations

import pytest

from tests.readers.config.settings import document, embedded, keys, rows, unread

YAML = [
    ("a: 1\nb:\n  c: two\n", [(1, "a", "1"), (3, "b.c", "two")]),
    ("a: 1\r\nb: 2\r\n", [(1, "a", "1"), (2, "b", "2")]),
    ("\ufeffa: 1\n", [(1, "a", "1")]),
    ("# old: 1\na: 1 # old: 2\n", [(2, "a", "1")]),
    ("l:\n  - x\n  - y: z\n", [(2, "l[0]", "x"), (3, "l[1].y", "z")]),
    ("e: []\nf: {}\ng:\n", [(1, "e", "[]"), (2, "f", "{}"), (3, "g", "")]),
    ("a: 1\n---\na: 2\n", [(1, "a", "1"), (3, "a", "2")]),
    ("a: 1\na: 2\n", [(1, "a", "1"), (2, "a", "2")]),
    ("cluster.name: x\n", [(1, "cluster.name", "x")]),
    ("größe: ä\n", [(1, "größe", "ä")]),
    ("t: |\n  k: v\n  w\nu: 1\n", [(1, "t", "k: v\nw\n"), (4, "u", "1")]),
    ("a: &x {k: 1}\nb: *x\n", [(1, "a.k", "1"), (1, "b.k", "1")]),
    ("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n",
     [(1, "a.k", "1"), (1, "a.l", "2"), (1, "b.l", "2"), (4, "b.k", "3")]),
    ('"<<": 1\n', [(1, "<<", "1")]),
    ("? [a, b]\n: 1\n", [(1, "?", "1")]),
    ("just text\n", []),
    ("", []),
]  # fmt: skip

JSON = [
    ('{"a": {"b": [1, "x"]}}', [(1, "a.b[0]", "1"), (1, "a.b[1]", "x")]),
    ('{\n  // old: 1\n  "a": 1, /* "b": 2,\n */ "c": true,\n}', [(3, "a", "1"), (4, "c", "true")]),
    ('{"a": {}, "b": [], "c": null}', [(1, "a", "{}"), (1, "b", "[]"), (1, "c", "null")]),
    ('{"a": "x\\ty \\u00e9", "b\\"c": 1}', [(1, "a", "x\ty é"), (1, 'b"c', "1")]),
    ('{"a": 1, "a": 2}', [(1, "a", "1"), (1, "a", "2")]),
    ('{"a": 1}\n{"a": 2}\n', [(1, "a", "1"), (2, "a", "2")]),
    ("{a: 'x', # c\n b: .5}", [(1, "a", "x"), (2, "b", ".5")]),
    ('[{"a": 1}]', [(1, "[0].a", "1")]),
    ('{"a": ${PORT}, "b": {{ port }}}', [(1, "a", "${PORT}"), (1, "b", "{{ port }}")]),
]

TOML = [
    ("a.b = 1\n[t]\nc = 'x' # no\n", [(1, "a.b", "1"), (3, "t.c", "x")]),
    ("# old = 1\na = 1\n", [(2, "a", "1")]),
    ('[t."q.r"]\n"s t" = true\n', [(2, "t.q.r.s t", "true")]),
    ("[[l]]\nk = 1\n[[l]]\nk = 2\n[l.m]\nn = 3\n",
     [(2, "l[0].k", "1"), (4, "l[1].k", "2"), (6, "l[1].m.n", "3")]),
    ("a = [1,\n  {b = 2, c = []},\n]\n",
     [(1, "a[0]", "1"), (2, "a[1].b", "2"), (2, "a[1].c", "[]")]),
    ('a = """\nx\\\n   y"""\nb = \'\'\'p\'q\'\'\'\'\n', [(1, "a", "xy"), (4, "b", "p'q'")]),
    ('a = "\\u00e9\\n"\n', [(1, "a", "é\n")]),
    ("d = 1979-05-27 07:32:00Z\n", [(1, "d", "1979-05-27 07:32:00Z")]),
    ("p = {{ port }}\n{% if x %}\nq = 2\n{% endif %}\n", [(1, "p", "{{ port }}"), (3, "q", "2")]),
]  # fmt: skip

INI = [
    ("[a]\nk = v\nl: w\n[b]\nk=x\n", [(2, "[a]k", "v"), (3, "[a]l", "w"), (5, "[b]k", "x")]),
    ("; k = 1\n# l = 2\n[a]\nm = 3 ; no\nn = 4 # no\n", [(4, "[a]m", "3"), (5, "[a]n", "4")]),
    ("[a]\r\nk = v\r\n", [(2, "[a]k", "v")]),
    ("[mysqld]\nskip-networking\n", [(2, "[mysqld]skip-networking", "")]),
    ("[a]\nserver string = x y\n", [(2, "[a]server string", "x y")]),
    ("[a]\nk = 1\n  2\n  3\nl = 4\n", [(2, "[a]k", "1\n2\n3"), (5, "[a]l", "4")]),
    ("[core]\n\tbare = false\n\tx = 1\n", [(2, "[core]bare", "false"), (3, "[core]x", "1")]),
    ("k = \"a # b\"\nl = 'it''s'\n", [(1, "k", "a # b"), (2, "l", "it's")]),
    ("k = a=b:c\n", [(1, "k", "a=b:c")]),
    ("[a] # c\nk = 1\n", [(2, "[a]k", "1")]),
    ("[a]\nk = 1\nk = 2\n", [(2, "[a]k", "1"), (3, "[a]k", "2")]),
    ("!includedir /etc/my.cnf.d\n", [(1, "!includedir", "/etc/my.cnf.d")]),
]

PROPERTIES = [
    ("a=1\nb : 2\nc 3\nd\n", [(1, "a", "1"), (2, "b", "2"), (3, "c", "3"), (4, "d", "")]),
    ("# a=1\n! b=2\nc=3 # part\n", [(3, "c", "3 # part")]),
    ("a=1,\\\n   2,\\\n   3\nb=4\n", [(1, "a", "1,2,3"), (4, "b", "4")]),
    ("a\\ b\\=c=\\u00e9\\t\\:\n", [(1, "a b=c", "é\t:")]),
    ("a=x\\\\\nb=1\n", [(1, "a", "x\\"), (2, "b", "1")]),
    ("logging.level[org.x]=DEBUG\n", [(1, "logging.level[org.x]", "DEBUG")]),
    ("a=\\ud83d\\ude00\n", [(1, "a", "😀")]),
    ("a=1\\", [(1, "a", "1")]),
]

ENV = [
    ("A=1\nexport B=two # c\n", [(1, "A", "1"), (2, "B", "two")]),
    ('# A=1\nB=\'x y\'\nC="p \\" q"\n', [(2, "B", "x y"), (3, "C", 'p " q')]),
    ("A='x\ny'\nB=1\n", [(1, "A", "x\ny"), (3, "B", "1")]),
    ('A="open\nB=1\n', [(1, "A", '"open'), (2, "B", "1")]),
    ("spring.x=1\n", [(1, "spring.x", "1")]),
]

TEXT = [
    ("a = ${A}\nb = {{ b }}\n", [(1, "a", "${A}"), (2, "b", "{{ b }}")]),
    ("port = {{ port }}\n{% if x == 1 %}\nb = 2\n{% endif %}\n",
     [(1, "port", "{{ port }}"), (3, "b", "2")]),
    ("max_connections 100\nport = 5433\n", [(1, "max_connections", "100"), (2, "port", "5433")]),
    ("search_path '\"$user\", public'\n", [(1, "search_path", '"$user", public')]),
    ("ServerName host:80\n", [(1, "ServerName", "host:80")]),
    ("<Directory /x>\n  Order a,b\n  #Order a\n</Directory>\nListen \\\n 80\n<If x>\n</If>\n",
     [(2, "[Directory]Order", "a,b"), (5, "Listen", "80")]),
    ("user www;\nhttp {\n  server {\n    listen 80; # c\n    return 200 'a;b';\n  }\n}\n",
     [(1, "user", "www"), (4, "[http.server]listen", "80"),
      (5, "[http.server]return", "200 'a;b")]),
]  # fmt: skip

TABLES = {
    "yaml": YAML,
    "json": JSON,
    "toml": TOML,
    "ini": INI,
    "properties": PROPERTIES,
    "env": ENV,
    "text": TEXT,
}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [(kind, *row) for kind, table in TABLES.items() for row in table],
)
def test_keys(kind: str, text: str, expected: list[tuple[int, str, str]]) -> None:
    assert rows(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text", "read", "broken"),
    [
        ("yaml", "a: 1\nb: [1\nc: 2\n", ["a", "b[0]"], 3),
        ("yaml", "a: 1\nb:\n  c: 2\n d: 3\n", ["a", "b.c"], 4),
        ("yaml", "a: 1\nb: \x07\n", ["a"], 2),
        ("yaml", "a: *gone\nb: 1\n", [], 1),
        ("json", '{"a": 1,\n "b": "x\n}', ["a"], 2),
        ("json", '{"a": 1\n "b": 2}', ["a"], 2),
        ("json", '{"a": 1', ["a"], 1),
        ("json", '{"a": 1}}', ["a"], 1),
        ("json", '{"a"}', [], 1),
        ("json", '{"a": 1 /* x', ["a"], 1),
        ("toml", "a = 1\nb =\nc = 2\n", ["a"], 2),
        ("toml", "a = 1\na = 2\n", ["a", "a"], 2),
        ("toml", 'a = 1\nb = "x\n', ["a"], 2),
        ("ini", "[a]\nk = 1\n[b\nl = 2\n= 3\n", ["k", "l"], 3),
        ("properties", "a=1\nb=\\u12\nc=3\n", ["a", "b", "c"], 2),
        ("env", "A=1\nif x; then\nB=2\nfi\n", ["A", "B"], 2),
    ],
)
def test_broken_files_are_read_as_far_as_they_go(
    kind: str, text: str, read: list[str], broken: int
) -> None:
    assert [key.key for key in keys(kind, text)] == read
    assert unread(kind, text)[0][0] == broken


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("yaml", "a: ${X}\n", "${X}"),
        ("yaml", "a: {{ .Values.x }}\n", "{{ .Values.x }}"),
        ("yaml", "a: 'p-{{ x }}-q'\n", "p-{{ x }}-q"),
        ("ini", "[s]\na = <%= @x %>\n", "<%= @x %>"),
        ("properties", "a=@project.version@\n", "@project.version@"),
        ("properties", "a=@VERSION@\n", "@VERSION@"),
        ("env", 'a="$HOME/x"\n', "$HOME/x"),
        ("env", "a=`date`\n", "`date`"),
        ("json", '{"a": "${X}"}', "${X}"),
    ],
)
def test_templated_values_are_computed(kind: str, text: str, value: str) -> None:
    (key,) = keys(kind, text)
    assert (key.value, key.certainty) == (value, "computed")


@pytest.mark.parametrize("value", ["user@host@x", "100%", "5$", "x{y}", "'$HOME'"])
def test_plain_values_are_exact(value: str) -> None:
    (key,) = keys("env", f"A={value}\n")
    assert key.certainty == "exact"


def test_helm_control_lines_do_not_stop_the_reading() -> None:
    text = "{{- if .Values.on }}\na:\n  b: {{ .Values.b | quote }}\n{{- end }}\nc: 1\n"
    assert rows("yaml", text) == [(3, "a.b", "{{ .Values.b | quote }}"), (5, "c", "1")]
    assert unread("yaml", text) == []


def test_a_config_map_holds_files() -> None:
    text = (
        "kind: ConfigMap\ndata:\n  plain: x\n  dten.conf: |\n    [import]\n    source = sftp\n"
        "  app.properties: |\n\n    a=1\n"
    )
    parts = embedded(text)
    assert [(part.path, part.kind, part.text, part.lines) for part in parts] == [
        ("dten.conf", "ini", "[import]\nsource = sftp\n", (5,)),
        ("app.properties", "properties", "\na=1\n", (8,)),
    ]
    host = document("yaml", text)
    inner = host.embed(parts[1])
    assert inner.location(2).line == 9
    assert inner.location(2).snippet == "a=1"
    assert embedded("kind: Deployment\ndata:\n  a.conf: |\n    x\n") == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [("text", "src/main.c"), ("xml", "page.xhtml"), ("xml", "etc/app.conf"), ("text", "notes.log")],
)
def test_what_is_no_settings_file_states_nothing(kind: str, path: str) -> None:
    assert rows(kind, "<a>\n <b>c = 1</b>\n</a>\n", path) == []


def test_mysql_reads_an_indented_line_as_a_key() -> None:
    text = "[mysqld]\nport = 1\n  query_cache_size = 0\n"
    assert rows("ini", text, "etc/mysql/my.cnf")[1] == (3, "[mysqld]query_cache_size", "0")


def test_columns_and_places() -> None:
    (first, second) = keys("yaml", "a:\n    b: 1\n    c: 2\n")
    assert (first.at.line, first.at.column, second.at.column) == (2, 5, 5)
    assert first.at.snippet == "b: 1"
    assert keys("ini", "[a]\n  k = 1\n")[0].at.column == 3
    assert first.subject == second.subject.replace("a.c", "a.b")


def test_utf16_is_read() -> None:
    assert rows("ini", "[a]\r\nk = ü\r\n".encode("utf-16")) == [(2, "[a]k", "ü")]


@pytest.mark.parametrize(
    ("text", "conditional"),
    [
        ("a = 1\n{% if x %}\nb = 2\n{% else %}\nc = 3\n{% endif %}\nd = 4\n", "bc"),
        ("{%- if x %}\n{% if y %}\na = 1\n{% endif %}\nb = 2\n{% endif %}\nc = 3\n", "ab"),
        (
            "<% if @x -%>\na = 1\n<% @l.each do |i| -%>\nb = 2\n<% end -%>\n<% end -%>\nc = 3\n",
            "ab",
        ),
        ("{{- range .l }}\na = 1\n{{- if .x }}\nb = 2\n{{- end }}\n{{- end }}\nc = 3\n", "b"),
        ("a = {% if x %}1{% else %}2{% endif %}\nb = 2\n", ""),
        ("{% for i in l %}\na = 1\n{% endfor %}\nb = 2\n", ""),
        ("a = 1\n{% if x %}\nb = 2\n", "b"),
        ("# if x\na = 1\n", ""),
    ],
)
def test_what_stands_under_a_condition_of_a_template(text: str, conditional: str) -> None:
    found = keys("text", text, "etc/x.conf.j2")
    assert "".join(key.key for key in found if key.condition) == conditional


def test_an_expression_of_several_lines_sets_nothing() -> None:
    long = "{{ wrapped('Require all',\n'Order a,b\nAllow from all') -}}"
    text = f"<Directory /x>\n{long}\nOptions a\n</Directory>\n"
    assert rows("text", text, "etc/apache2/sites-available/x.conf.j2") == [
        (5, "[Directory]Options", "a")
    ]


def test_conditions_about_versions() -> None:
    inner = "{% if item.version < 9 %}\nb = 2\n{% else %}\nc = 3\n{% endif %}\n"
    text = f"{{% if x %}}\na = 1\n{inner}{{% endif %}}\n"
    found = keys("text", text, "etc/x.conf.j2")
    assert [key.condition for key in found] == ["other", "version", "version"]


def test_many_conditions_cost_little() -> None:
    for unit in ("{% if x %}\na = 1\n{% endif %}\n", "{% if x %}\n", "{{ if }} {{ end }}\na=1\n"):
        assert len(keys("text", unit * 20_000, "etc/x.conf.j2")) <= 20_000
