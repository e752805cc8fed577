"""Object identifiers of digests, signatures and attributes (RFC 5652, 5754, 5912, 8017, 8419)."""

from __future__ import annotations

from typing import Final

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
TIMESTAMP_INFO: Final = "1.2.840.113549.1.9.16.1.4"
TIMESTAMP_TOKENS: Final = ("1.2.840.113549.1.9.16.2.14", "1.3.6.1.4.1.311.3.3.1")
COUNTERSIGNATURE: Final = "1.2.840.113549.1.9.6"
"""PKCS #9: a time stamped on a signature before RFC 3161."""
SPC_INDIRECT_DATA: Final = "1.3.6.1.4.1.311.2.1.4"
"""What Authenticode signs: a digest of a file."""
NESTED_SIGNATURE: Final = "1.3.6.1.4.1.311.2.4.1"
"""Authenticode: a further signature of the same file, mostly with another digest."""
RSA_PSS: Final = "1.2.840.113549.1.1.10"

CODE_SIGNING: Final = "1.3.6.1.5.5.7.3.3"
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
ANY_PURPOSE: Final = "2.5.29.37.0"

OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
OCSP_IN_CMS: Final = "1.3.6.1.5.5.7.16.2"
"""An OCSP response where CMS has its revocation lists (RFC 5940)."""
REVOCATION_ARCHIVAL: Final = "1.2.840.113583.1.1.8"
"""Signed attribute of PDF signatures (ISO 32000-2, 12.8.3.3.2)."""
REVOCATION_VALUES: Final = "1.2.840.113549.1.9.16.2.24"
"""Unsigned attribute of long-term signatures (RFC 5126, section 6.3.4)."""

EDDSA: Final = frozenset({"1.3.101.112", "1.3.101.113"})
PLAIN_SIGNATURES: Final = frozenset(
    {"1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.2.840.10040.4.1"}
)
"""RSA, EC and DSA by the names of their keys: old signers write these, the digest stands apart."""

_SHA2: Final = "2.16.840.1.101.3.4.2."
DIGESTS: Final[dict[str, str]] = {
    "1.2.840.113549.2.2": "md2",
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    f"{_SHA2}1": "sha256",
    f"{_SHA2}2": "sha384",
    f"{_SHA2}3": "sha512",
    f"{_SHA2}4": "sha224",
    f"{_SHA2}7": "sha3_224",
    f"{_SHA2}8": "sha3_256",
    f"{_SHA2}9": "sha3_384",
    f"{_SHA2}10": "sha3_512",
    f"{_SHA2}12": "shake256",
}
"""Digest algorithms by the names that hashlib uses."""

DIGEST_OF_SIGNATURE: Final[dict[str, str]] = {
    "1.2.840.113549.1.1.2": "md2",
    "1.2.840.113549.1.1.3": "md4",
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.3.14.3.2.29": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "1.2.840.10040.4.3": "sha1",
    "2.16.840.1.101.3.4.3.1": "sha224",
    "2.16.840.1.101.3.4.3.2": "sha256",
    "2.16.840.1.101.3.4.3.9": "sha3_224",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
    "2.16.840.1.101.3.4.3.13": "sha3_224",
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
}
"""Signature algorithms that name their digest."""
