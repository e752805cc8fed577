"""Builders of JavaScript whose methods take a table and objects: Sequelize, TypeORM, and others.

What a method does is told by its name alone, whatever it is called on: the runner hands its object
on under any name. Sources, read 2026-11-21: Sequelize 6 (QueryInterface), TypeORM 0.3 (Migration
API), node-pg-migrate 7, MikroORM 6 (Migrations), db-migrate 0.11 (SQL).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from dten_audit.readers.migrations.js_code import Chain, Link
from dten_audit.readers.migrations.js_values import Members, table_of, text_of
from dten_audit.readers.migrations.js_walk import Walk, Way
from dten_audit.readers.programs.values import Arguments, Value

_CHANGES: Final = re.compile(r"(?:add|alter|change|create|drop|modify|remove|rename)[A-Z]")
LATER: Final = frozenset("then finally transaction asCallback".split())


class Operation(NamedTuple):
    """A call of a method of a builder: where it stands, what it is given, what is chained to it."""

    walk: Walk
    direction: Way
    link: Link
    line: int
    given: Arguments
    more: tuple[Link, ...] = ()

    def value(self, number: int) -> Value | None:
        """Return an argument."""
        values = self.given.positional
        return values[number] if number < len(values) else None

    def text(self, number: int) -> str:
        """Return an argument as text; empty where it is not there."""
        return text_of(self.walk, self.value(number))

    def members(self, number: int) -> Members:
        """Return the members of an argument."""
        return Members(self.walk, self.value(number))

    def table(self, number: int = 0) -> str:
        """Return an argument as a table's name."""
        return table_of(self.walk, self.value(number))

    def add(self, statement: str) -> None:
        """Add a statement."""
        self.direction.add(self.line, statement)

    def raw(self, number: int = 0) -> None:
        """Add an argument that is SQL."""
        value = self.value(number)
        if value is None:
            return
        members = Members(self.walk, value)
        text = members.value("query", "text", "sql") if members.known else value
        self.direction.raw(self.walk.field(text), self.line)


Does = Callable[[Operation], None]


class Builder:
    """One direction of a migration, by a table of methods.

    ``handles`` are the names that the runner gives its objects: what they are asked for and is in
    no table is said to be unknown, unless it is among ``reads``.
    """

    def __init__(
        self,
        direction: Way,
        methods: dict[str, Does],
        reads: frozenset[str],
        handles: set[str],
    ) -> None:
        self.direction = direction
        self._methods = methods
        self._reads = reads
        self._handles = handles

    def chain(self, walk: Walk, chain: Chain) -> bool:
        """Take in a chain of calls."""
        found = False
        links = chain.links
        own = chain.root in self._handles or chain.root in walk.taken
        if chain.root in self._methods and own and links:
            links = (links[0]._replace(name=chain.root), *links[1:])
        elif (
            chain.root in walk.taken and _CHANGES.match(chain.root) and links and not links[0].name
        ):
            self.direction.unknown(walk.line(chain.at), chain.root)
            return True
        for link in links:
            if not link.called:
                continue
            does = self._methods.get(link.name)
            if does is not None:
                line = walk.line(link.at)
                more = () if found else links[links.index(link) + 1 :]
                does(Operation(walk, self.direction, link, line, walk.arguments(link), more))
                found = True
            elif link.name in LATER:
                self._later(walk, link)
                found = True
            elif chain.root in self._handles and not found:
                return self._unknown(walk, link)
        return found

    def _unknown(self, walk: Walk, link: Link) -> bool:
        if not link.name or link.name in self._reads or link.name.startswith(("get", "has", "is")):
            return False
        self.direction.unknown(walk.line(link.at), link.name)
        return True

    def _later(self, walk: Walk, link: Link) -> None:
        """Walk through what runs behind an operation, or in a transaction of its own."""
        function = walk.callback(link)
        if function is None:
            return
        own = link.name == "transaction" and not self.direction.migration.transaction
        if own:
            self.direction.add(walk.line(link.at), "BEGIN")
        walk.function(function, self)
        if own:
            self.direction.add(walk.line(link.close - 1), "COMMIT")


def statement(render: Callable[[Operation], str]) -> Does:
    """Return what adds one statement."""
    return lambda each: each.add(render(each))


def per_item(value: Callable[[Operation], list[str]]) -> Does:
    """Return what adds several statements."""

    def does(each: Operation) -> None:
        for text in value(each):
            each.add(text)

    return does


def raw(each: Operation) -> None:
    """Take SQL as it stands."""
    each.raw()


def nothing(_each: Operation) -> None:
    """Do nothing to tables in use."""
