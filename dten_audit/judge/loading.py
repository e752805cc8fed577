"""Loads rules: YAML files for people, an index for speed; a broken rule is named with its line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dten_audit.judge.validation import RuleProblemError, rule_from
from dten_audit.model.rule import Rule, RuleError
from dten_audit.model.rules_home import rules_home

if TYPE_CHECKING:
    from dten_audit.readers.config.yaml_nodes import Node

INDEX: Final = "index.json"
Path_ = tuple[str | int, ...]


def load_rules(folders: Sequence[Path] = ()) -> tuple[Rule, ...]:
    """Return the shipped rules and those of ``folders`` (``--rules DIR``), ordered by id.

    Raises ``RuleError`` for a rule that cannot be used, or an id that is there twice.
    """
    rules = list(shipped_rules())
    for folder in folders:
        if not folder.is_dir():
            raise RuleError(str(folder), 1, "no such folder of rules")
        rules += [rule for path in rule_files(folder) for rule in [load_rule(path)]]
    seen: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in seen:
            raise RuleError(rule.source, 1, f"{rule.id} is also in {seen[rule.id].source}")
        seen[rule.id] = rule
    return tuple(sorted(rules, key=lambda rule: rule.id))


def rule_files(folder: Path) -> list[Path]:
    """Return the rule files below ``folder``, without its ``knowledge``, in a fixed order."""
    return sorted(
        path
        for path in folder.glob("**/*.yaml")
        if "knowledge" not in path.relative_to(folder).parts
    )


def digest(files: Iterable[Path]) -> str:
    """Return a digest of the rules' names and contents: the index holds while it is the same."""
    total = hashlib.sha256()
    for path in files:
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def shipped_rules() -> list[Rule]:
    """Return the rules that came with the tool: from the index where it is up to date."""
    return list(_rules_below(rules_home()))


@lru_cache(maxsize=1)
def _rules_below(home: Path) -> tuple[Rule, ...]:
    files = rule_files(home)
    index = home / INDEX
    if index.is_file():
        content = json.loads(index.read_text(encoding="utf-8"))
        if content["digest"] == digest(files):
            return tuple(rule_from(data, data.get("source", "")) for data in content["rules"])
    return tuple(load_rule(path) for path in files)


def rule_data(path: Path) -> tuple[dict[str, object], Node]:
    """Return a rule file as plain data and as nodes with lines. Raises ``RuleError``."""
    from dten_audit.readers.config.yaml_nodes import YamlError, parse_yaml, plain

    try:
        nodes = list(parse_yaml(path.read_text(encoding="utf-8")))
    except YamlError as error:
        raise RuleError(str(path), error.line, error.reason) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(str(path), 1, f"cannot be read: {error}") from None
    if len(nodes) != 1 or nodes[0].kind != "mapping":
        raise RuleError(str(path), 1, "a rule file holds one mapping")
    data = plain(nodes[0])
    assert isinstance(data, dict)
    return data, nodes[0]


def load_rule(path: Path) -> Rule:
    """Load and check one rule file. Raises ``RuleError`` with the line of what is wrong."""
    data, node = rule_data(path)
    try:
        rule = rule_from(data, str(path), check=True)
    except RuleProblemError as problem:
        raise RuleError(str(path), _line(node, problem.path), problem.reason) from None
    if not path.name.startswith(rule.id + "-") or path.stem != f"{rule.id}-{rule.name}":
        raise RuleError(str(path), 1, f"the file of {rule.id} is named {rule.id}-{rule.name}.yaml")
    return rule


def _line(node: Node, path: Path_) -> int:
    """Return the line of the entry at ``path``, or of the last part of it that is there."""
    line = node.line
    for step in path:
        if isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            line = node.line
            continue
        found = next(((key, value) for key, value in node.pairs if key.text == step), None)
        if found is None:
            return line
        line, node = found[0].line, found[1]
    return line
