"""GitLab Omnibus' ``deprecations.rb``: keys of gitlab.rb that make an upgrade refuse to run.

Source: omnibus-gitlab, files/gitlab-cookbooks/package/libraries/deprecations.rb: a list of hashes
with config_keys, deprecation, removal, note. Only these literals are read, nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.text import LineIndex
from dten_audit.site.foreign.told import Told
from dten_audit.site.matrix import Matrix, MatrixEntry

PATH: Final = r"libraries/deprecations\.rb"
_LONGEST: Final = 4_000


@cache
def _forms() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The key list that a hash starts with, and a field behind it."""
    keys = re.compile(r"config_keys:[ \t]*+(?:%w[(\[]([^)\]\n]*+)[)\]]|\[([^\]\n]*+)\])")
    field = re.compile(
        r"\b(deprecation|removal|note):[ \t]*+(?:'([^'\n]*+)'|\"((?:[^\"\\]|\\.)*+)\")"
    )
    return keys, field


def matrix(source: str, told: Told) -> Matrix | None:
    """Return the keys that the text names; None where it names none."""
    entries = tuple(_entries(source, told))
    if not entries:
        return None
    return Matrix(
        component="pkg:generic/gitlab",
        scheme="generic",
        files=("**/gitlab.rb",),
        format="ruby-dsl",
        packages=("gitlab-ce", "gitlab-ee"),
        entries=entries,
        path=told.path,
        source=told.path,
    )


def _entries(source: str, told: Told) -> Iterator[MatrixEntry]:
    keys, field = _forms()
    found, index = list(keys.finditer(source)), LineIndex(source)
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(source)
        said = {
            name: plain or quoted
            for name, plain, quoted in field.findall(
                source, match.end(), min(end, match.end() + _LONGEST)
            )
        }
        start = source.rfind("\n", 0, match.start()) + 1
        path = _path(re.findall(r"[\w.-]+", match[1] or match[2] or ""))
        dated = said.get("removal") or said.get("deprecation") or ""
        if not path or not any(map(str.isdigit, dated)) or "#" in source[start : match.start()]:
            continue
        for key in (path, f"{path}.**"):
            yield MatrixEntry(
                key,
                deprecated=said.get("deprecation", ""),
                removed=said.get("removal", ""),
                effect="refuses-to-start",
                note=said.get("note", ""),
                source=told.path,
                line=index.position(match.start())[0],
            )


def _path(words: list[str]) -> str:
    """Return a path as gitlab.rb writes it: without the outer block, its first word as a name."""
    if words[:1] in (["gitlab"], ["monitoring"]):
        words = words[1:]
    if not words:
        return ""
    if words[0] == "roles" and len(words) > 1:
        words = [f"{words[1]}_role", *words[2:]]
    return ".".join([words[0].replace("-", "_"), *words[1:]])
