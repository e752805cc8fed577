"""``dten-audit trust list``: the roots of a trust store and how they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dten_audit.cli.main import OK
from dten_audit.cli.trust_reading import AT, FORMAT, STORE, moment, say

if TYPE_CHECKING:
    from dten_audit.site.trust import TrustedRoot


@click.command(name="list")
@STORE
@FORMAT
@AT
def list_command(store: Path, form: str, **values: Any) -> int:
    """List the roots of a trust store: vendor, state, dates, who stands for them."""
    from dten_audit.readers.signing.certificates import grouped
    from dten_audit.readers.signing.instants import day
    from dten_audit.site.schema import SiteFileError
    from dten_audit.site.trust_loading import load_trust

    at = moment(values)
    try:
        known = load_trust(store)
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    rows = [
        {
            "vendor": root.vendor.name,
            "subject": root.certificate.subject if root.certificate else "",
            "sha256": root.sha256,
            "state": root.state,
            "accepted": root.accepted(at),
            "lacks": root.lacks,
            "use": sorted(root.use),
            "not_after": day(root.certificate.not_after) if root.certificate else "",
            "accept_until": day(root.accept_until) if root.accept_until else "",
            "review_by": day(root.review_by) if root.review_by else "",
            "approvals": list(root.approvals),
            "path": root.at.path,
            "line": root.at.line,
        }
        for root in known.roots
    ]
    if form == "json":
        keys = [
            {"vendor": own.vendor.name, "form": own.key.form, "identity": own.key.identity,
             "label": own.key.label, "state": own.state, "path": own.at.path, "line": own.at.line}
            for own in known.keys
        ]  # fmt: skip
        click.echo(json.dumps({"roots": rows, "keys": keys}, indent=1))
        return OK
    for row, root in zip(rows, known.roots, strict=True):
        standing = root.state if row["accepted"] else f"{root.state}, not accepted"
        say(
            f"{root.vendor.name or '(no record)'}  {standing}  {row['subject']}",
            f"  SHA-256 {grouped(root.sha256)}",
            f"  valid to {row['not_after'] or '?'}; {_who(root)}; {root.at.path}:{root.at.line}",
        )
        if root.lacks:
            say(f"  has {root.lacks}")
    for key in known.keys:
        say(
            f"{key.vendor.name or '(no record)'}  {key.state}  {key.key.form} {key.key.label}",
            f"  key {key.key.identity}; {key.at.path}:{key.at.line}",
        )
    return OK


def _who(root: TrustedRoot) -> str:
    if not root.vendor.name:
        return "put there without a record"
    return f"approved by {', '.join(root.approvals) or 'nobody'}"
