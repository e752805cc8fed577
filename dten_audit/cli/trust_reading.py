"""What the ``trust`` commands share: reading a package's signatures, options, printing."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from dten_audit.cli.options import build_options, limit_options

if TYPE_CHECKING:
    from dten_audit.links.package import Package
    from dten_audit.options import Options
    from dten_audit.readers.signing.certificates import X509
    from dten_audit.site.estate import Estate

C = TypeVar("C", bound=Callable[..., Any])
PATH: Final = click.Path(path_type=Path)
STORE: Final = click.option(
    "--trust", "store", type=PATH, required=True, metavar="DIR", help="The trust store."
)
FORMAT: Final = click.option(
    "-f", "--format", "form", type=click.Choice(("text", "json")), default="text"
)
AT: Final = click.option("--at", metavar="TIME", help="Judge as of this moment (default: now).")
_VERSION: Final = r"[-_.]?v?[0-9]+(?:\.[0-9]+)*(?=\.[a-z])"
_CERTIFICATE: Final = (".pem", ".der", ".crt", ".cer")


class Signed(NamedTuple):
    """A package whose signatures have been read."""

    path: str
    package: Package
    estate: Estate


def package_options(command: C) -> C:
    """Add the options of commands that read a package."""
    for option in (
        AT,
        click.option("--advisories", type=PATH, multiple=True, help="A folder of advisories."),
    ):
        command = option(command)
    return limit_options(command)


def read_signatures(path: str, values: dict[str, Any]) -> Signed:
    """Read what signs a package. Raises ``PackageError``, and usage errors for the user's files."""
    from dten_audit.auditing import read_package
    from dten_audit.derive.deriving import derive
    from dten_audit.derive.registry import DERIVERS
    from dten_audit.links.relinking import link_package
    from dten_audit.readers.knowledge import using
    from dten_audit.site.schema import SiteFileError

    options: Options = build_options(values)
    try:
        estate, tables = options.estate(), options.tables()
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    with using(tables):
        reading, _ = read_package(path, options, estate)
        package = link_package(path, reading, options.budget)
        derive(package, estate, [own for own in DERIVERS if ".signing." in own.function])
    return Signed(path, package, estate)


def certificates_in(path: Path) -> list[X509] | None:
    """Return the certificates of a PEM or DER file; None where it is a package."""
    from dten_audit.site.schema import SiteFileError
    from dten_audit.site.trust_loading import certificates_of

    if path.suffix.lower() not in _CERTIFICATE or not path.is_file():
        return None
    try:
        return [own for own, _ in certificates_of(path)]
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None


def moment(values: dict[str, Any]) -> datetime:
    """Return the moment to judge as of."""
    from dten_audit.options import OptionError, parse_moment

    try:
        return parse_moment(values["at"]) if values.get("at") else datetime.now(UTC)
    except OptionError as error:
        raise click.UsageError(str(error)) from None


def usual_scope(package: str) -> tuple[str, ...]:
    """Return a package's own file name as a glob, with anything in place of its version."""
    name = re.sub(r"[][*?]", "?", Path(package).name)
    stem, dot, ending = re.sub(_VERSION, "", name, count=1).partition(".")
    return (f"{stem}*{dot}{ending}" if stem else name,)


def own_name() -> str:
    """Return the login name of whoever runs this; empty where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def say(*lines: str) -> None:
    """Print lines, each made safe for a terminal."""
    from dten_audit.report.sanitise import for_terminal

    for line in lines:
        click.echo(for_terminal(line))
