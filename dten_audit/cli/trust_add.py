"""``dten-audit trust add-root``: records a root whose fingerprint reached you from outside."""

from __future__ import annotations

import re
import secrets
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from dten_audit.cli.main import FOUND, NOT_OPENED, OK, complain
from dten_audit.cli.trust_reading import (
    STORE,
    certificates_in,
    moment,
    package_options,
    read_signatures,
    say,
    usual_scope,
)

if TYPE_CHECKING:
    from dten_audit.cli.trust_reading import Signed
    from dten_audit.readers.signing.certificates import X509
    from dten_audit.site.trust_writing import Written

_CHANNELS: Final = ("phone", "in-person", "letter", "contract", "web", "e-mail")
_GROUPS: Final = 16
_ASKED: Final = 4
_YEAR: Final = timedelta(days=365)


class Choice(NamedTuple):
    """What a root may be chosen from. ``signed`` is None where a file of certificates is given."""

    roots: list[X509]
    others: list[X509]
    signed: Signed | None


@click.command(name="add-root")
@click.argument("source", metavar="PACKAGE|FILE")
@STORE
@click.option("--vendor", required=True, metavar="NAME", help="Whose root it is.")
@click.option("--evidence", "channel", required=True, type=click.Choice(_CHANNELS),
              help="How the fingerprint reached you; web and e-mail prove nothing.")  # fmt: skip
@click.option("--by", required=True, metavar="WHO", help="You, who confirm it.")
@click.option("--peer", default="", metavar="WHO", help="Who read it out.")
@click.option("--number-from", default="", metavar="WHERE", help="Where the number stood.")
@click.option("--approve", multiple=True, metavar="WHO", help="Who else stands for it.")
@click.option("--fingerprint", metavar="HEX", help="The SHA-256, from outside; asks nothing then.")
@click.option("--scope", multiple=True, metavar="GLOB", help="Names of its packages.")
@click.option("--identity", multiple=True, metavar="O=…", help="Whose signatures to accept.")
@click.option("--use", type=click.Choice(("package", "timestamp")), default="package")
@click.option("--review-by", metavar="DATE", help="When to look again (default: in a year).")
@click.option("--pin", is_flag=True, help="Accept a certificate that is no root, exactly this one.")
@package_options
def add_root_command(source: str, store: Path, **values: Any) -> int:
    """Record the root above PACKAGE's signatures, or the one in FILE, as trusted.

    Asks for some groups of its SHA-256, as the vendor reads them out: they are not shown before.
    """
    from dten_audit.documents.errors import PackageError
    from dten_audit.site.schema import SiteFileError

    try:
        choice = _choice(source, store, values)
        own = _chosen(choice, values)
        refused = "" if values["pin"] else _unfit(own)
        if refused:
            return complain(f"{own.subject}: {refused}; nothing was written", FOUND)
        groups = _confirmed(own, values["fingerprint"])
        if groups is None:
            message = "that is not this root's fingerprint: do not install; nothing was written"
            return complain(message, FOUND)
        return _record(store, own, choice, groups, values)
    except PackageError as error:
        return complain(f"{source}: {error}", NOT_OPENED)
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None


def _choice(source: str, store: Path, values: dict[str, Any]) -> Choice:
    given = certificates_in(Path(source))
    if given is not None:
        return Choice(given, [], None)
    from dten_audit.derive.signing.rotations import is_root, known_certificates
    from dten_audit.model.facts.signatures import SignatureCheck

    trust = store if store.exists() and any(store.iterdir()) else None
    signed = read_signatures(source, {**values, "trust": trust})
    known = known_certificates(signed.package)
    stored = signed.estate.trust.roots if signed.estate.trust else ()
    known |= {root.sha256: root.certificate for root in stored if root.certificate is not None}
    checks = [own for own in signed.package.of(SignatureCheck) if not own.incidental]
    tops = [own.root.sha256 for own in checks if own.ends_in in ("root", "self-signed")]
    above = [known[sha256] for sha256 in dict.fromkeys(tops) if sha256 in known]
    others = [own for own in known.values() if own not in above]
    return Choice(above or [own for own in others if is_root(own)], others, signed)


def _chosen(choice: Choice, values: dict[str, Any]) -> X509:
    """Return the root that is meant: by its fingerprint, else the only one, else by number."""
    from dten_audit.site.trust_records import bare_fingerprint

    text = values["fingerprint"]
    if text is not None:
        wanted = bare_fingerprint(text)
        if not wanted:
            message = "--fingerprint takes a SHA-256: 64 hexadecimal digits"
            raise click.UsageError(message)
        for own in (*choice.roots, *choice.others):
            if own.sha256 == wanted:
                return own
    if not choice.roots:
        message = (
            "the root's certificate is not there; ask the vendor for it, and give that file instead"
        )
        raise click.UsageError(message)
    if text is not None or len(choice.roots) == 1:
        return choice.roots[0]
    for number, own in enumerate(choice.roots, 1):
        say(f"{number}  {own.subject}, valid {own.not_before:%Y-%m-%d} to {own.not_after:%Y-%m-%d}")
    number = click.prompt("Which one", type=click.IntRange(1, len(choice.roots)))
    return choice.roots[number - 1]


def _unfit(own: X509) -> str:
    """Say why a certificate cannot be a root; empty where it can."""
    from dten_audit.derive.signing.rotations import is_root

    if not own.is_ca:
        return "no authority, so it vouches only for itself; --pin trusts exactly this one"
    if not is_root(own):
        return f"issued by {own.issuer}, which is to be trusted instead; --pin trusts this one"
    return ""


def _confirmed(own: X509, fingerprint: str | None) -> tuple[int, ...] | None:
    """Return the groups that were typed rightly, none for a whole fingerprint, None for wrong."""
    from dten_audit.readers.signing.certificates import grouped
    from dten_audit.site.trust_records import bare_fingerprint

    if fingerprint is not None:
        return () if secrets.compare_digest(bare_fingerprint(fingerprint), own.sha256) else None
    wanted = grouped(own.sha256).split()
    numbers = sorted(secrets.SystemRandom().sample(range(1, _GROUPS + 1), _ASKED))
    say(
        f"Root: {own.subject}",
        "Call the number in your contract, not one from the package or an e-mail. Ask the vendor",
        f"to read out the SHA-256 of this root in {_GROUPS} groups of four, from its own records.",
        "Type what you hear.",
    )
    typed = [click.prompt(f"Group {number} of {_GROUPS}") for number in numbers]
    heard = ["".join(re.findall(r"[0-9A-F]", text.upper())) for text in typed]
    right = [wanted[number - 1] for number in numbers]
    same = secrets.compare_digest(" ".join(heard).encode(), " ".join(right).encode())
    return tuple(numbers) if same else None


def _record(
    store: Path, own: X509, choice: Choice, groups: tuple[int, ...], values: dict[str, Any]
) -> int:
    from dten_audit.report.sanitise import for_terminal
    from dten_audit.site.trust_review import remember_change
    from dten_audit.site.trust_writing import NewRoot, record_root

    at = moment(values)
    evidence = [_evidence(groups, at, values), *_advisories(own, choice, at, values)]
    weak = values["channel"] in ("web", "e-mail")
    new = NewRoot(
        own,
        values["vendor"],
        tuple(evidence),
        tuple(dict.fromkeys((values["by"], *values["approve"]))),
        _review(values["review_by"], at),
        values["use"],
        values["scope"] or (usual_scope(choice.signed.path) if choice.signed else ()),
        values["identity"],
    )
    _warn_of_namesakes(own, choice)
    written = record_root(store, new)
    remember_change(store, written.file, written.version)
    (root,) = (r for r in written.store.of(own.sha256) if r.vendor.name == _name(written, values))
    say(
        f"{written.file}: version {written.version} holds {own.subject}",
        f"SHA-256 {own.sha256}",
        f"scope: {', '.join(root.vendor.scope) or 'packages of any name; --scope narrows that'}",
    )
    if root.lacks:
        say(f"It is not relied on yet: {root.lacks}.")
        if not weak:
            say("A second person calls the vendor and runs this under their own name.")
    else:
        click.echo(for_terminal("It is trusted from now on."))
    return OK


def _name(written: Written, values: dict[str, Any]) -> str:
    """Return the vendor's name as its record writes it."""
    wanted = values["vendor"].casefold()
    names = {root.vendor.name for root in written.store.roots}
    return next(name for name in names if name.casefold() == wanted)


def _evidence(groups: tuple[int, ...], at: datetime, values: dict[str, Any]) -> dict[str, object]:
    stated: dict[str, object] = {"channel": values["channel"], "by": values["by"]}
    stated["at"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    for key in ("peer", "number_from"):
        if values[key]:
            stated[key] = values[key]
    return stated | ({"groups": list(groups)} if groups else {"note": "fingerprint given whole"})


def _advisories(
    own: X509, choice: Choice, at: datetime, values: dict[str, Any]
) -> list[dict[str, object]]:
    """Return the advisories that name the root and that somebody known signed, as evidence."""
    if choice.signed is None or not choice.signed.estate.advisories:
        return []
    from dten_audit.derive.signing.anchors import Anchors
    from dten_audit.derive.signing.notices import Notices

    estate = choice.signed.estate
    anchors = Anchors(estate.trust, Path(choice.signed.path).name, estate.at)
    return [
        {
            "channel": "advisory", "by": values["by"], "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "id": notice.advisory.told.id, "sha256": notice.advisory.sha256,
            "signed_by": notice.weight.signed_by,
        }
        for notice in Notices(estate, anchors).of(own.sha256)
        if notice.weight.signed_by and notice.named.says != "retired"
    ]  # fmt: skip


def _review(text: str | None, at: datetime) -> date:
    if not text:
        return (at + _YEAR).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"not a date such as 2027-06-01: {text}"
        raise click.UsageError(message) from None


def _warn_of_namesakes(own: X509, choice: Choice) -> None:
    store = choice.signed.estate.trust if choice.signed else None
    known = store.named(own.subject_key) if store else []
    if any(root.sha256 != own.sha256 for root in known):
        complain(
            f"you have another root of the name {own.subject}; ask the vendor what becomes of it",
            OK,
        )
