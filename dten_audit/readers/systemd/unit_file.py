"""Reads unit files and drop-ins, and the command lines in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.units import UnitEntry, UnitFile
from dten_audit.readers.systemd.exec_lines import EXEC_KEYS, EXEC_SECTIONS, exec_line
from dten_audit.readers.systemd.names import split_name, unit_of_path
from dten_audit.readers.systemd.syntax import Fault, assignments

MAX_COMMAND_LINES: Final = 500
"""So many are read of one unit; the largest of Debian 12 have about twenty."""


def read(document: Document) -> Iterator[UnitFile | Unreadable | Embedded]:
    """State the unit file with all its assignments, and each line that is not readable.

    The command lines are embedded shell texts, run as the user whom the unit names.

    A file whose path names no unit is still read (a script may install it under another name);
    its ``name`` is then the file's own.
    """
    owner = unit_of_path(document.path)
    if document.kind == "empty" and owner is None:
        return
    name, drop_in = owner or (document.name, False)
    entries: list[UnitEntry] = []
    lines: list[int] = []
    for item in assignments(document.text):
        if isinstance(item, Fault):
            yield Unreadable(document.location(item.line), "systemd-unit", item.reason)
            continue
        end = item.end_line if item.end_line > item.line else None
        place = document.location(item.line, None, end)
        entries.append(UnitEntry(item.section, item.key, item.value, place))
        lines.append(item.line)
    parts = split_name(name)
    unit = UnitFile(
        document.location(1) if document.text else document.whole(),
        document.id,
        name,
        document.path,
        tuple(entries),
        drop_in_of=name if drop_in else "",
        template=parts.template,
        instance=parts.instance,
        masked=not document.text and not drop_in,
    )
    yield unit
    found = _command_lines(unit, lines)
    yield from islice(found, MAX_COMMAND_LINES)
    if next(found, None) is not None:
        reason = f"more than {MAX_COMMAND_LINES} command lines"
        yield Unreadable(document.location(1), "systemd-unit", reason)


def _command_lines(unit: UnitFile, lines: list[int]) -> Iterator[Embedded]:
    """Yield the command lines; ``lines`` are those of the entries."""
    own = unit.value("Service", "User")
    user = "" if "systemd/user/" in unit.path else own or "root"
    tolerated = (entry.value for entry in unit.values("Service", "SuccessExitStatus"))
    succeeds = frozenset(" ".join(tolerated).split())
    for entry, number in zip(unit.entries, lines, strict=True):
        if entry.key not in EXEC_KEYS or entry.section not in EXEC_SECTIONS:
            continue
        line = exec_line(entry.value, succeeds)
        if line is not None:
            hints = (("unit", unit.name), ("user", "root" if line.privileged else user))
            yield Embedded("shell", line.text, (number,), len(entry.key) + 2, hints=hints)
