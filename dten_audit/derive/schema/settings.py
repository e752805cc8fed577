"""The settings of a session that decide how long it waits: values, scopes, transactions."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Dialect, TimeoutState
from dten_audit.model.unknown import Unknown

Milliseconds = int | Unknown
"""0 means: waits for ever."""

TOO_LONG: Final = 60_000
"""Milliseconds above which a lock timeout protects nobody: callers give up before."""

_UNITS: Final = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_VALUE: Final = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*([a-z]*)")
_LIMIT: Final = 10**15
MAX_SAVEPOINTS: Final = 500
AT_RUN_TIME: Final = Unknown("package.value")


class Timeout(NamedTuple):
    """A dialect's setting for the wait on a table's lock: its name, unit and default."""

    name: str
    unit: float
    default: int


TIMEOUTS: Final[dict[Dialect, Timeout]] = {
    "postgres": Timeout("lock_timeout", 1, 0),
    "mysql": Timeout("lock_wait_timeout", 1000, 0),
    "tsql": Timeout("lock_timeout", 1, 0),
    "oracle": Timeout("ddl_lock_timeout", 1000, 1),
    "sqlite": Timeout("busy_timeout", 1, 1),
    "generic": Timeout("lock_timeout", 1, 0),
}
"""Oracle's DDL and SQLite fail at once by default; MySQL waits a year, the others for ever."""

TRACKED: Final = frozenset(
    "lock_timeout statement_timeout lock_wait_timeout ddl_lock_timeout busy_timeout"
    " foreign_key_checks session_replication_role".split()
)


def milliseconds(text: str, unit: float = 1) -> int | None:
    """Return a setting's value in milliseconds; None where it is none, 0 for no limit.

    ``unit`` is the number of milliseconds that a bare number counts (manual 19.1.1).
    """
    value = text.strip().lower().strip("'\"")
    if value in ("infinity", "default"):
        return 0
    found = _VALUE.fullmatch(value)
    if found is None or (found[2] and found[2] not in _UNITS):
        return None
    number = float(found[1]) * (_UNITS[found[2]] if found[2] else unit)
    if number <= 0:
        return 0
    return max(1, int(min(number, _LIMIT)))


_OPTION: Final = re.compile(
    r"(?:-c\s*+|--)(lock[_-]timeout|statement[_-]timeout)\s*+=\s*+(\$\{[^}]*+\}|\$\w++|[\w.]++)"
)


def options(text: str) -> dict[str, Milliseconds]:
    """Return the timeouts in libpq options: ``-c lock_timeout=5s``, also inside a URL."""
    found: dict[str, Milliseconds] = {}
    plain = text.replace("%20", " ").replace("%3D", "=").replace("%3d", "=")
    for option in _OPTION.finditer(plain):
        value = milliseconds(option[2])
        computed = "$" in option[2]
        if computed or value is not None:
            found[option[1].replace("-", "_")] = AT_RUN_TIME if computed or value is None else value
    return found


Value = Milliseconds | str | None
"""A setting's value: a wait, a text (``search_path``), None for the server's default."""


class _Values(NamedTuple):
    session: dict[str, Value]
    local: dict[str, Value]


class Settings:
    """Settings of one session; transactions and savepoints give them back where they end."""

    __slots__ = ("_initial", "_local", "_saved", "_session")

    def __init__(self, initial: dict[str, Milliseconds]) -> None:
        self._initial: dict[str, Value] = dict(initial)
        self._session: dict[str, Value] = {}
        self._local: dict[str, Value] = {}
        self._saved: list[tuple[str, _Values]] = []

    def get(self, name: str) -> Milliseconds | None:
        """Return what is in effect; None where nothing has set it."""
        value = self._value(name)
        return None if isinstance(value, str) else value

    def text(self, name: str) -> str:
        """Return the text that is in effect; empty where nothing has set it."""
        value = self._value(name)
        return value if isinstance(value, str) else ""

    def _value(self, name: str) -> Value:
        for scope in (self._local, self._session, self._initial):
            if name in scope:
                return scope[name]
        return None

    def put(self, name: str, value: Value, *, local: bool = False) -> None:
        """Set a value, for the session or until the transaction ends."""
        if local:
            self._local[name] = value
            return
        self._local.pop(name, None)
        self._session[name] = value

    def reset(self, name: str, *, local: bool = False) -> None:
        """Go back to how the session began; ``all`` for every setting.

        ``local``: only until the transaction ends (``SET LOCAL … TO DEFAULT``).
        """
        if local:
            self._local[name] = self._initial.get(name)
            return
        for scope in (self._local, self._session):
            if name == "all":
                scope.clear()
            else:
                scope.pop(name, None)

    def save(self, name: str = "") -> None:
        """Remember the values: at BEGIN (no name) or at a savepoint."""
        if not name:
            self._saved.clear()
        self._saved.append((name, _Values(dict(self._session), dict(self._local))))
        if len(self._saved) > MAX_SAVEPOINTS:
            del self._saved[1]

    def back_to(self, name: str = "") -> None:
        """Give back the values of a savepoint, or of BEGIN."""
        for index in range(len(self._saved) - 1, -1, -1):
            if self._saved[index][0] == name:
                values = self._saved[index][1]
                self._session, self._local = dict(values.session), dict(values.local)
                del self._saved[index + 1 :]
                return

    def release(self, name: str) -> None:
        """Forget a savepoint and those after it."""
        for index in range(len(self._saved) - 1, -1, -1):
            if self._saved[index][0] == name:
                del self._saved[index:]
                return

    def end(self) -> None:
        """End the transaction: what was local to it is gone."""
        self._local.clear()
        self._saved.clear()


def effective(text: str, dialect: Dialect, name: str) -> Milliseconds | None:
    """Return what a setting's text means for those who wait: milliseconds, 0 for no limit.

    Only PostgreSQL's 0 waits for ever. SQL Server's waits not at all (-1 for ever), nor Oracle's
    and SQLite's; MySQL raises it to one second.
    """
    word = _WORDS.get(text.lower())
    if word is not None:
        return word
    found = milliseconds(text, 1000 if name in _SECONDS else 1)
    zero = found == 0 and text.strip(" '\"")[:1].isdigit()
    at_once = zero and dialect not in ("postgres", "generic") and name in _WAITS
    return 1 if at_once else found


_SECONDS: Final = frozenset(("lock_wait_timeout", "ddl_lock_timeout"))
_WAITS: Final = frozenset(("lock_timeout", "lock_wait_timeout", "ddl_lock_timeout", "busy_timeout"))
_WORDS: Final = {
    "off": 0, "on": 1, "origin": 0, "replica": 1, "local": 0, "false": 0, "true": 1, "no": 0,
    "yes": 1,
}  # fmt: skip


def state_of(value: Milliseconds | None, default: int) -> TimeoutState | Unknown:
    """Return what a timeout's value means for those who wait."""
    if isinstance(value, Unknown):
        return value
    effective = default if value is None else value
    if effective == 0:
        return "unset"
    return "too-long" if effective > TOO_LONG else "set"
