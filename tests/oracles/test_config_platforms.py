"""Asks Ansible's loader, Prometheus, Alertmanager, Compose and Kubernetes' clients about matrices.

Each row says what a release makes of a key; the release itself, or what was generated of it, must
say the same. How many rows were asked is printed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from dten_audit.site.matrix import Matrix, MatrixEntry, shipped_headers, shipped_matrix
from dten_audit.site.matrix_rows import phases
from dten_audit.site.versions import at_least
from tests.oracles.daemons import fetched, missing, run

# ruff: noqa: T201 (how many rows were asked is printed)

pytestmark = pytest.mark.oracle
ANSIBLE: Final = ("ansible==12.3.0", "ansible-core==2.19.14")
CLIENTS: Final = {
    8: "4.0.0", 9: "5.0.0", 13: "9.0.1", 14: "10.1.0", 16: "12.0.1", 17: "17.17.0",
    18: "18.20.0", 19: "19.15.0", 20: "20.13.0", 21: "21.7.0", 22: "22.6.0", 23: "23.6.0",
    24: "24.2.0", 25: "25.3.0", 26: "26.1.0", 27: "27.2.0", 28: "28.1.0", 29: "29.0.0",
    30: "30.1.0", 31: "31.0.0", 32: "32.0.1", 33: "33.1.0", 34: "34.1.0", 35: "35.0.0",
}  # fmt: skip
"""Python clients by the minor release of Kubernetes whose API description they were made of."""
OFF_BY_DEFAULT: Final = 16
"""The release that stopped serving what descriptions hold until 1.18."""
PROBE: Final = """
import json, sys
from ansible.errors import AnsibleError
from ansible.plugins import loader
loader.init_plugin_loader()
said = {}
for name in json.load(sys.stdin):
    try:
        found = loader.module_loader.find_plugin_with_context(name)
    except AnsibleError:
        said[name] = "removed"
        continue
    here = "deprecated" if found.deprecated else "there"
    said[name] = here if found.resolved else "removed"
json.dump(said, sys.stdout)
"""


def expected(entry: MatrixEntry, version: str, scheme: str) -> str:
    """Return what a row expects of a version: removed, deprecated or there."""
    for change, since in phases(entry):
        if at_least(version, since, scheme):
            return "deprecated" if change == "deprecated" else "removed"
    return "there"


def wheels(folder: Path, names: Sequence[str]) -> list[Path]:
    """Return wheels from PyPI, in the order of their names."""

    def wheel(name: str) -> Path:
        place = folder / name
        place.mkdir()
        run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", ".", name], place)
        found = list(place.glob("*.whl"))
        return found[0] if found else missing(f"{name} cannot be had")

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(wheel, names))


# Ansible


def collection_version(packages: Path, matrix: Matrix) -> str:
    """Return the version of a matrix's collection that is installed; empty where it is not."""
    if matrix.product == "ansible-core":
        return ANSIBLE[1].partition("==")[2]
    folder = packages / "ansible_collections" / matrix.product.replace(".", "/")
    if not (folder / "MANIFEST.json").is_file():
        return ""
    info = json.loads((folder / "MANIFEST.json").read_text())["collection_info"]
    return str(info["version"])


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ansible")
    if run([sys.executable, "-m", "venv", "v"], folder).returncode:
        missing("no environment for Ansible")
    if run(["v/bin/pip", "install", "-q", *ANSIBLE], folder, timeout=600).returncode:
        missing("Ansible cannot be had")
    return folder / "v"


def test_the_plugin_loader_agrees_with_every_row(ansible: Path) -> None:
    packages = next(ansible.glob("lib/*/site-packages"))
    wanted: dict[str, str] = {}
    for name, head in shipped_headers():
        version = collection_version(packages, head) if head.format == "ansible" else ""
        if version:
            matrix = shipped_matrix(name)
            for entry in matrix.entries:
                wanted[entry.key] = expected(entry, version, matrix.scheme)
    answer = subprocess.run(
        [ansible / "bin/python", "-c", PROBE], input=json.dumps(list(wanted)), check=True,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    said = json.loads(answer.stdout)
    print(f"{len(wanted)} modules asked: {dict(Counter(wanted.values()))}")
    assert {name: said[name] for name in wanted} == wanted


# Kubernetes


def served(wheel: Path) -> set[str]:
    """Return ``version/Kind`` of what a client can create, of the APIs that it exports."""
    found = set()
    with zipfile.ZipFile(wheel) as archive:
        exported = archive.read("kubernetes/client/__init__.py").decode()
        for name in archive.namelist():
            stem = Path(name).stem
            if not re.fullmatch(r"kubernetes/client/apis?/\w+_api\.py", name):
                continue
            if re.search(rf"\.{stem} import", exported):
                found |= set(_created(archive.read(name).decode()))
    return found


def _created(source: str) -> Iterator[str]:
    for part in source.split("\n    def ")[1:]:
        path = re.search(r"'/(apis?/[\w./{}-]+)'", part)
        body = re.search(r":param (?:\w+\.)?(\w+) body", part)
        if part.startswith("create_") and "_with_http_info(" in part and path and body:
            version = "/".join(path[1].split("/")[1:3])
            kind = re.sub(r"^(?:[A-Z][a-z]+)?V\d+(?:alpha\d+|beta\d+)?", "", body[1])
            yield f"{version}/{kind}"


def test_clients_of_each_release_agree_with_every_row(tmp_path: Path) -> None:
    names = [f"kubernetes=={version}" for version in CLIENTS.values()]
    known = dict(zip(CLIENTS, map(served, wheels(tmp_path, names)), strict=True))
    asked, wrong = 0, []
    for entry in shipped_matrix("kubernetes").entries:
        gone = int(entry.removed.removeprefix("1."))
        before, after = (gone - 2, 18) if gone == OFF_BY_DEFAULT else (gone - 1, gone)
        asked += 1
        if entry.key not in known[before] or entry.key in known[after]:
            wrong.append(entry.key)
        first = int((entry.replacement_since or "1.0").removeprefix("1."))
        if first in known and entry.renamed_to not in known[first]:
            wrong.append(entry.renamed_to)
    print(f"{asked} versions of objects asked of {len(known)} clients")
    assert not wrong


# Prometheus, Alertmanager, Compose


def refused(command: Iterable[str | Path], folder: Path) -> str:
    """Return what a program says where it does not take an option or a file; else nothing."""
    done = run([str(word) for word in command], folder, timeout=20)
    said = done.stdout + done.stderr
    unknown = re.search(r"unknown (?:long|short) flag|not found in type|has no effect", said)
    return said if unknown else ""


def test_prometheus_refuses_the_options_of_before(tmp_path: Path) -> None:
    program = fetched(tmp_path, "prometheus") / "usr/bin/prometheus"
    asked = []
    for entry in shipped_matrix("prometheus").entries:
        if entry.removed != "2.0":
            continue
        option = entry.key.replace("**", "path" if entry.key.endswith(".**") else "-url")
        assert refused([program, f"--{option}=1"], tmp_path), option
        asked.append(option)
        if entry.renamed_to:
            nothing = "--config.file=/nonexistent"
            assert not refused([program, f"--{entry.renamed_to}=5m", nothing], tmp_path)
    print(f"{len(asked)} options of 1.x asked of Prometheus 2")
    assert len(asked) >= 6


ROUTE: Final = "route: {receiver: a}\nreceivers:\n- name: a\n"
FILES: Final = {
    "receivers.*.opsgenie_configs.*.teams": (
        "  opsgenie_configs: [{api_key: x, teams: y}]\n",
        "  opsgenie_configs: [{api_key: x, responders: [{name: y, type: team}]}]\n",
    ),
    "receivers.*.pagerduty_configs.*.images.*.text": (
        "  pagerduty_configs: [{routing_key: x, images: [{text: y}]}]\n",
        "  pagerduty_configs: [{routing_key: x, images: [{href: y}]}]\n",
    ),
    "receivers.*.hipchat_configs.**": ("  hipchat_configs: [{room_id: x}]\n", ""),
    "global.hipchat_api_url": ("global: {hipchat_api_url: 'http://a.example/'}\n", ""),
    "global.hipchat_auth_token": ("global: {hipchat_auth_token: x}\n", ""),
    "mute_time_intervals.**": ("", "mute_time_intervals: [{name: x, time_intervals: []}]\n"),
}
"""What a file says with the key, refused, and instead of it, taken."""


def test_alertmanager_refuses_what_is_gone(tmp_path: Path) -> None:
    programs = fetched(tmp_path, "prometheus-alertmanager") / "usr/bin"
    for entry in shipped_matrix("alertmanager").entries:
        if entry.key.startswith("mesh."):
            assert refused([programs / "prometheus-alertmanager", "--mesh.peer=x"], tmp_path)
            continue
        for text, bad in zip(FILES[entry.key], (True, False), strict=True):
            if text:
                (tmp_path / "a.yml").write_text(ROUTE + text)
                said = refused([programs / "amtool", "check-config", "a.yml"], tmp_path)
                assert bool(said) is bad, (entry.key, said)
    print(f"{len(FILES) + 1} keys and options asked of Alertmanager")


def test_compose_knows_the_keys_until_they_are_gone(tmp_path: Path) -> None:
    old, new = wheels(tmp_path, ["docker-compose==1.26.2", "docker-compose==1.29.2"])
    with zipfile.ZipFile(old) as archive:
        two = json.loads(archive.read("compose/config/config_schema_v2.4.json"))
    with zipfile.ZipFile(new) as archive:
        spec = json.loads(archive.read("compose/config/compose_spec.json"))
        one = json.loads(archive.read("compose/config/config_schema_v1.json"))
    keys = {entry.key: entry.removed for entry in shipped_matrix("docker-compose").entries}
    service = {name: schema["definitions"]["service"]["properties"] for name, schema in
               (("one", one), ("two", two), ("spec", spec))}  # fmt: skip
    assert "volume_driver" in service["two"]
    assert "volume_driver" not in service["spec"]
    assert keys["services.*.volume_driver"] == "1.27.0"
    for name in ("log_driver", "log_opt", "net"):
        assert name in service["one"]
        assert name not in service["spec"]
    assert spec["additionalProperties"] is False
    print("4 keys asked of Compose's schemas")
