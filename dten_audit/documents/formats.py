"""The formats of containers: one line each. A kind without a line is reported as not covered."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import NamedTuple

from dten_audit.documents.source import Members


class Format(NamedTuple):
    """A kind of container and the function that lists it (``module:name``, imported on use)."""

    kind: str
    function: str

    def load(self) -> Members:
        """Import the function."""
        module, _, name = self.function.partition(":")
        members: Members = getattr(import_module(f"dten_audit.documents.{module}"), name)
        return members


FORMATS: tuple[Format, ...] = (
    Format("zip", "zip.members:members"),
    Format("tar", "tar.members:members"),
    Format("gzip", "streams:gzip_members"),
    Format("bzip2", "streams:bzip2_members"),
    Format("xz", "streams:xz_members"),
    Format("lzma", "streams:lzma_members"),
    Format("zstd", "streams:zstd_members"),
    Format("lzip", "streams:lzip_members"),
    Format("ar", "ar:members"),
    Format("cpio", "cpio.members:members"),
    Format("rpm", "rpm.members:members"),
    Format("7z", "sevenzip.members:members"),
    Format("selfextract", "selfextract:members"),
    Format("shar", "shar:members"),
    Format("encoded", "blobs:members"),
    Format("overlay", "overlay:members"),
    Format("salted", "locked:members"),
    Format("luks", "locked:members"),
)


@cache
def format_of(kind: str) -> Members | None:
    """Return the function for a kind of container; None where there is none."""
    for known in FORMATS:
        if known.kind == kind:
            return known.load()
    return None
