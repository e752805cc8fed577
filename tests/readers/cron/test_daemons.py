"""How cronie and busybox read fields; their own verdicts are asked in tests/oracles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.readers.cron.daemons import readings
from dten_audit.readers.cron.lines import Job, read_line


@pytest.mark.parametrize(
    ("expression", "cronie", "busybox"),
    [
        ("0 3 * * *", "0 3 * * *", "0 3 * * *"),
        ("5/15 * * * *", None, "5 * * * *"),
        ("0 22-4 * * *", "", "0 0,1,2,3,4,22,23 * * *"),
        ("0 3 * * 7", "0 3 * * 7", None),
        ("0 3 * * 0", "0 3 * * 0", "0 3 * * 0"),
        ("*/0 * * * *", None, "0 * * * *"),
        ("*/90 * * * *", "0 * * * *", "0 * * * *"),
        ("~ * * * *", "0-59 * * * *", None),
        ("10~20 3 * * *", "10-20 3 * * *", None),
        ("0 0 L * *", None, None),
        ("0 0 * * 1#2", None, None),
        ("0 0 * jan-mar mon", "0 0 * 1-3 1", "0 0 * 1,2,3 1"),
        ("0 0 0 * *", None, ""),
        ("1-5/10 * * * *", "1 * * * *", "1 * * * *"),
        ("007 3 * * *", "7 3 * * *", "7 3 * * *"),
        ("1,,2 * * * *", None, None),
        ("60 * * * *", None, None),
        ("60-5 * * * *", None, "0,1,2,3,4,5 * * * *"),
        ("? * * * *", None, None),
    ],
)
def test_readings(expression: str, cronie: str | None, busybox: str | None) -> None:
    assert readings(expression) == (cronie, busybox)


@pytest.mark.parametrize(
    ("line", "cronie", "busybox"),
    [
        ("0 3 * * *", None, None),
        ("0 3 * * * x", "0 3 * * *", "0 3 * * *"),
        ("-0 3 * * * x", "0 3 * * *", None),
        ("-@daily x", "0 0 * * *", None),
        ("@daily x", "0 0 * * *", "0 0 * * *"),
        ("0 3 * * * -n x", "0 3 * * *", "0 3 * * *"),
        ("0 3 * * * -q x", None, "0 3 * * *"),
    ],
)
def test_lines(line: str, cronie: str | None, busybox: str | None) -> None:
    found = read_line(line, user_field=False)
    assert isinstance(found, Job)
    assert (found.cronie, found.busybox) == (cronie, busybox)


@given(st.text(alphabet="0123456789*-,/~#LWmonjan ", max_size=40))
def test_any_fields_are_read(text: str) -> None:
    words = (text.split() + ["*"] * 5)[:5]
    readings(" ".join(words))
