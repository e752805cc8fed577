"""PEM blocks: where they begin and end, headers, escapes, floods."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.readers.signing.pem import blocks

BODY = base64.b64encode(b"certificate").decode()


def block(label: str, body: str = BODY) -> str:
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no block", []),
        (block("CERTIFICATE"), [("CERTIFICATE", b"certificate")]),
        ("text before\n" + block("A") + "between\n" + block("B"),
         [("A", b"certificate"), ("B", b"certificate")]),
        ("    " + block("A").replace("\n", "\n    "), [("A", b"certificate")]),
        (block("A").replace("\n", "\\n"), [("A", b"certificate")]),
        (f'"{block("A")}"'.replace("\n", '",\n"'), [("A", b"certificate")]),
        (block("A", "!!"), [("A", None)]),
        ("-----BEGIN A-----\n" + BODY, [("A", None)]),
        ("-----BEGIN A-----\n" + block("B"), [("A", None), ("B", b"certificate")]),
        ("-----BEGIN A-----\n" + BODY + "\n-----END B-----\n", [("A", None)]),
        ("-----BEGIN A\nB-----\n", []),
        ("-----END A-----\n" + block("B"), [("B", b"certificate")]),
    ],
)  # fmt: skip
def test_blocks(text: str, found: list[tuple[str, bytes | None]]) -> None:
    assert [(one.label, one.data) for one in blocks(text)] == found


def test_headers() -> None:
    head = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
    (one,) = blocks(block("RSA PRIVATE KEY", head + BODY))
    assert one.headers == ("Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00")
    assert one.data == b"certificate"


@pytest.mark.parametrize("flood", ["-----BEGIN A-----\n", "-----BEGIN ", "-----END A-----\n", "-"])
def test_floods_cost_no_time(flood: str) -> None:
    list(blocks(flood * (400_000 // len(flood))))


@given(st.text(st.sampled_from("-BEGINDA \nM=+/:"), max_size=300))
def test_any_text(text: str) -> None:
    for one in blocks(text):
        assert text.startswith("-----BEGIN ", one.offset)
        assert one.offset < one.end <= len(text)
