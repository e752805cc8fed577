"""Compares our SQL reader with libpg_query on the packages of ``sql_packages.yaml``.

``python -m benchmarks.sql_oracle FOLDER`` fetches the packages that are not there yet, compares
where the statements of their PostgreSQL files end and what they do, tells how often the dialect of
a file is found without its path, writes ``docs/sql-oracle.md``, and fails below its targets.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from benchmarks.sql_compare import Comparison, Difference, Tally
from benchmarks.sql_corpus import SqlFile, fetched, files, load
from dten_audit.readers.sql.dialect import of_text

DOCUMENT: Final = Path(__file__).parent.parent / "docs" / "sql-oracle.md"
REASONS: Final = Path(__file__).with_name("sql_differences.yaml")
FEWEST: Final = 20_000
TARGET: Final = 0.9995
DIALECTS: Final = 0.98


class Dialects(NamedTuple):
    """How the dialect of files was told by their text alone, (named by the path, told) counted."""

    counts: Counter[tuple[str, str]]
    wrong: list[str]

    @property
    def told(self) -> int:
        """How many got a dialect."""
        return sum(n for (_, said), n in self.counts.items() if said != "generic")

    @property
    def right(self) -> int:
        """How many got the right one."""
        return sum(n for (named, said), n in self.counts.items() if said == named)


def dialects(found: Sequence[SqlFile]) -> Dialects:
    """Return how the dialects of files that are named by their paths are told without them."""
    counts: Counter[tuple[str, str]] = Counter()
    wrong = []
    for file in found:
        if file.dialect is not None and file.named:
            said = of_text(file.text) or "generic"
            counts[file.dialect, said] += 1
            if said not in (file.dialect, "generic"):
                wrong.append(f"{file.name}: {file.dialect}, told {said}")
    return Dialects(counts, wrong)


def unclear(differences: Sequence[Difference], stated: dict[str, Any]) -> list[Difference]:
    """Return the differences that no reason of the table explains."""
    rows = [
        (row["kind"], re.compile(row["file"]), re.compile(row["statement"]))
        for row in stated["differences"]
    ]
    return [
        each
        for each in differences
        if not any(
            each.kind == kind and file.search(each.file) and statement.search(each.statement)
            for kind, file, statement in rows
        )
    ]


def rates(tally: Tally) -> tuple[float, float, float]:
    """Return the shares of statement ends, of actions found, and of actions that are right."""
    return (
        tally.ends / max(tally.statements, 1),
        tally.common / max(tally.theirs, 1),
        tally.common / max(tally.ours, 1),
    )


def page(
    tally: Tally, packages: tuple[int, int], rest: int, told: Dialects, stated: dict[str, Any]
) -> Iterator[str]:
    """Yield the lines of the document."""
    first = Tally(**{k: v for k, v in stated["first_run"].items() if k in Tally._fields})
    yield from (
        "# The SQL reader against PostgreSQL's own parser",
        "",
        "Made by `make sql-oracle`: do not edit. The packages are listed in",
        "`benchmarks/sql_packages.yaml`, the reasons in `benchmarks/sql_differences.yaml`.",
        "The parser is libpg_query 17, as postgast brings it.",
        "",
        (
            f"{packages[0]} packages ({packages[1]} could not be had any more), {tally.files} files"
            f" of PostgreSQL, {tally.statements} statements, {tally.distinct} of them distinct."
        ),
        (
            f"libpg_query cannot parse {tally.refused} distinct statements (psql's variables in odd"
            f" places, templates, other databases' SQL) and cannot cut {tally.unscanned} files into"
            " tokens: these are not compared."
        ),
        "",
        "| what | now | first run | target |",
        "|---|---|---|---|",
        *(
            f"| {what} | {now} = {rate:.4%} | {before} = {earlier:.4%} | {TARGET:.2%} |"
            for what, now, rate, before, earlier in zip(
                ("ends of statements", "actions found (recall)", "actions right (precision)"),
                (
                    f"{tally.ends} of {tally.statements}", f"{tally.common} of {tally.theirs}",
                    f"{tally.common} of {tally.ours}",
                ),
                rates(tally),
                (
                    f"{first.ends} of {first.statements}", f"{first.common} of {first.theirs}",
                    f"{first.common} of {first.ours}",
                ),
                rates(first),
                strict=True,
            )
        ),
        "",
        " ".join(stated["first_run"]["note"].split()),
        (
            "An action is a verb with its table and, where it has one, its column or name; those in"
            " bodies of routines are not compared here."
        ),
        "",
        "## What differs, and why",
        "",
        *(f"- {' '.join(row['why'].split())}" for row in stated["differences"]),
        f"- Not explained: {rest}.",
        "",
        "## Which dialect a file is in",
        "",
        "Files whose path names the dialect, told by their text alone. `generic`: nothing in the",
        "text tells; then the caller, the folder and the package decide.",
        "",
        *_dialect_table(told),
        stated["first_run"]["dialects"],
        "",
    )  # fmt: skip


def _dialect_table(told: Dialects) -> Iterator[str]:
    named = sorted({name for name, _ in told.counts})
    said = [*named, *sorted({s for _, s in told.counts} - set(named))]
    yield "| named by the path | " + " | ".join(said) + " |"
    yield "|---" * (len(said) + 1) + "|"
    for name in named:
        yield f"| {name} | " + " | ".join(str(told.counts[name, each]) for each in said) + " |"
    share = told.right / max(told.told, 1)
    yield ""
    yield f"Of {told.told} files that were told, {told.right} are right: {share:.2%}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 below a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=40, help="so many unexplained differences")
    options = parser.parse_args(arguments)
    stated = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    entries = load()
    paths, missing = fetched(entries, options.folder.resolve())
    found = list(files(entries, paths))
    comparison = Comparison()
    for file in found:
        if file.dialect == "postgres":
            comparison.add(file.name, file.text)
    tally, told = comparison.tally, dialects(found)
    rest = unclear(comparison.differences, stated)
    lines = page(tally, (len(entries), len(missing)), len(rest), told, stated)
    DOCUMENT.write_text("\n".join(lines), encoding="utf-8")
    (options.folder / "differences.jsonl").write_text(
        "".join(json.dumps(item) + "\n" for item in comparison.differences), encoding="utf-8"
    )
    for difference in rest[: options.show]:
        place = f"{difference.file}:{difference.line}"
        print(f"unexplained: {difference.kind} {place} {difference.told}")
        print(f"  {difference.statement[:160]}")
    for line in told.wrong[: options.show]:
        print(f"dialect: {line}")
    print("\n".join(f"cannot be had: {line}" for line in missing))
    print(f"compared {tally.statements} statements, {tally.theirs} actions: {rates(tally)}")
    print(f"dialects: {told.right} of {told.told} right")
    held = (
        tally.statements >= FEWEST and min(rates(tally)) >= TARGET and not rest
        and told.right >= DIALECTS * told.told
    )  # fmt: skip
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
