"""Asks Airflow's own ``config lint`` about many configurations; runs in a venv that has Airflow.

Reads cases as JSON from standard input (``[{"cfg": TEXT, "env": {NAME: VALUE}}]``) and prints what
lint says of each: ``[[section, option, kind], …]``. With ``--rows`` it prints the table behind it.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import sys
import tempfile
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

FORMS = (
    (r"`(?P<option>[^`]*)` configuration parameter moved from `(?P<section>[^`]*)`", "moved"),
    (r"`(?P<option>[^`]*)` .*? renamed to .*? in the `(?P<section>[^`]*)` section", "renamed"),
    (r"Removed.*? `(?P<option>[^`]*)` .*? from `(?P<section>[^`]*)` section", "removed"),
    (r"Changed default value of `(?P<option>[^`]*)` in `(?P<section>[^`]*)`", "default-changed"),
    (r"Invalid value .*? set for `(?P<option>[^`]*)` .*? in `(?P<section>[^`]*)`", "value"),
)
SAID: list[str] = []


class Console:
    """Takes the place of the console that lint prints to."""

    def print(self, text: str) -> None:
        SAID.append(text)


class Arguments:
    """What the command line gives lint: nothing is left out."""

    section = option = ignore_section = ignore_option = None
    verbose = False


def finding(text: str) -> list[str]:
    """Return section, option and kind of one line of lint's."""
    for form, kind in FORMS:
        match = re.search(form, text, re.DOTALL)
        if match:
            return [match["section"], match["option"], kind]
    raise ValueError(text)


def lint(command: Any, configuration: Any, home: Path, case: dict[str, Any]) -> list[list[str]]:
    """Return what lint says of one configuration."""
    (home / "airflow.cfg").write_text(case["cfg"], encoding="utf-8")
    SAID.clear()
    os.environ.update(case["env"])
    try:
        command.conf = configuration.initialize_config()
        command.lint_config(Arguments())
    finally:
        for name in case["env"]:
            del os.environ[name]
    return [finding(text) for text in SAID if text.startswith("  - ")]


def main() -> None:
    """Print the table, or what lint says of the cases."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        home = Path(folder)
        (home / "airflow.cfg").touch()
        os.environ.update(AIRFLOW_HOME=folder, AIRFLOW_CONFIG=str(home / "airflow.cfg"))
        command: Any = importlib.import_module("airflow.cli.commands.config_command")
        configuration: Any = importlib.import_module("airflow.configuration")
        command.AirflowConsole = Console
        told: list[Any]
        if "--rows" in sys.argv:
            told = [
                {
                    "section": row.config.section,
                    "option": row.config.option,
                    "renamed": list(row.renamed_to or ()),
                    "values": [
                        str(value)
                        for value in (
                            row.old_default,
                            row.new_default,
                            row.is_invalid_if,
                            row.remove_if_equals,
                        )
                        if value is not None
                    ],
                }
                for row in command.CONFIGS_CHANGES
            ]
        else:
            cases = json.load(sys.stdin)
            told = [lint(command, configuration, home, case) for case in cases]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
