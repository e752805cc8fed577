"""BCJ2, by its rules: a range coder fed with zeros says no to every branch, with ones yes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.sevenzip.bcj2 import unfiltered


def unfilter(pieces: list[bytes], calls: bytes, jumps: bytes, bits: bytes, size: int) -> bytes:
    streams = [iter(pieces), iter([calls]), iter([jumps]), iter([bits])]
    return b"".join(unfiltered(streams, size, 1 << 20))


BRANCHES = b"\x55\xe8\x90\x0f\x85\x41\xe9\x0f\x0f\x8f\xe8\xe8\x80"


@given(st.integers(0, 13), st.integers(0, 13))
def test_branches_whose_targets_stay_are_left_alone(first: int, second: int) -> None:
    one, two = sorted((first, second))
    pieces = [piece for piece in (BRANCHES[:one], BRANCHES[one:two], BRANCHES[two:]) if piece]
    assert unfilter(pieces, b"", b"", bytes(40), len(BRANCHES)) == BRANCHES


@given(st.integers(1, 7))
def test_targets_are_put_back_behind_their_branches(cut: int) -> None:
    main = b"\x55\xe8\x90\x0f\x85\x41\xe9\x42"
    calls, jumps = (0x1000).to_bytes(4, "big"), (0x2000).to_bytes(4, "big") + b"\0\0\x30\0"
    found = unfilter([main[:cut], main[cut:]], calls, jumps, b"\xff" * 40, 20)
    assert found == (
        b"\x55\xe8" + (0x1000 - 6).to_bytes(4, "little")
        + b"\x90\x0f\x85" + (0x2000 - 13).to_bytes(4, "little")
        + b"\x41\xe9" + (0x3000 - 19).to_bytes(4, "little") + b"\x42"
    )  # fmt: skip


def test_streams_of_bcj2_that_end_too_soon() -> None:
    for calls, bits in ((b"", b"\xff" * 40), (b"\0" * 99, b"\xff" * 5)):
        with pytest.raises(BrokenError, match="BCJ2"):
            unfilter([b"\xe8" * 20], calls, b"", bits, 100)
    with pytest.raises(OverLimitError):
        list(unfiltered([iter([b"\xe8"]), iter([b"a" * 9]), iter([b""]), iter([b""])], 9, 8))
