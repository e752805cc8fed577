"""What the reference parsers accept, this reader reads alike: the same paths, the same values."""

from __future__ import annotations

import configparser
import json
from collections.abc import Iterator
from datetime import date, datetime
from datetime import time as clock

import tomli
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.readers.config.settings import keys, unread

LABEL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1,
                max_size=12)  # fmt: skip
PLAIN_LABEL = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,10}", fullmatch=True)
SCALAR = (
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\ue000"), max_size=30)
)


def tree(label: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, object]]:
    value: st.SearchStrategy[object] = st.recursive(
        SCALAR,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(label, inner, max_size=3),
    )
    return st.dictionaries(label, value, max_size=4)


def flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path and key[:1] != "[" else path + key)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from flat(inner, f"{path}[{number}]")
    elif path:
        yield path, value


def same(text: str, value: object) -> bool:
    """Say whether ``text`` is how a file writes ``value``."""
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, (int, float)):
        return float(text.replace("_", "")) == float(value)
    if value is None:
        return text in ("", "null", "~")
    if isinstance(value, (datetime, date, clock)):
        return bool(tomli.loads(f"x = {text}")["x"] == value)
    return text == (json.dumps(value) if isinstance(value, (dict, list)) else str(value)[:500])


def agree(kind: str, text: str, value: object) -> None:
    assert unread(kind, text) == []
    found = [(key.key, key.value) for key in keys(kind, text)]
    expected = list(flat(value))
    assert [path for path, _ in found] == [path for path, _ in expected]
    for (path, written), (_, meant) in zip(found, expected, strict=True):
        assert same(written, meant), path


@settings(max_examples=50, deadline=None)
@given(tree(LABEL), st.sampled_from([None, 2]), st.booleans())
def test_json(value: dict[str, object], indent: int | None, escaped: bool) -> None:
    agree("json", json.dumps(value, indent=indent, ensure_ascii=escaped), value)


@settings(max_examples=50, deadline=None)
@given(tree(PLAIN_LABEL), st.sampled_from([None, True, False]))
def test_yaml(value: dict[str, object], flow: bool | None) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    agree("yaml", text, yaml.safe_load(text))


def toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(k)} = {toml_value(v)}' for k, v in value.items())}}}"
    text = repr(value)
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


@settings(max_examples=60, deadline=None)
@given(tree(PLAIN_LABEL), PLAIN_LABEL)
def test_toml(value: dict[str, object], table: str) -> None:
    lines = [f"{key} = {toml_value(inner)}" for key, inner in {"z": 1, **value}.items()]
    text = "\n".join([f"[{table}]", *lines])
    agree("toml", text, tomli.loads(text))


TOML_SAMPLE = """
# a file that uses most of the language
title = "TOML \\"x\\"" # comment
"quoted key"."b c" = 'C:\\dir'
hex = 0xFF
date = 1979-05-27T07:32:00-08:00
local = 07:32:00
[owner.deep]
name = '''
many
lines'''
list = [ [ 1, 2 ], ["a", "b"], # c
  { x = 1, y = { z = 2 } },
]
[[products]]
sku = 1
[[products.parts]]
id = "a"
[[products.parts]]
id = "b"
[[products]]
[products.detail]
sku = 2.5e3
"""


def test_toml_sample() -> None:
    agree_paths = [(key.key, key.value) for key in keys("toml", TOML_SAMPLE)]
    expected = dict(flat(tomli.loads(TOML_SAMPLE)))
    assert {path for path, _ in agree_paths} == set(expected)
    for path, written in agree_paths:
        value = expected[path]
        meant = int(written, 16) if path == "hex" else written
        assert meant == value if path == "hex" else same(written, value), path


YAML_SAMPLE = """
base: &base {port: 1, host: a}
list:
- &one x
- [*one, {k: "v\\n"}]
- ? k
  : folded
merged:
  <<: [*base, {host: b, extra: 2}]
  port: 3
text: >
  one
  two
"""


def test_yaml_sample() -> None:
    found = {key.key: key.value for key in keys("yaml", YAML_SAMPLE)}
    expected = dict(flat(yaml.safe_load(YAML_SAMPLE)))
    assert set(found) == set(expected)
    assert all(same(found[path], value) for path, value in expected.items())


INI_WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9_./-]{0,12}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        INI_WORD.filter(lambda name: name.upper() != "DEFAULT"),
        st.dictionaries(INI_WORD.map(str.lower), st.lists(INI_WORD, max_size=3), max_size=4),
        max_size=4,
    ),
    st.sampled_from([" = ", "=", ": ", ":"]),
)
def test_ini(value: dict[str, dict[str, list[str]]], separator: str) -> None:
    text = "".join(
        f"[{section}]\n" + "".join(f"{k}{separator}{' '.join(v)}\n" for k, v in entries.items())
        for section, entries in value.items()
    )
    reference = configparser.ConfigParser(interpolation=None)
    reference.read_string(text)
    expected = [(s, k, v) for s in reference.sections() for k, v in reference[s].items()]
    assert [(key.section, key.key, key.value) for key in keys("ini", text)] == expected
