"""How databases write times: MySQL's events, Oracle's calendar, SQL Server Agent."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import Final

from dten_audit.derive.schedules.clock import Clock, Every, MonthDays, WeekDays
from dten_audit.derive.schedules.dialects.fields import BOUNDS
from dten_audit.derive.schedules.dialects.named import arguments
from dten_audit.derive.schedules.dialects.rates import duration, in_units, read_rate
from dten_audit.derive.schedules.dialects.reading import Reading, fault

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FREQUENCIES: Final = {
    "SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600, "DAILY": 86400, "WEEKLY": 604800,
    "MONTHLY": 2629800, "YEARLY": 31557600,
}  # fmt: skip
_DAY: Final = 86400
_SUBDAY: Final = {2: 1, 4: 60, 8: 3600}
_AGENT_ONCE, _AGENT_DAILY, _AGENT_WEEKLY, _AGENT_MONTHLY = 1, 4, 8, 16
_AGENT_START, _AGENT_IDLE = 64, 128


@cache
def _mysql() -> re.Pattern[str]:
    return re.compile(
        r"EVERY\s+'?([0-9]{1,9})'?\s+([A-Z]+)(?:\s+STARTS\s+'?([0-9T: .-]{8,26})'?)?"
        r"(?:\s+ENDS\s+'?([0-9T: .-]{8,26})'?)?",
        re.IGNORECASE,
    )


@cache
def _at() -> re.Pattern[str]:
    return re.compile(r"AT\s+(?:TIMESTAMP\s*)?'([0-9T: .-]{8,26})'", re.IGNORECASE)


@cache
def _later() -> re.Pattern[str]:
    now = r"(?:CURRENT_TIMESTAMP|NOW)(?:\s*\(\s*[0-9]?\s*\))?"
    return re.compile(
        rf"AT\s+{now}(?:\s*\+\s*INTERVAL\s+'?([0-9]{{1,9}})'?\s+([A-Z]+))?", re.IGNORECASE
    )


def read_mysql(expression: str) -> Reading:
    """Read ``EVERY 1 DAY STARTS '…' ENDS '…'`` or ``AT …``."""
    text = re.sub(r"\s+", " ", expression[:400]).strip()
    every = _mysql().fullmatch(text)
    if every is not None:
        return _mysql_every(every[1], every[2], every[3] or "", every[4] or "")
    at = _at().fullmatch(text)
    if at is not None and (moment := _moment(at[1])) is not None:
        return Reading((Every(moment),))
    later = _later().fullmatch(text)
    if later is not None:
        span = duration(f"{later[1]} {later[2]}") if later[1] else 0.0
        if span is not None:
            said = f"once, {in_units(span)} after the script runs" if span else "once, at once"
            return Reading(text=said, delay=max(span, 1))
    if text.upper().startswith(("EVERY ", "AT ")):
        first, _, rest = text.partition(" ")
        return Reading(text=f"{first.lower()} {rest}")
    return fault(f"bad schedule {text[:40]}")


def _mysql_every(number: str, unit: str, starts: str, ends: str) -> Reading:
    seconds = duration(f"{number} {unit}")
    if not seconds:
        return Reading(text=f"every {number} {unit.lower()}") if int(number) else fault("EVERY 0")
    start = _moment(starts)
    if start is None or (seconds % _DAY and unit.lower() in ("month", "quarter", "year")):
        text = f"every {number} {unit.lower()}" + (f", from {starts}" if starts else "")
        return Reading(every=seconds, text=text)
    return Reading((Every(start, int(seconds), _moment(ends)),))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


@cache
def _trunc() -> re.Pattern[str]:
    return re.compile(
        r"TRUNC\(\s*SYSDATE(?:\s*\+\s*1)?\s*\)(?:\s*\+\s*1)?(?:\s*\+\s*([0-9]{1,2})\s*/\s*24)?",
        re.IGNORECASE,
    )


@cache
def _plus() -> re.Pattern[str]:
    return re.compile(
        r"(?:SYSDATE|SYSTIMESTAMP)\s*\+\s*(?:INTERVAL\s*'([0-9]{1,6})'\s*([A-Z]+)"
        r"|([0-9]{1,6})(?:\s*/\s*([0-9*() ]{1,20}))?)",
        re.IGNORECASE,
    )


def read_oracle(expression: str) -> Reading:
    """Read a calendar expression (``FREQ=DAILY;BYHOUR=3``) or a date expression of PL/SQL."""
    text = expression[:400].strip()
    if text.upper().startswith("FREQ"):
        return _calendar(text)
    trunc = _trunc().fullmatch(text)
    if trunc is not None:
        hour = int(trunc[1] or 0)
        return Reading((Clock((hour,)),)) if hour < 24 else fault(f"bad hour {hour}")  # noqa: PLR2004
    plus = _plus().fullmatch(text)
    if plus is None:
        return Reading(text=text)
    if plus[1]:
        return read_rate(f"{plus[1]} {plus[2]}")
    below = 1
    for factor in re.findall(r"[0-9]+", plus[4] or ""):
        below *= max(1, int(factor))
    return read_rate(f"{max(1, round(int(plus[3]) * _DAY / below))} seconds")


def _calendar(text: str) -> Reading:
    parts = {
        key.strip().upper(): value.strip()
        for key, _, value in (part.partition("=") for part in text.rstrip(";").split(";"))
    }
    frequency = _FREQUENCIES.get(parts.pop("FREQ", "").upper())
    interval = parts.pop("INTERVAL", "1")
    if frequency is None or not interval.isdecimal() or not int(interval):
        return fault(f"bad calendar expression {text[:40]}")
    if int(interval) > 1 or not parts:
        if parts and frequency >= _DAY:
            return Reading(text=text)
        return read_rate(f"{frequency * int(interval)} seconds")
    known = {"BYHOUR", "BYMINUTE", "BYSECOND", "BYDAY", "BYMONTHDAY", "BYMONTH"}
    if not set(parts) <= known:
        return Reading(text=text)
    return _by_parts(parts, frequency, text)


def _by_parts(parts: dict[str, str], frequency: int, text: str) -> Reading:
    """Return the times of BY… parts; what is not named follows from the start of the job."""
    try:
        hours = _numbers(parts, "BYHOUR", "hour")
        minutes = _numbers(parts, "BYMINUTE", "minute")
        seconds = _numbers(parts, "BYSECOND", "second") or (0,)
        days = _days(parts.get("BYDAY", ""))
        months = _numbers(parts, "BYMONTH", "month")
        month_days = _month_days(parts.get("BYMONTHDAY", ""))
    except ValueError:
        return fault(f"bad calendar expression {text[:40]}")
    if frequency >= _DAY and not hours:
        return Reading(text=text)
    clock = Clock(
        hours or tuple(range(24)),
        minutes or (tuple(range(60)) if frequency == 60 else (0,)),  # noqa: PLR2004 (MINUTELY)
        seconds,
        month_days,
        days,
        frozenset(months) or None,
    )
    return Reading((clock,))


def _numbers(parts: dict[str, str], key: str, field: str) -> tuple[int, ...]:
    values = sorted(int(value) for value in parts.get(key, "").split(",") if value.strip())
    low, high = BOUNDS[field]
    if any(not low <= value <= high for value in values):
        raise ValueError(key)
    return tuple(values)


def _month_days(text: str) -> MonthDays:
    values = [int(value) for value in text.split(",") if value.strip()]
    if not values:
        return MonthDays()
    if any(not 1 <= abs(value) <= 31 for value in values):  # noqa: PLR2004
        raise ValueError(text)
    return MonthDays(
        frozenset(value for value in values if value > 0),
        frozenset(-value - 1 for value in values if value < 0),
    )


def _days(text: str) -> WeekDays:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not names:
        return WeekDays()
    plain = frozenset(_DAYS.index(name) for name in names if name in _DAYS)
    ranked = frozenset(
        (_DAYS.index(name[-3:]), int(name[:-3])) for name in names if name not in _DAYS
    )
    last = frozenset(day for day, rank in ranked if rank == -1)
    return WeekDays(plain, frozenset(pair for pair in ranked if pair[1] > 0), last)


def read_agent(expression: str) -> Reading:
    """Read the arguments of sp_add_schedule: ``freq_type=4, active_start_time=30000``."""
    found = arguments(expression[:500])
    if found is None or not found.get("freq_type", "").isdecimal():
        return Reading(text=expression[:100]) if found else fault(f"bad {expression[:40]}")
    numbers = {key: int(value) for key, value in found.items() if value.isdecimal()}
    kind, interval = numbers["freq_type"], numbers.get("freq_interval", 1)
    if kind == _AGENT_START:
        return Reading(at_boot=True)
    if kind == _AGENT_IDLE:
        return Reading(text="whenever the processor is idle")
    start = numbers.get("active_start_time", 0)
    hour, minute, second = start // 10000, start // 100 % 100, start % 100
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004
        return fault(f"bad active_start_time {start}")
    if kind == _AGENT_ONCE:
        return _agent_once(numbers.get("active_start_date", 0), hour, minute, second)
    clock = Clock((hour,), (minute,), (second,))
    subday = _SUBDAY.get(numbers.get("freq_subday_type", 1))
    if subday:
        return read_rate(f"{subday * max(1, numbers.get('freq_subday_interval', 1))} seconds")
    if kind == _AGENT_DAILY and interval == 1:
        return Reading((clock,))
    if kind == _AGENT_WEEKLY and numbers.get("freq_recurrence_factor", 1) <= 1:
        days = frozenset(day for day in range(7) if interval & 1 << day)
        return Reading((clock._replace(week_days=WeekDays(days)),))
    if kind == _AGENT_MONTHLY and numbers.get("freq_recurrence_factor", 1) <= 1:
        return Reading((clock._replace(month_days=MonthDays(frozenset({interval}))),))
    return Reading(text=expression[:100])


def _agent_once(day: int, hour: int, minute: int, second: int) -> Reading:
    try:
        moment = datetime(day // 10000, day // 100 % 100, day % 100, hour, minute, second)  # noqa: DTZ001 (wall clock)
    except ValueError:
        return fault(f"bad active_start_date {day}")
    return Reading((Every(moment),))
