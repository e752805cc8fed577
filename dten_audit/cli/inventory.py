"""``dten-audit inventory --for``: a site file that holds just the questions of one package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dten_audit.cli.main import NOT_OPENED, OK, complain
from dten_audit.cli.options import build_options, knowledge_options, limit_options


@click.command(name="inventory")
@click.option("--for", "package", required=True, metavar="PACKAGE", help="Whose questions.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: stdout.")
@knowledge_options
@limit_options
def command(package: str, output: Path | None, **values: Any) -> int:
    """Write a site file (dten-site/1) with the questions that PACKAGE raises, to be answered."""
    from dten_audit.auditing import audit
    from dten_audit.model.rule import RuleError
    from dten_audit.report.as_site import render
    from dten_audit.site.schema import SiteFileError

    try:
        report = audit([package], build_options(values))
    except (RuleError, SiteFileError) as error:
        raise click.UsageError(str(error)) from None
    asked = report.packages[0]
    if asked.error:
        return complain(f"{package}: {asked.error}", NOT_OPENED)
    text = render(asked)
    if output is None:
        click.echo(text, nl=False)
        return OK
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"cannot write {output}: {error.strerror}"
        raise click.UsageError(message) from None
    return OK
