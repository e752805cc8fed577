"""All fact types by name: the fact contract that rules are checked against."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from dten_audit.model.facts.base import Fact, fact_type

_MODULES = (
    "general",
    "container",
    "commands",
    "signing",
    "signatures",
    "code_signatures",
    "advisories",
    "key_signatures",
    "tuf",
    "config",
    "news",
    "mentions",
    "encoded",
    "suppressions",
    "privilege",
    "polkit",
    "orchestration",
    "containers",
    "units",
    "windows",
    "schedules",
    "sql",
)


@cache
def fact_types() -> dict[str, type[Fact]]:
    """Return every fact type by its name in rules."""
    found: dict[str, type[Fact]] = {}
    for name in _MODULES:
        module = import_module(f"dten_audit.model.facts.{name}")
        for value in vars(module).values():
            if isinstance(value, type) and hasattr(value, "subject") and hasattr(value, "_fields"):
                found[fact_type(value)] = value
    return found
