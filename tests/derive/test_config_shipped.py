"""What a product says of its own keys, in the version that the package brings, comes first."""

from __future__ import annotations

import zipfile
from pathlib import Path

from dten_audit.auditing import examine
from dten_audit.model.facts.config import ConfigChange
from dten_audit.options import Options
from tests.site.test_foreign_matrices import OMNIBUS, SPRING


def found(folder: Path) -> list[tuple[str, str, str, str, object]]:
    facts = examine(folder, Options(read_everything=True)).of(ConfigChange)
    return [(fact.path, fact.key, fact.change, fact.since, fact.applies) for fact in facts]


def test_the_metadata_of_a_jar_speaks_of_the_settings_beside_it(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "application.properties").write_text(
        "dten.retry=3\ndten.oldUrl=x\ndten.slow=1\nserver.port=1\n", encoding="utf-8"
    )
    with zipfile.ZipFile(tmp_path / "dten-core-4.2.1.jar", "w") as jar:
        jar.writestr("META-INF/spring-configuration-metadata.json", SPRING)
    settings = "config/application.properties"
    assert found(tmp_path) == [
        (settings, "dten.retry", "renamed", "4.2.1", True),
        (settings, "dten.oldUrl", "deprecated", "4.2.1", True),
        (settings, "dten.slow", "deprecated", "3.2.0", True),
    ]


def test_the_list_of_gitlab_speaks_of_gitlab_rb(tmp_path: Path) -> None:
    (tmp_path / "package" / "libraries").mkdir(parents=True)
    (tmp_path / "package" / "libraries" / "deprecations.rb").write_text(OMNIBUS, encoding="utf-8")
    (tmp_path / "gitlab.rb").write_text("redis['ha'] = true\n", encoding="utf-8")
    (change,) = [row for row in found(tmp_path) if row[1] == "redis.ha"]
    assert change[:4] == ("gitlab.rb", "redis.ha", "removed", "15.0")


def test_a_broken_list_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "META-INF").mkdir()
    (tmp_path / "META-INF" / "spring-configuration-metadata.json").write_text(SPRING[:-9])
    (tmp_path / "application.properties").write_text("dten.retry=3\n", encoding="utf-8")
    assert found(tmp_path) == []


def test_an_unpacked_collection_is_of_the_version_of_its_manifest(tmp_path: Path) -> None:
    root = tmp_path / "ansible_collections" / "dten" / "ops"
    (root / "meta").mkdir(parents=True)
    routes = (
        "plugin_routing:\n  modules:\n    old:\n      redirect: dten.ops.new\n"
        "      deprecation: {removal_version: 6.0.0, warning_text: Use new.}\n"
    )
    (root / "meta" / "runtime.yml").write_text(routes, encoding="utf-8")
    (root / "MANIFEST.json").write_text(
        '{"collection_info": {"namespace": "dten", "name": "ops", "version": "5.1.0"}}'
    )
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "main.yml").write_text("- dten.ops.old:\n    name: x\n")
    (change,) = [row for row in found(tmp_path) if row[1] == "dten.ops.old"]
    assert change[2:] == ("deprecated", "5.1.0", True)
