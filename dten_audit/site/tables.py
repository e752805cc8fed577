"""Loads a site's own rows of the knowledge tables, from the folders of further rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dten_audit.model.rules_home import rules_home
from dten_audit.model.suggestion import suggestion
from dten_audit.readers.config.yaml_nodes import Node, plain
from dten_audit.readers.knowledge import SHIPPED, Tables, shipped
from dten_audit.readers.table_checking import problems
from dten_audit.readers.table_merging import merged
from dten_audit.readers.table_shapes import descriptions
from dten_audit.site.schema import SiteFileError, read_documents

FOLDER: Final = "knowledge"
_DATA: Final = (".yaml", ".yml", ".json")


def load_tables(folders: Sequence[Path]) -> Tables:
    """Return the tables with the rows that folders of further rules add, one after the other.

    Raises ``SiteFileError`` for a file that is no table's, cannot be read, or does not fit.
    """
    changed: dict[str, object] = {}
    for path in own_files(folders):
        name = path.stem
        ours = changed[name] if name in changed else shipped(name)
        changed[name] = merged(descriptions()[name].shape, ours, plain(_checked(path)))
    return Tables(changed) if changed else SHIPPED


def own_files(folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the tables in folders of further rules. Raises ``SiteFileError`` for other data."""
    for folder in folders:
        if not folder.is_dir():
            raise SiteFileError(str(folder), 1, "no such folder of rules")
        for path in sorted(folder.glob("**/*")):
            below = path.relative_to(folder).parts
            if FOLDER in below[:-1] and path.suffix.lower() in _DATA:
                _check_name(path, below)
                yield path


def _check_name(path: Path, below: tuple[str, ...]) -> None:
    if below[1:-1] == ("config",):
        raise SiteFileError(str(path), 1, "a config matrix of your own is given with --matrix")
    if below != (FOLDER, path.name) or path.suffix != ".yaml":
        reason = f"a table lies directly in {FOLDER}/ of the folder of rules, as NAME.yaml"
        raise SiteFileError(str(path), 1, reason)
    if path.stem not in descriptions():
        reason = f"there is no table {path.stem}{suggestion(path.stem, descriptions())}"
        raise SiteFileError(str(path), 1, reason)


def _checked(path: Path) -> Node:
    """Return the one document of a file that fits its table's shape."""
    nodes = list(read_documents(path, "table"))
    if len(nodes) != 1:
        raise SiteFileError(str(path), 1, "the file of a table holds one mapping")
    for problem in problems(nodes[0], descriptions()[path.stem].shape):
        raise SiteFileError(str(path), problem.line, problem.reason)
    return nodes[0]


def table_text(name: str) -> str:
    """Return a shipped table as its authors wrote it: with comments and sources."""
    return (rules_home() / FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
