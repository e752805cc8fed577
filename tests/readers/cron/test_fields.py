"""What each cron makes of a time field: verdicts of Debian's ``crontab -n``, and other readings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.readers.cron.fields import FIELDS, Field, joined, read_field

MINUTE, HOUR, DAY, MONTH, WEEKDAY = range(5)

PLAIN = [
    (MINUTE, "*", "*"),
    (MINUTE, "*/5", "*/5"),
    (MINUTE, "0,30", "0,30"),
    (MINUTE, "00", "0"),
    (MINUTE, "1-0005", "1-5"),
    (MINUTE, "1,2-3,*/7", "1,2-3,*/7"),
    (HOUR, "8-17/2", "8-17/2"),
    (DAY, "1,15", "1,15"),
    (MONTH, "JAN", "1"),
    (MONTH, "jan-mar,dec", "1-3,12"),
    (WEEKDAY, "mon-5", "1-5"),
    (WEEKDAY, "sun-sat", "0-6"),
    (WEEKDAY, "7", "7"),
    (WEEKDAY, "1,tue", "1,2"),
]

REFUSED = [
    (MINUTE, "60"), (MINUTE, "1-70"), (MINUTE, "*/0"), (MINUTE, "1-5/0"), (MINUTE, "1,,2"),
    (MINUTE, "5,"), (MINUTE, ","), (MINUTE, ""), (MINUTE, "5x"), (MINUTE, "0x5"), (MINUTE, "+5"),
    (MINUTE, "-0"), (MINUTE, "5-+7"), (MINUTE, "5-*/2"), (MINUTE, "jan"), (MINUTE, "mon"),
    (MINUTE, "\u0663"), (MINUTE, "H"), (MINUTE, "?"), (MINUTE, "1-5/"), (MINUTE, "*/"),
    (HOUR, "24"), (DAY, "0"), (DAY, "32"), (MONTH, "0"), (MONTH, "13"), (MONTH, "janu"),
    (WEEKDAY, "8"), (WEEKDAY, "sunday"), (DAY, "45W"), (WEEKDAY, "9L"), (MINUTE, "1" * 2000),
]  # fmt: skip

# What Debian's cron makes of it, what a cron with more notation makes of it, and why they differ.
TRAPS = [
    (MINUTE, "5/15", None, "5-59/15", "step-without-range"),
    (HOUR, "22-4", "", "22,23,0,1,2,3,4", "wrapping-range"),
    (HOUR, "1,22-4", "1", "1,22,23,0,1,2,3,4", "wrapping-range"),
    (WEEKDAY, "fri-sun", "", "5,6,0", "wrapping-range"),
    (MINUTE, "0~59", "0", "0-59", "random-range"),
    (MINUTE, "~", None, "*", "random-range"),
    (WEEKDAY, "1#2", "1", "1#2", "nth-weekday"),
    (WEEKDAY, "1#9", "1", "", "nth-weekday"),
    (DAY, "L", None, "L", "last-day"),
    (WEEKDAY, "5L", None, "5L", "last-day"),
    (DAY, "15W", None, "", "nearest-weekday"),
    (DAY, "LW", None, "LW", "nearest-weekday"),
    (DAY, "?", None, "*", "question-mark"),
    (WEEKDAY, "?", None, "*", "question-mark"),
    (MINUTE, "*/90", "*/90", None, "step-beyond-range"),
    (MINUTE, "0-59/70", "0", None, "step-beyond-range"),
    (MINUTE, "1-2-3", "1-2", None, "ignored-tail"),
    (MINUTE, "*5", "*", None, "ignored-tail"),
    (MINUTE, "*-5,61", "*", None, "ignored-tail"),
    (MINUTE, "*/5/3", "*/5", None, "ignored-tail"),
]


@pytest.mark.parametrize(("position", "text", "normal"), PLAIN)
def test_plain_notation_is_read_alike_by_all(position: int, text: str, normal: str) -> None:
    assert read_field(text, position) == Field(normal)


@pytest.mark.parametrize(("position", "text"), REFUSED)
def test_no_cron_reads_it(position: int, text: str) -> None:
    assert not read_field(text, position).readable


@pytest.mark.parametrize(("position", "text", "normal", "otherwise", "trap"), TRAPS)
def test_crons_differ(
    position: int, text: str, normal: str | None, otherwise: str | None, trap: str
) -> None:
    assert read_field(text, position) == Field(normal, otherwise, (trap,))


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        (["0", "3", "*", "*", "*"], "0 3 * * *"),
        (["0", "3", "1", "*", None], None),
        (["0", "", "*", "*", "*"], ""),
        (["0", "0", "", "*", "1"], "0 0 * * 1"),  # either day field is enough
        (["0", "0", "1", "*", ""], "0 0 1 * *"),
        (["0", "0", "*", "*", ""], ""),  # a star asks for both
        (["0", "0", "*/2", "*", ""], ""),
    ],
)
def test_fields_make_an_expression(fields: list[str | None], expression: str | None) -> None:
    assert joined(fields) == expression


@given(st.text(max_size=40), st.integers(0, len(FIELDS) - 1))
def test_any_text_is_read(text: str, position: int) -> None:
    field = read_field(text, position)
    assert field.normal is None or field.normal.isascii()


@given(
    st.text(alphabet="0123456789*/-,~#LW?jansu", min_size=1, max_size=12),
    st.integers(0, len(FIELDS) - 1),
)
def test_what_is_normal_is_read_the_same_again(text: str, position: int) -> None:
    normal = read_field(text, position).normal
    if normal:
        assert read_field(normal, position).normal == normal
