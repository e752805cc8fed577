"""What a bare key proves of a signature, in the same words for every format."""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

Verdict = Literal["genuine", "forged", "refused", "unchecked"]


class Proof(NamedTuple):
    """What came out when a signature was checked with one key.

    ``genuine``: the key made this signature over this content; ``forged``: it did not;
    ``refused``: it may have, in a way that proves nothing (``problem`` says why: SHA-1);
    ``unchecked``: nobody could look, ``problem`` says why. ``comment_sound`` is False where a part
    that the format signs as well, minisign's trusted comment, was changed.
    """

    verdict: Verdict
    problem: str = ""
    comment_sound: bool = True


class Content:
    """What signatures may be over; each digest of it is computed once, whatever is tried."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._digests: dict[str, bytes] = {}

    def digest(self, name: str) -> bytes:
        """Return a digest, by the name that hashlib uses."""
        if name not in self._digests:
            found = hashlib.new(name, self.data, usedforsecurity=False)
            self._digests[name] = found.digest()
        return self._digests[name]


class Stated(NamedTuple):
    """What a signature says of itself, unproven until it is verified.

    ``key_id`` is the key that it names, empty where the format names none. ``made`` is RFC 3339.
    ``comment`` is the part of it that is for people, and ``named`` the file it is said there to be
    for. ``content`` is the signed content where the signature carries it, else None.
    """

    key_id: str = ""
    made: str = ""
    digest: str = ""
    comment: str = ""
    named: str = ""
    content: bytes | None = None
