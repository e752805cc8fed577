"""The packages of ``sql_packages.yaml``, and the distinct SQL files in them with their dialect."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import RealPackage, digest, fetch
from benchmarks.shell_corpus import members
from dten_audit.documents.text import decode
from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.dialect import of_path

LIST: Final = Path(__file__).with_name("sql_packages.yaml")
LARGEST: Final = 400_000
MOST: Final = 6_000_000
"""So many bytes are taken of one package."""
_SQL: Final = re.compile(r"(?i)\.(?:sql|pgsql|psql)$|/dbconfig-common/(?:data|scripts)/.*sql")


class SqlFile(NamedTuple):
    """A file of SQL: where it was met first, its text, its dialect (None: nothing names it).

    ``named``: its own path names the dialect, not only its package.
    """

    name: str
    text: str
    dialect: Dialect | None
    named: bool


class Entry(NamedTuple):
    """A package of the list; ``postgres`` says that all its SQL is PostgreSQL's."""

    package: RealPackage
    postgres: bool


def load() -> list[Entry]:
    """Return the list."""
    stated = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [
        Entry(
            RealPackage(
                str(name), row["version"], ecosystem, row["sha256"], "", row.get("platform", "")
            ),
            postgres=group == "postgres",
        )
        for group, ecosystems in stated.items()
        for ecosystem, packages in ecosystems.items()
        for name, row in packages.items()
    ]


def fetched(entries: Sequence[Entry], folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Download what is not there yet; return the files by digest, and what cannot be had."""
    folder.mkdir(parents=True, exist_ok=True)
    present = {digest(path): path for path in folder.iterdir() if path.is_file()}
    missing = []
    for package, _ in entries:
        if package.sha256 not in present:
            wrong = fetch(package, folder)
            if wrong:
                missing.append(f"{package.name} {package.version}: {wrong}")
    return {digest(path): path for path in folder.iterdir() if path.is_file()}, missing


def files(entries: Sequence[Entry], paths: dict[str, Path]) -> Iterator[SqlFile]:
    """Yield the distinct SQL files of the packages that are there."""
    seen: set[bytes] = set()
    for package, postgres in entries:
        if package.sha256 not in paths:
            continue
        room = MOST
        for member, content in _chosen(paths[package.sha256], package.ecosystem):
            key = hashlib.sha256(content).digest()
            room -= len(content)
            if key in seen or room < 0:
                continue
            seen.add(key)
            path = member.removeprefix("./")
            named = of_path(re.sub(r"^.*?(?:share|lib|etc|package)/", "", path))
            dialect: Dialect | None = "postgres" if postgres else named
            yield SqlFile(
                f"{package.name}: {path}", decode(content).text, dialect, named == dialect
            )


def _chosen(package: Path, ecosystem: str) -> list[tuple[str, bytes]]:
    """Return the SQL files of a package in the order of the digests of their paths."""
    found = [
        (name, content)
        for name, content in members(package, ecosystem)
        if _SQL.search(name) and 0 < len(content) <= LARGEST and not content.startswith(b"#!")
    ]
    return sorted(found, key=lambda item: hashlib.sha256(item[0].encode()).hexdigest())
