"""What may stand in a knowledge table: the shapes of ``rules/knowledge/shapes.yaml``."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, NamedTuple, cast

from dten_audit.readers.knowledge import shipped

SHAPES: Final = "shapes"
"""The file beside the tables that says what may stand in them; no table itself."""
Kind = Literal[
    "value", "list", "rows", "each", "record", "either",
]  # fmt: skip
_VALUES: Final = ("text", "truth", "number", "date", "kind", "pattern", "trigger", "words")
_LISTS: Final = {"texts": "text", "patterns": "pattern", "triggers": "trigger"}


class Shape(NamedTuple):
    """What may stand at one place of a table.

    ``word`` names what a value is; ``known`` are the only texts, or names of a mapping, that there
    may be. ``inner`` is the shape of each entry, or the shapes of which one must fit; ``by`` names
    the key that tells rows apart, and ``first`` says that the first row that fits decides.
    """

    kind: Kind
    word: str = ""
    known: tuple[str, ...] = ()
    inner: tuple[Shape, ...] = ()
    fields: tuple[tuple[str, Shape], ...] = ()
    optional: frozenset[str] = frozenset()
    by: str = ""
    first: bool = False


class Description(NamedTuple):
    """What a table is for, and the shape of its data."""

    about: str
    shape: Shape


@cache
def descriptions() -> dict[str, Description]:
    """Return what is known of each table, by name."""
    table = cast("dict[str, dict[str, object]]", shipped(SHAPES))
    return {
        name: Description(str(row["about"]), _shape(row["shape"])) for name, row in table.items()
    }


def _shape(data: object) -> Shape:
    if isinstance(data, str):
        return _named(data)
    if isinstance(data, list):
        return Shape("value", "one of", tuple(map(str, data)))
    table = cast("dict[str, object]", data)
    known = tuple(map(str, cast("list[str]", table.get("keys", []))))
    if "with" in table:
        return Shape("value", "template", tuple(cast("list[str]", table["with"])))
    if "any" in table:
        return Shape("either", inner=tuple(map(_shape, cast("list[object]", table["any"]))))
    for key in ("rows", "first"):
        if key in table:
            row = (_shape(table[key]),)
            return Shape("rows", inner=row, by=str(table.get("by", "")), first=key == "first")
    if "list" in table:
        return Shape("list", inner=(_shape(table["list"]),))
    if "each" in table:
        return Shape("each", known=known, inner=(_shape(table["each"]),))
    fields = tuple((key.removesuffix("?"), _shape(own)) for key, own in table.items())
    optional = frozenset(key[:-1] for key in table if key.endswith("?"))
    return Shape("record", fields=fields, optional=optional)


def _named(text: str) -> Shape:
    words = text.split(" or ")
    if len(words) > 1:
        return Shape("either", inner=tuple(map(_named, words)))
    if text in _LISTS:
        return Shape("list", inner=(Shape("value", _LISTS[text]),))
    if text not in _VALUES:
        message = f"no shape is called {text}"
        raise ValueError(message)
    return Shape("value", text)
