"""Whole tables: places, settings in force, traps of the file, commands as shell texts, speed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import CronJob, LogRotation
from dten_audit.readers.cron import anacrontab, crontab, logrotate

TABLE = b"""# DTEN: nightly import
SHELL=/bin/bash
0 3 * * * dten /opt/dten/import >> /var/log/dten.log 2>&1
MAILTO=ops
#15 * * * * dten /opt/dten/import --fast
0 3 1 * /opt/dten/x
CRON_TZ=Europe/Berlin
@reboot root /opt/dten/agent
"""


def document(data: bytes, kind: str = "cron", path: str = "etc/cron.d/dten") -> Document:
    return Document(f"p.zip!/{path}", path, kind, data)


def jobs(data: bytes, kind: str = "cron") -> list[CronJob]:
    return [fact for fact in crontab.read(document(data, kind)) if isinstance(fact, CronJob)]


def test_a_table() -> None:
    stated = list(crontab.read(document(TABLE)))
    first, second = (fact for fact in stated if isinstance(fact, CronJob))
    assert (first.at.line, first.user, first.expression) == (3, "dten", "0 3 * * *")
    assert first.environment == (("SHELL", "/bin/bash"),)
    assert (second.at.line, second.zone) == (8, "Europe/Berlin")
    assert second.traps == ("zone-setting",)
    assert dict(second.environment)["MAILTO"] == "ops"
    assert [(f.at.line, f.reason) for f in stated if isinstance(f, Unreadable)] == [
        (6, "bad day of week /opt/dten/x")
    ]


def test_commands_become_shell_texts() -> None:
    table = document(TABLE)
    parts = [part for part in crontab.read(table) if isinstance(part, Embedded)]
    texts = [table.embed(part) for part in parts]
    assert [text.kind for text in texts] == ["shell", "shell"]
    assert texts[0].text == "/opt/dten/import >> /var/log/dten.log 2>&1"
    place = texts[0].location(1, 1)
    assert (place.line, place.column) == (3, 16)
    assert texts[0].hints == {"deferred": "cron", "user": "dten"}
    assert [job.script for job in jobs(TABLE)] == [text.id for text in texts]


def test_what_another_program_runs_is_no_shell_text() -> None:
    (job,) = jobs(b"SHELL=/usr/bin/python3\n0 3 * * * root import os\n")
    assert job.script == ""


def test_a_table_that_a_template_writes() -> None:
    text = (
        "{# times of\n a role #}\n{% for job in jobs %}\n{{ job.minute |\n int }} 3 * * * root a\n"
        "{{ job.line }}\n{{ '{}={}'.format(key,\n value) }}\n{% endfor %}\n"
        "<% @jobs.each do |job| %>\n<%= job %>\n0 3 * * * dten b\n"
    )
    found = [
        fact for fact in crontab.read(document(text.encode())) if not isinstance(fact, Embedded)
    ]
    assert [(fact.at.line, type(fact).__name__) for fact in found] == [
        (4, "CronJob"), (6, "Unreadable"), (7, "Unreadable"), (11, "Unreadable"), (12, "CronJob"),
    ]  # fmt: skip


def test_a_users_table() -> None:
    (job,) = jobs(b"0 3 * * * /opt/x\n", "crontab")
    assert (job.dialect, job.user, job.command) == ("crontab", "", "/opt/x")


@pytest.mark.parametrize(
    ("data", "traps"),
    [
        (b"0 3 * * * root x\n", [()]),
        (b"0 3 * * * root x", [("no-final-newline",)]),
        (b"0 3 * * * root x\n# end", [()]),
        (b"0 3 * * * root x\nA=b", [("no-final-newline",)]),
        (b"\xef\xbb\xbf0 3 * * * root x\n", [("byte-order-mark",)]),
        (b"0 3 * * * root x\r\n1 3 * * * root y\n", [("carriage-return",), ()]),
        (b"#\n" * 10_001 + b"0 3 * * * root x\n", [("too-many-lines",)]),
    ],
)
def test_traps_of_the_file(data: bytes, traps: list[tuple[str, ...]]) -> None:
    assert [job.traps for job in jobs(data)] == traps


def test_a_table_in_a_script_has_its_places() -> None:
    host = document(b"#!/bin/sh\ncrontab - <<E\n0 3 * * * x\nE\n", "shell", "bin/install.sh")
    table = host.embed(Embedded("crontab", "0 3 * * * x", (3,)))
    (job,) = (fact for fact in crontab.read(table) if isinstance(fact, CronJob))
    assert (job.at.line, job.traps) == (3, ())


def test_anacrontab() -> None:
    text = b"""SHELL=/bin/sh
START_HOURS_RANGE=3-22
1\t5\tcron.daily\trun-parts /etc/cron.daily
@monthly 15 dten.monthly /opt/dten/report  --month
7 x name command
@fortnightly 5 name command
1 5 name
"""
    stated = list(anacrontab.read(document(text, "anacrontab", "etc/anacrontab")))
    first, second = (fact for fact in stated if isinstance(fact, CronJob))
    assert (first.expression, first.delay, first.name) == ("1", 5, "cron.daily")
    assert (first.command, first.user) == ("run-parts /etc/cron.daily", "root")
    assert (second.expression, second.command) == ("@monthly", "/opt/dten/report  --month")
    assert [fact.reason for fact in stated if isinstance(fact, Unreadable)] == [
        "bad delay x",
        "bad period @fortnightly",
        "fewer than four fields",
    ]


def test_logrotate() -> None:
    text = b"""# rotate
weekly
include /etc/logrotate.d
/var/log/dten/*.log "/var/log/dten two.log"
/var/log/other.log {
    rotate 4
    postrotate
        kill -HUP 1 # }
    endscript
}
/var/log/one.log { daily }
"""
    found = list(logrotate.read(document(text, "logrotate", "etc/logrotate.d/dten")))
    assert [(fact.at.line, fact.paths) for fact in found if isinstance(fact, LogRotation)] == [
        (4, ("/var/log/dten/*.log", "/var/log/dten two.log", "/var/log/other.log")),
        (11, ("/var/log/one.log",)),
    ]


def test_an_open_block_is_said() -> None:
    (_, fault) = logrotate.read(document(b"/var/log/x.log {\n  daily\n", "logrotate"))
    assert isinstance(fault, Unreadable)


READERS = [
    ("cron", crontab.read),
    ("crontab", crontab.read),
    ("anacrontab", anacrontab.read),
    ("logrotate", logrotate.read),
]


@given(st.binary(max_size=400), st.sampled_from(READERS))
def test_any_bytes_are_read(data: bytes, reader: tuple[str, object]) -> None:
    kind, read = reader
    assert callable(read)
    for stated in read(document(data, kind)):
        assert isinstance(stated, (CronJob, LogRotation, Unreadable, Embedded))


def fastest(data: bytes) -> float:
    """Return the processor time that reading takes; a busy machine gets a second chance."""
    took = []
    for _ in range(3):
        start = time.process_time()
        count = sum(1 for _ in crontab.read(document(data)))
        took.append(time.process_time() - start)
        assert count >= 100_000
        if took[-1] < 1:
            break
    return min(took)


@pytest.mark.parametrize(
    "data",
    [
        b"0 3 * * * root /opt/dten/import >> /var/log/dten.log 2>&1\n" * 100_000,
        b"\n".join(b"%d %d * * * root x%d" % (n % 60, n % 24, n) for n in range(100_000)),
        b"garbage\n" * 100_000,
        b"".join(b"A%d=b\n* * * * * root x\n" % n for n in range(50_000)),
    ],
    ids=["same", "different", "garbage", "settings"],
)
def test_a_hundred_thousand_lines(data: bytes) -> None:
    assert fastest(data) < 1.5


@pytest.mark.parametrize(
    "line",
    [
        b"0 3 * * * root " + b"%" * 200_000,
        b"0," * 100_000 + b"0 3 * * * root x",
        b"=" * 200_000,
        b"'" * 200_000,
        b" " * 200_000 + b"x",
        b"A " + b"\t" * 200_000 + b"= b",
        b'"' + b"a=" * 100_000,
        b"$((" * 60_000 + b" * * * * root x",
        b"${" * 60_000 + b" * * * * root x",
    ],
    ids=["percent", "commas", "equals", "quotes", "blanks", "tabs", "name", "sums", "names"],
)
def test_hostile_lines_take_linear_time(line: bytes) -> None:
    start = time.process_time()
    list(crontab.read(document(line + b"\n")))
    assert time.process_time() - start < 0.5
