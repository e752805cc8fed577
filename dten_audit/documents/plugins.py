"""Formats that others provide: loaded where the user names them, and never trusted to be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from mmap import mmap
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, get_args

from dten_audit.documents.budget import Budget
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.formats import format_of
from dten_audit.documents.issues import ISSUES, REASONS
from dten_audit.documents.source import (
    Item,
    Member,
    Members,
    Missed,
    Problem,
    Source,
)
from dten_audit.model.suggestion import suggestion

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "dten_audit.formats"
FAILED: Final = "plugin-failed"
_KIND: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_ITEMS: Final = get_args(Item)
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "data": (bytes, mmap),
    "mode": (int, type(None)),
    "size": (int,),
    "offset": (int, type(None)),
    "hard": (bool,),
} | dict.fromkeys(("path", "target", "issue", "detail", "reason", "kind", "remedy"), (str,))


class PluginError(ValueError):
    """A plugin that the user names and that cannot be used."""


class Format(Protocol):
    """What a plugin is: the object that its entry point names.

    ``kind`` is a short name of its format. ``recognises`` tells it by the first 4 KiB and the file
    name. ``members`` lists what a container holds, as the formats here do.
    """

    kind: str

    def recognises(self, head: bytes, name: str) -> bool: ...

    def members(self, source: Source) -> Iterator[Item]: ...


class _Loaded(NamedTuple):
    name: str
    kind: str
    format: Format


class Plugins:
    """The plugins of one audit; ``failures`` are those met at the last document."""

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        """Load plugins by name. Raises ``PluginError``."""
        self._loaded = tuple(_load(name) for name in dict.fromkeys(names))
        self.failures: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self._loaded)

    def kind_of(self, path: str, head: bytes) -> str:
        """Return the kind that a plugin gives a document; empty where none recognises it."""
        self.failures = []
        for plugin in self._loaded:
            try:
                if plugin.format.recognises(head, path.rpartition("/")[2]):
                    return plugin.kind
            except (Exception, SystemExit) as error:  # noqa: BLE001 - not our code
                self.failures.append(Problem(FAILED, _told(plugin, error), path))
        return ""

    def members_of(self, kind: str) -> Members | None:
        """Return the function that lists a plugin's containers, held to what a format may do."""
        for plugin in self._loaded:
            if plugin.kind == kind:
                return lambda source: _held(plugin, source)
        return None


def _held(plugin: _Loaded, source: Source) -> Iterator[Item]:
    """Pass on what a plugin yields: each member asked for, paid for, and of the right type.

    Raises ``BrokenError`` where it fails; ``OverLimitError``.
    """
    asked: list[str] = []

    def wanted(path: str) -> bool:
        asked[:] = [path]
        return source.wanted(path)

    budget = source.budget
    paid = budget.produced
    try:
        for item in plugin.format.members(source._replace(wanted=wanted)):
            _check(item)
            if not isinstance(item, Member):
                yield item
                continue
            wanting = asked == [item.path] or source.wanted(item.path)
            asked.clear()
            _pay(budget, item, paid)
            if wanting:
                yield item._replace(size=-1)
            paid = budget.produced
    except (BrokenError, OverLimitError) as error:
        if error.issue not in ISSUES:
            raise BrokenError(FAILED, _told(plugin, error)) from error
        raise
    except (Exception, SystemExit) as error:
        raise BrokenError(FAILED, _told(plugin, error)) from error


def _pay(budget: Budget, member: Member, paid: int) -> None:
    """Charge what a plugin forgot to charge. Raises ``OverLimitError``."""
    budget.check_member(len(member.data))
    budget.charge(max(0, len(member.data) - (budget.produced - paid)))


def _check(item: Any) -> None:
    """Raise ``TypeError`` for what is no item, or not a proper one."""
    kind: Any = type(item)
    if kind not in _ITEMS:
        message = f"it yields {kind.__name__}, which is no item"
        raise TypeError(message)
    for field, value in zip(item._fields, item, strict=True):
        if not isinstance(value, _TYPES[field]) or (isinstance(value, bool) and field != "hard"):
            message = f"its {kind.__name__}.{field} is {type(value).__name__}"
            raise TypeError(message)
        if isinstance(value, str):
            value.encode()  # what cannot be written out cannot be reported
    if isinstance(item, Problem) and item.issue not in ISSUES:
        message = f"there is no issue {item.issue}"
        raise TypeError(message)
    if isinstance(item, Missed) and item.reason not in {**REASONS, **ISSUES}:
        message = f"there is no reason {item.reason}"
        raise TypeError(message)


def _told(plugin: _Loaded, error: BaseException) -> str:
    """Return what went wrong in one line."""
    text = " ".join(str(error).split())[:200]
    return f"{plugin.name}: {type(error).__name__}{': ' if text else ''}{text}"


@cache
def _load(name: str) -> _Loaded:
    """Load a plugin. Raises ``PluginError``."""
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    chosen = [point for point in found if point.name == name]
    if not chosen:
        near = suggestion(name, sorted(found.names))
        message = f"there is no plugin {name} installed{near}"
        raise PluginError(message)
    if len({point.value for point in chosen}) > 1:
        message = f"several installed packages provide a plugin {name}"
        raise PluginError(message)
    return _loaded(chosen[0])


def _loaded(point: EntryPoint) -> _Loaded:
    try:
        made = point.load()
        made = made() if isinstance(made, type) else made
        kind, functions = made.kind, (made.recognises, made.members)
    except (Exception, SystemExit) as error:
        message = f"the plugin {point.name} cannot be loaded: {type(error).__name__}: {error}"
        raise PluginError(message) from error
    if not isinstance(kind, str) or not _KIND.fullmatch(kind) or not all(map(callable, functions)):
        message = f"the plugin {point.name} has no kind that is a plain word, or no functions"
        raise PluginError(message)
    if format_of(kind) is not None:
        message = f"the plugin {point.name} is for {kind}, which is read without it"
        raise PluginError(message)
    return _Loaded(point.name, kind, made)
