"""No damage to an archive hides anything, raises anything but ``PackageError``, or takes long."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .hostile_tars import BROKEN
from .hostile_zips import HOSTILE
from .kept_mutants import KEPT
from .mutation import Damage, damaged, look, verdict
from .mutation_seeds import MARK, Seed, seed, seeds

HONEST = seeds()
WRONG = [Seed(case.name, case.data(), honest=False) for case in (*HOSTILE, *BROKEN)]
PLACES = st.integers(0, 1 << 14)
NEEDLES = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.text("abcdefghijklmnop ;=/_\n", min_size=32, max_size=32).map(str.encode),
    st.text("01234567", min_size=32, max_size=32).map(str.encode),
)
BITS = st.integers(0, 7).map(lambda bit: bytes([1 << bit]))
DAMAGES = st.one_of(
    st.builds(Damage, st.just("insert"), PLACES, NEEDLES),
    st.builds(Damage, st.just("cut"), PLACES),
    st.builds(Damage, st.just("flip"), PLACES, BITS),
    st.builds(Damage, st.just("write"), PLACES, st.binary(min_size=1, max_size=60)),
    st.builds(
        Damage, st.sampled_from(["remove", "repeat"]), PLACES, st.binary(min_size=1, max_size=60)
    ),
)
quick = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300
)


@pytest.mark.parametrize("honest", HONEST, ids=[item.name for item in HONEST])
def test_of_an_honest_archive_nothing_is_told(honest: Seed, tmp_path: Path) -> None:
    seen = look(honest.data, tmp_path)
    assert not seen.told
    assert MARK in seen.shown or MARK not in honest.data


@quick
@given(st.sampled_from(HONEST), st.lists(DAMAGES, min_size=1, max_size=3))
def test_no_damage_hides_anything(tmp_path: Path, honest: Seed, damages: list[Damage]) -> None:
    assert verdict(honest, damages, tmp_path) == ""


@quick
@given(st.sampled_from(WRONG), st.lists(DAMAGES, min_size=1, max_size=3))
def test_no_damage_to_a_hostile_archive_is_raised(
    tmp_path: Path, wrong: Seed, damages: list[Damage]
) -> None:
    assert verdict(wrong, damages, tmp_path) == ""


@quick
@given(st.sampled_from(HONEST), st.sampled_from(HONEST), PLACES, PLACES)
def test_no_splice_hides_anything(
    tmp_path: Path, first: Seed, second: Seed, end: int, start: int
) -> None:
    tail = second.data[start % (len(second.data) + 1) :]
    assert verdict(first, [Damage("splice", end, tail)], tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "damages"), KEPT, ids=[f"{n} {kept[0]}" for n, kept in enumerate(KEPT)]
)
def test_what_was_once_taken_wrongly(name: str, damages: Sequence[Damage], tmp_path: Path) -> None:
    assert verdict(seed(name), damages, tmp_path) == ""


def test_damage_is_done_as_named() -> None:
    data = b"0123456789"
    assert damaged(data, [Damage("cut", 4)]) == b"0123"
    assert damaged(data, [Damage("flip", 1, b"\1")]) == b"0023456789"
    assert damaged(data, [Damage("insert", 1, b"--")]) == b"0--123456789"
    assert damaged(data, [Damage("write", 9, b"--")]) == b"012345678--"
    assert damaged(data, [Damage("remove", 1, b"--")]) == b"03456789"
    assert damaged(data, [Damage("splice", 2, b"--")]) == b"01--"
    assert damaged(data, [Damage("repeat", 2, b"--")]) == b"010123456789"
