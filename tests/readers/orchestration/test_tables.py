"""The table of resources: every row can be read, and says something."""

from __future__ import annotations

import pytest

from dten_audit.readers.knowledge import knowledge
from dten_audit.readers.orchestration.tables import Language, rows

LANGUAGES: tuple[Language, ...] = ("ansible", "salt", "puppet", "chef")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_says_what_it_does(language: Language) -> None:
    for name, row in rows(language).items():
        assert row.steps, name
        for step in row.steps:
            said = (step.words, step.shell, step.exec, step.path, step.cron)
            assert any(said), (name, step)
            assert not step.text or step.words, name
            assert set(step.cron or ()) <= {
                *("minute", "hour", "day", "month", "weekday", "special", "job", "user", "file")
            }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_stands_twice(language: Language) -> None:
    table = knowledge("resource_commands")
    assert isinstance(table, dict)
    names = [name for row in table[language] for name in row["names"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_hold_no_unknown_keys(language: Language) -> None:
    table = knowledge("resource_commands")
    assert isinstance(table, dict)
    allowed = {"words", "if", "shell", "exec", "text", "kind", "as", "to", "add", "cron", "path"}
    for row in table[language]:
        assert set(row) <= {"names", "values", "defaults", "lists", "run"}, row
        for step in row["run"]:
            assert isinstance(step, list) or set(step) <= allowed, row
