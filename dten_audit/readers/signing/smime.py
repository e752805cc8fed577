"""S/MIME messages of type multipart/signed (RFC 8551, section 3.5.3): a text and its signature."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.pem import decode

_BOUNDARY: Final = re.compile(rb'(?i)\bboundary=(?:"([^"\n]{1,70})"|([^\s;"]{1,70}))')
_HEADERS: Final = 16 << 10
_PARTS: Final = 2


class Message(NamedTuple):
    """The signed part in its canonical form, with CRLF line ends, and the signature in DER."""

    content: bytes
    signature: bytes


def split(data: bytes) -> Message:
    """Take a message apart. Raises ``MalformedError``."""
    plain = data.replace(b"\r\n", b"\n")
    head = plain[:_HEADERS].partition(b"\n\n")[0]
    found = _BOUNDARY.search(head.replace(b"\n\t", b" ").replace(b"\n ", b" "))
    if found is None:
        raise MalformedError("a signed message that names no boundary")
    mark = b"\n--" + (found[1] or found[2])
    parts = plain.split(mark)
    inner = [part for part in parts[1:] if not part.startswith(b"--")]
    if len(inner) != _PARTS or not all(part.startswith(b"\n") for part in inner):
        raise MalformedError("a signed message has a text and a signature, and nothing else")
    text, signature = (part[1:] for part in inner)
    body = signature.partition(b"\n\n")[2]
    raw = decode(body.decode("ascii", "replace"))
    if raw is None:
        raise MalformedError("the signature is no base64")
    return Message(text.replace(b"\n", b"\r\n"), raw)
