"""Reads the command lines of schtasks.exe and of the old at.exe as definitions of tasks.

Sources: schtasks create and at in the Windows commands reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Word
from dten_audit.model.facts.windows import TaskTrigger, TriggerKind
from dten_audit.readers.shell.values import weaker
from dten_audit.readers.windows.clock import clock, minutes, month, weekday

_TAKES: Final = frozenset("tn tr sc mo d m i st ri et du sd ed ru rp rl s u p xml ec delay".split())
_KINDS: Final[dict[str, TriggerKind]] = {
    "minute": "minute", "hourly": "hourly", "daily": "daily", "weekly": "weekly",
    "monthly": "monthly", "once": "once", "onstart": "boot", "onlogon": "logon",
    "onidle": "other", "onevent": "other",
}  # fmt: skip
_WEEKS: Final = ("first", "second", "third", "fourth", "last")
_SYSTEM: Final = frozenset((
    "system", "nt authority\\system", "s-1-5-18", "localsystem", "local system", "builtin\\system",
    "nt-autorität\\system", "",
))  # fmt: skip


class Task(NamedTuple):
    """What a command line says of a task; ``file`` is an XML file that says the rest."""

    name: str
    command: str
    triggers: tuple[TaskTrigger, ...]
    user: str
    highest: bool
    password: bool
    file: str
    elsewhere: str
    certainty: Certainty


def user_named(text: str) -> str:
    """Return a user of a task, the local system under one name."""
    return "SYSTEM" if text.strip("\"'").lower() in _SYSTEM else text


def read_schtasks(words: Sequence[Word]) -> Task | None:
    """Read ``schtasks /create …``; None for what sets up no task."""
    given = _options(words)
    if "create" not in given:
        return None
    certainty: Certainty = "exact"
    for key in ("tr", "sc", "tn", "st"):
        certainty = weaker(certainty, given.get(key, Word("")).certainty)
    user = given["ru"].text if "ru" in given else ""
    return Task(
        _text(given, "tn"),
        _text(given, "tr"),
        () if "xml" in given else (trigger_of(given),),
        user_named(user) if "ru" in given else "",
        _text(given, "rl").lower() == "highest",
        "rp" in given and given["rp"].certainty != "computed" and given["rp"].text not in ("", "*"),
        _text(given, "xml"),
        _text(given, "s"),
        certainty,
    )


def _text(given: dict[str, Word], key: str) -> str:
    return given[key].text if key in given else ""


def _options(words: Sequence[Word]) -> dict[str, Word]:
    """Return the options with their values; switches have an empty one."""
    given: dict[str, Word] = {}
    number = 1
    while number < len(words):
        text = words[number].text
        key = text[1:].lower() if text[:1] in "/-" else ""
        value = Word("")
        if key in _TAKES and number + 1 < len(words):
            number += 1
            value = words[number]
        if key:
            given.setdefault(key, value)
        number += 1
    return given


def trigger_of(given: dict[str, Word]) -> TaskTrigger:
    """Return the trigger that ``/sc``, ``/mo``, ``/d``, ``/m``, ``/st``, ``/sd``, ``/ri`` make."""
    schedule = _text(given, "sc").lower()
    kind = _KINDS.get(schedule, "other")
    modifier, days = _text(given, "mo").lower(), _text(given, "d")
    start, _ = clock(_text(given, "st"))
    shown = [f"/{key} {given[key].text}" for key in ("sc", "mo", "d", "m", "st") if key in given]
    words = [given[key] for key in ("sc", "mo", "d", "m", "st", "ri") if key in given]
    known = kind != "other" and not any(word.certainty == "computed" for word in words)
    listed = [part for part in days.replace(",", " ").split() if part]
    weekdays = tuple(n for n in map(weekday, listed) if n is not None and not days.isdigit())
    numbers = tuple(int(part) for part in listed if part.isdigit() and int(part) < 32)  # noqa: PLR2004
    return TaskTrigger(
        kind,
        " ".join(shown),
        start,
        "",
        int(modifier) if modifier.isdigit() and 0 < len(modifier) < 6 else 1,  # noqa: PLR2004
        tuple(range(7)) if days == "*" and kind == "weekly" else weekdays,
        (-1,) if modifier == "lastday" else numbers,
        (_WEEKS.index(modifier) + 1,) if modifier in _WEEKS else (),
        tuple(n for part in _text(given, "m").replace(",", " ").split() if (n := month(part))),
        int(ri) if (ri := _text(given, "ri")).isdigit() and len(ri) < 7 else 0,  # noqa: PLR2004
        minutes(_text(given, "du")),
        "exact" if known else "computed",
    )


def read_at(words: Sequence[Word]) -> Task | None:
    r"""Read ``at [\\HOST] TIME [/every:DAYS | /next:DAYS] COMMAND``."""
    rest = list(words[1:])
    elsewhere = rest.pop(0).text.strip("\\") if rest and rest[0].text.startswith("\\\\") else ""
    if len(rest) < 2 or not (start := clock(rest[0].text)[0]):  # noqa: PLR2004 - time and command
        return None
    kind: TriggerKind = "once"
    weekdays: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    at = 1
    while at < len(rest) and rest[at].text.startswith("/"):
        name, _, value = rest[at].text[1:].partition(":")
        if name.lower() in ("every", "next"):
            parts = value.split(",")
            weekdays = tuple(n for n in map(weekday, parts) if n is not None and n >= 0)
            days = tuple(int(part) for part in parts if part.isdigit() and int(part) < 32)  # noqa: PLR2004
            kind = "weekly" if weekdays and not days else "monthly"
        at += 1
    command = " ".join(word.text for word in rest[at:])
    trigger = TaskTrigger(kind, " ".join(word.text for word in rest[:at]), start,
                          weekdays=weekdays if not days else (), days=days)  # fmt: skip
    if not command:
        return None
    return Task("", command, (trigger,), "SYSTEM", False, False, "", elsewhere, rest[0].certainty)
