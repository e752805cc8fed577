"""Tells whether a document is a container too: by its kind, or by an archive at its end."""

from __future__ import annotations

from typing import Final

from dten_audit.documents.kinds import CONTAINERS, kind_of
from dten_audit.documents.selfextract import payload_of
from dten_audit.documents.source import Data
from dten_audit.documents.zip.directory import ends_in_zip

_LONGEST_TAIL: Final = 22 + 0xFFFF
_LAST_SIGNATURE_BYTE: Final = b"\x06"
"""No text holds it, and it is found at the speed of memory."""


def nested_kind(path: str, data: Data, mode: int | None = None) -> tuple[str, str]:
    """Return the kind of a document, and the kind of container to open it as, else an empty text.

    A ZIP is read from its end: whatever stands before it, unpackers take it for a ZIP.
    """
    kind = kind_of(path, data if isinstance(data, bytes) else data[:4096], mode)
    if kind in CONTAINERS:
        return kind, kind
    if data.find(_LAST_SIGNATURE_BYTE, -_LONGEST_TAIL) >= 0 and ends_in_zip(data):
        return kind, "zip"
    if kind == "shell" and payload_of(data):
        return kind, "selfextract"
    return kind, ""
