"""Reads ``when:`` and its kin: what must hold for a task to run, as far as the words say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from dten_audit.model.facts.commands import Guard, GuardKind

MAX_CLAUSES: Final = 50
MAX_TEXT: Final = 1000
"""A longer condition is not taken apart."""
_FINDERS: Final = frozenset(("which", "command", "type", "hash"))


class Registered(NamedTuple):
    """What a task noted under a name: the file that it looked at, or the command that it ran.

    ``result`` says that its success tells so; the state of a unit can be asked for without.
    """

    kind: GuardKind
    subject: str
    result: bool = True


_NOTHING: Final = Registered("other", "")


@cache
def _system() -> re.Pattern[str]:
    return re.compile(
        r"(?:ansible_service_mgr|ansible_facts(?:\.service_mgr|\[['\"]service_mgr['\"]\]))"
        r"\s*(==|!=)\s*['\"]systemd['\"]"
    )


@cache
def _root() -> re.Pattern[str]:
    name = r"(?:effective_)?(?:user_id|user_uid)"
    return re.compile(
        rf"(?:ansible_{name}|ansible_facts(?:\.{name}|\[['\"]{name}['\"]\]))"
        r"(?:\s*\|\s*int)?\s*(==|!=)\s*['\"]?(?:root|0)['\"]?"
    )


@cache
def _service() -> re.Pattern[str]:
    facts = r"(?:ansible_facts\.services|ansible_facts\[['\"]services['\"]\]|services)"
    return re.compile(
        rf"['\"]([\w@.:\\-]+)['\"]\s+(not\s+)?in\s+{facts}(?:\.keys\(\))?(?:\s*\|\s*list)?"
        rf"|{facts}\[['\"]([\w@.:\\-]+)['\"]\]\s+is\s+(not\s+)?defined"
    )


@cache
def _result() -> re.Pattern[str]:
    return re.compile(
        r"(not\s+)?(\w+)(?:\.(?:stat\.(?:exists|isdir|islnk|isreg|executable)|rc|failed)"
        r"|\[['\"]rc['\"]\])?(?:\s*\|\s*(?:bool|int))?"
        r"(\s*(?:==|!=)\s*\w+|\s+is\s+(?:not\s+)?\w+|\s*\|\s*(?:success|succeeded|failed))?"
    )


@cache
def _borne() -> re.Pattern[str]:
    absent = r"could not find|not[ -]?found|not loaded|no such|does not exist"
    return re.compile(
        r"\w+(?:\.rc|\[['\"]rc['\"]\])\s+not\s+in\s+\[\s*\d+(?:\s*,\s*\d+)+\s*\]"
        rf"|(?i:(['\"])[^'\"]*(?:{absent})[^'\"]*\1\s+not\s+in\s+[\w.]+)"
    )


@cache
def _status() -> re.Pattern[str]:
    return re.compile(
        r"(\w+)\.status(?:\.|\[['\"])(?:ActiveState|SubState|UnitFileState|LoadState)(?:['\"]\])?"
        r"(?:\s*\|\s*\w+)?[\s)]*==\s*['\"](?:active|running|enabled|loaded|static)['\"]"
    )


def bears_absence(texts: list[str]) -> bool:
    """Tell whether ``failed_when`` takes it that what a task acts on is not there.

    All of ``texts`` must hold for the task to fail; one that excepts further return codes, or the
    message that there is no such unit, is enough.
    """
    return any(
        _borne().fullmatch(clause)
        for text in texts[:MAX_CLAUSES]
        if len(text) <= MAX_TEXT
        for clause in clauses(" ".join(text.split()))
    )


def clauses(text: str) -> list[str]:
    """Return the parts of a condition that must all hold."""
    if " or " in text:
        return [text.strip()]
    parts = re.split(r"\s+and\s+", text, maxsplit=MAX_CLAUSES)
    return [part.strip() for part in parts if part.strip()]


def guards(texts: list[tuple[str, int]], registered: Mapping[str, Registered]) -> Iterator[Guard]:
    """Yield the tests of conditions; ``texts`` are conditions with their lines."""
    for text, line in texts[:MAX_CLAUSES]:
        if len(text) > MAX_TEXT:
            yield Guard("other", f"{text[:MAX_TEXT]}…", line)
            continue
        for clause in clauses(text):
            yield _guard(clause, line, registered)


def _guard(clause: str, line: int, registered: Mapping[str, Registered]) -> Guard:
    bare = clause.strip("() ") if clause.count("(") == clause.count(")") else clause
    system = _system().fullmatch(bare)
    if system is not None:
        return Guard("systemd-running", "systemd", line, system[1] == "==")
    root = _root().fullmatch(bare)
    if root is not None:
        return Guard("root-check", "root", line, root[1] == "==")
    service = _service().fullmatch(clause)
    if service is not None:
        return Guard("unit-exists", service[1] or service[3], line, not (service[2] or service[4]))
    unit = _status_of(clause)
    if unit in registered and registered[unit].kind == "unit-exists":
        return Guard("unit-exists", registered[unit].subject, line)
    result = _result().fullmatch(bare)
    if result is not None and not registered.get(result[2], _NOTHING).result:
        return Guard("other", clause, line)
    if result is not None and result[2] in registered:
        known = registered[result[2]]
        return Guard(known.kind, known.subject, line, _succeeds(bare, result))
    return Guard("other", clause, line)


def _status_of(clause: str) -> str:
    """Return the name whose unit each alternative of a condition wants running or enabled."""
    found = [_status().fullmatch(each.strip("() ")) for each in clause.split(" or ")]
    names = {match[1] if match is not None else "" for match in found}
    return names.pop() if len(names) == 1 else ""


def _succeeds(clause: str, result: re.Match[str]) -> bool:
    """Say whether a condition on a result asks for its success."""
    test = " ".join((result[3] or "").split())
    holds = not result[1]
    if ".failed" in clause:
        holds = not holds
    if re.search(r"== ?(?:false|False|1)$|!= ?(?:0|true|True)$|is not \w*(?:success|succeeded)$"
                 r"|\| ?failed$|is (?:failed|false)$", test):  # fmt: skip
        return not holds
    return holds


def registered_by(program: str, words: tuple[str, ...]) -> Registered | None:
    """Return what the result of a command tells: that a program or a unit is there."""
    operands = [word for word in words if not word.startswith("-")]
    if program in _FINDERS and operands:
        return Registered("command-exists", operands[-1])
    if program == "systemctl" and len(operands) > 1 and operands[0] != "start":
        return Registered("unit-exists", operands[1])
    return None
