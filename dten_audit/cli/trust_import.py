"""``dten-audit trust import-advisory``: takes an advisory in, once something vouches for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dten_audit.cli.main import FOUND, OK, complain
from dten_audit.cli.trust_reading import AT, PATH, moment, own_name, say

if TYPE_CHECKING:
    from datetime import datetime

    from dten_audit.site.advisory import Advisory


@click.command(name="import-advisory")
@click.argument("file", type=PATH)
@click.option("--advisories", "folder", type=PATH, required=True, metavar="DIR",
              help="Your folder of advisories.")  # fmt: skip
@click.option("--trust", "store", type=PATH, metavar="DIR", help="Whose signatures you know.")
@click.option("--sha256", "pin", default="", metavar="HEX", help="Its digest, from elsewhere.")
@click.option("--by", default="", metavar="WHO", help="You (default: your login name).")
@click.option("--source", default="", metavar="URL", help="Where it came from.")
@AT
def import_advisory_command(file: Path, folder: Path, store: Path | None, **values: Any) -> int:
    """Copy the advisory FILE into your folder, with who did so, when, and on what grounds.

    Somebody whom you trust must have signed it (a .p7s, .asc or .minisig beside it), or you give
    its SHA-256 as you heard it elsewhere. CSAF, OSV, OpenVEX, dten-advisory/1.
    """
    from dten_audit.site.advisories import load_advisory
    from dten_audit.site.advisory_imports import Grounds, take_in
    from dten_audit.site.schema import SiteFileError
    from dten_audit.site.trust_records import bare_fingerprint

    at = moment(values)
    try:
        own = load_advisory(file)
        pin = bare_fingerprint(values["pin"])
        if values["pin"] and pin != own.sha256:
            message = f"{file}: its SHA-256 is {own.sha256}, not the one given; nothing was written"
            return complain(message, FOUND)
        signed_by, doubt = _signer(own, store, at)
        if not signed_by and not pin:
            message = (
                f"{file}: nothing vouches for it ({doubt}); give its SHA-256 as you heard it "
                "elsewhere (--sha256). Nothing was written"
            )
            return complain(message, FOUND)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        by = values["by"] or own_name() or "unknown"
        grounds = Grounds(by, stamp, values["source"], signed_by, bool(pin))
        place = take_in(file, own, folder, grounds)
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    say(f"{place}: {own.told.form} {own.told.id}, {own.told.title}")
    say(f"  signed by {signed_by}" if signed_by else f"  not signed by anybody known: {doubt}")
    _show(own)
    return OK


def _show(own: Advisory) -> None:
    """Print what an advisory says of roots and versions."""
    for root in own.told.roots:
        say(f"  names {root.sha256} ({root.says}, {root.where})")
    for version in own.told.versions:
        meant = ", ".join((*version.versions, *version.ranges)) or "all versions"
        say(f"  warns of {version.product} {meant}")


def _signer(own: Advisory, store: Path | None, at: datetime) -> tuple[str, str]:
    """Return who signed an advisory, or why that is nobody known; for whatever package."""
    from dten_audit.derive.signing.anchors import Anchors
    from dten_audit.derive.signing.notices import weigh
    from dten_audit.site.trust_loading import load_trust

    if store is None:
        return "", own.told.doubt or "without --trust nobody's signature is known"
    weight = weigh(own, Anchors(load_trust(store).unscoped(), "", at))
    return weight.signed_by, weight.doubt
