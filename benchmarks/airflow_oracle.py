"""Compares what we say of airflow.cfg files with Airflow's own ``config lint``, key by key.

``python -m benchmarks.airflow_oracle FOLDER`` makes a scratch venv with Airflow (once), generates
configurations from lint's own table (by seed), has lint judge each (``airflow_truth.py``), and
compares. Differences must stand in ``airflow_differences.yaml``; it fails on any other, where a
listed one no longer occurs, and where nothing was compared.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from dten_audit.derive.config.changes import derive
from dten_audit.documents.document import Document
from dten_audit.documents.kinds import kind_of
from dten_audit.links.linking import link
from dten_audit.model.facts.config import ConfigChange
from dten_audit.readers.reading import Reading
from dten_audit.readers.registry import READERS
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import shipped_matrix
from dten_audit.site.matrix_keys import variable_of
from dten_audit.site.site import PackageRecord, Site

AIRFLOW: Final = "apache-airflow-core==3.3.2"
VERSION: Final = AIRFLOW.rpartition("=")[2]
TRUTH: Final = Path(__file__).with_name("airflow_truth.py")
DIFFERENCES: Final = Path(__file__).with_name("airflow_differences.yaml")
CASES: Final = 240
_CFG: Final = "etc/airflow/airflow.cfg"
_ENV: Final = "etc/default/airflow"
_COMMAND: Final = "_cmd"
"""Airflow runs the command in ``x_cmd`` for the value of ``x``, where ``x`` is secret."""
_SECRETS: Final = ("sql_alchemy_conn", "secret_key")
_NEAR: Final = (
    "new key", "elsewhere", "comment", "section's case", "key's case", "command", "", "",
)  # fmt: skip
Row = dict[str, Any]
Case = dict[str, Any]
Key = tuple[str, str]


def prepared(folder: Path) -> Path:
    """Return the Python of the scratch venv, made if it is not there."""
    venv = folder / "venv"
    python = venv / "bin" / "python"
    if not venv.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", AIRFLOW], check=True)
    return python


def asked(python: Path, *arguments: str, cases: Sequence[Case] = ()) -> Any:
    """Run the truth in the venv."""
    done = subprocess.run(
        [str(python), str(TRUTH), *arguments],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def cases_of(rows: Sequence[Row], seed: int) -> Iterator[Case]:
    """Yield configurations: every row alone in turns of ten, all rows, then random mixtures."""
    dice = random.Random(seed)
    yield _case(dice, rows, plain=True)
    yield _case(dice, rows, plain=True, variables=1.0)
    for start in range(0, len(rows), 10):
        yield _case(dice, rows[start : start + 10], plain=True)
    for _ in range(CASES):
        chosen = dice.sample(list(rows), dice.choice((1, 3, 10, 40)))
        yield _case(dice, chosen, variables=dice.choice((0.0, 0.3)))


def _case(
    dice: random.Random, rows: Sequence[Row], *, plain: bool = False, variables: float = 0.0
) -> Case:
    """Return one configuration that sets ``rows``, as a file, in part as variables."""
    sections: dict[str, dict[str, str]] = {}
    environment: dict[str, str] = {}
    for row in rows:
        section, option = row["section"], row["option"]
        value = "filler" if plain else dice.choice(["filler", "", "True", *row["values"] * 2])
        if dice.random() < variables:
            environment[f"AIRFLOW__{section.upper()}__{option.upper()}"] = value.replace("%", "%%")
            continue
        sections.setdefault(section, {})[option] = value
        if not plain:
            _decorate(dice, row, value, sections)
    return {"cfg": _written(dice, sections), "env": environment}


def _decorate(
    dice: random.Random, row: Row, value: str, sections: dict[str, dict[str, str]]
) -> None:
    """Put something near a row: the new key as well, a wrong section, another spelling."""
    section, option = row["section"], row["option"]
    how = dice.choice(_NEAR)
    if how == "new key":
        new_section, new_option = row["renamed"] or ("my_plugin", option)
        sections.setdefault(new_section, {}).setdefault(new_option, "filler")
    elif how == "command" and option in _SECRETS:
        del sections[section][option]
        sections[section][option + _COMMAND] = "echo filler"
    elif how in ("elsewhere", "comment", "section's case", "key's case"):
        del sections[section][option]
        other = {"elsewhere": "my_plugin", "section's case": section.upper()}.get(how, section)
        key = {"comment": f"# {option}", "key's case": option.title()}.get(how, option)
        sections.setdefault(str(other), {})[str(key)] = value


def _written(dice: random.Random, sections: dict[str, dict[str, str]]) -> str:
    lines = ["# generated"]
    for section, options in sections.items():
        lines.append(f"[{section}]")
        for option, value in options.items():
            mark = dice.choice((" = ", "=", ": ", " : "))
            lines.append(f"{option}{mark}{value}".replace("%", "%%"))
        lines.append("")
    return "\n".join(lines)


def ours(case: Case, names: dict[str, Key]) -> set[Key]:
    """Return the keys that we find changed in a configuration."""
    reading = Reading(READERS)
    lines = "".join(f"{name}='{value}'\n" for name, value in case["env"].items())
    for path, text in ((_CFG, case["cfg"]), (_ENV, lines)):
        data = text.encode()
        reading.add(Document(f"p.zip!/{path}", path, kind_of(path, data), data))
    package = link(reading.documents, reading.facts)
    site = Site(packages=(PackageRecord("pkg:pypi/apache-airflow", VERSION),))
    estate = Estate(site, datetime(2026, 11, 22, tzinfo=UTC))
    return {
        names.get(fact.key) or (fact.section, fact.key.removesuffix(_COMMAND))
        for fact in derive(package, estate)
        if isinstance(fact, ConfigChange) and fact.applies is True
    }


def compared(cases: Sequence[Case], told: Sequence[Any], rows: Sequence[Row]) -> Counter[str]:
    """Return how often each kind of outcome occurred; differences with their key."""
    form = shipped_matrix("airflow").env
    assert form is not None
    names = {
        variable_of(f"{row['section']}.{row['option']}", row["section"], form): (
            row["section"],
            row["option"],
        )
        for row in rows
    }
    counted: Counter[str] = Counter()
    for case, lines in zip(cases, told, strict=True):
        theirs = {(section, option): kind for section, option, kind in lines}
        found = ours(case, names)
        counted["keys told by both"] += len(found & theirs.keys())
        for key in theirs.keys() - found:
            counted[f"lint only: {theirs[key]} [{key[0]}] {key[1]}"] += 1
        for section, option in found - theirs.keys():
            counted[f"ours only: [{section}] {option}"] += 1
    return counted


def main() -> int:
    """Compare, print, and return 0 if every difference is listed and every listed one occurred."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    python = prepared(arguments.folder)
    rows = asked(python, "--rows")
    cases = list(cases_of(rows, arguments.seed))
    counted = compared(cases, asked(python, cases=cases), rows)
    both = counted.pop("keys told by both")
    listed = {item["what"] for item in yaml.safe_load(DIFFERENCES.read_text(encoding="utf-8"))}
    print(f"{AIRFLOW}: {len(rows)} rows, {len(cases)} configurations, {both} keys told by both,")
    print(f"{sum(counted.values())} differences of {len(counted)} kinds, {len(listed)} listed")
    for what in sorted(counted.keys() - listed):
        print(f"not listed: {what} ({counted[what]})")
    for what in sorted(listed - counted.keys()):
        print(f"listed, but did not occur: {what}")
    return 0 if both and counted.keys() == listed else 1


if __name__ == "__main__":
    sys.exit(main())
