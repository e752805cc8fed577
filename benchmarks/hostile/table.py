"""Writes docs/hostile-archives.md, and reads back what it says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from dten_audit.auditing import audit
from dten_audit.model.report import PackageReport
from dten_audit.options import Options

from .case import GROUPS, HostileCase
from .peers import NONE

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "hostile-archives.md"
COLUMNS: Final = ("unzip", "7z", "bsdtar", "Python")
_HEAD: Final = f"| case | what is wrong | {' | '.join(COLUMNS)} | dten-audit says |"
_FAMILY: Final = "ARC"
_SILENT: Final = ("accepts", "accepts, content missed")
_NONE: Final = (NONE, "no reader")
_OUTSIDE: Final = "**writes outside**, "
_COMPARED: Final = """
Of the {several} archives that two or more of the others read, they disagree on {apart} whether to
take it without a word. dten-audit reports {loud} at low or above, {quiet} at info, and does not
open {closed}.
"""
_INTRODUCTION: Final = """\
# Hostile archives

{count} archives that no honest program writes, what other programs do with each, and what
dten-audit says. All are built by code: `benchmarks/hostile/` and `tests/documents/hostile_*.py`. A
test holds the last column to what the code says today, so that this page cannot grow old.

Measured on {date} with
{versions}.
Each program ran alone, in a namespace in which nothing but a fresh folder can be written, with 20
seconds, 1 GB of memory and files of 200 MB; as root, as upgrades do. Repeat it with
`python -m benchmarks.hostile_archives` (needs the programs and `unshare`).

What the words mean. *accepts*: exit status 0 and not a word, from the program's test and from its
unpacking. *content missed*: a part that another reader of the same file finds did not come out.
*warns*: it says something and goes on. *refuses*: it ends with an error, which may come after most
has been unpacked. *stopped*: at one of the limits above. *writes outside*: something appeared
outside the target folder. *crash*: it ended by an error that it does not document. *no reader*: not
as a file of its own. A dash: not this program's format. Python stands for `zipfile`, `tarfile` with
`filter='data'`, and the modules of the streams.

dten-audit names its rule and the severity; `dten-audit explain ARC001` says more. *not opened* is
exit status 3: nothing in the file can be read. What is *info* alone occurs in honest archives too.
It writes nothing, and a crash of it would have ended the measurement.

A program that takes such an archive need not be broken: it was asked to unpack, not to judge. The
tables show what nobody says unless somebody looks.

## Summary

Of the archives that a program reads, so many it takes without a word:

| program | reads | accepts | of these, content missed | writes outside | crashes or is stopped |
|---|---|---|---|---|---|
"""


class Row(NamedTuple):
    """What the page says of a case: the words of the other programs, and ours."""

    others: tuple[str, ...]
    ours: str


def our_words(report: PackageReport) -> str:
    """Return the rules that speak up, the most severe first, as the page writes them."""
    if report.error:
        return "not opened"
    seen = dict.fromkeys(
        f"{finding.rule} {finding.severity}"
        for finding in report.findings
        if finding.rule.startswith(_FAMILY)
    )
    return ", ".join(seen) or "nothing"


def audited(cases: Iterable[HostileCase]) -> dict[str, PackageReport]:
    """Return our report of each case, by name."""
    options = Options(select=(_FAMILY,))
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for number, case in enumerate(cases):
            place = Path(folder) / str(number)
            place.mkdir()
            paths[case.name] = place / "package"
            paths[case.name].write_bytes(case.data())
        reports = audit(paths.values(), options).packages
    return dict(zip(paths, reports, strict=True))


def page(cases: list[HostileCase], rows: Mapping[str, Row], versions: list[str], date: str) -> str:
    """Return the document."""
    named = f"{', '.join(versions[:-1])} and {versions[-1]}"
    out = [_INTRODUCTION.format(count=len(cases), date=date, versions=named)]
    for at, name in enumerate(COLUMNS):
        out.append(_summed(name, [rows[case.name].others[at] for case in cases]))
    silent = sum(rows[case.name].ours == "nothing" for case in cases)
    out.append(f"| dten-audit | {len(cases)} | {silent} | {NONE} | {NONE} | {NONE} |\n")
    out.append(_compared(list(rows.values())))
    for group in GROUPS:
        inside = [case for case in cases if case.group == group]
        out.append(f"\n## {group}\n\n{_HEAD}\n{'|---' * 7}|\n")
        out += [_line(case, rows[case.name]) for case in inside]
    return "".join(out)


def _compared(rows: list[Row]) -> str:
    """Return how far the programs agree, and how loudly we speak."""
    verdicts = [
        {word.removeprefix(_OUTSIDE) in _SILENT for word in row.others if word not in _NONE}
        for row in rows
    ]
    several = sum(len([w for w in row.others if w not in _NONE]) > 1 for row in rows)
    apart = sum(len(found) > 1 for found in verdicts)
    closed = sum(row.ours == "not opened" for row in rows)
    quiet = sum(all(word.endswith(" info") for word in row.ours.split(", ")) for row in rows)
    return _COMPARED.format(
        several=several, apart=apart, closed=closed, quiet=quiet, loud=len(rows) - closed - quiet
    )


def _summed(name: str, words: list[str]) -> str:
    read = [word for word in words if word not in _NONE]
    silent = [word for word in read if word.removeprefix(_OUTSIDE) in _SILENT]
    missed = sum("missed" in word for word in silent)
    outside = sum("outside" in word for word in read)
    broken = sum("crash" in word or "stopped" in word for word in read)
    return f"| {name} | {len(read)} | {len(silent)} | {missed} | {outside} | {broken} |\n"


def _line(case: HostileCase, row: Row) -> str:
    what = case.what.replace("|", "\\|")
    return f"| {case.name} | {what} | {' | '.join(row.others)} | {row.ours} |\n"


def committed() -> dict[str, Row]:
    """Return the rows of the page as it stands."""
    rows = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == len(COLUMNS) + 3 and ": " in cells[0]:
            rows[cells[0]] = Row(tuple(cells[2:-1]), cells[-1])
    return rows
