"""Recognises the registry's Run keys: what is written there runs at each logon.

Source: "Run and RunOnce Registry Keys", Windows documentation for developers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from dten_audit.model.facts.commands import Word
from dten_audit.readers.windows.parameters import parameter, positional


class RunKey(NamedTuple):
    """A value of a Run key: its name and the command line."""

    name: str
    command: str


@cache
def _key() -> re.Pattern[str]:
    return re.compile(
        r"(?i)(?:^|[\\:])software\\(?:wow6432node\\)?microsoft\\windows\\currentversion\\"
        r"(?:policies\\explorer\\)?run(?:once(?:ex)?|services(?:once)?)?\\?$"
    )


def is_run_key(path: str) -> bool:
    """Say whether what is written under a key runs at logon."""
    return len(path) < 400 and _key().search(path.replace("/", "\\")) is not None  # noqa: PLR2004


def run_key(words: Sequence[Word]) -> RunKey | None:
    """Return what ``reg add`` or a cmdlet writes into a Run key; None for everything else."""
    if len(words) > 3 and words[1].text.lower() == "add":  # noqa: PLR2004 - reg add KEY /v NAME
        if not is_run_key(words[2].text):
            return None
        given = {
            word.text.lower(): words[number + 1].text
            for number, word in enumerate(words[:-1])
            if word.text.lower() in ("/v", "/d")
        }
        return RunKey(given.get("/v", ""), given.get("/d", "")) if "/d" in given else None
    if "-" not in words[0].text and words[0].text.lower() != "sp":
        return None
    path = parameter(words, "path") or parameter(words, "literalpath") or positional(words, 0)
    if path is None or not is_run_key(path.text):
        return None
    name = parameter(words, "name") or positional(words, 1)
    value = parameter(words, "value") or positional(words, 2)
    return RunKey(name.text if name else "", value.text if value else "")
