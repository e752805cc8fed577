"""Tells whether a document is a container too: by its kind, its end, or what it carries behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dten_audit.documents.foreign import landmark_kind
from dten_audit.documents.formats import format_of
from dten_audit.documents.kind_tables import KIND_FAMILIES
from dten_audit.documents.kinds import CONTAINERS, SAMPLE, kind_of
from dten_audit.documents.overlay import PROGRAMS, carries_overlay
from dten_audit.documents.selfextract import SCRIPTS, carries_payload
from dten_audit.documents.shar import holds_parts
from dten_audit.documents.source import Data
from dten_audit.documents.zip.directory import ends_in_zip

if TYPE_CHECKING:
    from dten_audit.documents.plugins import Plugins

_SHORTEST_WITHOUT_NUL: Final = 1 << 24
"""The size of a smaller ZIP's directory, in its end record, has a byte that is zero."""
_NAMED: Final = frozenset(("iso", "dmg"))
"""Kinds that a name gives although the bytes may be something else."""


def nested_kind(
    path: str, data: Data, mode: int | None = None, plugins: Plugins | None = None
) -> tuple[str, str]:
    """Return the kind of a document, and the kind of container to open it as, else an empty text.

    A plugin is asked about what no format here reads.
    """
    kind, container = known_kind(path, data, mode)
    if plugins is not None and (not container or format_of(container) is None):
        return kind, plugins.kind_of(path, data[:SAMPLE]) or container
    return kind, container


def known_kind(path: str, data: Data, mode: int | None) -> tuple[str, str]:
    """Return the same two kinds, without asking a plugin.

    A ZIP is read from its end: whatever stands before it, unpackers take it for a ZIP.
    """
    head = data if isinstance(data, bytes) else data[:SAMPLE]
    kind = kind_of(path, head, mode)
    if kind in CONTAINERS and kind not in _NAMED:
        return kind, kind
    nul = data.find(b"\0")
    if (nul >= 0 or len(data) > _SHORTEST_WITHOUT_NUL) and ends_in_zip(data):
        return kind, "zip"
    if kind in SCRIPTS and carries_payload(data, kind, nul):
        return kind, "selfextract"
    if kind == "shell" and holds_parts(data):
        return kind, "shar"
    if kind in KIND_FAMILIES:
        return _by_landmarks(kind, data)
    return kind, ""


def _by_landmarks(kind: str, data: Data) -> tuple[str, str]:
    """Look further into what is no text: images of disks, and programs with something appended."""
    if kind in _NAMED:
        plain = kind_of("", data[:SAMPLE])
        if plain not in ("binary", "empty"):
            return plain, plain if plain in CONTAINERS else ""
    found = landmark_kind(data) if len(data) > SAMPLE else ""
    if found:
        return found, found
    if kind in PROGRAMS and carries_overlay(data, kind):
        return kind, "overlay"
    return kind, kind if kind in CONTAINERS else ""
