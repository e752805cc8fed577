"""The gate: both matchers find the same topics, and the start of the first occurrence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.readers.gate import (
    FOLDER,
    Gate,
    HyperscanBackend,
    ReBackend,
    Trigger,
    database_name,
)
from dten_audit.readers.gate_files import compile_gates
from dten_audit.readers.registry import READERS
from dten_audit.readers.words import gate, triggers

TRIGGERS = (
    *triggers(),
    *(Trigger(f"reader {reader.name}", p) for reader in READERS for p in reader.triggers),
)
PATTERNS = [trigger.pattern for trigger in TRIGGERS]
WORDS = (
    "systemctl restart x|crontab -l|sudo -n|ALTER TABLE t|alter  table|/etc/cron.d/a|chmod 4755 f"
    "|DROP TABLE|su|do |CREATE UNIQUE INDEX i|\n| |x|\t|\x00"
)
PIECES = st.sampled_from(WORDS.split("|"))
TEXTS = st.lists(PIECES, max_size=20).map("".join).map(str.encode) | st.binary(max_size=300)
FAST = Gate(TRIGGERS, HyperscanBackend(PATTERNS))
SLOW = Gate(TRIGGERS, ReBackend(PATTERNS))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_both_matchers_find_the_same_topics(data: bytes) -> None:
    assert set(FAST.scan(data)) == set(SLOW.scan(data))


@given(TEXTS)
def test_topics_are_those_with_a_place(data: bytes) -> None:
    assert FAST.topics(data) == set(FAST.scan(data))


@given(TEXTS)
def test_a_hit_is_where_the_pattern_is(data: bytes) -> None:
    for topic, start in FAST.scan(data).items():
        patterns = [trigger.pattern for trigger in TRIGGERS if trigger.topic == topic]
        assert any(re.compile(pattern).match(data, start) for pattern in patterns)


@pytest.mark.parametrize(
    ("data", "topics"),
    [
        (b"subprocess.run(['systemctl', 'restart'])", set()),
        (b"os.system('systemctl --now enable dten')", {"unit"}),
        (b"x" * 300_000 + b"\nsudo -u postgres psql", {"privilege"}),
        (b"alter table orders", {"schema"}),
        (b"pseudo random", set()),
        (b"", set()),
    ],
)
def test_topics(data: bytes, topics: set[str]) -> None:
    known = {topic for topic in FAST.scan(data) if " " not in topic}
    assert known == topics


def test_every_reader_can_be_imported() -> None:
    for reader in READERS:
        assert callable(reader.load())


@pytest.mark.parametrize("damage", [b"", b"x" * 4000, None])
def test_a_database_is_loaded_where_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    patterns = (b"systemctl", b"(?i)crontab")
    whole = HyperscanBackend(patterns).packed()
    file = tmp_path / FOLDER / database_name(patterns)
    file.parent.mkdir()
    file.write_bytes(whole if damage is None else damage)
    monkeypatch.setattr("dten_audit.readers.gate.rules_home", lambda: tmp_path)
    assert HyperscanBackend(patterns).first_ends(b"systemctl; CRONTAB -l") == {0: 9, 1: 18}


def test_a_wheel_carries_the_databases_of_both_gates() -> None:
    names = set(compile_gates())
    assert f"{FOLDER}/{database_name(gate().patterns)}" in names
    assert len(names) == 2
