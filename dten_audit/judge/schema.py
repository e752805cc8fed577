"""The rule format as JSON schema and the fact contract (dten-facts/1), both from the types."""

from __future__ import annotations

import inspect
from types import UnionType
from typing import Final, Literal, Union, get_args, get_origin

from dten_audit.judge.conditions import OPERATORS, SITE_SECTIONS
from dten_audit.judge.fields import field_types, record_types
from dten_audit.judge.validation import EXAMPLE_KEYS, OPTIONAL, REQUIRED
from dten_audit.model.facts.registry import fact_types
from dten_audit.model.finding import SEVERITIES
from dten_audit.model.unknown import Unknown

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final = {"type": "string", "minLength": 1}
_TEXTS: Final = {"type": "array", "items": {"type": "string"}}


def rule_schema() -> dict[str, object]:
    """Return the JSON schema of a rule file, for editors. The loader checks more than it can."""
    examples = {
        "type": "array",
        "minItems": 2,
        "items": _object(dict.fromkeys(EXAMPLE_KEYS, True)),
    }
    properties: dict[str, object] = {
        "id": {"type": "string", "pattern": "^[A-Z]{2,8}[0-9]{3}$"},
        "name": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "fact": {"enum": sorted(fact_types())},
        "when": {"$ref": "#/$defs/condition"},
        "severity": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {"when": {"$ref": "#/$defs/condition"}, "is": {"enum": list(SEVERITIES)}}, ("is",)
            ),
        },
        "when_unknown": {"enum": ["medium", "low", "info", "drop"]},
        "confidence": {"enum": ["high", "medium", "low"]},
        "related": {"type": "object", "additionalProperties": {"type": "string"}},
        "examples": _object({"bad": examples, "good": examples}, ("bad", "good")),
        **dict.fromkeys(("supersedes", "group_by", "references"), _TEXTS),
        **dict.fromkeys(("title", "message", "why", "fix", "question", "repeat"), _TEXT),
    }
    schema = _object({key: properties[key] for key in (*REQUIRED, *OPTIONAL)}, REQUIRED)
    return {"$schema": DIALECT, "title": "dten-audit rule", **schema, "$defs": _conditions()}


def _object(properties: dict[str, object], required: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _conditions() -> dict[str, object]:
    condition = {"$ref": "#/$defs/condition"}
    number = {"type": ["number", "string"]}
    operators: dict[str, object] = {
        **dict.fromkeys(OPERATORS[:4], number),
        "matches": {"type": "string"},
        "glob": {"type": ["string", "array"]},
        "in": {"anyOf": [{"enum": list(SITE_SECTIONS)}, {"type": "array"}]},
        "empty": {"type": "boolean"},
    }
    scalar = {"type": ["string", "number", "boolean", "null"]}
    test = {"anyOf": [scalar, {"type": "array", "items": scalar}, _object(operators)]}
    parts = {"type": "array", "items": condition}
    return {
        "condition": {
            "type": "object",
            "minProperties": 1,
            "properties": {"any": parts, "all": parts, "not": condition},
            "additionalProperties": test,
        }
    }


def fact_contract() -> dict[str, object]:
    """Return every fact type with its meaning and its fields: what rules may ask."""
    facts = {
        name: {"meaning": _meaning(cls), "fields": _fields(cls)}
        for name, cls in sorted(fact_types().items())
    }
    return {"schema": "dten-facts/1", "facts": facts}


def _meaning(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "")


def _fields(cls: type) -> dict[str, object]:
    return {
        name: _type(hint)
        for name, hint in field_types(cls).items()
        if not name.startswith("_") and name != "at"
    }


def _type(hint: object) -> object:
    """Return a type in the contract's words."""
    if get_origin(hint) is Literal:
        return {"one of": [str(value) for value in get_args(hint)]}
    if get_origin(hint) in (Union, UnionType):
        parts = [_type(part) for part in get_args(hint)]
        return parts[0] if len(parts) == 1 else {"any of": parts}
    if get_origin(hint) is tuple:
        return {"list of": _type(get_args(hint)[0])}
    if hint is Unknown:
        return "unknown"
    if record_types(hint):
        assert isinstance(hint, type)
        return {"record": hint.__name__}
    names = {str: "text", int: "number", float: "number", bool: "true/false", type(None): "nothing"}
    return names.get(hint, str(hint)) if isinstance(hint, type) else str(hint)
