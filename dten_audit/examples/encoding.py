"""Writes DER (ITU-T X.690), for examples that no library would make."""

from __future__ import annotations

_SHORT = 0x80


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return a DER element of ``parts``."""
    body = b"".join(parts)
    if len(body) < _SHORT:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT | len(length))) + length + body


def oid(dotted: str) -> bytes:
    """Return a DER object identifier."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray()
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return tlv(0x06, bytes(out))


def integer(number: int) -> bytes:
    """Return a DER integer that is not negative."""
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def attribute(kind: str, value: bytes) -> bytes:
    """Return a CMS attribute of one value."""
    return tlv(0x30, oid(kind), tlv(0x31, value))
