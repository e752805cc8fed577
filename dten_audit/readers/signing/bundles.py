"""Sigstore bundles and PEP 740 attestations: a signature, and the certificate for its key.

The signature is verified with that key. Whether sigstore issued the certificate to that identity,
and logged the signature while it was valid, is another question, which is not answered here.
https://github.com/sigstore/protobuf-specs, version 0.3; https://peps.python.org/pep-0740/.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Final, NamedTuple

from dten_audit.readers.signing import bare, dsse
from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.proofs import Content, Proof

_OIDC_ISSUERS: Final = ("1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.57264.1.1")
_STATEMENT: Final = "application/vnd.in-toto+json"


class Bundle(NamedTuple):
    """A signature by the key of a certificate, over a file or over an envelope's payload.

    ``identity`` is what the certificate says, unproven. ``spki`` is its key.
    """

    identity: str
    spki: bytes
    signature: bytes
    envelope: dsse.Envelope | None = None


def load(raw: bytes) -> Bundle:
    """Return the bundle or attestation that a JSON text is. Raises ``MalformedError``."""
    return guarded(lambda: _loaded(json.loads(raw)))


def parse(root: object) -> Bundle:
    """Return the bundle that parsed JSON is. Raises ``MalformedError``."""
    return guarded(lambda: _loaded(root))


def _loaded(root: object) -> Bundle:
    assert isinstance(root, dict)
    if "verification_material" in root:
        identity, spki = _certificate(root["verification_material"]["certificate"])
        inner = root["envelope"]
        signed = dsse.Envelope(
            _STATEMENT, b64decode(inner["statement"]), (("", b64decode(inner["signature"])),)
        )
        return Bundle(identity, spki, b"", signed)
    material = root["verificationMaterial"]
    chain = material.get("x509CertificateChain")
    first = chain["certificates"][0] if chain else material["certificate"]
    identity, spki = _certificate(first["rawBytes"])
    if "dsseEnvelope" in root:
        return Bundle(identity, spki, b"", dsse.parse(root["dsseEnvelope"]))
    return Bundle(identity, spki, b64decode(root["messageSignature"]["signature"]))


def _certificate(encoded: str) -> tuple[str, bytes]:
    """Return whose certificate it is and who says so (Fulcio's extensions), and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    own = x509.load_der_x509_certificate(b64decode(encoded))
    spki = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = [*names.get_values_for_type(x509.UniformResourceIdentifier)]
    found += names.get_values_for_type(x509.RFC822Name)
    identity = ", ".join(found)
    stated = {one.oid.dotted_string: one.value for one in own.extensions}
    for oid in _OIDC_ISSUERS:
        value = stated.get(oid)
        if isinstance(value, x509.UnrecognizedExtension):
            issuer = value.value.decode("utf-8", "replace")
            return f"{identity} (says {issuer[issuer.find('http') :]})", spki
    return identity, spki


def verify(raw: bytes, content: Content) -> Proof:
    """Check a bundle's signature over ``content``, or over its payload, with its own key."""
    own = load(raw)
    if own.envelope is None:
        return bare.verify(own.signature, own.spki, content)
    if not own.envelope.signatures:
        raise MalformedError("an envelope without a signature")
    return dsse.verify(own.envelope, 0, own.spki)
