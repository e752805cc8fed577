"""``dten-audit trust rotate``: records a new root for which one in the trust store vouches."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dten_audit.cli.main import FOUND, NOT_OPENED, OK, complain
from dten_audit.cli.trust_reading import (
    STORE,
    own_name,
    package_options,
    read_signatures,
    say,
    usual_scope,
)

if TYPE_CHECKING:
    from dten_audit.cli.trust_reading import Signed
    from dten_audit.derive.signing.rotations import Proposal

_YEAR: Final = timedelta(days=365)


@click.command(name="rotate")
@click.argument("package")
@STORE
@click.option("--vendor", default="", metavar="NAME", help="Whose root, where no record says it.")
@click.option("--by", default="", metavar="WHO", help="You (default: your login name).")
@click.option("--yes", is_flag=True, help="Store it without asking.")
@package_options
def rotate_command(package: str, store: Path, **values: Any) -> int:
    """Find in PACKAGE what a trusted root says of a new one, show it, and store it if you agree.

    That is a certificate by the old root for the new root's key, or a second signature over the
    same file. Nothing is stored without your word.
    """
    from dten_audit.derive.signing.rotations import proposals
    from dten_audit.documents.errors import PackageError
    from dten_audit.site.schema import SiteFileError

    try:
        signed = read_signatures(package, {**values, "trust": store})
        trust = signed.estate.trust
        found = proposals(signed.package, trust, signed.estate.at) if trust else []
        if not found:
            message = (
                "no trusted root vouches for a new one in this package; "
                "`dten-audit trust show` says what to ask the vendor"
            )
            return complain(f"{package}: {message}", FOUND)
        for own in found:
            vendor = _vendor_of(own, values["vendor"])
            _show(own, vendor)
            if not values["yes"] and not _agreed(vendor):
                return complain("not confirmed; nothing was written", FOUND)
            _store(store, own, vendor, signed, values)
    except PackageError as error:
        return complain(f"{package}: {error}", NOT_OPENED)
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    return OK


def _vendor_of(own: Proposal, given: str) -> str:
    vendor = own.old.vendor.name or given
    if not vendor:
        message = f"{own.old.at.path} is no vendor record: say whose root it is, --vendor NAME"
        raise click.UsageError(message)
    return vendor


def _show(own: Proposal, vendor: str) -> None:
    from dten_audit.readers.signing.certificates import grouped

    old = own.old.certificate.subject if own.old.certificate else ""
    how = "signed the new root's key with" if own.cross else "stands above a second signature;"
    proof = f"certificate {own.cross.sha256}" if own.cross else "both are over the same file"
    say(
        f"Vendor {vendor}: a new root",
        f"  {own.new.subject}",
        f"  valid {own.new.not_before:%Y-%m-%d} to {own.new.not_after:%Y-%m-%d}, {own.new.key}",
        f"  SHA-256 {grouped(own.new.sha256)}",
        f"  {old}, which you trust, {how} {proof}",
    )
    if own.via == "dual-signature":
        say("  Nobody can check that again later, so two approvals and a phone call are needed.")


def _agreed(vendor: str) -> bool:
    typed = click.prompt("Type the vendor's name to record it", default="", show_default=False)
    return str(typed).strip().casefold() == vendor.casefold()


def _store(store: Path, own: Proposal, vendor: str, signed: Signed, values: dict[str, Any]) -> None:
    from dten_audit.site.trust_review import remember_change
    from dten_audit.site.trust_writing import NewRoot, record_root

    by = values["by"] or own_name() or "unknown"
    at = signed.estate.at
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    rotation: dict[str, object] = {"from": own.old.sha256, "to": own.new.sha256, "via": own.via}
    rotation |= {"cert": own.cross.sha256} if own.cross else {}
    rotation |= {"seen_in": own.seen_in, "at": stamp, "by": by}
    new = NewRoot(
        own.new,
        vendor,
        ({"channel": own.via, "by": by, "at": stamp},),
        (by,),
        (at + _YEAR).date(),
        scope=own.old.vendor.scope or usual_scope(signed.path),
        rotation=rotation,
        more=(own.cross,) if own.cross else (),
    )
    written = record_root(store, new)
    remember_change(store, written.file, written.version)
    say(f"{written.file}: version {written.version} holds {own.new.subject}")
    for root in written.store.of(own.new.sha256):
        say(
            f"It is not relied on yet: {root.lacks}."
            if root.lacks
            else "It is trusted from now on."
        )
