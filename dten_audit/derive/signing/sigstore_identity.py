"""Compares whom a sigstore certificate names with those whom the trust store's records name."""

from __future__ import annotations

from dten_audit.model.facts.key_signatures import KeyTrust, Vouched
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import bundles
from dten_audit.site.trust import TrustStore, Vendor


def standing(
    store: TrustStore | None, raw: bytes, names: tuple[str, ...], vouched: Vouched
) -> tuple[KeyTrust | Unknown, Vendor | None]:
    """Return what the store makes of a bundle's identity, and the vendor who signs with it.

    ``names`` are the file names of the package and of the archives around the signature.
    """
    if store is None:
        return Unknown("trust.keys"), None
    own = bundles.load(raw)
    meant = [
        vendor
        for vendor in store.vendors
        if any(one.names(own.names, own.issuer) for one in vendor.sigstore)
    ]
    here = next((vendor for vendor in meant if vendor.covers(*names)), None)
    if here is not None:
        return ("trusted" if vouched == "proven" else "shipped"), here
    if meant:
        return "out-of-scope", None
    other = next((vendor for vendor in store.vendors if vendor.covers(*names)), None)
    return ("other-identity", other) if other else ("unknown", None)


def expected_words(store: TrustStore | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return who may sign these files with sigstore, in words."""
    vendors = [own for own in store.vendors if own.covers(*names)] if store else []
    return tuple(
        f"{one.identity} (says {one.issuer})" for own in vendors for one in own.sigstore[:20]
    )
