"""Turns whenever's ``every 1.day, at: '4:30 am'`` into five cron fields.

Source: the README of the gem whenever 1.0, read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.cron.program_calls import Text
from dten_audit.readers.cron.stating import looks_like_cron

_WORDS: Final = {
    "minute": "* * * * *", "hour": "0 {h}", "day": "{m} {h} * * *", "week": "{m} {h} * * 0",
    "month": "{m} {h} 1 * *", "year": "{m} {h} 1 1 *", "weekday": "{m} {h} * * 1-5",
    "weekend": "{m} {h} * * 6,0", "sunday": "{m} {h} * * 0", "monday": "{m} {h} * * 1",
    "tuesday": "{m} {h} * * 2", "wednesday": "{m} {h} * * 3", "thursday": "{m} {h} * * 4",
    "friday": "{m} {h} * * 5", "saturday": "{m} {h} * * 6",
}  # fmt: skip


def times_of_every(source: str, value: Text, at: str) -> tuple[Text, bool]:
    """Return the times of an ``every`` as written, and whether they are the boot of the host."""
    if value.known and looks_like_cron(value.text):
        return Text(value.text), False
    word = re.match(r"every\s*\(?\s*:(\w+)", source)
    if word is not None:
        name = word[1].removesuffix("ly").replace("dai", "day")
        if word[1] == "reboot":
            return Text("@reboot"), True
        return (Text(_at(name, at)), False) if name in _WORDS else (_unknown(source), False)
    number = re.match(r"every\s*\(?\s*(\d{1,4})\.(minute|hour|day|week|month|year)s?\b", source)
    if number is None:
        return _unknown(source), False
    count, unit = int(number[1]), number[2]
    if count == 1:
        return Text(_at(unit, at)), False
    if unit == "minute":
        return Text(f"*/{count} * * * *"), False
    if unit == "hour":
        return Text(f"{_clock(at)[0]} */{count} * * *"), False
    return _unknown(source), False


def _unknown(source: str) -> Text:
    return Text(re.sub(r"\s+", " ", source[:80]), known=False)


def _at(unit: str, at: str) -> str:
    minute, hour = _clock(at)
    if unit == "hour":
        return f"{minute} * * * *"
    return _WORDS[unit].format(m=minute, h=hour)


def _clock(text: str) -> tuple[str, str]:
    """Return minute and hour of ``4:30 am``, both 0 where nothing is said."""
    match = re.fullmatch(r"\s*(\d{1,2})(?::(\d{2}))?\s*(am|pm)?\s*", text, re.IGNORECASE)
    if match is None:
        return "0", "0"
    hour = int(match[1])
    if match[3]:
        hour = hour % 12 + (12 if match[3].lower() == "pm" else 0)
    return str(int(match[2] or 0)), str(hour)
