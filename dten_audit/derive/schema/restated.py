"""Statements that state a column anew: they change it only where it was otherwise before.

Django's ``AlterField`` gives a whole field, for a new comment as for a new type; so do builders
that write a column's type again when its default changes. What the column
was is known from earlier migrations of the set, or not known: then the action is flagged as
``restated``, most such change nothing.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.derive.schema.book import SqlFile
from dten_audit.derive.schema.pairs import Pairs
from dten_audit.derive.schema.state import State
from dten_audit.model.facts.sql import Action

_CAST: Final = re.compile(r'(?i)\busing\s*\(\s*"[^"]+"\s*::\s*([\w ()]+?)\s*\)\s*$')


def restated(action: Action, state: State, file: SqlFile, pairs: Pairs) -> Action | None:
    """Return what an action does, None for nothing; where that is open, it is computed."""
    if file.hint("restates") != "yes":
        return action
    if action.verb == "set_not_null" and pairs.states_type(file, action):
        null = pairs.null_before(file, action)
        return _open(action) if null is None else action if null else None
    if not _states_all(action):
        return action
    before = state.tables.type_of(action.table, action.column, state.dialect)
    before = before.removesuffix(" not null")
    if not before or "${" in before + action.value:
        return None if before == action.value else _open(action)
    return None if _spelt(before) == _spelt(action.value) else action


def _states_all(action: Action) -> bool:
    """Say whether a statement gives a whole column: MODIFY, a builder's ``USING ("c"::t)``."""
    if "redefinition" in action.flags:
        return True
    cast = _CAST.search(action.text) if "using" in action.flags else None
    return cast is not None and _spelt(cast[1]) == _spelt(action.value)


def _open(action: Action) -> Action:
    return action._replace(certainty="computed", flags=action.flags | {"restated"})


def _spelt(kind: str) -> str:
    return "".join(kind.lower().split())
