"""``dten-audit facts``: what was read, as JSON lines or as text."""

from __future__ import annotations

import json
from typing import Any

import click

from dten_audit.cli.main import NOT_OPENED, OK, complain
from dten_audit.cli.options import build_options, knowledge_options, limit_options


@click.command(name="facts")
@click.argument("package")
@click.option("--type", "kinds", multiple=True, help="Only facts of this type; repeatable.")
@click.option("--list", "list_types", is_flag=True, help="Count the facts of each type.")
@knowledge_options
@limit_options
def command(package: str, kinds: tuple[str, ...], list_types: bool, **values: Any) -> int:
    """Show the facts of PACKAGE, one JSON object a line: what rules judge."""
    from dten_audit.auditing import examine
    from dten_audit.documents.errors import PackageError
    from dten_audit.judge.plain import plain_fact, plain_value
    from dten_audit.model.facts.base import fact_type
    from dten_audit.model.rule import RuleError
    from dten_audit.site.schema import SiteFileError

    _check(kinds)
    try:
        graph = examine(package, build_options(values, read_everything=True))
    except PackageError as error:
        return complain(f"{package}: {error}", NOT_OPENED)
    except (RuleError, SiteFileError) as error:
        raise click.UsageError(str(error)) from None
    counts: dict[str, int] = {}
    for fact in graph:
        name = fact_type(fact)
        if kinds and name not in kinds:
            continue
        counts[name] = counts.get(name, 0) + 1
        if not list_types:
            line = {"fact": name, "at": plain_value(fact.at), **plain_fact(fact)}
            line.pop("type")
            click.echo(json.dumps(line, ensure_ascii=True))
    if list_types:
        for name, count in sorted(counts.items()):
            click.echo(f"{count:7} {name}")
    return OK


def _check(kinds: tuple[str, ...]) -> None:
    """Refuse types of facts that there are not. Raises ``UsageError``."""
    from dten_audit.model.facts.registry import fact_types
    from dten_audit.model.suggestion import suggestion

    for kind in kinds:
        if kind not in fact_types():
            message = f"there is no fact type {kind}{suggestion(kind, fact_types())}"
            raise click.UsageError(message)
