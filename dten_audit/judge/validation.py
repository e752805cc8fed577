"""Checks a rule's data against the rule format and the fact contract, and makes it a ``Rule``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, cast

from dten_audit.judge.conditions import OPERATORS, SITE_SECTIONS, quantity
from dten_audit.judge.fields import field_types, has_path, literals, type_at
from dten_audit.judge.templates import fields_of
from dten_audit.model.facts.registry import fact_types
from dten_audit.model.finding import SEVERITIES, Confidence, Severity
from dten_audit.model.patterns import check_pattern
from dten_audit.model.rule import Rule, SeverityCase
from dten_audit.model.suggestion import suggestion

REQUIRED: Final = (
    "id",
    "name",
    "title",
    "fact",
    "when",
    "severity",
    "message",
    "why",
    "fix",
    "examples",
)
OPTIONAL: Final = (
    "when_unknown", "question", "repeat", "confidence", "supersedes", "group_by", "related",
    "references",
)  # fmt: skip
EXAMPLE_KEYS: Final = (
    "file", "text", "tree", "build", "with", "mode", "lines", "severity", "unknown", "site",
    "matrix", "at", "window", "limits", "note",
)  # fmt: skip
_ID: Final = re.compile(r"[A-Z]{2,8}[0-9]{3}")
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
Path_ = tuple[str | int, ...]


class RuleProblemError(ValueError):
    """What is wrong with a rule's data, and where in it."""

    def __init__(self, path: Path_, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


def rule_from(data: dict[str, object], source: str, *, check: bool = False) -> Rule:
    """Make a rule of its data. With ``check``, raise ``RuleProblemError`` for what is wrong."""
    if check:
        _check(data)
    cases = cast("list[dict[str, object]]", data["severity"])
    examples = cast("dict[str, list[dict[str, object]]]", data.get("examples", {}))
    unknown = data.get("when_unknown", "medium")
    return Rule(
        id=str(data["id"]),
        name=str(data["name"]),
        title=str(data["title"]),
        fact=str(data["fact"]),
        when=cast("dict[str, object]", data["when"]),
        severity=tuple(
            SeverityCase(
                cast("dict[str, object]", case.get("when", {})), cast("Severity", case["is"])
            )
            for case in cases
        ),
        when_unknown=None if unknown == "drop" else cast("Severity", unknown),
        message=_text(data["message"]),
        why=_text(data["why"]),
        fix=_text(data["fix"]),
        question=_text(data.get("question", "")),
        repeat=_text(data.get("repeat", "")),
        confidence=cast("Confidence", data.get("confidence", "high")),
        supersedes=_words(data.get("supersedes")),
        group_by=_words(data.get("group_by")),
        related=tuple(cast("dict[str, str]", data.get("related", {})).items()),
        references=_words(data.get("references")),
        examples=tuple((kind, tuple(items)) for kind, items in examples.items()),
        source=source,
    )


def _case(case: dict[str, object]) -> SeverityCase:
    when = cast("dict[str, object]", case.get("when", {}))
    return SeverityCase(when, cast("Severity", case["is"]))


def _text(value: object) -> str:
    return " ".join(str(value).split()) if "\n\n" not in str(value) else str(value).strip()


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _check(data: dict[str, object]) -> None:
    known = (*REQUIRED, *OPTIONAL)
    for key in data:
        if key not in known:
            raise RuleProblemError((key,), f"unknown key {key}{suggestion(key, known)}")
    for key in REQUIRED:
        if key not in data:
            raise RuleProblemError((), f"the key {key} is missing")
    if not _ID.fullmatch(str(data["id"])) or not _NAME.fullmatch(str(data["name"])):
        raise RuleProblemError(
            ("id",), "an id is letters and three digits, a name words with hyphens"
        )
    facts = fact_types()
    if data["fact"] not in facts:
        hint = suggestion(str(data["fact"]), facts)
        raise RuleProblemError(("fact",), f"there is no fact {data['fact']}{hint}")
    fact = facts[str(data["fact"])]
    _check_when(fact, data["when"], ("when",))
    _check_severity(fact, data["severity"])
    if data.get("when_unknown", "medium") not in ("medium", "low", "info", "drop"):
        raise RuleProblemError(("when_unknown",), "when_unknown is medium, low, info or drop")
    _check_words(fact, data)
    _check_examples(data["examples"])


def _check_words(fact: type, data: dict[str, object]) -> None:
    for key in ("title", "message", "why", "fix", "question", "repeat"):
        value = data.get(key, "")
        required = key in REQUIRED
        if not isinstance(value, str) or (required and not value.strip()):
            raise RuleProblemError((key,), f"{key} is a text")
        for path in fields_of(value):
            if path != "count":
                _check_path(fact, path, (key,))
    for key in ("group_by", "related"):
        for path in cast("Iterable[str]", data.get(key) or ()):
            _check_path(fact, path, (key,))
    if data.get("confidence", "high") not in ("high", "medium", "low"):
        raise RuleProblemError(("confidence",), "confidence is high, medium or low")
    for key in ("supersedes", "group_by", "references"):
        if not isinstance(data.get(key, []), list):
            raise RuleProblemError((key,), f"{key} is a list")


def _check_path(fact: type, path: str, where: Path_) -> None:
    if not has_path(fact, tuple(path.split("."))):
        known = [name for name in field_types(fact) if not name.startswith("_")]
        raise RuleProblemError(where, f"the fact has no field {path}{suggestion(path, known)}")


def _check_severity(fact: type, cases: object) -> None:
    if not isinstance(cases, list) or not cases:
        raise RuleProblemError(
            ("severity",), "severity is a list of {when:, is:}; the last has no when"
        )
    for number, case in enumerate(cases):
        where: Path_ = ("severity", number)
        if not isinstance(case, dict) or not set(case) <= {"when", "is"}:
            raise RuleProblemError(where, "an entry of severity has the keys when and is")
        if case.get("is") not in SEVERITIES:
            raise RuleProblemError(where, f"is: one of {', '.join(SEVERITIES)}")
        if ("when" in case) == (number == len(cases) - 1):
            raise RuleProblemError(where, "each entry but the last has a when")
        if "when" in case:
            _check_when(fact, case["when"], (*where, "when"))


def _check_when(fact: type, when: object, where: Path_) -> None:
    if not isinstance(when, dict) or not when:
        raise RuleProblemError(where, "a condition is a mapping of field: value")
    for key, value in when.items():
        here = (*where, key)
        if key in ("any", "all"):
            if not isinstance(value, list):
                raise RuleProblemError(here, f"{key} takes a list of conditions")
            for number, part in enumerate(value):
                _check_when(fact, part, (*here, number))
        elif key == "not":
            _check_when(fact, value, here)
        else:
            _check_path(fact, key, here)
            _check_test(type_at(fact, tuple(key.split("."))), value, here)


def _check_test(hints: list[object], value: object, where: Path_) -> None:
    if isinstance(value, dict):
        for name, operand in value.items():
            _check_operator(name, operand, (*where, name))
        return
    for wanted in value if isinstance(value, list) else [value]:
        closed = [literals(hint) for hint in hints]
        if closed and all(values is not None and wanted not in values for values in closed):
            allowed = sorted(str(v) for values in closed if values for v in values)
            hint = suggestion(str(wanted), allowed)
            raise RuleProblemError(where, f"it is never {wanted}, only {', '.join(allowed)}{hint}")


def _check_operator(name: str, operand: object, where: Path_) -> None:
    if name not in OPERATORS:
        raise RuleProblemError(where, f"unknown operator {name}{suggestion(name, OPERATORS)}")
    try:
        if name in ("gt", "ge", "lt", "le"):
            quantity(operand)
        elif name == "matches":
            check_pattern(str(operand))
    except ValueError as error:
        raise RuleProblemError(where, str(error)) from None
    if name == "in" and not isinstance(operand, list) and operand not in SITE_SECTIONS:
        hint = suggestion(str(operand), SITE_SECTIONS)
        raise RuleProblemError(
            where, f"in: takes a list or one of {', '.join(SITE_SECTIONS)}{hint}"
        )
    if name == "empty" and not isinstance(operand, bool):
        raise RuleProblemError(where, "empty: takes true or false")


def _check_examples(examples: object) -> None:
    if not isinstance(examples, dict) or set(examples) != {"bad", "good"}:
        raise RuleProblemError(("examples",), "examples has the keys bad and good")
    for kind, items in examples.items():
        if not isinstance(items, list) or len(items) < 2:  # noqa: PLR2004 (the format's minimum)
            raise RuleProblemError(("examples", kind), f"at least two {kind} examples")
        for number, example in enumerate(items):
            where = ("examples", kind, number)
            if not isinstance(example, dict):
                raise RuleProblemError(where, "an example is a mapping")
            for key in example:
                if key not in EXAMPLE_KEYS:
                    raise RuleProblemError(
                        (*where, key), f"unknown key {key}{suggestion(key, EXAMPLE_KEYS)}"
                    )
            if sum(key in example for key in ("file", "tree", "build")) != 1:
                raise RuleProblemError(where, "an example has one of file, tree, build")
            if kind == "bad" and "lines" not in example:
                raise RuleProblemError(
                    where, "a bad example says in which lines the rule must report"
                )
