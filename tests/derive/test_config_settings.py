"""Keys that commands set in configuration files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.derive.config.changes import derive as derive_changes
from dten_audit.derive.config.settings import derive
from dten_audit.documents.document import Document, DocumentInfo
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Layer, Word
from dten_audit.model.facts.config import ConfigChange, ConfigKey
from dten_audit.model.location import Location
from dten_audit.readers.sql.reader import read as read_sql
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import Matrix, MatrixEntry
from dten_audit.site.site import Site

SCRIPT = "p.zip!/bin/up.sh"
ESTATE = Estate(Site(), datetime(2026, 11, 21, tzinfo=UTC))


def command(*words: str | Word, **more: object) -> Command:
    argv = tuple(word if isinstance(word, Word) else Word(word) for word in words)
    program = argv[0].text.rpartition("/")[2]
    return Command(Location(SCRIPT, 4), SCRIPT, 0, program, argv, **more)  # type: ignore[arg-type]


def info(path: str, kind: str) -> DocumentInfo:
    return DocumentInfo(f"p.zip!/{path}", f"p.zip!/{path}", path, kind, 10, None, "")


def package(*facts: Fact) -> Package:
    made = Package([info("bin/up.sh", "shell"), info("etc/dten/importer.ini", "ini")], facts)
    made.identity = {"name": "dten", "version": "9.4.0"}
    return made


def stated(*facts: Fact) -> list[tuple[str, str, str, str, str]]:
    found = [fact for fact in derive(package(*facts), ESTATE) if isinstance(fact, ConfigKey)]
    return [(key.path, key.section, key.key, key.value, key.certainty) for key in found]


SSHD = "/etc/ssh/sshd_config"
INI = "/etc/dten/x.ini"
R = "resolved"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["crudini", "--set", INI, "sftp", "host", "a"], [(INI, "sftp", "host", "a", R)]),
        (["crudini", "--inplace", "--set", INI, "", "host"], [(INI, "", "host", "", R)]),
        (["crudini", "--get", INI, "sftp", "host"], []),
        (["crudini", "--del", INI, "sftp", "host"], []),
        (["openstack-config", "--set", INI, "a", "b", "c"], [(INI, "a", "b", "c", R)]),
        (["iniset", INI, "a", "b", "c"], [(INI, "a", "b", "c", R)]),
        (["/usr/sbin/postconf", "-e", "a = b", "c=d"],
         [("/etc/postfix/main.cf", "", "a", "b", R), ("/etc/postfix/main.cf", "", "c", "d", R)]),
        (["postconf", "-d", "a"], []),
        (["postconf", "a"], []),
        (["pg_conftool", "15", "main", "set", "a", "b"], [("postgresql.conf", "", "a", "b", R)]),
        (["pg_conftool", "show", "all"], []),
        (["yq", "-i", '.a.b[0] = "c" | .d = 1', "/etc/x.yaml"],
         [("/etc/x.yaml", "", "a.b[0]", "c", R), ("/etc/x.yaml", "", "d", "1", R)]),
        (["yq", ".a = 1", "/etc/x.yaml"], []),
        (["sed", "-i", "s/^a=.*/a=b/", INI], [(INI, "", "a", "b", R)]),
        (["sed", "-i.bak", "s/^a=.*/a=b/", INI], [(INI, "", "a", "b", R)]),
        (["sed", "-i", "-e", "s|^#\\?a *=.*|a = /x/y|", INI], [(INI, "", "a", "/x/y", R)]),
        (["sed", "-i", "s/a=1/a=1/; s/^b: .*/b: 2/", INI],
         [(INI, "", "a", "1", R), (INI, "", "b", "2", R)]),
        (["sed", "-i", "/\\[mysqld\\]/a query_cache_size = 0", "/etc/mysql/my.cnf"],
         [("/etc/mysql/my.cnf", "mysqld", "query_cache_size", "0", R)]),
        (["sed", "-i", "$ a a=1", INI], [(INI, "", "a", "1", R)]),
        (["sed", "-i", "s/^a=\\(.*\\)/a=\\1,x/", INI], [(INI, "", "a", "\\1,x", "computed")]),
        (["sed", "-i", "s/^a=.*/a=${B}/", INI], [(INI, "", "a", "${B}", "computed")]),
        (["sed", "s/^a=.*/a=b/", INI], []),
        (["sed", "-i", "s/foo/bar/", INI], []),
        (["sed", "-i", "/^a=/d", INI], []),
        (["sed", "-i", "s/a=", INI], []),
        (["sed", "-i", "s/^#*UseLogin .*/UseLogin no/", SSHD], [(SSHD, "", "UseLogin", "no", R)]),
        (["sed", "-i", "s/^ssl .*/ssl on;/", "/etc/nginx/nginx.conf"],
         [("/etc/nginx/nginx.conf", "", "ssl", "on", R)]),
        (["sed", "-i", "s/UseLogin yes/#UseLogin no/", SSHD], []),
        (["sed", "-i", "s/^a .*/a b/", INI], []),
        (["sed", "-i"], []),
        (["echo", "crudini", "--set"], []),
    ],
)  # fmt: skip
def test_commands(words: list[str], expected: list[tuple[str, str, str, str, str]]) -> None:
    assert stated(command(*words)) == expected


def test_a_computed_folder_means_the_file_that_is_shipped() -> None:
    file = Word("${DTEN_ETC}/importer.ini", "computed")
    found = stated(command("crudini", "--set", file, "sftp", "strict_host_key", "no"))
    assert found == [("etc/dten/importer.ini", "sftp", "strict_host_key", "no", R)]


def test_what_happens_elsewhere_is_no_setting_here() -> None:
    there = (Layer("ssh", "remote", target="db1"),)
    assert stated(command("crudini", "--set", INI, "a", "b", "c", layers=there)) == []


def test_settings_of_servers_in_sql() -> None:
    text = "ALTER SYSTEM SET wal_keep_segments = 10;\nSET GLOBAL query_cache_size=0;\nSET a = 1;\n"
    facts = read_sql(Document("p.zip!/a.sql", "a.sql", "sql", text.encode()))
    found = stated(*[fact for fact in facts if hasattr(fact, "subject")])
    assert found == [
        ("postgresql.auto.conf", "", "wal_keep_segments", "10", "exact"),
        ("my.cnf", "mysqld", "query_cache_size", "0", "exact"),
    ]


def test_settings_are_judged_like_keys_of_files() -> None:
    made = package(
        command("crudini", "--set", "/etc/dten/importer.ini", "sftp", "strict_host_key", "no"),
        command("sed", "-i", "s/^query_cache_size.*/query_cache_size=0/", "/etc/mysql/my.cnf"),
    )
    made.add(list(derive(made, ESTATE)))
    entry = MatrixEntry("sftp.strict_host_key", removed="9.3", effect="refuses-to-start")
    own = Matrix("pkg:generic/dten", "generic", ("**/etc/dten/*",), entries=(entry,))
    found = derive_changes(made, ESTATE._replace(matrices=(own,)))
    assert [
        (fact.at.line, fact.name, fact.setter, fact.applies is True)
        for fact in found
        if isinstance(fact, ConfigChange)
    ] == [(4, "[sftp] strict_host_key", "crudini", True), (4, "query_cache_size", "sed", False)]


PARTS = st.lists(
    st.sampled_from(
        ["-i", "s/a=/b=c/", "--set", "", "-e", "/[x]/a", "set", "=", ".a=1", "$ a b=1", "s", "\\"]
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["sed", "crudini", "yq", "postconf", "pg_conftool", "iniset"]),
    PARTS,
    st.text(max_size=20),
)
def test_any_words_are_read(program: str, words: list[str], more: str) -> None:
    stated(command(program, *words, more))


def test_a_long_script_costs_little() -> None:
    assert stated(command("sed", "-i", "s/" * 200_000, INI)) == []
    assert len(stated(command("yq", "-i", ".a=1|" * 100_000, INI))) < 2000
