"""Loads the data tables of ``rules/knowledge``: names, wrappers, triggers, each with its source."""

from __future__ import annotations

import json
from functools import cache

from dten_audit.model.rules_home import rules_home
from dten_audit.readers.config.yaml_nodes import parse_yaml, plain


@cache
def knowledge(name: str) -> object:
    """Return the table ``rules/knowledge/<name>.yaml`` as plain dicts, lists and scalars.

    A wheel carries the same tables as JSON, which loads ten times as fast.
    """
    home = rules_home() / "knowledge"
    compiled = home / f"{name}.json"
    if compiled.is_file():
        return json.loads(compiled.read_text(encoding="utf-8"))
    text = (home / f"{name}.yaml").read_text(encoding="utf-8")
    return next((plain(node) for node in parse_yaml(text)), None)
