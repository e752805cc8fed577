"""What matrices of real products say, of files of the package and of the site's live ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.derive.config.changes import derive
from dten_audit.derive.config.files import role_of
from dten_audit.derive.config.versions import brought
from dten_audit.documents.document import Document
from dten_audit.links.package import Package
from dten_audit.model.facts.config import UnreadableConfig
from dten_audit.site.loading import load_site
from dten_audit.site.matrix import MatrixEntry
from dten_audit.site.schema import SiteFileError
from dten_audit.site.site import ConfigRecord
from tests.derive.config_cases import changes, estate, matrix, one, package, site


@pytest.mark.parametrize(
    ("line", "version", "expected"),
    [
        ("8-13:-XX:+UseConcMarkSweepGC", "17.0.15+6", []),
        ("8-13:-XX:+UseConcMarkSweepGC", "11.0.2", [("deprecated", "still-bound")]),
        ("14-:-XX:+UseConcMarkSweepGC", "14.0.2", [("removed", "ignored")]),
        ("8-:-XX:+UseConcMarkSweepGC", "17.0.15+6", [("removed", "refuses-to-start")]),
        ("8:-XX:+PrintGCDateStamps", "1.8.0.402", []),
        ("8:-XX:+PrintGCDateStamps", "", []),
        ("-XX:+PrintGCDateStamps", "", [("removed", "refuses-to-start")]),
        ("-XX:+PrintGCDateStamps", "8u402", []),
    ],
)
def test_options_for_some_releases_of_java(
    line: str, version: str, expected: list[tuple[str, str]]
) -> None:
    known = site(f"pkg:generic/openjdk@{version}") if version else site()
    found = changes(package({"etc/elasticsearch/jvm.options": f"{line}\n"}), estate(site=known))
    assert [(fact.change, fact.effect) for fact in found] == expected


SPRING_BOOT = "pkg:maven/org.springframework.boot/spring-boot"


@pytest.mark.parametrize(
    ("key", "version", "change", "replacement"),
    [
        # a chain, up to the name that holds in that version
        ("spring.redis.ssl", "3.0.5", "renamed", "spring.data.redis.ssl"),
        ("spring.redis.ssl", "3.2.5", "renamed", "spring.data.redis.ssl.enabled"),
        ("spring.http.encoding.charset", "4.0.1", "renamed", "spring.servlet.encoding.charset"),
        # the new name is gone as well
        ("management.metrics.web.server.auto-time-requests", "3.2.5", "removed", ""),
        # a live key that starts like an old one, and the old one in other spellings
        ("logging.file.name", "3.2.5", "", ""),
        ("logging.file", "3.2.5", "renamed", "logging.file.name"),
        ("spring.redis.clientName", "3.2.5", "renamed", "spring.data.redis.client-name"),
        ("spring.redis.client_name", "2.7.18", "", ""),
    ],
)
def test_traps_of_spring_boot(key: str, version: str, change: str, replacement: str) -> None:
    known = estate(site=site(f"{SPRING_BOOT}@{version}"))
    found = changes(package({"config/application.properties": f"{key}=x\n"}), known)
    told = [(fact.change, fact.replacement) for fact in found]
    assert told == ([(change, replacement)] if change else [])


def test_a_variable_of_two_keys_says_nothing() -> None:
    tree = {"etc/default/app": "SPRING_KAFKA_SSL_KEYSTOREPASSWORD=x\nSPRING_REDIS_HOST=a\n"}
    found = changes(package(tree), estate(site=site(f"{SPRING_BOOT}@3.2.5")))
    assert [fact.key for fact in found] == ["SPRING_REDIS_HOST"]


def test_a_file_in_a_config_map() -> None:
    text = "kind: ConfigMap\ndata:\n  my.cnf: |\n    [mysqld]\n    query_cache_size = 0\n"
    fact = one(package({"k8s/db.yaml": text}), estate())
    assert (fact.at.line, fact.name, fact.path) == (5, "[mysqld] query_cache_size", "my.cnf")


def test_the_same_place_is_said_once() -> None:
    entry = MatrixEntry("query_cache_size", removed="8.0.11", effect="ignored")
    own = matrix(entry, component="pkg:generic/mysql-server", files=("**/my.cnf",))
    made = package({"files/my.cnf": "[mysqld]\nquery_cache_size = 0\n"})
    fact = one(made, estate(own, site=site("pkg:generic/mysql-server@8.0.36")))
    assert fact.effect == "ignored"


def test_a_prefix_that_only_warns() -> None:
    made = package({"files/my.cnf": "[mysqld]\nloose_query_cache_size = 0\n"})
    fact = one(made, estate(site=site("pkg:generic/mysql-server@8.0.36")))
    assert (fact.effect, fact.consequence) == ("warns", "only warns of it")


def test_broken_files_of_a_product() -> None:
    tree = {"etc/dten/x.yaml": "a: [1\n", "etc/other/y.yaml": "a: [1\n"}
    known = estate(matrix(MatrixEntry("zzz", removed="9.0")))
    found = [fact for fact in derive(package(tree), known) if isinstance(fact, UnreadableConfig)]
    assert [(fact.path, fact.language, fact.product) for fact in found] == [
        ("etc/dten/x.yaml", "yaml", "dten")
    ]


def record(key: str, **more: str) -> ConfigRecord:
    return ConfigRecord("/etc/dten/x.conf", "", "", key, **more)._replace(line=7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("installed", "removed", "said"),
    [("9.1", "9.3", True), ("9.3.1", "9.3", False), ("9.1", "9.9", False)],
)
def test_live_files_of_the_site(installed: str, removed: str, *, said: bool) -> None:
    known = estate(
        matrix(MatrixEntry("a", removed=removed)),
        site=site(f"pkg:generic/dten@{installed}", config=[record("a", value="1")]),
    )
    found = changes(package({"README": "x"}), known)
    assert [(fact.side, fact.at.path, fact.at.line) for fact in found] == (
        [("site", "site.yaml", 7)] if said else []
    )


def test_live_files_of_what_is_not_upgraded_are_left_alone() -> None:
    config = [ConfigRecord("/etc/mysql/my.cnf", "", "mysqld", "query_cache_size", "1", 7)]
    known = estate(site=site("pkg:generic/mysql-server@5.7.44", config=config))
    assert not changes(package({"README": "x"}), known)


def test_the_site_file_lists_keys(tmp_path: Path) -> None:
    text = """
config:
  - path: /etc/mysql/my.cnf
    component: pkg:generic/mysql-server
    keys:
      mysqld: {query_cache_size: {value: '0', line: 12}, port: {line: 3}}
      flat.key: on
"""
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    base = ("/etc/mysql/my.cnf", "pkg:generic/mysql-server")
    assert load_site(path).config == (
        ConfigRecord(*base, "mysqld", "query_cache_size", "0", 6),
        ConfigRecord(*base, "mysqld", "port", "", 6),
        ConfigRecord(*base, "", "flat.key", "on", 7),
    )
    path.write_text("config: [{keys: {a: 1}}]\n", encoding="utf-8")
    with pytest.raises(SiteFileError, match="has a path"):
        load_site(path)


def test_nothing_costs_nothing() -> None:
    assert not list(derive(package({"README.md": "x"}), estate()))


@pytest.mark.parametrize(
    ("file", "version", "expected"),
    [
        ("redis-server_5%3a6.0.16-1_amd64.deb", "5:6.0.16-1+deb11u2", "6.0.16"),
        ("redis-6.2.7-1.el9.x86_64.rpm", "6.2.7-1.el9", "6.2.7"),
        ("redis-server.zip", "6.0.16", None),
    ],
)
def test_a_package_of_a_distribution_brings_itself(
    file: str, version: str, expected: str | None
) -> None:
    info = Document(f"{file}!/etc/redis/redis.conf", "etc/redis/redis.conf", "ini", b"").info()
    made = Package([info], [])
    made.identity = {"name": "redis-server", "version": version}
    assert next((each.version for each in brought(made)), None) == expected


def test_what_lies_in_an_archive_among_samples_is_a_sample() -> None:
    address = "p.zip!/pkg/testdata/charts/web-0.1.tgz!/web/templates/my.cnf"
    assert role_of("web/templates/my.cnf", [], address) == "example"
    assert role_of("web/templates/my.cnf", [], address.replace("testdata", "files")) == "live"
