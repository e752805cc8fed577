"""Reads unit files and drop-ins."""

from __future__ import annotations

from collections.abc import Iterator

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.units import UnitEntry, UnitFile
from dten_audit.readers.systemd.names import split_name, unit_of_path
from dten_audit.readers.systemd.syntax import Fault, assignments


def read(document: Document) -> Iterator[UnitFile | Unreadable]:
    """State the unit file with all its assignments, and each line that is not readable.

    A file whose path names no unit is still read (a script may install it under another name);
    its ``name`` is then the file's own.
    """
    owner = unit_of_path(document.path)
    if document.kind == "empty" and owner is None:
        return
    name, drop_in = owner or (document.name, False)
    entries: list[UnitEntry] = []
    for item in assignments(document.text):
        if isinstance(item, Fault):
            yield Unreadable(document.location(item.line), "systemd-unit", item.reason)
            continue
        end = item.end_line if item.end_line > item.line else None
        place = document.location(item.line, None, end)
        entries.append(UnitEntry(item.section, item.key, item.value, place))
    parts = split_name(name)
    yield UnitFile(
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
