"""Sigstore bundles and PEP 740 attestations: a signature, and the certificate for its key.

The signature is verified with that key. Whether sigstore issued the certificate to that identity,
and logged the signature while it was valid, is another question: ``sigstore_log`` asks it.
https://github.com/sigstore/protobuf-specs, version 0.3; https://peps.python.org/pep-0740/.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any, Final, NamedTuple

from dten_audit.readers.signing import bare, dsse
from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.pem import blocks
from dten_audit.readers.signing.proofs import Content, Proof

_ISSUER: Final = "1.3.6.1.4.1.57264.1.8"
_ISSUER_OLD: Final = "1.3.6.1.4.1.57264.1.1"
"""Who told Fulcio who the signer is: a UTF8String in DER; the old extension holds mere bytes."""
_STATEMENT: Final = "application/vnd.in-toto+json"
_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
_FIRST_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle+json;version=0.1"
_LONG: Final = 0x81


class Bundle(NamedTuple):
    """A signature by the key of a certificate, over a file or over an envelope's payload.

    ``names`` are whose the certificate says it is, ``issuer`` who told that; both unproven.
    ``spki`` is its key, ``certificate`` its DER. ``logged`` and ``stamped``: it carries entries
    of a transparency log, stamped times. ``stated`` is the same as a bundle in parsed JSON.
    """

    names: tuple[str, ...]
    issuer: str
    spki: bytes
    certificate: bytes
    signature: bytes
    stated: dict[str, object]
    logged: bool
    stamped: bool
    envelope: dsse.Envelope | None = None

    @property
    def identity(self) -> str:
        """Whose the certificate says it is, in words."""
        named = ", ".join(self.names)
        return f"{named} (says {self.issuer})" if self.issuer else named


def load(raw: bytes) -> Bundle:
    """Return the bundle or attestation that a JSON text is. Raises ``MalformedError``."""
    return guarded(lambda: _loaded(json.loads(raw)))


def parse(root: object) -> Bundle:
    """Return the bundle that parsed JSON is. Raises ``MalformedError``."""
    return guarded(lambda: _loaded(root))


def _loaded(root: object) -> Bundle:
    assert isinstance(root, dict)
    stated = root
    if "verification_material" in root:
        stated = _as_bundle(root)
    elif "base64Signature" in root:
        stated = _of_cosign(root)
    material = stated["verificationMaterial"]
    chain = material.get("x509CertificateChain")
    first = chain["certificates"][0] if chain else material["certificate"]
    der = b64decode(first["rawBytes"])
    names, issuer, spki = _certificate(der)
    envelope, signature = None, b""
    if "dsseEnvelope" in stated:
        envelope = dsse.parse(stated["dsseEnvelope"])
    else:
        signature = b64decode(stated["messageSignature"]["signature"])
    times = material.get("timestampVerificationData") or {}
    return Bundle(
        names,
        issuer,
        spki,
        der,
        signature,
        stated,
        bool(material.get("tlogEntries")),
        bool(times.get("rfc3161Timestamps")),
        envelope,
    )


def _as_bundle(root: dict[str, Any]) -> dict[str, Any]:
    """Return a PEP 740 attestation in the form of a bundle."""
    material, inner = root["verification_material"], root["envelope"]
    return {
        "mediaType": _MEDIA_TYPE,
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material.get("transparency_entries") or [],
        },
        "dsseEnvelope": {
            "payloadType": _STATEMENT,
            "payload": inner["statement"],
            "signatures": [{"sig": inner["signature"]}],
        },
    }


def _of_cosign(root: dict[str, Any]) -> dict[str, Any]:
    """Return what ``cosign sign-blob --bundle`` wrote before there were bundles, as a bundle."""
    log = root["rekorBundle"]
    own = log["Payload"]
    entry = {
        "logIndex": str(own["logIndex"]),
        "logId": {"keyId": b64encode(bytes.fromhex(own["logID"])).decode()},
        "integratedTime": str(own["integratedTime"]),
        "inclusionPromise": {"signedEntryTimestamp": log["SignedEntryTimestamp"]},
        "canonicalizedBody": own["body"],
    }
    chain = [{"rawBytes": b64encode(der).decode()} for der in certificates_of(root)]
    return {
        "mediaType": _FIRST_MEDIA_TYPE,
        "verificationMaterial": {
            "x509CertificateChain": {"certificates": chain},
            "tlogEntries": [entry],
        },
        "messageSignature": {"signature": root["base64Signature"]},
    }


def certificates_of(root: dict[str, Any]) -> list[bytes]:
    """Return the certificates of cosign's older bundle: PEM, mostly in base64 once more."""
    text = str(root.get("cert") or "")
    if "-----BEGIN" not in text:
        text = b64decode(text).decode("ascii")
    return [own.data for own in blocks(text) if own.label == "CERTIFICATE" and own.data]


def _certificate(der: bytes) -> tuple[tuple[str, ...], str, bytes]:
    """Return whose certificate it is, who says so (Fulcio's extensions), and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    own = x509.load_der_x509_certificate(der)
    spki = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = [*names.get_values_for_type(x509.UniformResourceIdentifier)]
    found += names.get_values_for_type(x509.RFC822Name)
    stated = {
        one.oid.dotted_string: one.value.value
        for one in own.extensions
        if isinstance(one.value, x509.UnrecognizedExtension)
    }
    text = stated.get(_ISSUER, b"")
    text = text[3 if text[1:2] == bytes([_LONG]) else 2 :] or stated.get(_ISSUER_OLD, b"")
    return tuple(found), text.decode("utf-8", "replace"), spki


def verify(raw: bytes, content: Content) -> Proof:
    """Check a bundle's signature over ``content``, or over its payload, with its own key."""
    own = load(raw)
    if own.envelope is None:
        return bare.verify(own.signature, own.spki, content)
    if not own.envelope.signatures:
        raise MalformedError("an envelope without a signature")
    return dsse.verify(own.envelope, 0, own.spki)
