"""Matrices: what a file may say, and which entry a key falls under."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.documents.document import Document, Embedded
from dten_audit.readers.knowledge import knowledge
from dten_audit.site.matrix import (
    EnvForm,
    Matrix,
    MatrixEntry,
    Normalise,
    shipped_headers,
    shipped_matrices,
    shipped_matrix,
)
from dten_audit.site.matrix_file import load_matrix
from dten_audit.site.matrix_files import files_pattern, matching, speaks_of
from dten_audit.site.matrix_keys import Lookup, assigned_variable
from dten_audit.site.schema import SiteFileError

HEAD = "component: pkg:generic/dten\nfiles: ['etc/dten/*.conf']\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "matrix.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_full_matrix(tmp_path: Path) -> None:
    text = """
schema: dten-config-matrix/1
component: pkg:pypi/dten
files: '**/dten.ini'
sections: [core, 'import-*']
normalise: {dash_underscore: same, case: lower, tolerated_prefix: ['loose[-_]']}
env: 'DTEN__{SECTION}__{OPTION}'
packages: [dten-server]
source: {url: 'https://docs.example/keys', retrieved: 2026-11-18}
entries:
  - {key: a, removed: 9.10, effect: ignored}
  - {key: b, section: core, moved: {to_section: web, to_key: c, in: '9.1'}}
  - {key: d, renamed: e, removed: '9.2', transform: '*60'}
  - {key: f, default: {from: 'off', to: on, in: '9.3'}, note: n}
  - {key: g, values: {allowed: [1, two], in: '9.4'}, only_if_value: ':'}
"""
    matrix = load_matrix(written(tmp_path, text))
    assert (matrix.scheme, matrix.product, matrix.files) == ("pep440", "dten", ("**/dten.ini",))
    assert matrix.env == EnvForm("DTEN__{SECTION}__{OPTION}", ("DTEN__",))
    assert matrix.source == "https://docs.example/keys"
    assert matrix.normalise == Normalise(
        dash_underscore=True, lower=True, tolerated_prefix=("loose[-_]",)
    )
    removed, moved, renamed, default, values = matrix.entries
    assert (removed.removed, removed.line) == ("9.10", 11)  # a version is no number
    assert (moved.moved_to, moved.changed_in) == ("web.c", "9.1")
    assert (renamed.renamed_to, renamed.transform) == ("e", "*60")
    assert (default.default_from, default.default_to, default.default_in) == ("off", "on", "9.3")
    assert (values.allowed, values.allowed_in, values.only_if_value) == (("1", "two"), "9.4", ":")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "one mapping"),
        ("- a\n", 1, "is a mapping of"),
        (HEAD, 1, "the key entries is missing"),
        (HEAD + "entires: []\n", 3, "no key entires; did you mean entries?"),
        (HEAD + "files: []\n", 3, "the key files is there twice"),
        (HEAD + "schema: dten-config-matrix/2\n", 3, "schema is one of dten-config-matrix/1"),
        (HEAD + "scheme: semvar\n", 3, "did you mean semver?"),
        (HEAD + "entries: {a: 1}\n", 3, "entries is a list"),
        (HEAD + "entries:\n  - {key: a, remove: '9'}\n", 4, "did you mean removed?"),
        (HEAD + "entries:\n  - {removed: '9'}\n", 4, "an entry has a key"),
        (HEAD + "entries:\n  - {key: a}\n", 4, "an entry states one of"),
        (HEAD + "entries:\n  - {key: a, removed: soon}\n", 4, "holds no number"),
        (
            HEAD + "entries:\n  - {key: a, removed: '9', effect: ignores}\n",
            4,
            "did you mean ignored",
        ),
        (HEAD + "entries:\n  - {key: [a], removed: '9'}\n", 4, "key is a text"),
        (HEAD + "entries:\n  - {key: a, renamed: b}\n", 4, "say since when"),
        (HEAD + "entries:\n  - {key: a, default: {to: b}}\n", 4, "default says since when"),
        (HEAD + "normalise: {strip_prefix: ['(']}\nentries: []\n", 3, "not a regular expression"),
        ("component: dten\nfiles: [a]\nentries: [{key: a, removed: '1'}]\n", 1, "is a purl"),
        (HEAD + "entries: [\n", 4, "did not find"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SiteFileError) as caught:
        load_matrix(path)
    assert reason in caught.value.reason
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_a_matrix_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="no such config matrix"):
        load_matrix(tmp_path / "gone.yaml")


@pytest.mark.parametrize("name", [name for name, _ in shipped_headers()])
def test_shipped_matrices_are_valid_and_indexed(name: str) -> None:
    from dten_audit.model.rules_home import rules_home

    strict = load_matrix(rules_home() / "knowledge" / "config" / f"{name}.yaml")
    loaded = shipped_matrix(name)
    assert [entry._replace(line=0) for entry in strict.entries] == list(loaded.entries)
    assert strict._replace(entries=(), path="") == loaded._replace(entries=(), path="", own=True)
    head = dict(shipped_headers())[name]
    assert (head.component, head.files, head.env) == (loaded.component, loaded.files, loaded.env)
    table = knowledge(f"config/{name}")
    assert isinstance(table, dict)
    assert table["source"]["url"]
    assert table["source"]["retrieved"]


def test_shipped_matrices_hold_what_was_counted() -> None:
    counts = {matrix.product: len(matrix.entries) for matrix in shipped_matrices()}
    assert counts["spring-boot"] == 683
    assert counts["apache-airflow"] == 169
    assert counts["mysql-server"] == 111
    assert set(counts) >= {"postgresql", "elasticsearch", "nova", "apache-httpd"}


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("etc/dten/*.conf", "etc/dten/a.conf", True),
        ("etc/dten/*.conf", "payload/root/etc/dten/a.conf", True),
        ("etc/dten/*.conf", "/etc/dten/a.conf", True),
        ("/etc/dten/*.conf", "files/etc/dten/a.conf.j2", True),
        ("etc/dten/*.conf", "etc/dten/sub/a.conf", False),
        ("etc/dten/**", "etc/dten/sub/a.conf", True),
        ("etc/dten/*.conf", "etc/xdten/a.conf", False),
        ("etc/dten/*.conf", "myetc/dten/a.conf", False),
        ("**/my.cnf", "my.cnf", True),
        ("**/my.cnf", "a/b/my.cnf.dpkg-dist", True),
        ("**/my.cnf", "a/tommy.cnf", False),
        ("my?.cnf", "my1.cnf", True),
    ],
)
def test_file_globs(glob: str, path: str, *, expected: bool) -> None:
    assert matching(Matrix("pkg:generic/x", "generic", (glob,)), [path]) is expected


def test_no_files_match_nothing() -> None:
    assert files_pattern(()).fullmatch("a") is None


def lookup(entries: list[MatrixEntry], **more: object) -> Lookup:
    return Lookup(
        Matrix("pkg:generic/dten", "generic", ("*",), entries=tuple(entries), **more)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("entry", "section", "key", "found"),
    [
        (MatrixEntry("a.b"), "", "a.b", True),
        (MatrixEntry("a.b"), "", "x.a.b", False),
        (MatrixEntry("a.b"), "", "a.b.c", False),
        (MatrixEntry("a.b"), "a", "b", True),
        (MatrixEntry("b"), "a", "b", True),
        (MatrixEntry("b", section="a"), "a", "b", True),
        (MatrixEntry("b", section="a"), "c", "b", False),
        (MatrixEntry("b", section="a"), "", "b", False),
        (MatrixEntry("b", section="a"), "", "a.b", True),
        (MatrixEntry("a.*.host"), "", "a.x.host", True),
        (MatrixEntry("a.*.host"), "", "a.x.y.host", False),
        (MatrixEntry("a.*.host"), "", "a[3].host", True),
        (MatrixEntry("a.**"), "", "a.x.y.host", True),
        (MatrixEntry("a.**"), "", "a", False),
        (MatrixEntry("a.*._*"), "", "a.x._y", True),
        (MatrixEntry("plugins"), "", "plugins[0]", True),
        (MatrixEntry("plugins"), "", "plugins[1]", False),
        (MatrixEntry("A-b"), "", "a_b", False),
    ],
)
def test_which_entry_a_key_falls_under(
    entry: MatrixEntry, section: str, key: str, *, found: bool
) -> None:
    assert bool(list(lookup([entry]).find(section, key))) is found


@pytest.mark.parametrize(
    ("section", "key", "found", "tolerated"),
    [
        ("mysqld", "query-cache-size", True, False),
        ("mysqld", "QUERY_CACHE_SIZE", True, False),
        ("mysqld", "loose_query_cache_size", True, True),
        ("mysqld-8.0", "skip-query-cache-size", True, False),
        ("client", "query_cache_size", False, False),
        ("mysqldump", "query_cache_size", False, False),
        ("", "query_cache_size", False, False),
        ("mysqld", "query_cache", False, False),
    ],
)
def test_spellings_and_sections(section: str, key: str, *, found: bool, tolerated: bool) -> None:
    mysql = lookup(
        [MatrixEntry("query_cache_size", removed="8.0.11")],
        sections=("mysqld", "mysqld-*"),
        normalise=Normalise(
            dash_underscore=True,
            lower=True,
            strip_prefix=("skip[-_]",),
            tolerated_prefix=("loose[-_]",),
        ),
    )
    matches = list(mysql.find(section, key))
    assert [match.tolerated for match in matches] == ([tolerated] if found else [])
    if section == "":
        assert list(mysql.find(section, key, any_section=True))


def test_camel_case_is_the_same_but_prefixes_are_not() -> None:
    spring = lookup(
        [MatrixEntry("server.max-http-header-size"), MatrixEntry("logging.file")],
        normalise=Normalise(dash_underscore=True, camel_case=True),
    )
    assert list(spring.find("", "server.maxHttpHeaderSize"))
    assert list(spring.find("", "server.max_http_header_size"))
    assert not list(spring.find("", "logging.file.name"))


def test_environment_variables() -> None:
    airflow = Lookup(shipped_matrix("airflow"))
    assert [e.key for e in airflow.variable("AIRFLOW__WEBSERVER__BASE_URL")] == ["base_url"]
    assert not list(airflow.variable("AIRFLOW__API__BASE_URL"))
    spring = Lookup(shipped_matrix("spring-boot"))
    assert [e.key for e in spring.variable("SPRING_REDIS_HOST")] == ["spring.redis.host"]
    assert not list(spring.variable("LOGGING_FILE"))


def test_a_variable_that_two_keys_share_tells_nothing() -> None:
    form = EnvForm("relaxed", ("SPRING_",))
    shared = lookup(
        [
            MatrixEntry("spring.keystore-password", renamed_to="spring.key-store-password"),
            MatrixEntry("spring.old-key", removed="3.0.0"),
        ],
        env=form,
    )
    assert not list(shared.variable("SPRING_KEYSTOREPASSWORD"))
    assert list(shared.variable("SPRING_OLDKEY"))


@pytest.mark.parametrize(
    ("kind", "key", "value", "expected"),
    [
        ("env", "spring.x", "1", ("spring.x", "1")),
        ("yaml", "services.web.environment.A_B", "1", ("A_B", "1")),
        ("yaml", "services.web.environment[0]", "A_B=1", ("A_B", "1")),
        ("yaml", "services.web.environment[0]", "A_B", ("A_B", None)),
        ("yaml", "spec.containers[0].env[2].name", "A_B", ("A_B", None)),
        ("yaml", "spec.containers[0].name", "A_B", None),
        ("yaml", "data.A_B", "1", ("A_B", "1")),
        ("yaml", "data.app.name", "A_B", None),
    ],
)
def test_which_keys_set_variables(
    kind: str, key: str, value: str, expected: tuple[str, str | None] | None
) -> None:
    assert assigned_variable(kind, key, value) == expected


def test_what_is_worth_reading() -> None:
    own = Matrix("pkg:generic/dten", "generic", ("etc/dten/*.toml",))

    def wanted(path: str, kind: str, text: str, matrices: tuple[Matrix, ...] = ()) -> bool:
        return speaks_of(matrices, Document(f"p!/{path}", path, kind, text.encode()))

    assert wanted("x/my.cnf", "ini", "")
    assert wanted("templates/my.cnf.j2", "ini", "")
    assert not wanted("x/broker.toml", "toml", "")
    assert wanted("x/broker.toml", "toml", "", (own,))
    assert not wanted("node_modules/a/package.json", "json", "{}", (own,))
    open_name = Matrix("pkg:generic/dten", "generic", ("**/etc/dten/*",))
    assert wanted("conf/x.json", "json", "{}", (open_name,))
    assert wanted("vendor/etc/dten/x.json", "json", "{}", (open_name,))
    assert not wanted("node_modules/a/package.json", "json", "{}", (open_name,))
    assert wanted("etc/default/airflow", "env", "AIRFLOW__CORE__X=1")
    assert not wanted("etc/default/dten", "env", "DTEN_X=1")
    assert wanted("k8s/all.yaml", "yaml", "kind: ConfigMap")
    host = Document("p!/up.sh", "up.sh", "shell", b"cat > x <<E\n")
    part = host.embed(Embedded("env", "SPRING_REDIS_HOST=x\n", (2,), path="/etc/default/app"))
    assert speaks_of((), part)
