"""``dten-audit trust retire`` and ``trust revoke``: take trust back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dten_audit.cli.main import OK
from dten_audit.cli.trust_reading import STORE, say

if TYPE_CHECKING:
    from dten_audit.site.trust import State

_REASON = click.option("--reason", default="", metavar="TEXT", help="Why; kept in the record.")


@click.command(name="retire")
@click.argument("fingerprint")
@STORE
@click.option("--accept-until", metavar="DATE", help="Still accept it up to this day.")
@_REASON
def retire_command(fingerprint: str, store: Path, accept_until: str | None, reason: str) -> int:
    """Accept nothing more below the root with this FINGERPRINT (or its first 16 digits)."""
    until = None
    if accept_until:
        try:
            until = date.fromisoformat(accept_until)
        except ValueError:
            message = f"not a date such as 2034-01-01: {accept_until}"
            raise click.UsageError(message) from None
    return _change(store, fingerprint, "retiring" if until else "retired", until, reason)


@click.command(name="revoke")
@click.argument("fingerprint")
@STORE
@_REASON
def revoke_command(fingerprint: str, store: Path, reason: str) -> int:
    """Refuse the root with this FINGERPRINT, and all that it and its key vouch for."""
    return _change(store, fingerprint, "revoked", None, reason)


def _change(store: Path, fingerprint: str, state: State, until: date | None, reason: str) -> int:
    from dten_audit.site.schema import SiteFileError
    from dten_audit.site.trust_loading import load_trust
    from dten_audit.site.trust_review import remember_change
    from dten_audit.site.trust_writing import change_root

    wanted = "".join(fingerprint.lower().replace(":", "").split())
    try:
        found = {r.sha256 for r in load_trust(store).roots if r.sha256.startswith(wanted)}
        if len(wanted) < 16 or len(found) != 1:  # noqa: PLR2004 -- digits: no other has them too
            message = f"give a fingerprint of the store, 16 digits of it at least: {fingerprint}"
            raise click.UsageError(message)
        (sha256,) = found
        written = change_root(store, sha256, state, until, reason)
        remember_change(store, written.file, written.version)
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    say(f"{written.file}: version {written.version} says that {sha256} is {state}")
    return OK
