"""Reads jobs that SQL scripts give to a database: pg_cron, pgAgent, events, Oracle, SQL Agent."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.model.unknown import Unknown
from dten_audit.readers.cron.sql_calls import Call, Value, calls, executed, tokens_of
from dten_audit.readers.cron.stating import COMPUTED
from dten_audit.readers.gate import Trigger
from dten_audit.readers.sql.dialect import dialect_of
from dten_audit.readers.sql.splitter import split
from dten_audit.readers.sql.tokens import Token
from dten_audit.readers.words import words_of

_POLICIES: Final = (
    "add_retention_policy", "add_compression_policy", "add_columnstore_policy",
    "add_reorder_policy", "add_continuous_aggregate_policy",
)  # fmt: skip
_CALLS: Final = frozenset((
    "cron.schedule", "cron.schedule_in_database", "add_job", "dbms_scheduler.create_job",
    "dbms_scheduler.create_schedule", "dbms_job.submit", "dbms_job.isubmit", *_POLICIES,
))  # fmt: skip
_AGENT: Final = frozenset(("sp_add_schedule", "sp_add_jobschedule"))
_AGENT_JOBS: Final = frozenset(
    ("sp_add_job", "sp_add_jobstep", "sp_attach_schedule", "sp_add_jobserver")
)
_MAX_PIECES: Final = 100_000


_WORDS: Final = (
    r"cron\.schedule|pgagent\.pga_|on\s+schedule\b|event_scheduler|dbms_scheduler|dbms_job"
    rf"|sp_add_(?:job|schedule)|add_job\s*\(|(?:{'|'.join(_POLICIES)})\s*\("
)
"""Each begins with a letter, so that a search skips to it."""
_PART: Final = 1 << 20
_OVERLAP: Final = 200
_TOPIC: Final = "sql jobs"


@cache
def _words() -> re.Pattern[str]:
    return re.compile(_WORDS)


def triggers() -> list[Trigger]:
    """Return what stands in SQL that sets up a job."""
    return [Trigger(_TOPIC, f"(?i){_WORDS}".encode(), frozenset(("sql",)))]


def fits(document: Document) -> bool:
    """Say whether an SQL document speaks of jobs at all."""
    return _TOPIC in words_of(document)


def _places(text: str) -> list[int]:
    """Return where jobs are spoken of, in order. A dump is large: it is looked at in parts."""
    found: list[int] = []
    for start in range(0, len(text), _PART):
        part = text[start : start + _PART + _OVERLAP]
        plain = part.lower()
        pattern = _words() if len(plain) == len(part) else re.compile(_WORDS, re.IGNORECASE)
        matches = pattern.finditer(plain if len(plain) == len(part) else part)
        found += [start + match.start() for match in matches if match.start() < _PART]
    return found


def read(document: Document) -> Iterator[ScheduledEntry]:
    """State the jobs that an SQL document sets up."""
    text = document.text
    dialect = dialect_of(document)
    agent: list[Call] = []
    places = _places(text)
    if not places:
        return
    for number, piece in enumerate(split(text, dialect)):
        if number > _MAX_PIECES or piece.start > places[-1]:
            break
        following = bisect_left(places, piece.start)
        if piece.kind != "sql" or following == len(places) or places[following] >= piece.end:
            continue
        tokens = tokens_of(text, dialect, piece.start, piece.end)
        for call in calls(tokens, _CALLS):
            yield from _called(document, call)
        agent += executed(tokens, _AGENT | _AGENT_JOBS)
        yield from _event(document, tokens)
        yield from _settings(document, tokens)
    yield from _agent(document, agent)


def _entry(
    document: Document,
    when: Value,
    scheduler: str,
    notation: Notation,
    name: str,
    command: str,
) -> ScheduledEntry:
    return ScheduledEntry(
        document.location_at(when.start),
        document.id,
        scheduler,
        notation,
        when.text,
        name,
        " ".join(command.split())[:200],
        certainty="computed" if when.computed else "exact",
    )


def _called(document: Document, call: Call) -> Iterator[ScheduledEntry]:
    if call.name.startswith("cron."):
        yield from _pg_cron(document, call)
    elif call.name == "add_job" or call.name in _POLICIES:
        yield from _timescale(document, call)
    elif call.name.startswith("dbms_job."):
        when = call.value("interval", 3)
        if when is not None and when.text.lower() != "null":
            plain = when._replace(computed=False)
            command = call.text("what", 1)
            yield _entry(document, plain, "oracle-jobs", "oracle-calendar", "", command)
    else:
        yield from _oracle(document, call)


def _pg_cron(document: Document, call: Call) -> Iterator[ScheduledEntry]:
    """State cron.schedule(name, times, command), whose name may be missing."""
    short = len(call.positional) == 2 and not call.named  # noqa: PLR2004 (times and command)
    when = call.value("schedule", 0 if short else 1)
    if when is not None:
        name = "" if short else call.text("job_name", 0)
        command = call.text("command", 1 if short else 2)
        entry = _entry(document, when, "pg_cron", "pg_cron", name, command)
        user = call.text("username", 4) if call.name.endswith("database") else ""
        yield entry._replace(user=user)


@cache
def _interval() -> re.Pattern[str]:
    return re.compile(r"(?i)[0-9]+\s*[a-z]+.*|[0-9]+:[0-9]+:[0-9]+|P.*|@.*")


def _timescale(document: Document, call: Call) -> Iterator[ScheduledEntry]:
    """State add_job(procedure, interval) or a policy, whose times may be its own."""
    policy = call.name in _POLICIES
    when = call.value("schedule_interval", -1 if policy else 1)
    if when is None and policy:
        when = Value("the policy's own interval", call.start)
        entry = _entry(document, when, "timescaledb", "unseen", call.name, call.text("", 0))
        yield entry
    elif when is not None and (
        _interval().fullmatch(when.text) or "schedule_interval" in call.named
    ):
        name = call.name if policy else call.text("proc", 0)
        off = call.text("scheduled", 4) == "false"
        entry = _entry(document, when, "timescaledb", "rate", name, call.text("proc", 0))
        yield entry._replace(enabled=not off)


def _oracle(document: Document, call: Call) -> Iterator[ScheduledEntry]:
    """State DBMS_SCHEDULER.CREATE_JOB or CREATE_SCHEDULE."""
    job = call.name.endswith("create_job")
    when = call.value("repeat_interval", 5 if job else 2)
    start = call.value("start_date", 4 if job else 1)
    if when is None or when.text.lower() == "null":
        other = call.value("schedule_name")
        text = f"the schedule {other.text}" if other else "once, at its start date"
        when = Value(text, (other or start or Value("", call.start)).start)
        notation: Notation = "unseen"
    else:
        notation = "oracle-calendar"
    name = call.text("job_name" if job else "schedule_name", 0)
    entry = _entry(document, when, "oracle", notation, name, call.text("job_action", 2))
    yield entry._replace(enabled=_oracle_enabled(call) if job else True)


def _oracle_enabled(call: Call) -> bool | Unknown:
    """A job of DBMS_SCHEDULER is made switched off (the default), and often switched on later."""
    found = call.value("enabled", 8)
    if found is None or found.text == "false":
        return COMPUTED
    return True if found.text == "true" else COMPUTED


def _event(document: Document, tokens: Sequence[Token]) -> Iterator[ScheduledEntry]:
    """State MySQL's CREATE EVENT … ON SCHEDULE … DO …."""
    words = [token.text for token in tokens[:200]]
    if words[:1] not in (["create"], ["alter"]) or "event" not in words[:20]:
        return
    at = words.index("event")
    if "schedule" not in words[at:] or words[words.index("schedule", at) - 1] != "on":
        return
    start = words.index("schedule", at) + 1
    end, do = _parts(words, start)
    if end <= start or start >= len(tokens):
        return
    text = document.text
    times = " ".join(text[tokens[start].start : tokens[end - 1].end].split())
    runs = ""
    if do < len(tokens):
        start_of_body = tokens[do].start
        runs = text[start_of_body : min(start_of_body + 200, tokens[-1].end)]
    name = _event_name(tokens, at, words)
    when = Value(times, tokens[start].start)
    entry = _entry(document, when, "mysql", "mysql-event", name, runs)
    yield entry._replace(enabled="disable" not in words[start:do])


def _parts(words: list[str], start: int) -> tuple[int, int]:
    """Return where an event's times end, and where what it does starts."""
    ends = [words.index(word, start) for word in ("do", "enable", "disable", "comment", "rename")
            if word in words[start:]]  # fmt: skip
    if "completion" in words[start:]:
        ends.append(words.index("completion", start) - 1)
    do = words.index("do", start) + 1 if "do" in words[start:] else len(words)
    return min(ends, default=len(words)), do


def _event_name(tokens: Sequence[Token], at: int, words: list[str]) -> str:
    """Return an event's name without its schema."""
    first = at + 4 if words[at + 1 : at + 4] == ["if", "not", "exists"] else at + 1
    name = tokens[first : first + 3]
    return name[2].text if len(name) > 2 and name[1].text == "." else name[0].text  # noqa: PLR2004


def _settings(document: Document, tokens: Sequence[Token]) -> Iterator[ScheduledEntry]:
    """State what starts all jobs of a server, and jobs that are written into pgAgent's tables."""
    words = [token.text.lower() for token in tokens[:40]]
    if words[:1] == ["set"] and "event_scheduler" in words:
        at = words.index("event_scheduler")
        value = words[-1] if words[-1] != ";" else words[-2]
        if value.strip("'\"") in ("on", "1"):
            when = Value("when each event says", tokens[at].start)
            yield _entry(document, when, "mysql-switch", "unseen", "event_scheduler", "all events")
    if words[:2] == ["insert", "into"] and words[2:4] == ["pgagent", "."]:
        if words[4:5] == ["pga_schedule"]:
            when = Value("the times in pgagent.pga_schedule", tokens[4].start)
            yield _entry(document, when, "pgagent", "unseen", "", "")
    elif words[:4] == ["insert", "into", "cron", "."] and words[4:5] == ["job"]:
        when = Value("the times in cron.job", tokens[4].start)
        yield _entry(document, when, "pg_cron", "unseen", "", "")


def _agent(document: Document, found: Sequence[Call]) -> Iterator[ScheduledEntry]:
    """State the schedules of SQL Server Agent, with the jobs that they are attached to."""
    jobs = {call.text("schedule_name"): call.text("job_name") for call in found
            if call.name == "sp_attach_schedule"}  # fmt: skip
    steps = {call.text("job_name"): call.text("command") for call in found
             if call.name == "sp_add_jobstep"}  # fmt: skip
    first = next((call.text("job_name") for call in found if call.name == "sp_add_job"), "")
    schedules = [call for call in found if call.name in _AGENT]
    for call in schedules:
        title = call.text("schedule_name") or call.text("name")
        job = call.text("job_name") or jobs.get(title, "") or first
        times = {name: value for name, value in call.named.items()
                 if name.startswith(("freq_", "active_"))}  # fmt: skip
        text = ", ".join(f"{name}={value.text}" for name, value in times.items())
        computed = any(value.computed for value in times.values())
        command = steps.get(job) or next(iter(steps.values()), "")
        when = Value(text, call.start, computed or not times)
        entry = _entry(document, when, "sql-agent", "sql-agent", job or title, command)
        yield entry._replace(enabled=call.text("enabled") != "0")
    for call in () if schedules else found:
        if call.name == "sp_add_job":
            name = call.text("job_name")
            when = Value("no times in this file", call.start)
            entry = _entry(document, when, "sql-agent", "unseen", name, steps.get(name, ""))
            yield entry._replace(enabled=COMPUTED)
