"""Facts that several readers of this family state in the same way."""

from __future__ import annotations

from typing import Literal, cast

from dten_audit.documents.document import Document
from dten_audit.model.facts.key_signatures import KeyFormat, KeySignature
from dten_audit.model.facts.signing import PrivateKey, RevocationList, UncheckedSignature
from dten_audit.model.location import Location
from dten_audit.readers.knowledge import knowledge
from dten_audit.readers.signing.instants import instant
from dten_audit.readers.signing.keys import Key
from dten_audit.readers.signing.names import in_test_tree, signed_path
from dten_audit.readers.signing.proofs import Stated
from dten_audit.readers.signing.revocations import Carried


def private_key(document: Document, at: Location, key: Key) -> PrivateKey:
    """Return a private key as a fact."""
    test = in_test_tree(at.member)
    return PrivateKey(
        at, document.id, key.format, key.algorithm, key.encrypted, key.spki_sha256, test
    )


def unchecked(
    document: Document, at: Location, form: str, signer: str = "", *, detached: bool = True
) -> UncheckedSignature:
    """Return a signature as a fact that is recognised but not verified."""
    target = signed_path(document.path) if detached else ""
    test = in_test_tree(at.member)
    return UncheckedSignature(at, document.id, form, signer, target, test, *_unread(form))


def _unread(form: str) -> tuple[str, str]:
    """Return what is not checked of a format, and how to check it, in words."""
    table = cast("dict[str, dict[str, str]]", knowledge("signature_formats"))["formats"]
    own = cast("dict[str, str]", table.get(form, {}))
    return own.get("unread", "that format is only recognised"), own.get("remedy", "")


def key_signature(
    document: Document, at: Location, form: KeyFormat, raw: bytes, stated: Stated, number: int = 0
) -> KeySignature:
    """Return a signature by a bare key as a fact."""
    attached = stated.content is not None
    return KeySignature(
        at,
        document.id,
        form,
        raw,
        stated.key_id,
        stated.made,
        stated.digest,
        stated.comment,
        stated.named,
        attached,
        "" if attached else signed_path(document.path),
        in_test_tree(at.member),
        number,
    )


def revocation_list(
    document: Document, at: Location, carried: Carried, inside: Literal["file", "signature"]
) -> RevocationList:
    """Return a revocation list or OCSP response as a fact. Raises ``MalformedError``."""
    found = carried.load()
    until = instant(found.next_update) if found.next_update else ""
    return RevocationList(
        at,
        document.id,
        carried.form,
        found.issuer,
        instant(found.made),
        until,
        found.sha256,
        inside,
        carried.raw,
    )
