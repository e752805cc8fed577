"""Writes what a sigstore instance of its own makes: bundles with log entries, and its trusted root.

As Fulcio, Rekor and cosign write them. The bytes are the same every time.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from cryptography import x509

from dten_audit.examples.key_signing import bare_value
from dten_audit.examples.pki import LEAF, ROOT, Extra, Identity, der, issue, key, moment, pem, spki
from dten_audit.examples.signing import sign

WORKFLOW: Final = "https://ci.acme.example/acme/dten/release.yaml@refs/tags/v9.4"
ISSUER: Final = "https://ci.acme.example"
SIGNED: Final = "2026-10-01T12:00:00Z"
_ISSUER_OID: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_ORIGIN: Final = "rekor.acme.example - 4711"
_MEDIA: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
_TRUSTED: Final = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _plain(stated: object) -> bytes:
    return json.dumps(stated, sort_keys=True, separators=(",", ":")).encode()


class Instance:
    """An instance: an authority for certificates, and a log."""

    def __init__(self, name: str = "Acme Sigstore") -> None:
        self.authority = issue(f"{name} CA", None, ROOT)
        self.log = key(f"{name} log")

    @property
    def log_id(self) -> bytes:
        """The id of the log: the digest of its key."""
        return sha256(spki(self.log)).digest()

    def trusted_root(self) -> bytes:
        """Return what its administrators hand out."""
        stated = {
            "mediaType": _TRUSTED,
            "tlogs": [
                {
                    "baseUrl": "https://rekor.acme.example",
                    "hashAlgorithm": "SHA2_256",
                    "publicKey": {
                        "rawBytes": _text(spki(self.log)),
                        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                        "validFor": {"start": "2024-01-01T00:00:00Z"},
                    },
                    "logId": {"keyId": _text(self.log_id)},
                }
            ],
            "certificateAuthorities": [
                {
                    "uri": "https://fulcio.acme.example",
                    "certChain": {
                        "certificates": [{"rawBytes": _text(der(self.authority.certificate))}]
                    },
                    "validFor": {"start": "2024-01-01T00:00:00Z"},
                }
            ],
        }
        return json.dumps(stated, indent=1).encode()

    def leaf(self, name: str, at: str = SIGNED) -> Identity:
        """Return a certificate for ten minutes from ``at`` on, for the workflow."""
        last = moment(at) + timedelta(minutes=10)
        profile = LEAF._replace(valid=(at, last.isoformat()))
        stated_by = x509.UnrecognizedExtension(
            _ISSUER_OID, bytes((12, len(ISSUER))) + ISSUER.encode()
        )
        named = x509.UniformResourceIdentifier(WORKFLOW)
        extra = Extra(names=(named,), others=(stated_by,))
        return issue("sigstore", self.authority, profile, key(name), extra)

    def entry(self, body: bytes, at: str = SIGNED) -> dict[str, Any]:
        """Return the log's entry of a body, with promise and proof; it is the second of two."""
        time, number = int(moment(at).timestamp()), 1
        promise = _plain(
            {"body": _text(body), "integratedTime": time, "logID": self.log_id.hex(),
             "logIndex": number}
        )  # fmt: skip
        before = sha256(b"\0first").digest()
        head = sha256(b"\1" + before + sha256(b"\0" + body).digest()).digest()
        text = f"{_ORIGIN}\n2\n{_text(head)}\n"
        signed = _text(self.log_id[:4] + sign(self.log, text.encode()))
        return {
            "logIndex": str(number),
            "logId": {"keyId": _text(self.log_id)},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": _text(sign(self.log, promise))},
            "inclusionProof": {
                "logIndex": str(number),
                "rootHash": _text(head),
                "treeSize": "2",
                "hashes": [_text(before)],
                "checkpoint": {"envelope": f"{text}\n\u2014 rekor.acme.example {signed}\n"},
            },
            "canonicalizedBody": _text(body),
        }

    def bundle(self, content: bytes, name: str, at: str = SIGNED) -> dict[str, Any]:
        """Return a bundle over ``content`` by the key of that name."""
        own, value = self.leaf(name), bare_value(content, name)
        digest = sha256(content)
        body = _plain({
            "apiVersion": "0.0.1", "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": digest.hexdigest()}},
                "signature": {
                    "content": _text(value),
                    "publicKey": {"content": _text(pem(own.certificate))},
                },
            },
        })  # fmt: skip
        return {
            "mediaType": _MEDIA,
            "verificationMaterial": {
                "certificate": {"rawBytes": _text(der(own.certificate))},
                "tlogEntries": [self.entry(body, at)],
                "timestampVerificationData": {"rfc3161Timestamps": []},
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _text(digest.digest())},
                "signature": _text(value),
            },
        }


def of_cosign(made: dict[str, Any]) -> dict[str, Any]:
    """Return a bundle in the form that cosign had before."""
    material = made["verificationMaterial"]
    (own,) = material["tlogEntries"]
    return {
        "base64Signature": made["messageSignature"]["signature"],
        "cert": _text(_armoured(material["certificate"]["rawBytes"])),
        "rekorBundle": {
            "SignedEntryTimestamp": own["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": own["canonicalizedBody"],
                "integratedTime": int(own["integratedTime"]),
                "logIndex": int(own["logIndex"]),
                "logID": _log_id(own),
            },
        },
    }


def _armoured(text: str) -> bytes:
    return pem(x509.load_der_x509_certificate(b64decode(text)))


def _log_id(own: dict[str, Any]) -> str:
    return b64decode(own["logId"]["keyId"]).hex()
