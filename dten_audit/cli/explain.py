"""``dten-audit explain``: what a rule looks for, why, what to do, and how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from dten_audit.cli.main import OK
from dten_audit.model.suggestion import suggestion

if TYPE_CHECKING:
    from dten_audit.model.rule import Rule


@click.command(name="explain")
@click.argument("rule_id", metavar="RULE")
@click.option("--rules", type=click.Path(path_type=Path), multiple=True)
def command(rule_id: str, rules: tuple[Path, ...]) -> int:
    """Explain RULE, by its id or name, with examples."""
    from dten_audit.judge.loading import load_rules
    from dten_audit.model.rule import RuleError

    try:
        known = load_rules(rules)
    except RuleError as error:
        raise click.UsageError(str(error)) from None
    found = next((rule for rule in known if rule_id in (rule.id, rule.name)), None)
    if found is None:
        names = [word for rule in known for word in (rule.id, rule.name)]
        message = f"there is no rule {rule_id}{suggestion(rule_id, names)}"
        raise click.UsageError(message)
    click.echo("\n".join(explanation(found)))
    return OK


def explanation(rule: Rule) -> Iterator[str]:
    """Yield the lines of a rule's explanation."""
    yield f"{rule.id} {rule.name}: {rule.title}"
    yield "severity: " + ", ".join(
        case.severity + (f" when {_condition(case.when)}" if case.when else "")
        for case in rule.severity
    )
    yield f"judges: {rule.fact}"
    yield f"fires when: {_condition(rule.when)}"
    if rule.question:
        yield f"asks, where it cannot know: {rule.question}"
    if rule.supersedes:
        yield f"speaks instead of: {', '.join(rule.supersedes)}"
    yield ""
    yield f"why: {rule.why}"
    yield f"fix: {rule.fix}"
    for kind, examples in rule.examples:
        for example in examples[:2]:
            yield ""
            yield f"{kind} example{_title(example)}:"
            yield from (f"    {line}" for line in _body(example))
    if rule.references:
        yield ""
        yield from (f"see: {reference}" for reference in rule.references)


def _condition(when: dict[str, object]) -> str:
    parts = []
    for key, value in when.items():
        if key in ("any", "all") and isinstance(value, list):
            word = " or " if key == "any" else " and "
            parts.append("(" + word.join(_condition(part) for part in value) + ")")
        elif key == "not" and isinstance(value, dict):
            parts.append(f"not ({_condition(value)})")
        elif isinstance(value, dict):
            parts.append(f"{key} " + " and ".join(f"{op} {_words(v)}" for op, v in value.items()))
        else:
            parts.append(f"{key} is {_words(value)}")
    return " and ".join(parts)


def _words(value: object) -> str:
    if isinstance(value, list):
        return " or ".join(_words(part) for part in value)
    return {True: "true", False: "false", None: "nothing"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


def _title(example: dict[str, object]) -> str:
    return f" {example['file']}" if "file" in example else ""


def _body(example: dict[str, object]) -> Iterator[str]:
    if "text" in example:
        yield from str(example["text"]).rstrip("\n").split("\n")
    for path, text in cast("dict[str, object]", example.get("tree", {})).items():
        yield f"{path}:"
        yield from (f"    {line}" for line in str(text).rstrip("\n").split("\n"))
    if "build" in example:
        from dten_audit.examples.outline import outline

        yield f"{example['build']}, built of this description:"
        described = cast("dict[str, object]", example.get("with", {}))
        yield from (f"    {line}" for line in outline(described))
    if "limits" in example:
        yield f"with these limits: {example['limits']}"
    if "site" in example:
        yield f"with this site: {example['site']}"
