"""``dten-audit cat``: the bytes behind an address."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from dten_audit.cli.main import NOT_OPENED, OK, USAGE, complain
from dten_audit.cli.options import build_options, limit_options
from dten_audit.model.location import MEMBER


@click.command(name="cat")
@click.argument("address")
@limit_options
def command(address: str, **values: Any) -> int:
    """Print what stands at ADDRESS (package!/member!/inner). On a terminal it is made safe."""
    from dten_audit.documents.cat import content
    from dten_audit.documents.errors import PackageError
    from dten_audit.documents.text import decode
    from dten_audit.report.sanitise import for_terminal_lines

    package, separator, member = address.partition(MEMBER)
    if not separator:
        message = f"not an address: {address}; write package!/member"
        return complain(message, USAGE)
    try:
        own = f"{Path(package).resolve().name}{MEMBER}{member}"
        data = content(Path(package), own, build_options(values).budget())
    except PackageError as error:
        return complain(f"{address}: {error}", NOT_OPENED)
    if sys.stdout.isatty():
        click.echo(for_terminal_lines(decode(data).text))
    else:
        sys.stdout.buffer.write(data)
    return OK
