"""minisign and OpenBSD signify: Ed25519 over a file, or over its BLAKE2b digest.

Formats: minisign(1) and https://jedisct1.github.io/minisign/, signify(1) and its source.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Final, NamedTuple

from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.instants import instant
from dten_audit.readers.signing.proofs import Content, Proof, Stated
from dten_audit.readers.signing.verifying_keys import minisign_id

_UNTRUSTED: Final = "untrusted comment:"
_TRUSTED: Final = "trusted comment:"
_SIGNATURE: Final = 74
_GLOBAL: Final = 64
_LONGEST: Final = 1024
_PUBLIC: Final = 42
_SECRET: Final = frozenset({104, 158})
"""Bytes of a secret key: of signify, of minisign."""


class Signature(NamedTuple):
    """A signature file. ``trusted`` is None in signify's, which have no trusted comment.

    ``prehashed``: over the digest. ``message`` is what follows the signature in a signed message.
    """

    prehashed: bool
    key_id: str
    value: bytes
    untrusted: str
    trusted: str | None
    over_both: bytes
    message: bytes | None

    @property
    def form(self) -> str:
        """Which of the two programs writes such a file."""
        return "signify" if self.trusted is None and not self.prehashed else "minisign"


def what(text: str) -> str:
    """Say what a file of this family is: signature, public, secret; empty for none."""
    data = _value(text.split("\n", 2)[1:2])
    if data[:2] not in (b"Ed", b"ED"):
        return ""
    if len(data) in _SECRET:
        return "secret"
    return {_PUBLIC: "public", _SIGNATURE: "signature"}.get(len(data), "")


def _value(lines: list[str]) -> bytes:
    try:
        return base64.b64decode(lines[0].strip() if lines else "", validate=True)
    except (binascii.Error, ValueError):
        return b""


def parse(raw: bytes) -> Signature:
    """Parse a signature file. Raises ``MalformedError``."""
    head, _, rest = raw.partition(b"\n")
    line, _, rest = rest.partition(b"\n")
    untrusted = _text(head)
    data = _value([_text(line)])
    if not untrusted.startswith(_UNTRUSTED) or len(data) != _SIGNATURE:
        raise MalformedError("not a minisign or signify signature")
    trusted, over_both, message = None, b"", None
    if rest.startswith(_TRUSTED.encode()):
        comment, _, rest = rest.partition(b"\n")
        trusted = _text(comment)[len(_TRUSTED) :].removeprefix(" ")
        over_both = _value([_text(rest.partition(b"\n")[0])])
        if len(over_both) != _GLOBAL:
            raise MalformedError("a trusted comment without the signature over it")
    elif rest:
        message = rest
    return Signature(
        data[:2] == b"ED",
        minisign_id(data[2:10]),
        data[10:],
        untrusted[len(_UNTRUSTED) :].strip(),
        trusted,
        over_both,
        message,
    )


def _text(line: bytes) -> str:
    if len(line) > _LONGEST:
        raise MalformedError("a comment longer than the format allows")
    return line.decode("utf-8", "surrogateescape").removesuffix("\r")


def stated(raw: bytes) -> Stated:
    """Return what a signature file says of itself. Raises ``MalformedError``."""
    own = parse(raw)
    comment = own.untrusted if own.trusted is None else own.trusted
    said: dict[str, str] = {}
    if own.trusted is not None:
        # Tabs stand between the parts that minisign writes; a file's name may hold blanks.
        for part in comment.split("\t" if "\t" in comment else None):
            name, _, value = part.partition(":")
            said.setdefault(name, value)
    digest = "blake2b" if own.prehashed else ""
    named = said.get("file", "").strip()
    return Stated(
        own.key_id, _instant(said.get("timestamp", "")), digest, comment, named, own.message
    )


def _instant(seconds: str) -> str:
    seconds = seconds.strip()
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > 11:  # noqa: PLR2004
        return ""
    return instant(datetime.fromtimestamp(int(seconds), UTC))


def verify(raw: bytes, key: bytes, content: Content) -> Proof:
    """Check a signature file over ``content`` with the 32 bytes of an Ed25519 key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    own = parse(raw)
    try:
        public = Ed25519PublicKey.from_public_bytes(key)
        public.verify(own.value, content.digest("blake2b") if own.prehashed else content.data)
    except (InvalidSignature, ValueError):
        return Proof("forged")
    if own.trusted is None:
        return Proof("genuine")
    try:
        comment = own.trusted.encode("utf-8", "surrogateescape")
        public.verify(own.over_both, own.value + comment)
    except InvalidSignature:
        return Proof("genuine", comment_sound=False)
    return Proof("genuine")
