"""Whether a log of certificates took one in, as the timestamps in it say (RFC 6962, section 3)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC

from dten_audit.readers.signing.certificates import X509, MalformedError, guarded
from dten_audit.readers.signing.verifying_keys import load_pem


def logged(own: X509, issuer_key: bytes, logs: Mapping[str, bytes]) -> bool:
    """Say whether one of these logs signed that it took a certificate in.

    ``issuer_key`` is the SHA-256 of the issuer's key, ``logs`` are keys by the logs' ids.
    """
    try:
        return guarded(lambda: _logged(own, issuer_key, logs))
    except MalformedError:
        return False


def _logged(own: X509, issuer_key: bytes, logs: Mapping[str, bytes]) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    kind = x509.PrecertificateSignedCertificateTimestamps
    body = own.certificate.tbs_precertificate_bytes
    for stated in own.certificate.extensions.get_extension_for_class(kind).value:
        spki = logs.get(stated.log_id.hex())
        if spki is None:
            continue
        at = stated.timestamp.replace(tzinfo=UTC)
        millis = int(at.timestamp()) * 1000 + at.microsecond // 1000
        message = struct.pack(">BBQH", 0, 0, millis, 1) + issuer_key
        message += len(body).to_bytes(3) + body
        message += struct.pack(">H", len(stated.extension_bytes)) + stated.extension_bytes
        key = load_pem(spki)
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(stated.signature, message, ec.ECDSA(hashes.SHA256()))
            elif isinstance(key, rsa.RSAPublicKey):
                key.verify(stated.signature, message, padding.PKCS1v15(), hashes.SHA256())
            else:
                continue
        except InvalidSignature:
            continue
        return True
    return False
