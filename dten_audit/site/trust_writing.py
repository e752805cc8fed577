"""Writes to a trust store: whole files or nothing, only inside it, and only what loads again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from dten_audit.readers.config.yaml_nodes import YamlError, parse_yaml
from dten_audit.readers.signing.certificates import X509
from dten_audit.site.trust import State, TrustStore
from dten_audit.site.trust_loading import RecordFile, finder, read_records, settled
from dten_audit.site.trust_records import TrustError, record
from dten_audit.site.trust_text import Item, RecordText, fields

_HEAD: Final = """\
# Whom we trust to sign packages of this vendor, and why: see docs/trust.md of dten-audit.
# Raise the version with each change; have each change reviewed.
"""
_MODE: Final = 0o644


class NewRoot(NamedTuple):
    """A root to be recorded, with all that a record says of it.

    ``evidence`` and ``rotation`` are as a record states them; ``more`` are further certificates to
    keep, such as the one by which an old root vouches for the new one. ``scope`` and ``identities``
    are used where the vendor has no record yet.
    """

    certificate: X509
    vendor: str
    evidence: tuple[Item, ...]
    approvals: tuple[str, ...]
    review_by: date
    use: str = "package"
    scope: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    rotation: Item | None = None
    more: tuple[X509, ...] = ()


class Written(NamedTuple):
    """What was written: the record, its version, and the store as it loads now."""

    file: Path
    version: int
    store: TrustStore


def record_root(store: Path, new: NewRoot) -> Written:
    """Write a root, or further evidence and approvals for one that is there.

    Raises ``TrustError`` where the store is damaged or the record says that the root is retired or
    revoked; then nothing has changed.
    """
    store.mkdir(parents=True, exist_ok=True)
    own = _record_of(read_records(store), new.vendor)
    if own is None:
        file = store / "vendors" / f"{_file_name(new.vendor)}.yaml"
        if file.exists():
            raise TrustError(str(file), 1, f"is not the record of {new.vendor}: name another file")
        return _commit(store, file, None, _fresh(new), (new.certificate, *new.more))
    text = RecordText(_source(own))
    root = next((r for r in own.record.roots if r.sha256 == new.certificate.sha256), None)
    if root is None:
        text.add_root(_root(new))
    elif root.state in ("retired", "revoked"):
        reason = f"says that this root is {root.state}: take it back there first, by hand"
        raise TrustError(root.at.path, root.at.line or 1, reason)
    else:
        known = {name.casefold() for name in root.approvals}
        for name in new.approvals:
            if name.casefold() not in known:
                text.add_to_root(root.sha256, "approvals", name)
        for entry in new.evidence:
            text.add_to_root(root.sha256, "evidence", entry)
    if new.rotation is not None:
        text.add_rotation(new.rotation)
    text.next_version()
    return _commit(store, own.file, own, text.text, (new.certificate, *new.more))


def change_root(
    store: Path, sha256: str, state: State, accept_until: date | None = None, note: str = ""
) -> Written:
    """Set the state of a recorded root. Raises ``TrustError`` where no record has it."""
    for own in read_records(store):
        if any(root.sha256 == sha256 for root in own.record.roots):
            break
    else:
        reason = f"no vendor record names {sha256}: a root that just lies here is taken out by hand"
        raise TrustError(str(store), 1, reason)
    text = RecordText(_source(own))
    text.set_of_root(sha256, "state", state)
    if accept_until is not None:
        text.set_of_root(sha256, "accept_until", accept_until.isoformat())
    if note:
        text.set_of_root(sha256, "note", note)
    text.next_version()
    return _commit(store, own.file, own, text.text, ())


def _record_of(records: Iterable[RecordFile], vendor: str) -> RecordFile | None:
    wanted = vendor.casefold()
    found = [own for own in records if own.record.vendor.name.casefold() == wanted]
    return found[0] if found else None


def _source(own: RecordFile) -> str:
    """Return the text of a record. Raises ``TrustError`` where it is not alone in its file."""
    text = own.file.read_text(encoding="utf-8")
    if len(list(parse_yaml(text))) != 1:
        reason = "holds several records: give each its own file before it can be changed"
        raise TrustError(str(own.file), 1, reason)
    return text


def _file_name(vendor: str) -> str:
    """Return a file name for a vendor, which never leads anywhere else."""
    return "-".join(re.findall(r"[a-z0-9]+", vendor.lower()))[:60] or "vendor"


def _root(new: NewRoot) -> Item:
    return {
        "sha256": new.certificate.sha256,
        "use": [new.use],
        "state": "active",
        "review_by": new.review_by,
        "evidence": list(new.evidence),
        "approvals": list(new.approvals),
        "note": new.certificate.subject,
    }


def _fresh(new: NewRoot) -> str:
    stated: dict[str, object] = {"schema": 1, "version": 1, "vendor": new.vendor}
    stated |= {"scope": list(new.scope)} if new.scope else {}
    stated |= {"identities": list(new.identities)} if new.identities else {}
    stated |= {"level": "strict", "roots": [_root(new)]}
    stated |= {"rotations": [new.rotation]} if new.rotation else {}
    return _HEAD + "\n".join(fields(stated)) + "\n"


def _commit(
    store: Path, file: Path, old: RecordFile | None, text: str, certificates: Iterable[X509]
) -> Written:
    """Write certificates and record once the record has been read back from its new text."""
    added = []
    try:
        for own in certificates:
            place = store / "certs" / f"{own.sha256}.der"
            if finder(store)(own.sha256) is None:
                replace_file(place, own.der, store)
                added.append(place)
        try:
            (node,) = parse_yaml(text)
        except (YamlError, ValueError) as error:
            raise TrustError(str(file), 1, f"cannot be changed by this command: {error}") from None
        made = record(str(file), node, finder(store))
        others = [one.record for one in read_records(store) if one.file != file]
        loaded = settled(store, [*others, made])
        _same_otherwise(file, old, [root.sha256 for root in made.roots])
        replace_file(file, text.encode(), store)
    except BaseException:
        for place in added:
            place.unlink()
        raise
    return Written(file, made.vendor.version, loaded)


def _same_otherwise(file: Path, old: RecordFile | None, roots: list[str]) -> None:
    """Raise ``TrustError`` where a change would have lost a root."""
    before = [root.sha256 for root in old.record.roots] if old else []
    if roots[: len(before)] != before:
        raise TrustError(str(file), 1, "is written in a way that this command cannot change")


def replace_file(path: Path, data: bytes, store: Path) -> None:
    """Write a file of the store as a whole. Raises ``TrustError`` for a place outside of it."""
    folder = path.parent
    for part in (folder, path):
        if part.is_symlink() or not part.resolve().is_relative_to(store.resolve()):
            raise TrustError(str(part), 1, "leads out of the trust store: nothing was written")
    temporary = folder / f".{path.name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(temporary, flags, _MODE), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TrustError(str(path), 1, f"cannot be written: {error.strerror}") from None
