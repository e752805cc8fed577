"""Compares our shell reader with mvdan-sh on the scripts of ``shell_scripts.yaml``.

``python -m benchmarks.shell_oracle FOLDER`` fetches the packages that are not there yet, takes
their distinct shell scripts out, compares, measures speed, writes ``docs/shell-oracle.md``, and
fails below its targets. Speed fails nothing: CPU time depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from benchmarks.shell_compare import (
    VERSION,
    Call,
    Difference,
    Tally,
    compare,
    install,
    judged,
    lost_facts,
    text_of,
)
from benchmarks.shell_corpus import fetch, load, scripts
from dten_audit.documents.document import Document
from dten_audit.readers.shell.reader import read
from dten_audit.readers.shell.syntax import Parser

DOCUMENT: Final = Path(__file__).parent.parent / "docs" / "shell-oracle.md"
REASONS: Final = Path(__file__).with_name("shell_differences.yaml")
FEWEST: Final = 2000
RECALL: Final = 0.999
EXTRAS: Final = 0.001
EQUAL: Final = 0.995
FACTS: Final = 0.999
SPEED: Final = 3.0
"""MB of scripts read in a second of CPU time."""


_ESCAPE: Final = re.compile(r"\\([\\$`\"])")


class Reason(NamedTuple):
    """Why the readers differ: a difference whose fields match belongs to this class."""

    why: str
    kind: str
    name: re.Pattern[str]
    script: re.Pattern[str]
    line: int | None
    unescaped: bool

    def explains(self, difference: Difference) -> bool:
        """Tell whether a difference is of this class."""
        return (
            difference.kind == self.kind
            and (self.line is None or difference.line == self.line)
            and (not self.unescaped or _ESCAPE.sub(r"\1", difference.theirs) == difference.ours)
            and self.name.fullmatch(difference.name) is not None
            and self.script.search(difference.script) is not None
        )


class Speed(NamedTuple):
    """Megabytes, and the CPU seconds that parsing and reading (facts and all) took."""

    megabytes: float
    parsing: float
    reading: float
    slowest: str
    longest: float


def reasons() -> list[Reason]:
    """Return the classes of differences that a person has looked at."""
    return [
        Reason(
            row["why"], row["kind"], re.compile(row.get("name", ".*")),
            re.compile(row.get("script", "")), row.get("line"), row.get("unescaped", False),
        )
        for row in yaml.safe_load(REASONS.read_text(encoding="utf-8")) or ()
    ]  # fmt: skip


def extracted(folder: Path) -> tuple[dict[str, str], list[str], str]:
    """Write the scripts below ``folder``; return their names by path, what is missing, a digest."""
    packages = load()
    missing = fetch(packages, folder / "packages")
    target = folder / "scripts"
    target.mkdir(parents=True, exist_ok=True)
    names: dict[str, str] = {}
    digest = hashlib.sha256()
    for script in scripts(packages, folder / "packages"):
        own = hashlib.sha256(script.content).hexdigest()
        digest.update(own.encode())
        path = target / own[:20]
        if not path.exists():
            path.write_bytes(script.content)
        names[str(path)] = script.name
    return names, missing, digest.hexdigest()[:16]


class Reading(NamedTuple):
    """What reading all scripts took, and which commands of interest no fact states."""

    speed: Speed
    wanted: int
    lost: list[str]


def readings(judgement: dict[str, list[Call]], names: dict[str, str]) -> Reading:
    """Parse and read all scripts, measuring CPU time, and look for commands in the facts."""
    size, parsing, reading, longest, slowest = 0, 0.0, 0.0, 0.0, ""
    wanted, lost = 0, []
    for path, name in names.items():
        content = Path(path).read_bytes()
        text = text_of(Path(path))
        started = time.process_time()
        Parser(text).script()
        parsed = time.process_time()
        stated = list(read(Document(path, path, "shell", content)))
        took = time.process_time() - parsed
        size += len(content)
        parsing += parsed - started
        reading += took
        if took > longest:
            longest, slowest = took, name
        gone, count = lost_facts(text, judgement.get(path, []), stated)
        wanted += count
        lost += [f"{name}:{call.line}: {call.name}" for call in gone]
    return Reading(Speed(size / 1e6, parsing, reading, slowest, longest), wanted, lost)


def asked(names: dict[str, str], folder: Path, digest: str) -> dict[str, list[Call]]:
    """Return what mvdan-sh sees, from an earlier run over the same scripts if there was one."""
    kept = folder / f"mvdan-{VERSION}-{digest}.json"
    if not kept.exists():
        found = judged([Path(name) for name in names], folder)
        kept.write_text(json.dumps({Path(path).name: calls for path, calls in found.items()}))
    scripts = folder / "scripts"
    return {
        str(scripts / name): [Call(line, tuple(words)) for line, words in calls]
        for name, calls in json.loads(kept.read_text()).items()
    }


def classes(differences: Sequence[Difference]) -> tuple[Counter[str], list[Difference]]:
    """Return how many differences each reason explains, and those that none does."""
    known = reasons()
    counts: Counter[str] = Counter()
    rest: list[Difference] = []
    for difference in differences:
        for reason in known:
            if reason.explains(difference):
                counts[reason.why] += 1
                break
        else:
            rest.append(difference)
    return counts, rest


def page(
    tally: Tally, unread: int, digest: str, packages: tuple[int, int], speed: Speed,
    stated: tuple[int, list[str]],
) -> Iterator[str]:  # fmt: skip
    """Yield the lines of the document."""
    wanted, lost = stated
    counts, rest = classes(tally.differences)
    yield from (
        "# The shell reader against mvdan-sh",
        "",
        "Made by `make shell-oracle`: do not edit. The packages are listed in",
        "`benchmarks/shell_scripts.yaml`, the reasons in `benchmarks/shell_differences.yaml`.",
        "",
        (
            f"{packages[0]} packages ({packages[1]} could not be had any more),"
            f" {tally.scripts + unread} distinct scripts, {speed.megabytes:.1f} MB,"
            f" digest {digest}."
        ),
        f"mvdan-sh cannot read {unread} of them; on the other {tally.scripts}:",
        "",
        "| what | figure | target |",
        "|---|---|---|",
        (
            f"| recall of (line, command) | {tally.theirs - tally.count('lost')} of {tally.theirs}"
            f" = {tally.recall:.3%} | {RECALL:.1%} |"
        ),
        f"| extras | {tally.count('extra')} of {tally.ours} = {tally.extras:.3%} | {EXTRAS:.1%} |",
        (
            f"| commands of interest with equal literal arguments |"
            f" {tally.compared - tally.count('words')} of {tally.compared} = {tally.equal:.3%} |"
            f" {EQUAL:.1%} |"
        ),
        (
            f"| commands of interest stated as facts | {wanted - len(lost)} of {wanted} ="
            f" {1 - len(lost) / max(wanted, 1):.3%} | {FACTS:.1%} |"
        ),
        "",
        (
            "An argument that only one of the two calls literal counts as equal:"
            f" {tally.count('literal')} commands have one."
        ),
        "",
        "## What differs, and why",
        "",
        "| differences | why |",
        "|---|---|",
        *(f"| {count} | {' '.join(why.split())} |" for why, count in counts.most_common()),
        f"| {len(rest)} | not explained |",
        "",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 below a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=40, help="so many unexplained differences")
    options = parser.parse_args(arguments)
    options.folder = options.folder.resolve()
    names, missing, digest = extracted(options.folder)
    if not install(options.folder):
        print("0 cases ran: mvdan-sh cannot be had")
        return 1
    judgement = asked(names, options.folder, digest)
    tally = compare(judgement, names)
    speed, wanted, lost = readings(judgement, names)
    unread = len(names) - tally.scripts
    stated = (wanted, lost)
    lines = list(page(tally, unread, digest, (len(load()), len(missing)), speed, stated))
    DOCUMENT.write_text("\n".join(lines), encoding="utf-8")
    (options.folder / "differences.jsonl").write_text(
        "".join(json.dumps(item) + "\n" for item in tally.differences), encoding="utf-8"
    )
    _, rest = classes(tally.differences)
    for difference in rest[: options.show]:
        place = f"{difference.script}:{difference.line}"
        print(f"unexplained: {difference.kind} {place} {difference.name!r}")
        print(f"  {difference.theirs[:100]!r} / {difference.ours[:100]!r}")
    for item in lost[: options.show]:
        print(f"not stated: {item}")
    print("\n".join([*(f"cannot be had: {name}" for name in missing), *tally.lines()]))
    print(f"stated as facts: {wanted - len(lost)} of {wanted}")
    for what, took in (("parsing", speed.parsing), ("reading, facts and all", speed.reading)):
        rate = speed.megabytes / took
        verdict = "" if rate >= SPEED else ": below the target"
        print(f"{what}: {rate:.2f} MB/s of CPU time (target {SPEED}){verdict}")
    print(f"slowest: {speed.slowest}, {speed.longest:.2f} s")
    held = (
        tally.scripts >= FEWEST and tally.recall >= RECALL and tally.extras <= EXTRAS
        and tally.equal >= EQUAL and len(lost) <= (1 - FACTS) * wanted and not rest
    )  # fmt: skip
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
