"""Compares our readers of Alembic's and Django's migrations with what these themselves send.

``python -m benchmarks.migration_oracle FOLDER`` makes a scratch venv with Alembic, Django and the
packages of ``migration_packages.yaml``, runs ``migration_truth.py`` there, reads the same files
with our readers, and compares verbs, tables and columns of each file and direction. It fails where
nothing was compared, and below its targets.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.sql import Action, SqlStatement
from dten_audit.readers.migrations.reader import fits, read
from dten_audit.readers.sql.reader import read as read_sql

LIST: Final = Path(__file__).with_name("migration_packages.yaml")
TRUTH: Final = Path(__file__).with_name("migration_truth.py")
_COLUMNS: Final = frozenset(
    "add_column drop_column alter_type set_not_null drop_not_null rename_column".split()
)
_COMPARED: Final = _COLUMNS | frozenset(
    "create_table drop_table rename_table create_index drop_index add_constraint drop_constraint"
    " validate_constraint".split()
)
_DJANGO: Final = frozenset(
    "create_table drop_table add_column drop_column rename_column rename_table".split()
)
"""Django states indexes and constraints of new tables apart, and fields that it leaves alone."""
Key = tuple[str, str, str]


class Tally(NamedTuple):
    """Counted actions: common to both, told by the runner alone, told by us alone."""

    files: int
    common: int
    missed: int
    wrong: int


def key_of(action: Action) -> Key | None:
    """Return what is compared of an action; None for what is not."""
    if action.verb not in _COMPARED or action.routine:
        return None
    table = action.table.rpartition(".")[2].lower()
    if action.verb == "drop_index":
        return action.verb, "", action.name.rpartition(".")[2].lower()
    if action.verb in ("create_index", "add_constraint", "drop_constraint"):
        named = action.constraint if action.verb == "add_constraint" else ""
        return action.verb, table, named
    return action.verb, table, action.column.lower() if action.verb in _COLUMNS else ""


def actions(document: Document) -> Iterator[Action]:
    """Yield the actions of a document of SQL."""
    for fact in read_sql(document):
        if isinstance(fact, SqlStatement):
            yield from fact.actions


def theirs(sql: str) -> Counter[Key]:
    """Return what the runner's SQL does."""
    host = Document("t!/t.sql", "t.sql", "sql", b"")
    part = Embedded("sql", sql, (1,), hints=(("dialect", "postgres"),))
    return Counter(key for each in actions(host.embed(part)) if (key := key_of(each)))


def ours(path: Path, name: str) -> dict[str, Counter[Key]]:
    """Return what our reader says that a migration does, by direction."""
    document = Document(f"p!/{name}", name, "python", path.read_bytes())
    found: dict[str, Counter[Key]] = {"up": Counter(), "down": Counter()}
    for part in read(document) if fits(document) else ():
        if not isinstance(part, Embedded):
            continue
        hints = dict(part.hints)
        if hints.get("dialect", "postgres") != "postgres":
            continue
        embedded = document.embed(part)
        found[hints["section"]].update(
            key for each in actions(embedded) if (key := key_of(each)) is not None
        )
    return found


def compared(
    truth: dict[str, dict[str, str]], root: Path, show: int, verbs: frozenset[str] = _COMPARED
) -> Tally:
    """Return how the files of one runner compare; unequal ones are shown."""
    files = common = missed = wrong = 0
    for name, sections in truth.items():
        path = root / name
        said = ours(path, name)
        for section, every in said.items():
            if section not in sections:
                continue
            files += 1
            real = _only(theirs(sections[section]), verbs)
            counted = _only(every, verbs)
            both = real & counted
            less, more = real - both, counted - both
            common += both.total()
            missed += less.total()
            wrong += more.total()
            if (less or more) and show > 0:
                show -= 1
                print(f"{name} {section}: missed {dict(less)}, said {dict(more)}")
    return Tally(files, common, missed, wrong)


def _only(counted: Counter[Key], verbs: frozenset[str]) -> Counter[Key]:
    return Counter({key: n for key, n in counted.items() if key[0] in verbs})


def told(venv: Path, *arguments: str) -> dict[str, dict[str, str]]:
    """Run the truth in the scratch venv."""
    command = [str(venv / "bin" / "python"), str(TRUTH), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def prepared(folder: Path, stated: dict[str, Any]) -> Path:
    """Make the venv and fetch the packages, as far as they are not there."""
    venv = folder / "venv"
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if not venv.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([*pip, "install", *stated["installed"]], check=True)
    for package in stated["alembic"]:
        target = folder / "alembic" / package.partition("==")[0]
        if not target.exists():
            command = [*pip, "install", "--no-deps", "--target", str(target), package]
            subprocess.run(command, check=True)
    return venv


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 below a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=20, help="so many unequal files")
    options = parser.parse_args(arguments)
    stated = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    venv = prepared(folder, stated)
    held = True
    for runner, truth, root, verbs in (
        ("Alembic", told(venv, "alembic", str(folder / "alembic")), folder / "alembic", _COMPARED),
        ("Django", told(venv, "django", *stated["apps"]), Path("/"), _DJANGO),
    ):
        tally = compared(truth, root, options.show, verbs)
        errors = Counter(
            error[:60] for each in truth.values() for key, error in each.items() if "error" in key
        )
        recall = tally.common / max(tally.common + tally.missed, 1)
        precision = tally.common / max(tally.common + tally.wrong, 1)
        print(f"{runner}: {tally} recall {recall:.4f} precision {precision:.4f}")
        print(f"  not run by the runner itself: {errors.total()}: {errors.most_common(5)}")
        wanted = stated["targets"][runner]
        held &= tally.files >= wanted["files"]
        held &= recall >= wanted["recall"] and precision >= wanted["precision"]
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
