"""Loads the bare keys of a trust store: key files beside the roots, and what records say of them.

Key files are what vendors publish: ``*.pub`` of minisign, signify and SSH, ``allowed_signers``,
``*.asc``, ``*.gpg`` and ``*.pgp`` of OpenPGP, public keys in ``*.pem``, TUF's ``root.json``. A
record says more of a key file, which then lies in the folder ``keys``::

    keys:
    - file: keys/acme-release.pub
      state: active
      accept_until: 2030-01-01
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast, get_args

from dten_audit.model.location import Location
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.signing.verifying_keys import verifying_keys
from dten_audit.site.schema import Table
from dten_audit.site.trust import State, Vendor
from dten_audit.site.trust_keys import TrustedKey
from dten_audit.site.trust_records import TrustError

_ENDINGS: Final = (".pub", ".minisign", ".asc", ".gpg", ".pgp", ".pem")
_NAMES: Final = ("allowed_signers",)
_TUF_ROOT: Final = "root.json"
_KEYS: Final = ("file", "state", "accept_until", "note")
_LARGEST: Final = 16 << 20
_CERTIFICATE: Final = b"CERTIFICATE-----"


def loose_keys(store: Path) -> Iterator[TrustedKey]:
    """Yield the keys of files that lie in the store itself. Raises ``TrustError``."""
    for file in sorted(store.iterdir()):
        trusted = file.name.endswith(f"trusted_{_TUF_ROOT}")
        known = file.name in _NAMES or (file.name.endswith(_TUF_ROOT) and not trusted)
        if known or file.suffix.lower() in _ENDINGS:
            yield from file_keys(file, store)


def file_keys(file: Path, store: Path) -> Iterator[TrustedKey]:
    """Yield the keys of one file; a ``.pem`` may hold certificates instead."""
    data = _read(file, store)
    found = verifying_keys(data)
    if not found and _CERTIFICATE not in data and file.suffix.lower() != ".pem":
        reason = "no public key that is known here: take this file out, or put the key here"
        raise TrustError(str(file), 1, reason)
    for key in found:
        yield TrustedKey(key, Location(str(file), 1))


def holds_keys_only(file: Path, store: Path) -> bool:
    """Say whether a file holds public keys and no certificate."""
    data = _read(file, store)
    return _CERTIFICATE not in data and bool(verifying_keys(data))


def recorded_keys(
    path: str, nodes: Iterable[Node], vendor: Vendor, store: Path
) -> Iterator[TrustedKey]:
    """Yield the keys that a record names. Raises ``TrustError``."""
    for node in nodes:
        table = Table(path, node, _KEYS, "a key")
        state = table.text("state", "active")
        if state not in get_args(State):
            line = table.nodes["state"].line
            raise TrustError(path, line, f"state is one of {', '.join(get_args(State))}")
        file = store / table.text("file")
        if not table.text("file") or not file.is_file():
            raise TrustError(path, table.line, "a key names its file, such as keys/acme.pub")
        until = _date(table)
        for own in file_keys(file, store):
            at = Location(path, table.line)
            yield TrustedKey(own.key, at, vendor, cast("State", state), until)


def _date(table: Table) -> datetime | None:
    text = table.text("accept_until")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        line = table.nodes["accept_until"].line
        raise TrustError(table.path, line, "accept_until is a date such as 2034-01-01") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _read(file: Path, store: Path) -> bytes:
    if not file.resolve().is_relative_to(store.resolve()):
        raise TrustError(str(file), 1, "the path leads out of the trust store: put a copy here")
    try:
        if file.stat().st_size > _LARGEST:
            raise TrustError(str(file), 1, "larger than any file of keys")
        return file.read_bytes()
    except OSError as error:
        raise TrustError(str(file), 1, f"cannot be read: {error.strerror}") from None
