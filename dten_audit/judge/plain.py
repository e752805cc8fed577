"""A fact's fields as JSON has them, for the report and for ``dten-audit facts``."""

from __future__ import annotations

from dten_audit.model.facts.base import Fact, fact_type
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

_TEXT = 500


def plain_fact(fact: Fact) -> dict[str, object]:
    """Return a fact's own fields without its place; unknown values say what they need."""
    fields = {name: plain_value(value) for name, value in fact._asdict().items() if name != "at"}  # type: ignore[attr-defined]
    return {"type": fact_type(fact), **fields}


def plain_value(value: object) -> object:
    """Return a value of a fact as JSON has it. Long texts are cut, bytes are counted."""
    if type(value) is str:
        return value[:_TEXT]
    if isinstance(value, Unknown):
        return {"unknown": value.needs}
    if isinstance(value, Location):
        return {"path": value.path, "line": value.line}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain_value(part) for name, part in value._asdict().items()}
    if isinstance(value, (tuple, list, frozenset)):
        parts = sorted(value) if isinstance(value, frozenset) else value
        return [plain_value(part) for part in parts]
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, str):
        return value[:_TEXT]
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)
