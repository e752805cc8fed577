"""A broken rule ends as one error with file, line and advice; the shipped ones all load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dten_audit.judge.index import compile_index
from dten_audit.judge.loading import load_rule, load_rules
from dten_audit.judge.schema import fact_contract, rule_schema
from dten_audit.judge.validation import rule_from
from dten_audit.model.rule import RuleError
from dten_audit.model.rules_home import rules_home

GOOD = """\
id: ZZZ001
name: sample
title: A sample
fact: unreadable
when:
  language: {matches: "^shell$"}
severity:
  - when: {reason: hidden}
    is: high
  - is: low
message: "{language} at {at.line}"
why: Because.
fix: Read it.
examples:
  bad:
    - {file: a.sh, text: x, lines: [1]}
    - {file: b.sh, text: x, lines: [1]}
  good:
    - {file: a.txt, text: x}
    - {file: b.txt, text: x}
"""

BROKEN = [
    ("title: A sample\n", "titel: A sample\n", 3, "unknown key titel; did you mean title?"),
    ("why: Because.\n", "", 1, "the key why is missing"),
    ("fact: unreadable", "fact: unreadabel", 4, "did you mean unreadable?"),
    ("  language: {", "  langage: {", 6, "did you mean language?"),
    ("{matches:", "{match:", 6, "unknown operator match; did you mean matches?"),
    ('"^shell$"', '"a(?=b)"', 6, "look-around"),
    ("{reason: hidden}", "{certainty: exakt}", 8, "did you mean exact?"),
    ("    is: high", "    is: hihg", 8, "is: one of"),
    ("  - is: low\n", "", 8, "each entry but the last has a when"),
    ("{language} at", "{langage} at", 11, "the fact has no field langage"),
    ("    - {file: b.txt, text: x}\n", "", 18, "at least two good examples"),
    ("{file: a.sh, text: x, lines: [1]}", "{file: a.sh, text: x}", 16, "in which lines"),
    (
        "{file: a.txt, text: x}",
        "{fiel: a.txt, text: x}",
        19,
        "unknown key fiel; did you mean file?",
    ),
    ("id: ZZZ001", "id: Z1", 1, "an id is letters and three digits"),
    ("  language: {", "  language: [", 6, ""),
    ("when:", "when_unknown: high\nwhen:", 5, "when_unknown is medium, low, info or drop"),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "ZZZ001-sample.yaml"
    path.write_text(text)
    return path


def test_a_good_rule_loads(tmp_path: Path) -> None:
    rule = load_rule(write(tmp_path, GOOD))
    assert (rule.id, rule.family, len(rule.severity)) == ("ZZZ001", "ZZZ", 2)


@pytest.mark.parametrize(("old", "new", "line", "reason"), BROKEN)
def test_a_broken_rule_is_named(tmp_path: Path, old: str, new: str, line: int, reason: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(RuleError) as caught:
        load_rule(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert reason in caught.value.reason


def test_a_rule_lies_in_a_file_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(GOOD)
    with pytest.raises(RuleError, match=r"ZZZ001-sample\.yaml"):
        load_rule(path)


def test_an_id_is_there_once(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, GOOD)
    with pytest.raises(RuleError, match="is also in"):
        load_rules([tmp_path])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such folder"):
        load_rules([tmp_path / "none"])


def test_the_index_holds_the_same_rules() -> None:
    home = rules_home()
    index = json.loads(json.dumps(compile_index(home)["index.json"]))
    compiled = [rule_from(data, "")._replace(source="") for data in index["rules"]]
    loaded = [load_rule(home / data["source"])._replace(source="") for data in index["rules"]]
    assert compiled == loaded


def test_the_contracts_can_be_printed() -> None:
    schema = json.loads(json.dumps(rule_schema()))
    assert set(schema["required"]) <= set(schema["properties"])
    facts = json.loads(json.dumps(fact_contract()))["facts"]
    assert facts["command"]["fields"]["program"] == "text"
    assert all(fact["meaning"] for fact in facts.values())
