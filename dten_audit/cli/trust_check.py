"""``dten-audit trust check``: what is due in a trust store, as an exit status for a nightly job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dten_audit.cli.main import FOUND, OK
from dten_audit.cli.trust_reading import AT, FORMAT, PATH, STORE, moment, say

if TYPE_CHECKING:
    from dten_audit.site.trust_review import Due


@click.command(name="check")
@STORE
@click.option("--within", default="90d", show_default=True, help="Also what ends in this time.")
@click.option("--lock", type=PATH, metavar="FILE", help="Known versions (default: versions.lock).")
@click.option("--record", is_flag=True, help="Remember the records' versions: they are reviewed.")
@AT
@FORMAT
def check_command(
    store: Path, within: str, lock: Path | None, form: str, *, record: bool, **values: Any
) -> int:
    """Say which roots expire or end, are past review, lack evidence or approvals; exit 1 for any.

    With versions that were remembered (--record), also which records changed without a new version,
    went back, or jumped.
    """
    from dten_audit.options import OptionError, parse_duration
    from dten_audit.site.schema import SiteFileError
    from dten_audit.site.trust_loading import load_trust, read_records
    from dten_audit.site.trust_review import LOCK, due, due_versions, remember

    at = moment(values)
    place = lock or store / LOCK
    try:
        found = due(load_trust(store), at, parse_duration(within))
        records = read_records(store)
        if record:
            remember(records, place)
        found += due_versions(records, place)
    except (SiteFileError, OptionError) as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        click.echo(json.dumps([_plain(own) for own in found], indent=1))
    else:
        for own in found:
            who = " ".join(part for part in (own.vendor, own.root) if part)
            digits = f" ({own.sha256[:16]}…)" if own.sha256 else ""
            say(f"{own.at.path}:{own.at.line}: {who}{digits} {own.words}")
        say(f"{len(found)} due" if found else "nothing is due")
    return FOUND if found else OK


def _plain(own: Due) -> dict[str, object]:
    return {**own._asdict(), "at": {"path": own.at.path, "line": own.at.line}}
