"""Loads a sigstore instance that the user trusts: ``trusted_root.json`` of its administrators.

It names who issues certificates, which logs take signatures and certificates in, and who stamps
times (protobuf-specs, TrustedRoot 0.1). It says nothing of identities: records do.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from dten_audit.model.location import Location
from dten_audit.readers.signing.certificates import MalformedError, guarded, load
from dten_audit.readers.signing.verifying_keys import KeyForm, VerifyingKey
from dten_audit.site.trust import TrustedRoot, Vendor
from dten_audit.site.trust_keys import TrustedKey
from dten_audit.site.trust_records import TrustError

ENDING: Final = "trusted_root.json"
USE: Final = "sigstore"
_KIND: Final = "vnd.dev.sigstore.trustedroot"
_LARGEST: Final = 16 << 20
_LOGS: Final[tuple[tuple[str, KeyForm], ...]] = (("tlogs", "log"), ("ctlogs", "ct-log"))


class Instance(NamedTuple):
    """What a ``trusted_root.json`` names: certificates, and the keys of logs."""

    roots: tuple[TrustedRoot, ...]
    keys: tuple[TrustedKey, ...]


def load_instances(store: Path) -> Iterator[Instance]:
    """Yield the instances of a store. Raises ``TrustError`` for a file that is none."""
    for file in sorted(store.glob(f"*{ENDING}")):
        if not file.resolve().is_relative_to(store.resolve()):
            raise TrustError(str(file), 1, "the link leads out of the trust store: put a copy here")
        try:
            yield guarded(lambda f=file: _instance(f))  # type: ignore[misc]
        except MalformedError as error:
            reason = f"no trusted root of sigstore that can be read: {error}"
            raise TrustError(str(file), 1, reason) from None


def _instance(file: Path) -> Instance:
    data = file.read_bytes()
    root = json.loads(data) if len(data) <= _LARGEST else None
    if not isinstance(root, dict) or _KIND not in str(root.get("mediaType")):
        raise MalformedError("its mediaType is another one")
    at = Location(str(file), 1)
    roots = tuple(
        _root(b64decode(own["rawBytes"]), at)
        for field in ("certificateAuthorities", "timestampAuthorities")
        for authority in root.get(field, [])
        for own in authority["certChain"]["certificates"]
    )
    keys = tuple(
        TrustedKey(_key(own, form), at) for field, form in _LOGS for own in root.get(field, [])
    )
    return Instance(roots, keys)


def _root(raw: bytes, at: Location) -> TrustedRoot:
    own = load(raw)
    return TrustedRoot(own.sha256, "active", Vendor(), at, own, frozenset({USE}))


def _key(own: dict[str, Any], form: KeyForm) -> VerifyingKey:
    """Return a log's key; ``options`` are from when until when it signs."""
    key = own["publicKey"]
    valid = key.get("validFor") or {}
    options = tuple(str(valid.get(name, "")) for name in ("start", "end"))
    named = b64decode(own["logId"]["keyId"]).hex()
    label = str(own.get("baseUrl", ""))
    return VerifyingKey(form, named, b64decode(key["rawBytes"]), label, (), options)
