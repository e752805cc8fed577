"""``dten-audit trust show``: who signed, up to which root, what of it you know, and what to ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dten_audit.cli.main import NOT_OPENED, OK, complain
from dten_audit.cli.trust_reading import FORMAT, PATH, package_options, read_signatures


@click.command(name="show")
@click.argument("package")
@click.option("--trust", type=PATH, metavar="DIR", help="The trust store.")
@FORMAT
@package_options
def show_command(package: str, trust: Path | None, form: str, **values: Any) -> int:
    """Show each signature of PACKAGE with its chain, root first, and what to ask the vendor."""
    from dten_audit.documents.errors import PackageError
    from dten_audit.report.as_trust import chains, text

    try:
        signed = read_signatures(package, {**values, "trust": trust})
    except PackageError as error:
        return complain(f"{package}: {error}", NOT_OPENED)
    shown = chains(signed.package, signed.estate, package)
    if form == "json":
        click.echo(json.dumps(shown, indent=1))
    else:
        click.echo(text(shown), nl=False)
    return OK
