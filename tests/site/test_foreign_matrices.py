"""Matrices in forms that products ship: read as ours, with their lines; broken ones are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.site.foreign.forms import foreign_matrix, shipped_paths
from dten_audit.site.foreign.told import Told
from dten_audit.site.matrix import MatrixEntry
from dten_audit.site.matrix_file import load_matrix
from dten_audit.site.schema import SiteFileError

SPRING = """{"groups": [], "properties": [
 {"name": "server.port", "type": "int"},
 {"name": "dten.old-url", "deprecated": true},
 {"name": "dten.retry", "deprecation": {"level": "error", "replacement": "dten.retries",
  "since": "3.1.0", "reason": "Renamed."}},
 {"name": "dten.slow", "deprecation": {"level": "warning", "since": "3.2.0"}}
]}"""
RUNTIME = """requires_ansible: '>=2.15'
plugin_routing:
  modules:
    foo:
      tombstone: {removal_version: 3.0.0, warning_text: Use bar.}
    old_name:
      redirect: acme.web.new_name
    qux:
      deprecation:
        removal_version: 5.0.0
      redirect: acme.web.quux
  lookup:
    nope: {tombstone: {removal_version: 2.0.0}}
"""
PLUTO = """deprecated-versions:
- version: extensions/v1beta1
  kind: Ingress
  deprecated-in: v1.14.0
  removed-in: v1.22.0
  replacement-api: networking.k8s.io/v1
  replacement-available-in: v1.19.0
  component: k8s
- {version: certmanager.k8s.io/v1alpha1, kind: Issuer, removed-in: v0.11.0, component: cert-manager}
target-versions: {k8s: v1.25.0}
"""
OSLO = """options:
  DEFAULT:
    opts:
    - {name: use-ipv6, dest: use_ipv6, deprecated_for_removal: true, deprecated_since: '16.0.0',
       deprecated_reason: 'Neutron does it.', deprecated_opts: []}
    - {name: plain, dest: plain, deprecated_for_removal: false, deprecated_opts: []}
  api:
    opts:
    - name: workers
      dest: workers
      deprecated_for_removal: false
      deprecated_opts: [{group: DEFAULT, name: api-workers}]
"""
OMNIBUS = """
      deprecations = [
        {
          config_keys: %w(gitlab nginx listen_address),
          deprecation: '8.10',
          removal: '11.0',
          note: "Use listen_addresses."
        },
        { config_keys: ['gitlab', 'redis', 'ha'], removal: '15.0' },
        { config_keys: %w(gitlab x), note: 'no version' },
        # config_keys: %w(<space separated list>), removal: '1.0',
        { config_keys: %w(list of keys), removal: '<version when to be removed>' },
        { config_keys: %w(roles redis-slave enable), removal: '14.0' },
        { config_keys: %w(gitlab gitlab-pages http-proxy), removal: '14.0' },
      ]
"""
SCHEMA = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {
  "queue": {"properties": {
    "url": {"deprecated": true, "description": "Use broker."}, "size": {}}},
  "idle": {"deprecated": false}}}"""


def rows(source: str, path: str, version: str = "4.0.0") -> list[MatrixEntry]:
    matrix = foreign_matrix(source, Told(path, "acme.web", version))
    return [] if matrix is None else [entry._replace(source="") for entry in matrix.entries]


def test_spring() -> None:
    assert rows(SPRING, "x.jar/META-INF/spring-configuration-metadata.json") == [
        MatrixEntry("dten.old-url", deprecated="4.0.0", changed_in="4.0.0", effect="still-bound",
                    line=3),
        MatrixEntry("dten.retry", deprecated="3.1.0", removed="4.0.0", changed_in="3.1.0",
                    renamed_to="dten.retries", effect="ignored", note="Renamed.", line=4),
        MatrixEntry("dten.slow", deprecated="3.2.0", changed_in="3.2.0", effect="still-bound",
                    line=6),
    ]  # fmt: skip


def test_a_collection() -> None:
    foo, qux = rows(RUNTIME, "meta/runtime.yml")
    assert (foo.key, foo.removed, foo.effect) == ("acme.web.foo", "3.0.0", "refuses-to-start")
    assert (qux.key, qux.deprecated, qux.removed) == ("acme.web.qux", "4.0.0", "5.0.0")
    assert (qux.renamed_to, qux.line, foo.note) == ("acme.web.quux", 9, "Use bar.")


def test_pluto() -> None:
    (row,) = rows(PLUTO, "versions.yaml")
    assert row == MatrixEntry(
        "extensions/v1beta1/Ingress", deprecated="v1.14.0", removed="v1.22.0",
        renamed_to="networking.k8s.io/v1/Ingress", replacement_since="v1.19.0",
        effect="refuses-to-start", line=2,
    )  # fmt: skip


def test_oslo() -> None:
    removal, moved = rows(OSLO, "nova.yaml")
    assert (removal.section, removal.key, removal.deprecated) == ("DEFAULT", "use_ipv6", "16.0.0")
    assert (moved.section, moved.key) == ("DEFAULT", "api_workers")
    assert (moved.moved_to, moved.changed_in) == ("api.workers", "4.0.0")
    assert [row.key for row in rows(OSLO, "nova.yaml", "")] == ["use_ipv6"]
    for name in ("2025.1", "Ocata", "2026.2/Hibiscus"):
        assert rows(OSLO.replace("16.0.0", name), "nova.yaml", "34.0.0")[0].deprecated == "34.0.0"


def test_omnibus() -> None:
    first, below, second, _, role, _, pages, _ = rows(OMNIBUS, "libraries/deprecations.rb")
    assert (below.key, below.removed) == ("nginx.listen_address.**", "11.0")
    assert (role.key, pages.key) == ("redis_slave_role.enable", "gitlab_pages.http-proxy")
    assert (first.key, first.deprecated, first.removed) == ("nginx.listen_address", "8.10", "11.0")
    assert (first.note, first.line) == ("Use listen_addresses.", 4)
    assert (second.key, second.removed) == ("redis.ha", "15.0")


def test_a_schema() -> None:
    (row,) = rows(SCHEMA, "etc/dten.schema.json")
    assert (row.key, row.deprecated, row.note, row.line) == ("queue.url", "4.0.0", "Use broker.", 3)
    matrix = foreign_matrix(SCHEMA, Told("etc/dten.schema.json", version="4"))
    assert matrix is not None
    assert matrix.files == ("**/dten.json", "**/dten.yaml", "**/dten.yml")


@pytest.mark.parametrize(
    ("name", "source", "keys"),
    [("pluto.yaml", PLUTO, 1), ("nova.yaml", OSLO, 1), ("metadata.json", SPRING, 3),
     ("deprecations.rb", OMNIBUS, 8)],
)  # fmt: skip
def test_each_is_a_matrix_of_the_user(tmp_path: Path, name: str, source: str, keys: int) -> None:
    path = tmp_path / name
    path.write_text(source, encoding="utf-8")
    assert len(load_matrix(path).entries) == keys


@pytest.mark.parametrize("source", ["", "a: 1\n", "[]", "{", "- x\n", "{}"])
def test_anything_else_is_told_as_a_matrix_that_is_wrong(tmp_path: Path, source: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(SiteFileError):
        load_matrix(path)


@pytest.mark.parametrize(
    ("uses", "paths", "shipped", "found"),
    [
        (("",), ("etc/application.yml",), "META-INF/spring-configuration-metadata.json", True),
        (("",), ("etc/my.cnf",), "META-INF/spring-configuration-metadata.json", False),
        (("ansible",), ("tasks/main.yml",), "ns/meta/runtime.yml", True),
        (("",), ("tasks/main.yml",), "ns/meta/runtime.yml", False),
        (("",), ("etc/gitlab/gitlab.rb",), "package/libraries/deprecations.rb", True),
    ],
)
def test_only_matrices_that_can_speak_of_a_key_are_looked_for(
    uses: tuple[str, ...], paths: tuple[str, ...], shipped: str, *, found: bool
) -> None:
    pattern = shipped_paths(uses, paths)
    assert (pattern is not None and pattern.fullmatch(shipped) is not None) is found


VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3)
    | st.dictionaries(
        st.sampled_from("properties name deprecation options opts modules redirect x".split()),
        below, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(["a.json", "meta/runtime.yml"]))
def test_any_data_is_read(data: object, path: str) -> None:
    keys = ("properties", "plugin_routing", "deprecated-versions", "options", "$schema")
    foreign_matrix(json.dumps(dict.fromkeys(keys, data)), Told(path))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    for path in ("a.json", "a.yaml", "deprecations.rb"):
        foreign_matrix(text, Told(path))
        foreign_matrix(OMNIBUS[:60] + text, Told(path))
