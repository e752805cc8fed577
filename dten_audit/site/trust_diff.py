"""What became of a trust store between two states of it: roots, keys, identities, records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from dten_audit.model.location import Location
from dten_audit.readers.signing.instants import day
from dten_audit.site.trust import TrustedRoot, TrustStore, Vendor
from dten_audit.site.trust_keys import TrustedKey

What = Literal["root", "key", "record"]
How = Literal["came", "went", "changed"]


class Change(NamedTuple):
    """A difference: of which root, key or record, and what about it, in words.

    ``id`` is a root's fingerprint or what signatures name a key by, empty for a record. ``at`` is
    where it stands now, for what went where it stood.
    """

    how: How
    what: What
    vendor: str
    name: str
    id: str
    words: str
    at: Location


class _Entry(NamedTuple):
    """A root, key or record as it is compared: each field with its value in words."""

    what: What
    vendor: str
    name: str
    id: str
    at: Location
    fields: Mapping[str, str]


def changes(old: TrustStore, new: TrustStore) -> list[Change]:
    """Return what came, went and changed; the same store has no changes."""
    before, after = dict(_entries(old)), dict(_entries(new))
    found = [_change("went", own, "") for key, own in before.items() if key not in after]
    for key, own in after.items():
        if key not in before:
            state = own.fields.get("state", "")
            found.append(_change("came", own, state))
        else:
            words = "; ".join(_differences(before[key].fields, own.fields))
            if words:
                found.append(_change("changed", own, words))
    order = {"record": 0, "root": 1, "key": 2}
    return sorted(found, key=lambda one: (one.vendor, order[one.what], one.id))


def _change(how: How, own: _Entry, words: str) -> Change:
    return Change(how, own.what, own.vendor, own.name, own.id, words, own.at)


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for field, value in new.items():
        before = old.get(field, "")
        if before != value:
            yield f"{field}: {before or 'none'} → {value or 'none'}"


def _entries(store: TrustStore) -> Iterator[tuple[tuple[str, ...], _Entry]]:
    """Yield each root, key and record of a store, by what makes it the same one."""
    for root in store.roots:
        yield ("root", root.vendor.name, root.sha256), _root(root, store)
    for key in store.keys:
        yield ("key", key.vendor.name, key.key.form, key.key.identity), _key(key)
    vendors = [root.vendor for root in store.roots] + [key.vendor for key in store.keys]
    for vendor in {own.name: own for own in (*vendors, *store.vendors) if own.name}.values():
        yield ("record", vendor.name), _record(vendor)


def _root(root: TrustedRoot, store: TrustStore) -> _Entry:
    fields = {
        "state": root.state,
        "use": ", ".join(sorted(root.use)),
        "accept_until": _day(root.accept_until),
        "review_by": _day(root.review_by),
        "approvals": ", ".join(root.approvals),
        "evidence": ", ".join(f"{own.channel} by {own.by}" for own in root.evidence),
        "lacks": root.lacks,
        "follows": ", ".join(own.old[:16] for own in store.rotations if own.new == root.sha256),
    }
    name = root.certificate.subject if root.certificate else ""
    return _Entry("root", root.vendor.name, name, root.sha256, root.at, fields)


def _key(own: TrustedKey) -> _Entry:
    fields = {"state": own.state, "accept_until": _day(own.accept_until)}
    name = f"{own.key.form} {own.key.label}".rstrip()
    return _Entry("key", own.vendor.name, name, own.key.identity, own.at, fields)


def _record(own: Vendor) -> _Entry:
    fields = {
        "version": str(own.version),
        "level": own.level,
        "scope": ", ".join(own.scope),
        "identities": "; ".join(sorted(_identity(one) for one in own.identities)),
        "sigstore": "; ".join(f"{one.identity} ({one.issuer})" for one in own.sigstore),
    }
    return _Entry("record", own.name, "", "", own.at, fields)


def _identity(parts: frozenset[tuple[str, str]]) -> str:
    return ", ".join(f"{oid}={value}" for oid, value in sorted(parts))


def _day(when: datetime | None) -> str:
    return day(when) if when else ""
