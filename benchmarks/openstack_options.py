"""Since which release of an OpenStack service its options are deprecated: read in the releases.

Fetches the first release of each series from PyPI, and the oldest releases of the libraries that
it asks for; reads the declarations of options in their source (nothing is run), and prints the rows
of the service's matrix that state another version. ``--write`` puts the versions there.

    python -m benchmarks.openstack_options nova --wheels /tmp/wheels [--write]
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from itertools import chain, groupby
from pathlib import Path
from typing import Final, NamedTuple

import yaml

DEPTH: Final = 3
CONFIG: Final = Path(__file__).parent.parent / "rules/knowledge/config"
LIBRARIES: Final = frozenset(
    "castellan glance_store keystoneauth1 keystonemiddleware oslo.cache oslo.concurrency"
    " oslo.config oslo.db oslo.limit oslo.log oslo.messaging oslo.middleware oslo.policy"
    " oslo.reports oslo.service osprofiler".split()
)


class Old(NamedTuple):
    """An old name, its group (empty: the option's own), the name to use instead (empty: none).

    ``dated``: the declaration says itself since when, which the matrix states.
    """

    name: str
    group: str
    new: str
    dated: bool = False


class Release(NamedTuple):
    """What a release and the oldest libraries that it takes declare."""

    version: str
    declared: frozenset[Old]

    @property
    def series(self) -> str:
        """The first version of the series: no deprecation is brought to one that is out."""
        return f"{self.version.split('.')[0]}.0.0"


def main() -> int:
    """Compare a service's matrix with its releases; exit status 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("--wheels", type=Path, required=True, help="folder that keeps the wheels")
    parser.add_argument("--write", action="store_true", help="put the versions into the matrix")
    told = parser.parse_args()
    path = CONFIG / f"{told.service}.yaml"
    releases = list(releases_of(told.service, told.wheels))
    print(f"{told.service}: {', '.join(release.version for release in releases)}")
    wrong: list[tuple[dict[str, object], str]] = []
    for row in yaml.safe_load(path.read_text())["entries"]:
        since = first(row, releases)
        if since not in (row["deprecated"], "dated"):
            wrong.append((row, since))
            print(
                f"  {row['section']}.{row['key']}: {row['deprecated']}, read: {since or 'nowhere'}"
            )
    if told.write:
        path.write_text(corrected(path.read_text(), wrong))
    return 1 if wrong else 0


def first(row: dict[str, object], releases: list[Release]) -> str:
    """Return the first series from which on all releases declare what a row says; '' if none."""
    since = ""
    for release in reversed(releases):
        said = [old for old in release.declared if says(row, old)]
        if any(old.dated for old in said):
            return "dated"
        if not said:
            break
        since = release.series
    return since


def says(row: dict[str, object], old: Old) -> bool:
    """Say whether a declaration is that of a row."""
    told = row.get("renamed") or row.get("moved")
    to = told if isinstance(told, dict) else {}
    wanted = str(to.get("to") or to.get("to_key") or "")
    grouped = old.group in (row["section"], "") or not wanted
    return old.name == row["key"] and old.new == wanted and grouped


def releases_of(service: str, folder: Path) -> Iterator[Release]:
    """Yield the first release of each series that PyPI has, its oldest libraries counted in.

    The last one counts with the newest libraries as well.
    """
    series = versions(service)
    for major, each in series.items():
        wheels = (fetched(service, version, folder) for version in each)
        wheel = next((wheel for wheel in wheels if wheel is not None), None)
        if wheel is None:
            print(f"{service} {major}: not read")
            continue
        below = [fetched(library, least, folder) for library, least in required(wheel)]
        if major == list(series)[-1]:
            newest = ((name, list(versions(name).values())[-1][-1]) for name, _ in required(wheel))
            below += [fetched(name, version, folder) for name, version in newest]
        declared = [declared_in(read) for read in (wheel, *below) if read is not None]
        yield Release(wheel.name.split("-")[1], frozenset(chain.from_iterable(declared)))


@cache
def versions(name: str) -> dict[str, list[str]]:
    """Return the versions of a project that PyPI has, by their first number, oldest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = re.search(r"Available versions: (.*)", done.stdout)
    each = sorted(
        (told[1] if told else "").split(", "), key=lambda v: [int(n) for n in v.split(".")]
    )
    return {major: list(some) for major, some in groupby(each, key=lambda v: v.split(".")[0])}


@cache
def fetched(name: str, version: str, folder: Path) -> Path | None:
    """Return the wheel of a release; None where PyPI has none."""
    spelled = re.sub(r"[-_.]+", "_", name)

    def found() -> Path | None:
        names = (each for each in folder.glob(f"*-{version}-*.whl"))
        return next(
            (p for p in names if re.sub(r"[-_.]+", "_", p.name.split("-")[0]) == spelled), None
        )

    if found() is None:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary=:all:",
             "--ignore-requires-python", "-d", str(folder), f"{name}=={version}"],
            check=False, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return found()


def required(wheel: Path) -> Iterator[tuple[str, str]]:
    """Yield the libraries with options that a wheel asks for, and the oldest that will do."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode(errors="replace")
    for line in re.findall(r"(?m)^Requires-Dist: (.*)$", text):
        told = re.match(r"([\w.-]+).*?>=\s*([\d.]+)", line)
        if told and told[1].replace("-", "_").lower() in LIBRARIES:
            yield told[1].replace("-", "_").lower(), told[2]


@cache
def declared_in(wheel: Path) -> tuple[Old, ...]:
    """Return the old names and the options for removal that the modules of a wheel declare."""
    found: list[Old] = []
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and "/tests/" not in name:
                source = archive.read(name)
                if b"deprecated" in source:
                    found += declared_by(parsed(source))
    return tuple(found)


def parsed(source: bytes) -> ast.Module:
    """Parse a module, also one of the years when ``async`` was a name."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(source, feature_version=(3, 6))


def declared_by(module: ast.Module) -> Iterator[Old]:
    """Yield what the options that a module declares say of old names and of removal."""
    lists = {
        target.id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and re.search(r"Opt$", called(node)):
            yield from declared_option(node, lists)


def declared_option(call: ast.Call, names: dict[str, ast.expr]) -> Iterator[Old]:
    """Yield the old names of one option, or the option itself where it is for removal."""
    name, _group = option(call, names)
    given = {word.arg: word.value for word in call.keywords if word.arg}
    dated = "deprecated_since" in given
    if "deprecated_for_removal" in given:
        yield Old(name, "", "", dated)
    if "deprecated_name" in given or "deprecated_group" in given:
        old, group = (text(given.get(f"deprecated_{each}"), names) for each in ("name", "group"))
        yield Old(old or name, group, name, dated)
    for each in (given.get("deprecated_opts"), given.get("deprecated")):
        for other in olds(each, names, 0):
            old, group = option(other, names)
            yield Old(old or name, group, name, dated)


def olds(node: ast.expr | None, names: dict[str, ast.expr], depth: int) -> Iterator[ast.Call]:
    """Yield the old options that an expression holds, through names of the module."""
    for part in ast.walk(node) if node is not None else ():
        if isinstance(part, ast.Call) and re.search(r"Opt$", called(part)):
            yield part
        elif isinstance(part, ast.Name) and part.id in names and depth < DEPTH:
            yield from olds(names[part.id], names, depth + 1)


def option(call: ast.Call, names: dict[str, ast.expr]) -> tuple[str, str]:
    """Return name and group that an option is made with."""
    given = {word.arg: word.value for word in call.keywords if word.arg}
    name, group = (*call.args, None, None)[:2]
    return text(name or given.get("name"), names), text(given.get("group") or group, names)


def called(call: ast.Call) -> str:
    """Return the last word of what a call calls."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def text(node: ast.expr | None, names: dict[str, ast.expr]) -> str:
    """Return a constant text, also by its name, as oslo.config writes names; else ''."""
    if isinstance(node, ast.Name):
        node = names.get(node.id)
    value = node.value if isinstance(node, ast.Constant) else None
    return value.replace("-", "_") if isinstance(value, str) else ""


def corrected(matrix: str, wrong: list[tuple[dict[str, object], str]]) -> str:
    """Return the text of a matrix with the versions that were read."""
    rows = re.split(r"(?m)^(?=  - )", matrix)
    for row, since in wrong:
        for place, entry in enumerate(rows):
            if since and entry.startswith("  - ") and yaml.safe_load(entry)[0] == row:
                rows[place] = entry.replace(
                    f"deprecated: '{row['deprecated']}'", f"deprecated: '{since}'"
                )
    return "".join(rows)


if __name__ == "__main__":
    raise SystemExit(main())
