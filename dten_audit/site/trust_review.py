"""What is due in a trust store: what expires, what nobody has looked at again, what lacks proof."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, NamedTuple

from dten_audit.model.location import Location
from dten_audit.readers.signing.instants import day
from dten_audit.site.trust import TrustedRoot, TrustStore
from dten_audit.site.trust_loading import RecordFile
from dten_audit.site.trust_records import TrustError
from dten_audit.site.trust_writing import replace_file

Kind = Literal["expired", "expires", "ends", "review", "lacks", "version", "list"]
LOCK: Final = "versions.lock"
"""Where the versions of the records are remembered, beside them, once somebody has asked for it."""


class Due(NamedTuple):
    """Something that somebody must look at: what, of which root or key, and where it stands.

    ``sha256`` is a root's fingerprint, for a bare key what signatures name it by.
    """

    kind: Kind
    vendor: str
    root: str
    sha256: str
    words: str
    at: Location


def due(store: TrustStore, at: datetime, within: timedelta) -> list[Due]:
    """Return what is due at a moment, or will be within that time. Retired roots are done with."""
    keys = [
        Due("ends", own.vendor.name, own.key.label or own.key.form, own.key.identity, words, own.at)
        for own in store.keys
        if own.state in ("active", "retiring")
        for words in _end(own.accept_until, at, within)
    ]
    return (
        keys
        + _lists(store, at, within)
        + [
            Due(kind, root.vendor.name, _name(root), root.sha256, words, root.at)
            for root in store.roots
            if root.state in ("active", "retiring") and root.use != {"sigstore"}
            for kind, words in _of(root, at, within)
        ]
    )


def _lists(store: TrustStore, at: datetime, within: timedelta) -> list[Due]:
    """Return the revocation lists of the store that are to be fetched anew."""
    return [
        Due("list", "", own.issuer, own.sha256, f"{words}: put a newer one there", at_store)
        for at_store in (Location(store.path, 1),)
        for own in store.lists
        for words in _due_list(own.next_update, at, within)
    ]


def _due_list(last: datetime | None, at: datetime, within: timedelta) -> Iterator[str]:
    if last is not None and last <= at + within:
        yield f"its revocation list {'ended' if last < at else 'ends'} on {day(last)}"


def _name(root: TrustedRoot) -> str:
    return root.certificate.subject if root.certificate else ""


def _of(root: TrustedRoot, at: datetime, within: timedelta) -> Iterator[tuple[Kind, str]]:
    if root.certificate is not None:
        last = root.certificate.not_after
        if last < at:
            yield "expired", f"expired on {day(last)}"
        elif last <= at + within:
            yield "expires", f"expires on {day(last)}"
    for words in _end(root.accept_until, at, within):
        yield "ends", words
    if root.review_by is not None and root.review_by < at:
        yield "review", f"was to be reviewed by {day(root.review_by)}"
    if root.lacks:
        yield "lacks", f"has {root.lacks}"


def _end(last: datetime | None, at: datetime, within: timedelta) -> Iterator[str]:
    if last is not None and last <= at + within:
        yield f"its acceptance {'ended' if last < at else 'ends'} on {day(last)}"


def due_versions(records: Iterable[RecordFile], lock: Path) -> list[Due]:
    """Return the records that changed without their version, or whose version jumped.

    A version below the remembered one is what a rollback to a record with a bad root looks like.
    Without a lock there is nothing to compare with. Raises ``TrustError``.
    """
    known = read_lock(lock)
    if known is None:
        return []
    found = []
    seen = set()
    for own in records:
        vendor = own.record.vendor
        seen.add(own.file.name)
        old = known.get(own.file.name)
        words = _step(old, vendor.version, _digest(own.file)) if old else "is new here"
        if words:
            found.append(Due("version", vendor.name, "", "", words, Location(str(own.file), 1)))
    gone = [name for name in known if name not in seen]
    found += [Due("version", name, "", "", "is gone", Location(str(lock), 1)) for name in gone]
    return found


def _step(old: tuple[int, str], version: int, digest: str) -> str:
    if version < old[0]:
        return f"went back from version {old[0]} to {version}"
    if version > old[0] + 1:
        return f"jumped from version {old[0]} to {version}"
    if version == old[0] and digest != old[1]:
        return f"was changed, but its version is still {version}"
    return ""


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def read_lock(lock: Path) -> dict[str, tuple[int, str]] | None:
    """Return the remembered versions and digests by file name; None where there are none."""
    if not lock.exists():
        return None
    try:
        data = json.loads(lock.read_text(encoding="utf-8"))
        return {str(name): (int(own["version"]), str(own["sha256"])) for name, own in data.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        reason = "is no list of versions: run `trust check --record` once the records are reviewed"
        raise TrustError(str(lock), 1, reason) from None


def remember(records: Iterable[RecordFile], lock: Path) -> None:
    """Write down the versions of the records as they are."""
    known = {own.file.name: (own.record.vendor.version, _digest(own.file)) for own in records}
    _write(lock, known)


def _write(lock: Path, known: dict[str, tuple[int, str]]) -> None:
    stated = {name: {"version": own[0], "sha256": own[1]} for name, own in known.items()}
    text = json.dumps(stated, indent=1, sort_keys=True) + "\n"
    replace_file(lock, text.encode(), lock.parent)


def remember_change(store: Path, file: Path, version: int) -> None:
    """Write down one record's new version, where versions are remembered at all."""
    lock = store / LOCK
    known = read_lock(lock)
    if known is None:
        return
    known[file.name] = (version, _digest(file))
    _write(lock, known)
