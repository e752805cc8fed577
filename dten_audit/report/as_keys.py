"""Rows of config matrices as lines for one grep, as JSON, and as a Markdown table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from dten_audit.report.sanitise import for_markdown_cell, for_terminal
from dten_audit.site.matrix import Matrix
from dten_audit.site.matrix_rows import Row

_COLUMNS: Final = ("Product", "Since", "Change", "Key", "Instead", "Value", "Effect", "Source")


def as_lines(rows: Iterable[Row]) -> str:
    """Return one line a row, each complete in itself: product, version, change, key, what to do."""
    return "".join(f"{for_terminal(_line(row))}\n" for row in rows)


def _line(row: Row) -> str:
    words = [f"{row.product} {row.since}", row.change, row.key]
    if row.instead:
        words.append(f"-> {row.instead}")
    words += filter(None, (row.value, row.effect, row.note))
    return "  ".join(words)


def as_json(rows: Iterable[Row]) -> str:
    """Return the rows with all their fields."""
    found = {"schema": "dten-keys/1", "rows": [row._asdict() for row in rows]}
    return json.dumps(found, indent=1, ensure_ascii=True) + "\n"


def as_markdown(rows: Iterable[Row]) -> str:
    """Return one table; what a matrix holds is text there, never markup."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{' --- |' * len(_COLUMNS)}"]
    for row in rows:
        note = " ".join(filter(None, (row.value, row.note)))
        cells = (
            row.product, row.since, row.change, row.key, row.instead, note, row.effect, row.source
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(for_markdown_cell, cells))} |")
    return "\n".join(lines) + "\n"


def products(matrices: Iterable[Matrix]) -> str:
    """Return one line a product: name, number of keys, when they were read, files, source."""
    lines = []
    for matrix in matrices:
        keys = len({(entry.section, entry.key) for entry in matrix.entries})
        files = ", ".join(matrix.files)
        head = f"{matrix.product:22} {keys:5} keys  {matrix.retrieved or '(no date)':10}"
        lines.append(f"{for_terminal(f'{head}  {files}')}\n")
    return "".join(lines)
