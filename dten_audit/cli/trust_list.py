"""``dten-audit trust list``: the roots of a trust store and how they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dten_audit.cli.main import OK
from dten_audit.cli.trust_reading import AT, FORMAT, STORE, moment, say

if TYPE_CHECKING:
    from datetime import datetime

    from dten_audit.site.trust import TrustedRoot
    from dten_audit.site.trust_keys import TrustedKey


@click.command(name="list")
@STORE
@FORMAT
@AT
def list_command(store: Path, form: str, **values: Any) -> int:
    """List the roots of a trust store: vendor, state, dates, who stands for them."""
    from dten_audit.site.schema import SiteFileError
    from dten_audit.site.trust_loading import load_trust

    at = moment(values)
    try:
        known = load_trust(store)
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        roots = [_root(root, at) for root in known.roots]
        click.echo(json.dumps({"roots": roots, "keys": list(map(_key, known.keys))}, indent=1))
        return OK
    for root in known.roots:
        _say_root(root, at)
    for key in known.keys:
        say(
            f"{key.vendor.name or '(no record)'}  {key.state}  {key.key.form} {key.key.label}",
            f"  key {key.key.identity}; {key.at.path}:{key.at.line}",
        )
    return OK


def _root(root: TrustedRoot, at: datetime) -> dict[str, object]:
    from dten_audit.readers.signing.instants import day

    return {
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


def _key(own: TrustedKey) -> dict[str, object]:
    return {
        "vendor": own.vendor.name,
        "form": own.key.form,
        "identity": own.key.identity,
        "label": own.key.label,
        "state": own.state,
        "path": own.at.path,
        "line": own.at.line,
    }


def _say_root(root: TrustedRoot, at: datetime) -> None:
    from dten_audit.readers.signing.certificates import grouped

    row = _root(root, at)
    standing = root.state if row["accepted"] else f"{root.state}, not accepted"
    say(
        f"{root.vendor.name or '(no record)'}  {standing}  {row['subject']}",
        f"  SHA-256 {grouped(root.sha256)}",
        f"  valid to {row['not_after'] or '?'}; {_who(root)}; {root.at.path}:{root.at.line}",
    )
    if root.lacks:
        say(f"  has {root.lacks}")


def _who(root: TrustedRoot) -> str:
    if not root.vendor.name:
        return "put there without a record"
    return f"approved by {', '.join(root.approvals) or 'nobody'}"
