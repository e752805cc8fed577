"""Counts the work that reading takes, whatever else the machine does."""

from __future__ import annotations

import sys
from types import FrameType

from dten_audit.documents.document import Document
from dten_audit.readers.base import Read


def calls(read: Read, document: Document) -> int:
    """Return how many functions are called to read a document."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for _ in read(document):
            pass
    finally:
        sys.setprofile(before)
    return count
