"""Checks a knowledge table, ours or a site's, against its shape, and says where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter
from typing import Final, NamedTuple

from dten_audit.model.patterns import check_pattern
from dten_audit.model.suggestion import suggestion
from dten_audit.readers.config.yaml_nodes import Node, scalar
from dten_audit.readers.gate import make_backend
from dten_audit.readers.table_shapes import Shape

_DATE: Final = r"20[0-9]{2}-[01][0-9]-[0-3][0-9]"
_FORMS: Final = {
    "value": "scalar", "list": "sequence", "rows": "sequence", "each": "mapping",
    "record": "mapping", "either": "",
}  # fmt: skip
_ARTICLES: Final = {"scalar": "one value", "sequence": "a list", "mapping": "a mapping"}
_TEXT: Final = Shape("value", "text")


class Problem(NamedTuple):
    """What is wrong with a table, and on which line."""

    line: int
    reason: str


def problems(node: Node, shape: Shape, *, whole: bool = False) -> Iterator[Problem]:
    """Yield what does not fit. ``whole``: a shipped table, of which no section may be missing.

    A site's file holds only the sections to which it adds; rows are whole in both.
    """
    if shape.kind == "either":
        yield from _either(node, shape, whole=whole)
    elif node.kind != _FORMS[shape.kind] and shape.word != "words":
        yield Problem(node.line, f"{_ARTICLES[_FORMS[shape.kind]]} is expected here{_meant(shape)}")
    elif shape.kind == "record":
        yield from _record(node, shape, whole=whole)
    elif shape.kind == "each":
        yield from _each(node, shape)
    elif shape.kind == "value":
        yield from _words(node) if shape.word == "words" else _value(node, shape)
    else:
        for item in node.items:
            yield from problems(item, shape.inner[0], whole=True)


def _value(node: Node, shape: Shape) -> Iterator[Problem]:
    reason = _amiss(scalar(node), shape)
    if reason:
        yield Problem(node.line, reason)


def _amiss(value: object, shape: Shape) -> str:
    """Return what is wrong with one value; empty where nothing is."""
    if shape.word == "truth":
        return "" if isinstance(value, bool) else f"{value} is neither true nor false"
    if shape.word == "number":
        number = isinstance(value, int) and not isinstance(value, bool)
        return "" if number else f"{value} is no whole number"
    if not isinstance(value, str):
        return f"{value} is read as a number, true, false or nothing: write it in quotes"
    if shape.word == "one of" and value not in shape.known:
        return f"{value} is not one of these{_meant(shape)}"
    return _wrong_text(value, shape)


def _wrong_text(text: str, shape: Shape) -> str:
    try:
        if shape.word in ("pattern", "trigger"):
            check_pattern(text)
        if shape.word == "trigger":
            check_trigger(text)
        if shape.word == "template":
            _check_template(text, shape.known)
    except ValueError as error:
        return str(error)
    if shape.word == "date" and not re.fullmatch(_DATE, text):
        return f"{text} is no date such as 2026-11-21"
    if shape.word == "kind" and text not in _document_kinds():
        return f"there are no documents of kind {text}{suggestion(text, _document_kinds())}"
    return ""


def check_trigger(text: str) -> None:
    """Raise ``ValueError`` where the gate cannot look for a pattern."""
    if not text.isascii() or re.search(text, "") is not None:
        message = "the gate looks for ASCII text, and for nothing that may be empty"
        raise ValueError(message)
    try:
        make_backend((text.encode(),))
    except Exception as error:  # noqa: BLE001 (of hyperscan, where it is installed)
        message = f"the gate cannot look for it: {error}"
        raise ValueError(message) from None


def _check_template(text: str, known: tuple[str, ...]) -> None:
    for _, field, form, conversion in Formatter().parse(text):
        if field is not None and (field not in known or form or conversion):
            listed = ", ".join(f"{{{name}}}" for name in known)
            message = f"the text may hold {listed}, and other braces doubled"
            raise ValueError(message)


@cache
def _document_kinds() -> frozenset[str]:
    """Return the kinds that documents are told to be of, or that a reader reads."""
    from dten_audit.documents.kind_tables import EXTENSIONS, INTERPRETERS, KIND_FAMILIES, NAMES
    from dten_audit.readers.registry import READERS

    read = {kind for reader in READERS for kind in reader.kinds}
    told = (EXTENSIONS, INTERPRETERS, NAMES)
    return frozenset(read.union(KIND_FAMILIES, *(table.values() for table in told)))


def _words(node: Node) -> Iterator[Problem]:
    """Check a list of texts, or of such lists."""
    if node.kind != "sequence":
        yield Problem(node.line, "a list of words is expected here")
    for item in node.items:
        yield from _words(item) if item.kind == "sequence" else problems(item, _TEXT)


def _each(node: Node, shape: Shape) -> Iterator[Problem]:
    for key, value in node.pairs:
        if shape.known and key.text not in shape.known:
            hint = suggestion(key.text, shape.known)
            yield Problem(key.line, f"{key.text} is not known here{hint}")
        yield from problems(value, shape.inner[0], whole=True)


def _record(node: Node, shape: Shape, *, whole: bool) -> Iterator[Problem]:
    fields = dict(shape.fields)
    for key, value in node.pairs:
        if key.text in fields:
            yield from problems(value, fields[key.text], whole=whole)
        else:
            hint = suggestion(key.text, fields)
            yield Problem(key.line, f"there is no key {key.text} here{hint}")
    there = {key.text for key, _ in node.pairs}
    missing = [key for key in fields if key not in there | shape.optional]
    if whole and missing:
        yield Problem(node.line, f"the key {missing[0]} is missing")


def _either(node: Node, shape: Shape, *, whole: bool) -> Iterator[Problem]:
    """Tell what is wrong with the form that comes nearest: the one of this kind of node."""
    found = [list(problems(node, inner, whole=whole)) for inner in shape.inner]
    if not all(found):
        return
    forms = ["sequence" if own.word == "words" else _FORMS[own.kind] for own in shape.inner]
    near = [own for own, form in zip(found, forms, strict=True) if form == node.kind] or found
    for problem in near[0]:
        others = "; ".join(own[0].reason for own in near[1:])
        yield problem._replace(reason=f"{problem.reason}; {others}") if others else problem


def _meant(shape: Shape) -> str:
    """Return what may stand at a place, for a message about a form that may not."""
    names = shape.known or tuple(name for name, _ in shape.fields)
    return f": {', '.join(name or repr(name) for name in names)}" if names else ""
