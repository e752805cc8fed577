"""What matrices say of configuration, in which version, and what is not known."""

from __future__ import annotations

import pytest

from dten_audit.derive.config.files import landings, role_of
from dten_audit.derive.config.replacing import setting_line
from dten_audit.links.package import Install
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.site.matrix import MatrixEntry
from tests.derive.config_cases import ASK, CONF, changes, estate, matrix, one, package, site


@pytest.mark.parametrize(
    ("entry", "version", "change", "since"),
    [
        (MatrixEntry("a", removed="9.0"), "9.4", "removed", "9.0"),
        (MatrixEntry("a", removed="9.4"), "9.4.0", "removed", "9.4"),
        (MatrixEntry("a", removed="9.5"), "9.4", "", ""),
        (MatrixEntry("a", deprecated="9.1", removed="9.5"), "9.4", "deprecated", "9.1"),
        (MatrixEntry("a", deprecated="9.1", removed="9.3"), "9.4", "removed", "9.3"),
        (MatrixEntry("a", renamed_to="c", changed_in="9.1"), "9.4", "renamed", "9.1"),
        (MatrixEntry("a", renamed_to="c", changed_in="9.1", removed="9.4"), "9.3", "deprecated",
         "9.1"),
        (MatrixEntry("a", renamed_to="c", changed_in="9.1", removed="9.4"), "9.4", "renamed",
         "9.4"),
        (MatrixEntry("a", moved_to="x.c", changed_in="9.1"), "9.4", "moved", "9.1"),
        (MatrixEntry("a", allowed=("2", "3"), allowed_in="9.0"), "9.4", "value-not-allowed", "9.0"),
        (MatrixEntry("a", allowed=("1", "3"), allowed_in="9.0"), "9.4", "", ""),
        (MatrixEntry("a", refused=("1",), allowed_in="9.0"), "9.4", "value-not-allowed", "9.0"),
        (MatrixEntry("a", refused=("2",), allowed_in="9.0"), "9.4", "", ""),
        (MatrixEntry("a", removed="9.0", only_if_value="1"), "9.4", "removed", "9.0"),
        (MatrixEntry("a", removed="9.0", only_if_value="2"), "9.4", "", ""),
        (MatrixEntry("gone", removed="9.0"), "9.4", "", ""),
    ],
)  # fmt: skip
def test_what_holds_in_the_version_that_the_package_brings(
    entry: MatrixEntry, version: str, change: str, since: str
) -> None:
    found = changes(package(CONF, version=version), estate(matrix(entry)))
    assert [(fact.change, fact.since, fact.applies) for fact in found] == (
        [(change, since, True)] if change else []
    )


@pytest.mark.parametrize(
    ("packages", "complete", "applies"),
    [
        (("pkg:generic/mysql-server@8.0.36",), (), True),
        (("pkg:deb/debian/mysql-server-8.0@1:8.0.36-1debian12",), (), True),
        (("pkg:rpm/mysql-community-server@8.4.2-1.el9",), (), True),
        (("pkg:deb/debian/mysql-server-5.7@5.7.44-1",), (), False),
        (("pkg:deb/debian/mysql-client-8.0@8.0.36-1",), (), ASK),
        ((), (), ASK),
        ((), ("packages",), False),
        (("pkg:deb/debian/mysql-server-8.0@8.0.36-1", "pkg:rpm/mysql-community-server@8.4.2-1"), (),
         ASK),
    ],
)  # fmt: skip
def test_third_parties_run_in_the_version_of_the_site(
    packages: tuple[str, ...], complete: tuple[str, ...], applies: bool | Unknown
) -> None:
    made = package({"files/my.cnf": "[mysqld]\nquery_cache_size = 0\n"})
    found = changes(made, estate(site=site(*packages, complete=complete)))
    assert [fact.applies for fact in found] == ([] if applies is False else [applies])


@pytest.mark.parametrize("member", [
    "debs/mysql-server-8.0_8.0.36-1_amd64.deb", "rpms/mysql-community-server-8.4.2-1.el9.x86_64.rpm"
])  # fmt: skip
def test_a_shipped_package_tells_the_version(member: str) -> None:
    made = package({member: "x", "files/my.cnf": "[mysqld]\nquery_cache_size = 0\n"})
    found = changes(made, estate(site=site("pkg:deb/debian/mysql-server-5.7@5.7.44-1")))
    (fact,) = [fact for fact in found if fact.key == "query_cache_size"]
    assert len(found) > 20  # the defaults of MySQL 8
    assert (fact.applies, fact.installed) == (True, "5.7.44")


def test_a_jar_tells_the_version() -> None:
    tree = {
        "lib/spring-boot-3.2.4.jar": "x",
        "conf/application.properties": "spring.redis.host=a\n",
    }
    fact = one(package(tree), estate())
    assert (fact.change, fact.in_force, fact.setting) == (
        "renamed", "3.2.4", "spring.data.redis.host=a",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "own", "component", "target"),
    [
        ("dten", True, "pkg:generic/dten", True),
        ("full-upgrade-package-dten", True, "pkg:generic/dten", True),
        ("Dten_Full", True, "pkg:generic/dten", True),
        ("dtender", True, "pkg:generic/dten", False),
        ("dten-postgresql-tools", False, "pkg:generic/postgresql", False),
        ("postgresql", False, "pkg:generic/postgresql", True),
    ],
)
def test_whose_version_the_package_has(
    name: str, component: str, *, own: bool, target: bool
) -> None:
    known = estate(matrix(MatrixEntry("a", removed="1"), component=component, own=own))
    assert one(package(CONF, name=name), known).in_force == ("9.4.0" if target else ASK)


def test_the_file_name_of_the_package_names_the_product() -> None:
    made = package(CONF)
    made.identity = {"version": "9.4"}
    known = estate(matrix(MatrixEntry("a", removed="9.4"), component="pkg:generic/p"))
    assert one(made, known).applies is True


def test_a_computed_value_is_asked_for_only_where_it_matters() -> None:
    made = package({"etc/dten/x.conf": "a = ${A}\nb = ${B}\nc = ${C}\n"})
    entries = (
        MatrixEntry("a", removed="9.0"),
        MatrixEntry("b", removed="9.0", only_if_value="x"),
        MatrixEntry("c", allowed=("x",), allowed_in="9.0"),
    )
    found = changes(made, estate(matrix(*entries)))
    asked = Unknown("package.value")
    assert [fact.applies for fact in found] == [True, asked, asked]
    assert found[0].setting == ""


def test_a_template_that_is_the_value_itself() -> None:
    made = package({"etc/dten/x.conf": "a = {{ ti.id }}.log\n"})
    entry = MatrixEntry("a", removed="9.0", only_if_value="{{ ti.id }}.log")
    assert one(made, estate(matrix(entry))).applies is True


@pytest.mark.parametrize(
    ("text", "entry", "setting"),
    [
        ("expire = 10\n", MatrixEntry("expire", renamed_to="s", removed="9", transform="*86400"),
         "s = 864000"),
        ("expire = 64\n", MatrixEntry("expire", renamed_to="s", removed="9", transform="*16MB"),
         "s = 1024MB"),
        ("expire = 3000\n", MatrixEntry("expire", renamed_to="s", removed="9", transform="/1000"),
         "s = 3"),
        ("expire = 3001\n", MatrixEntry("expire", renamed_to="s", removed="9", transform="/1000"),
         ""),
        ("expire = 10d\n", MatrixEntry("expire", renamed_to="s", removed="9", transform="*2"), ""),
        ("expire = 1\n", MatrixEntry("expire", renamed_to="s", removed="9", transform="see docs"),
         ""),
        ("[core]\nexpire = 1\n", MatrixEntry("expire", "core", renamed_to="s", removed="9"),
         "s = 1"),
        ("[core]\nexpire = 1\n", MatrixEntry("expire", "core", moved_to="web.s", removed="9"),
         "[web] s = 1"),
    ],
)  # fmt: skip
def test_what_to_write_instead(text: str, entry: MatrixEntry, setting: str) -> None:
    fact = one(package({"etc/dten/x.ini": text}), estate(matrix(entry)))
    assert fact.setting == setting
    assert fact.instead.startswith(setting or fact.replacement)


def test_a_new_name_takes_the_open_labels_of_the_old() -> None:
    entry = MatrixEntry("jobs.*.old", renamed_to="jobs.*.new", removed="9.0")
    tree = {"etc/dten/x.yaml": "jobs:\n  - {name: a}\n  - {name: b, old: 1}\n"}
    fact = one(package(tree), estate(matrix(entry)))
    assert (fact.replacement, fact.setting) == ("jobs[1].new", "jobs[1].new: 1")


@pytest.mark.parametrize(
    ("use", "key", "new", "setting"),
    [
        ("kubernetes", "extensions/v1beta1/Ingress", "networking.k8s.io/v1/Ingress",
         "apiVersion: networking.k8s.io/v1, kind: Ingress"),
        ("cli", "old", "new", "--new=5"),
        ("cli", "-Xold", "-Xnew", ""),
        ("systemd", "Old", "New", "New=5"),
        ("ansible", "a.b.old", "a.b.new", ""),
    ],
)  # fmt: skip
def test_what_to_write_in_another_language(use: str, key: str, new: str, setting: str) -> None:
    stated = ConfigKey(Location("x", 1), use, "x", "", key, "5")
    assert setting_line(stated, MatrixEntry(key, renamed_to=new, removed="9"), new) == setting


def test_chains_are_followed_to_their_end() -> None:
    entries = (
        MatrixEntry("a", renamed_to="m", removed="9.0"),
        MatrixEntry("m", renamed_to="n", removed="9.3"),
        MatrixEntry("n", renamed_to="o", removed="9.9"),
        MatrixEntry("b", renamed_to="c", removed="9.0"),
        MatrixEntry("c", renamed_to="b", removed="9.0"),
    )
    found = changes(package(CONF), estate(matrix(*entries)))
    assert [fact.replacement for fact in found] == ["n", "c"]


def test_the_new_name_in_the_same_file() -> None:
    entry = MatrixEntry("a", renamed_to="b", removed="9.0")
    place = one(package(CONF), estate(matrix(entry))).replacement_at
    assert place is not None
    assert place.line == 2


@pytest.mark.parametrize(
    ("text", "version", "packages", "complete", "applies"),
    [
        ("http.max = 1\n", "9.4", ("pkg:generic/dten@8.0",), (), True),
        ("http.max = 1\n", "9.4", ("pkg:generic/dten@9.2",), (), False),
        ("http.max = 1\n", "9.0", ("pkg:generic/dten@8.0",), (), False),
        ("http.max = 1\n", "9.4", (), (), ASK),
        ("http.max = 1\n", "9.1.0", (), (), True),
        ("http.max = 1\n", "9.4", (), ("packages",), False),
        ("http.idle = 1\n", "9.4", ("pkg:generic/dten@8.0",), (), False),
        ("http.max = 1\n", "", ("pkg:generic/dten@8.0",), (), False),
    ],
)
def test_defaults_that_flip(
    text: str,
    version: str,
    packages: tuple[str, ...],
    complete: tuple[str, ...],
    applies: bool | Unknown,
) -> None:
    made = package({"etc/dten/x.conf": "other = 1\n" + text}, version=version)
    entry = MatrixEntry("http.idle", default_from="60s", default_to="15s", default_in="9.1")
    found = changes(made, estate(matrix(entry), site=site(*packages, complete=complete)))
    assert [fact.applies for fact in found] == ([] if applies is False else [applies])
    for fact in found:
        assert (fact.at.line, fact.default_from, fact.default_to) == (2, "60s", "15s")


def test_a_default_needs_a_live_file() -> None:
    entry = MatrixEntry("z", default_from="1", default_to="2", default_in="9.4")
    assert not changes(package({"docs/etc/dten/x.conf": "a = 1\n"}), estate(matrix(entry)))
    assert not changes(package({"etc/other/x.conf": "a = 1\n"}), estate(matrix(entry)))


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("etc/dten/x.conf", "live"),
        ("etc/dten/x.conf.j2", "live"),
        ("etc/dten/x.conf.sample", "example"),
        ("etc/dten/x.example.conf", "example"),
        ("docs/x.conf", "example"),
        ("test/etc/dten/x.conf", "example"),
        ("payload/contested/x.conf", "live"),
    ],
)
def test_roles(path: str, role: str) -> None:
    assert role_of(path, []) == role


def test_a_sample_that_is_installed_is_live() -> None:
    made = package({"samples/x.conf": "a = 1\n"})
    at = Location("p.zip!/up.sh", 3)
    made.installs.append(
        Install("p.zip!/samples/x.conf", "/etc/dten/x.conf", at, 1, "p.zip!/up.sh")
    )
    fact = one(made, estate(matrix(MatrixEntry("a", removed="9.0"))))
    assert (fact.role, fact.path) == ("live", "samples/x.conf")
    assert role_of("samples/x.conf", landings(made)["p.zip!/samples/x.conf"]) == "live"


def test_variables_in_any_file_of_variables() -> None:
    tree = {
        "etc/default/airflow": "AIRFLOW__WEBSERVER__BASE_URL=https://a.example\n",
        "compose.yaml": "services:\n  web:\n    environment:\n      - SPRING_REDIS_HOST\n",
    }
    known = estate(site=site("pkg:pypi/apache-airflow@3.0.2"))
    found = changes(package(tree), known)
    assert [(fact.key, fact.change, fact.replacement, fact.applies) for fact in found] == [
        ("SPRING_REDIS_HOST", "renamed", "SPRING_DATA_REDIS_HOST", ASK),
        ("AIRFLOW__WEBSERVER__BASE_URL", "moved", "AIRFLOW__API__BASE_URL", True),
    ]


def test_a_default_that_a_variable_sets_does_not_flip() -> None:
    tree = {
        "p/airflow.cfg": "[core]\nparallelism = 4\n",
        "etc/default/airflow": "AIRFLOW__CORE__EXECUTOR=CeleryExecutor\n",
    }
    known = estate(site=site("pkg:pypi/apache-airflow@2.10.5"))
    made = package(tree, name="apache-airflow", version="3.0.2")
    flipped = {fact.key for fact in changes(made, known) if fact.change == "default-changed"}
    assert "catchup_by_default" in flipped
    assert "executor" not in flipped


def test_of_rows_for_several_values_the_one_that_is_certain() -> None:
    rows = [
        MatrixEntry("a", removed="9.0", only_if_value=value) for value in ("{{ x }}", "{{ y }}")
    ]
    known = estate(matrix(*rows))
    made = package({"etc/dten/x.conf": "a = {{ y }}\n"})
    assert [fact.applies for fact in changes(made, known)] == [True]
