"""The data tables of ``rules/knowledge``: names, wrappers, triggers, each with its source.

A site may add rows of its own. Tables are asked for through ``knowledge``; what is compiled of them
is kept by ``from_tables``, with the tables of the audit that goes on and not with the process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, Final, ParamSpec, TypeVar

from dten_audit.model.rules_home import rules_home

P = ParamSpec("P")
T = TypeVar("T")


class Tables:
    """The tables of an audit: the shipped ones, save those in ``changed``."""

    def __init__(self, changed: Mapping[str, object]) -> None:
        self.changed = changed
        self.made: dict[Hashable, Any] = {}

    def table(self, name: str) -> object:
        """Return a table as plain dicts, lists and scalars."""
        return self.changed[name] if name in self.changed else shipped(name)


SHIPPED: Final = Tables({})
_IN_USE: Final[ContextVar[Tables]] = ContextVar("_IN_USE", default=SHIPPED)


def knowledge(name: str) -> object:
    """Return the table ``rules/knowledge/<name>.yaml``, with the site's own rows."""
    return _IN_USE.get().table(name)


@contextmanager
def using(tables: Tables) -> Iterator[None]:
    """Have all that is read, linked and derived meanwhile know these tables."""
    before = _IN_USE.set(tables)
    try:
        yield
    finally:
        _IN_USE.reset(before)


def from_tables(make: Callable[P, T]) -> Callable[P, T]:
    """Keep what a function makes of tables, as ``functools.cache`` does, beside these tables."""

    @wraps(make)
    def kept(*arguments: P.args, **named: P.kwargs) -> T:
        made = _IN_USE.get().made
        key = (make, arguments, *named.items()) if arguments or named else make
        try:
            found: T = made[key]
        except KeyError:
            found = made[key] = make(*arguments, **named)
        return found

    return kept


@cache
def shipped(name: str) -> object:
    """Return a table as it came with the tool.

    A wheel carries the same tables as JSON, which loads ten times as fast.
    """
    home = rules_home() / "knowledge"
    compiled = home / f"{name}.json"
    if compiled.is_file():
        return json.loads(compiled.read_text(encoding="utf-8"))
    from dten_audit.readers.config.yaml_nodes import parse_yaml, plain

    text = (home / f"{name}.yaml").read_text(encoding="utf-8")
    return next((plain(node) for node in parse_yaml(text)), None)
