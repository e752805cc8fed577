"""``dten-audit rules``: list them, run their examples, print the schemas for their authors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from dten_audit.cli.main import FOUND, OK, USAGE, complain

if TYPE_CHECKING:
    from dten_audit.model.rule import Rule
    from dten_audit.readers.knowledge import Tables

_FRESH_DAYS: Final = 365
_RULES = click.option(
    "--rules", type=click.Path(path_type=Path), multiple=True, help="A folder of further rules."
)
_SELECT = click.option("--select", multiple=True, metavar="ID|FAMILY", help="Only these.")


@click.group(name="rules")
def command() -> None:
    """List, test and describe the rules."""


@command.command(name="list")
@_RULES
@_SELECT
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text")
def list_rules(rules: tuple[Path, ...], select: tuple[str, ...], form: str) -> int:
    """List the rules: id, worst severity, what they judge, title."""
    from dten_audit.model.finding import severity_rank

    known = _known(rules, select)
    if form == "json":
        plain = [
            {
                "id": rule.id, "name": rule.name, "title": rule.title, "fact": rule.fact,
                "severities": [case.severity for case in rule.severity], "why": rule.why,
                "fix": rule.fix, "references": list(rule.references),
            }
            for rule in known
        ]  # fmt: skip
        click.echo(json.dumps(plain, indent=1))
        return OK
    for rule in known:
        worst = min((case.severity for case in rule.severity), key=severity_rank)
        click.echo(f"{rule.id:8} {worst:8} {rule.fact:18} {rule.title}")
    return OK


@command.command(name="test")
@_RULES
@_SELECT
@click.option("--mutants/--no-mutants", default=True, help="Also drop each condition once.")
def test_rules(rules: tuple[Path, ...], select: tuple[str, ...], *, mutants: bool) -> int:
    """Run the rules' examples, and show that each condition matters to one of them."""
    from dten_audit.readers.knowledge import using

    chosen = _known(rules, select)
    with using(_tables(rules)):
        bad = _problems(chosen, rules, mutants=mutants)
    examples = sum(len(items) for rule in chosen for _, items in rule.examples)
    click.echo(f"{len(chosen)} rules, {examples} examples, {bad} problems")
    if not chosen:
        return complain("there are no rules to test", USAGE)
    return FOUND if bad else OK


def _problems(chosen: list[Rule], folders: tuple[Path, ...], *, mutants: bool) -> int:
    """Print what is wrong with rules' examples; return how much."""
    from dten_audit.judge.loading import load_rules
    from dten_audit.proof.examples import failures, too_few
    from dten_audit.proof.mutants import all_survivors

    everything = load_rules(folders)
    bad = 0
    for rule in chosen:
        for failure in (*too_few(rule), *failures(rule, everything)):
            bad += 1
            click.echo(f"{failure.rule}: {failure.example} {failure.reason}  ({rule.source})")
    if mutants:
        for survivor in all_survivors(chosen):
            bad += 1
            click.echo(f"{survivor.rule}: no example needs the condition {survivor.condition}")
    return bad


@command.command(name="tables")
@click.argument("name", required=False)
@_RULES
def tables(name: str | None, rules: tuple[Path, ...]) -> int:
    """List the tables of names, or print one.

    A site adds rows of its own in DIR/knowledge/NAME.yaml, given with --rules DIR.
    """
    from dten_audit.model.suggestion import suggestion
    from dten_audit.readers.table_shapes import descriptions
    from dten_audit.site.tables import own_files, table_text

    _tables(rules)
    known = descriptions()
    own = [path for path in own_files(rules) if name in (None, path.stem)]
    if name is not None:
        if name not in known:
            message = f"there is no table {name}{suggestion(name, known)}"
            raise click.UsageError(message)
        texts = [table_text(name), *(f"# {path}\n{path.read_text('utf-8')}" for path in own)]
        click.echo("\n".join(texts), nl=False)
        return OK
    for each, row in known.items():
        added = "".join(f"; and {path}" for path in own if path.stem == each)
        click.echo(f"{each:18} {row.about}{added}")
    click.echo("\nRows of your own: DIR/knowledge/NAME.yaml, given with --rules DIR.")
    return OK


@command.command(name="stale")
@click.option("--before", type=click.DateTime(("%Y-%m-%d",)), metavar="DATE",
              help="Read before this day; a year ago where none is given.")  # fmt: skip
@click.option("--matrix", "own", type=click.Path(path_type=Path), multiple=True,
              help="A config matrix of your own, too.")  # fmt: skip
def stale(before: datetime | None, own: tuple[Path, ...]) -> int:
    """List rows of matrices, and tables, whose source was read before a day. Exit status 1: some.

    A row without a date is always listed.
    """
    from dten_audit.report.sanitise import for_terminal
    from dten_audit.site.ages import older
    from dten_audit.site.matrix import shipped_matrices
    from dten_audit.site.matrix_file import load_matrix
    from dten_audit.site.schema import SiteFileError

    day = before or datetime.now(UTC) - timedelta(days=_FRESH_DAYS)
    try:
        matrices = [*map(load_matrix, own), *shipped_matrices()]
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    found = list(older(matrices, f"{day:%Y-%m-%d}"))
    for row in found:
        when = row.day or "(no date)"
        click.echo(for_terminal(f"{when:10}  {row.place}  {row.what}  {row.source}"))
    click.echo(f"{len(found)} read before {day:%Y-%m-%d}", err=True)
    return FOUND if found else OK


@command.command(name="schema")
@click.option("--facts", is_flag=True, help="The fact contract instead: dten-facts/1.")
def schema(*, facts: bool) -> int:
    """Print the JSON schema of a rule file, or the fact contract."""
    from dten_audit.judge.schema import fact_contract, rule_schema

    click.echo(json.dumps(fact_contract() if facts else rule_schema(), indent=1))
    return OK


def _known(folders: tuple[Path, ...], select: tuple[str, ...]) -> list[Rule]:
    from dten_audit.judge.loading import load_rules
    from dten_audit.model.rule import RuleError
    from dten_audit.options import OptionError, Options

    try:
        return list(Options(select=select).chosen(load_rules(folders)))
    except (RuleError, OptionError) as error:
        raise click.UsageError(str(error)) from None


def _tables(folders: tuple[Path, ...]) -> Tables:
    from dten_audit.options import Options
    from dten_audit.site.schema import SiteFileError

    try:
        return Options(rules=folders).tables()
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
