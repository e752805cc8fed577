"""The shipped tables of names: shapes, sources, how rows are added, and who keeps what is made."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, cast, get_args

import pytest

import dten_audit
from dten_audit.auditing import examine
from dten_audit.derive.containers import Grade
from dten_audit.judge.loading import load_rules
from dten_audit.model.facts.commands import LayerKind
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.facts.privilege import Write
from dten_audit.model.facts.sql import Dialect, Role
from dten_audit.model.facts.units import Impact
from dten_audit.model.rules_home import rules_home
from dten_audit.options import Options
from dten_audit.proof.examples import THOROUGH, _members
from dten_audit.proof.folders import write_member
from dten_audit.readers.config.yaml_nodes import parse_yaml
from dten_audit.readers.knowledge import Tables, from_tables, knowledge, shipped, using
from dten_audit.readers.table_checking import problems
from dten_audit.readers.table_merging import merged
from dten_audit.readers.table_shapes import SHAPES, Shape, descriptions

HOME = rules_home() / "knowledge"
MADE = 20
"""So much is made of tables at least where every rule has something to read."""
TABLES = sorted(path.stem for path in HOME.glob("*.yaml") if path.stem != SHAPES)


def test_every_table_is_described() -> None:
    assert sorted(descriptions()) == TABLES


@pytest.mark.parametrize("name", TABLES)
def test_a_shipped_table_fits_its_shape(name: str) -> None:
    (node,) = parse_yaml((HOME / f"{name}.yaml").read_text(encoding="utf-8"))
    assert list(problems(node, descriptions()[name].shape, whole=True)) == []


@pytest.mark.parametrize("name", TABLES)
def test_a_shipped_table_names_sources_and_the_day_they_were_read(name: str) -> None:
    text = (HOME / f"{name}.yaml").read_text(encoding="utf-8")
    assert re.search(r"(?i)\bsources?\b|collected", text)
    assert re.search(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", text)


@pytest.mark.parametrize(
    ("table", "path", "literal"),
    [
        ("wrappers", "wrappers.layer", LayerKind),
        ("script_roles", "roles.role", ScriptRole),
        ("system_paths", "writers.what", Write),
        ("sql_clients", "drivers", Dialect),
        ("migration_runners", "roles.role", Role),
        ("unit_names", "shared.impact", Impact),
        ("container_rights", "paths.grade", Grade),
    ],
)
def test_words_of_a_shape_are_those_of_the_facts(table: str, path: str, literal: object) -> None:
    shape = descriptions()[table].shape
    for name in path.split("."):
        shape = dict(_rows(shape).fields)[name]
    assert set(_rows(shape).known) == set(get_args(literal)) - {""}


def _rows(shape: Shape) -> Shape:
    return shape.inner[0] if shape.kind in ("rows", "each") else shape


NAMED = Shape("rows", by="names")
FIRST = Shape("rows", first=True)
TEXT = Shape("value", "text")
RECORD = Shape("record", fields=(("a", Shape("list")), ("b", TEXT)))


@pytest.mark.parametrize(
    ("shape", "ours", "own", "both"),
    [
        (TEXT, "x", "y", "y"),
        (Shape("list"), ["a", "b"], ["b", "c"], ["a", "b", "c"]),
        (RECORD, {"a": ["x"], "b": "y"}, {"a": ["z"]}, {"a": ["x", "z"], "b": "y"}),
        (RECORD, {"a": ["x"]}, {"b": "z"}, {"a": ["x"], "b": "z"}),
        (Shape("each", inner=(TEXT,)), {"a": "x", "b": "y"}, {"b": "z"}, {"a": "x", "b": "z"}),
        (Shape("each", inner=(Shape("list"),)), {"a": ["x"]}, {"a": ["y"]}, {"a": ["x", "y"]}),
        (Shape("each", inner=(RECORD,)), {"a": {"a": [1], "b": "y"}}, {"a": {"a": [2]}},
         {"a": {"a": [2]}}),
        (FIRST, [{"n": "a"}], [{"n": "b"}], [{"n": "b"}, {"n": "a"}]),
        (NAMED, [{"names": ["a", "b"], "x": 1}, {"names": ["c"], "x": 2}, {"names": ["d"], "x": 3}],
         [{"names": ["b", "c"], "x": 4}],
         [{"names": ["a"], "x": 1}, {"names": ["d"], "x": 3}, {"names": ["b", "c"], "x": 4}]),
    ],
)  # fmt: skip
def test_rows_are_added(shape: Shape, ours: Any, own: Any, both: Any) -> None:
    before = repr(ours)
    assert merged(shape, ours, own) == both
    assert repr(ours) == before, "the shipped table stays as it is"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_added_to_itself_fits(name: str) -> None:
    """No row is lost or there twice, whatever the shape: what comes out still says the same."""
    shape, ours = descriptions()[name].shape, shipped(name)
    both = merged(shape, ours, ours)
    assert _sorted(both, shape) == _sorted(ours, shape)


def _sorted(data: Any, shape: Shape) -> str:
    """Return data without order, and without rows that stand twice where the first one decides."""
    if isinstance(data, dict):
        return repr(sorted((key, _sorted(value, shape)) for key, value in data.items()))
    if isinstance(data, list):
        return repr(sorted({_sorted(value, shape) for value in data}))
    return repr(data)


def test_what_is_made_of_tables_is_kept_beside_them() -> None:
    made: list[object] = []

    @from_tables
    def first_word(section: str) -> str:
        made.append(section)
        return cast("dict[str, list[str]]", knowledge("gate"))[section][0]

    own = Tables({"gate": {"unit": ["mine"]}})
    assert first_word("unit") == first_word("unit") != "mine"
    with using(own):
        assert first_word("unit") == first_word("unit") == "mine"
    assert first_word("unit") != "mine"
    assert made == ["unit", "unit"]


def test_the_tables_in_use_end_with_an_error() -> None:
    with pytest.raises(KeyError), using(Tables({"gate": {}})):
        raise KeyError
    assert knowledge("gate")


class _Watched(dict[Any, Any]):
    """What is made of tables; says who asks for it while the process keeps what they make."""

    def __init__(self, kept: set[CodeType]) -> None:
        super().__init__()
        self._kept = kept
        self.leaks: set[str] = set()

    def __getitem__(self, key: Any) -> Any:
        self.look()
        return super().__getitem__(key)

    def look(self) -> None:
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code in self._kept:
                self.leaks.add(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
            frame = cast("Any", frame.f_back)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(dten_audit.__path__, "dten_audit."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def test_the_process_keeps_nothing_that_is_made_of_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``functools.cache`` below or above a table would hand one audit's rows to the next."""
    caches = [
        value
        for each in _modules()
        for value in vars(each).values()
        if isinstance(value, _lru_cache_wrapper) and value.__wrapped__ is not shipped.__wrapped__
    ]
    for cached in caches:
        cached.cache_clear()
    tables = Tables({})
    watched = tables.made = _Watched({cached.__wrapped__.__code__ for cached in caches})

    def table(name: str) -> object:
        watched.look()
        return shipped(name)

    monkeypatch.setattr(tables, "table", table)
    monkeypatch.setattr(Options, "tables", lambda _options: tables)
    examine(_examples(tmp_path), Options())
    assert len(watched) > MADE, "what is read asks for tables"
    assert watched.leaks == set()


def _examples(folder: Path) -> Path:
    """Write the first bad example of each rule about hosts and schemas into a folder of its own."""
    for rule in load_rules():
        example = dict(rule.examples)["bad"][0]
        if rule.family in (*THOROUGH, "DDL") and "build" not in example:
            for path, data in _members(example).items():
                write_member(folder / rule.id, path, data)
    return folder
