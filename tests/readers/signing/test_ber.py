"""BER: definite and indefinite lengths, bounded depth and number, nothing past the end."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.examples.encoding import oid, tlv
from dten_audit.readers.signing.ber import MAX_ELEMENTS, BerError, Element, der, parse


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("0403616263", b"abc"),
        ("048103616263", b"abc"),
        ("048400000003" + "616263", b"abc"),
        ("2480" + "0401" + "61" + "0402" + "6263" + "0000", b"abc"),
        ("2407" + "0401" + "61" + "0402" + "6263", b"abc"),
        ("2480" + "2480" + "0403616263" + "0000" + "0000", b"abc"),
    ],
)
def test_octets(data: str, value: bytes) -> None:
    assert parse(bytes.fromhex(data)).octets() == value


@pytest.mark.parametrize(
    "data",
    [
        "",
        "30",
        "3005",
        "048500000000",
        "0480",
        "3080",
        "30800400",
        "1f8101",
        "30860000",
        "0603",
        "2480",
    ],
)
def test_refused(data: str) -> None:
    with pytest.raises(BerError):
        walk(parse(bytes.fromhex(data)))


@pytest.mark.parametrize(
    "name", ["1.2.840.113549.1.7.2", "2.5.29.37.0", "0.9.2342", "2.999.1", "1.3.6.1.4.1.311.2.1.4"]
)
def test_object_identifiers(name: str) -> None:
    assert parse(oid(name)).oid() == name


@pytest.mark.parametrize("data", ["0600", "0602ffff", "0614" + "ff" * 20])
def test_object_identifiers_that_are_none(data: str) -> None:
    with pytest.raises(BerError):
        parse(bytes.fromhex(data)).oid()


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80" * 100_000,
        b"\x30\x80" * 60 + b"\x05\x00" * 300_000,
        tlv(0x30, b"\x05\x00" * (MAX_ELEMENTS + 1)),
        b"\x30\x84\x00\x0f\xff\xff" * 50_000,
    ],
)
def test_hostile_nests_cost_no_time(data: bytes) -> None:
    with pytest.raises(BerError):
        walk(parse(data))


def test_indefinite_lengths_are_found_once() -> None:
    depth, width = 50, 2000
    data = b"\x30\x80" * depth + b"\x05\x00" * width + b"\0\0" * depth
    assert walk(parse(data)) == depth + width


def walk(element: Element) -> int:
    """Visit every element, return how many there are."""
    if not element.constructed:
        return 1
    return 1 + sum(walk(child) for child in element)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with suppress(BerError):
        element = parse(data)
        walk(element)
        element.octets()
        element.children(1)[0].oid()


@given(st.integers(0, 0x1E), st.binary(max_size=70_000 // 100))
def test_der_comes_back(tag: int, contents: bytes) -> None:
    element = parse(der(tag, contents) + b"more")
    assert (element.tag, element.value, element.raw) == (tag, contents, der(tag, contents))
