"""Compiles the rules and their knowledge into JSON, for the wheel."""

from __future__ import annotations

from pathlib import Path

from dten_audit.judge.loading import INDEX, digest, load_rule, rule_data, rule_files
from dten_audit.readers.config.yaml_nodes import parse_yaml, plain


def compile_index(home: Path) -> dict[str, object]:
    """Return the JSON files that a wheel carries, by their path below the rules.

    Raises ``RuleError`` for a rule that cannot be used.
    """
    files = rule_files(home)
    rules = []
    for path in files:
        load_rule(path)
        data, _ = rule_data(path)
        rules.append({**data, "source": str(path.relative_to(home))})
    compiled: dict[str, object] = {INDEX: {"digest": digest(files), "rules": rules}}
    for path in sorted((home / "knowledge").glob("**/*.yaml")):
        name = path.relative_to(home).with_suffix(".json").as_posix()
        text = path.read_text(encoding="utf-8")
        compiled[name] = next((plain(node) for node in parse_yaml(text)), None)
    return compiled
