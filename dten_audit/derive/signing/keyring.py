"""The bare keys at hand: those that the user trusts, and those that the package brings along."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from dten_audit.links.package import Package
from dten_audit.model.facts.key_signatures import KeyFormat, KeySignature, KeyTrust
from dten_audit.model.facts.signing import PublicKey
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import bundles, sequoia, sshsig
from dten_audit.readers.signing.certificates import MalformedError, grouped
from dten_audit.readers.signing.verifying_keys import KeyForm, VerifyingKey, verifying_keys
from dten_audit.site.estate import Estate
from dten_audit.site.trust_keys import TrustedKey

_FORMS: Final[dict[KeyFormat, KeyForm]] = {
    "minisign": "minisign", "signify": "minisign", "OpenPGP": "OpenPGP", "SSH": "SSH",
    "bare": "PEM", "DSSE": "PEM", "sigstore": "sigstore",
}  # fmt: skip
_TRIED: Final = 50
"""More keys than this are not tried on a signature that names none."""


class Candidate(NamedTuple):
    """A key that may have made a signature. ``trusted`` is None where only the package has it."""

    key: VerifyingKey
    trusted: TrustedKey | None = None
    at: tuple[Location, ...] = ()

    @property
    def words(self) -> str:
        """The key, as its own tools name it."""
        own = self.key
        if own.form == "sigstore":
            return f"a sigstore certificate of {own.label}"
        if own.form == "PEM":
            return f"public key SHA-256 {grouped(own.identity)}"
        shown = grouped(own.identity) if own.form == "OpenPGP" else own.identity
        return f"{own.form} key {shown}"

    @property
    def expires(self) -> datetime | None:
        """Until when the key says that it is good; None where it does not."""
        return _limits(self.key)[2]

    def trust(self, names: tuple[str, ...], at: datetime) -> KeyTrust:
        """Return what the trust store makes of the key, for a file in archives of these names."""
        revoked, first, last = _limits(self.key)
        if revoked:
            return "revoked"
        if self.trusted is None:
            return "shipped"
        standing = self.trusted.standing(names, at)
        outside = (last is not None and at > last) or (first is not None and at < first)
        return "expired" if standing == "trusted" and outside else standing


@lru_cache(maxsize=64)
def _limits(key: VerifyingKey) -> tuple[bool, datetime | None, datetime | None]:
    """Whether a key is revoked, and from when until when it is good, as it says itself."""
    if key.form == "SSH":
        return False, *sshsig.limits(key.options)
    if key.form == "OpenPGP":
        try:
            own = sequoia.standing(key.raw)
        except MalformedError:
            return False, None, None
        return own.revoked, None, own.expires
    return False, None, None


class Keyring:
    """All keys at hand, those of the trust store first."""

    def __init__(self, package: Package, estate: Estate) -> None:
        self.given = estate.trust is not None
        trusted = list(estate.trust.keys) if estate.trust else []
        trusted.sort(key=lambda own: own.state != "revoked")
        self.all = [Candidate(own.key, own) for own in trusted]
        known = {(own.key.form, own.key.identity) for own in trusted}
        for fact in package.of(PublicKey):
            key = _shipped(fact)
            if key is not None and (key.form, key.identity) not in known:
                known.add((key.form, key.identity))
                self.all.append(Candidate(key, None, (fact.at,)))

    def candidates(self, signature: KeySignature) -> tuple[list[Candidate], list[Candidate]]:
        """Return the keys that a signature names, and others that might have made it."""
        form = _FORMS[signature.format]
        fitting = [own for own in self.all if own.key.form == form]
        named = [own for own in fitting if own.key.is_named(signature.key_id)]
        if not named and form == "SSH":
            key = sshsig.own_key(signature.raw)
            named = [Candidate(key, None, (signature.at,))]
        if form == "sigstore":
            bundle = bundles.load(signature.raw)
            key = VerifyingKey(form, signature.key_id, bundle.spki, bundle.identity)
            named = [Candidate(key, None, (signature.at,))]
        if form in ("SSH", "OpenPGP", "sigstore"):
            return named, []
        return named, [own for own in fitting if own not in named][:_TRIED]

    def trusted_words(self, signature: KeySignature) -> tuple[str, ...]:
        """Return the keys of that form in the trust store, in words."""
        form = _FORMS[signature.format]
        own = [one for one in self.all if one.trusted is not None and one.key.form == form]
        return tuple(
            f"{one.words} ({one.key.label})" if one.key.label else one.words for one in own[:20]
        )

    def trust(
        self, own: Candidate | None, names: tuple[str, ...], at: datetime
    ) -> KeyTrust | Unknown:
        """Return what the trust store makes of a key; unknown where there is no store."""
        found: KeyTrust = own.trust(names, at) if own else "unknown"
        return found if self.given or found == "revoked" else Unknown("trust.keys")


def _shipped(fact: PublicKey) -> VerifyingKey | None:
    if not fact.raw:
        return None
    if fact.format == "OpenPGP":
        return next((key for key in verifying_keys(fact.raw)), None)
    form: KeyForm = "minisign" if fact.format == "minisign" else "PEM"
    return VerifyingKey(form, fact.fingerprint, fact.raw)
