"""Opens a package: from a file or folder to its documents, containers, issues and gaps."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from dten_audit.documents.budget import Budget
from dten_audit.documents.container import Container
from dten_audit.documents.document import Document
from dten_audit.documents.errors import PackageError
from dten_audit.documents.kinds import kind_of
from dten_audit.model.facts.container import ContainerIssue, CoverageGap
from dten_audit.model.location import inner

__all__ = ["Container", "Opened", "open_package"]

Opened = Document | Container | ContainerIssue | CoverageGap


def open_package(path: str | Path, budget: Budget, name: str | None = None) -> Iterator[Opened]:
    """Yield everything in the package at ``path``, depth first, in its own order.

    ``name`` is what its addresses start with; by default the file's name. Raises ``PackageError``
    where the package cannot be opened at all.
    """
    del budget
    place = Path(path)
    base = name or place.resolve().name
    if place.is_dir():
        yield Container(base, "folder", 0)
        for folder, folders, files in os.walk(place):
            folders.sort()
            for file in sorted(files):
                full = Path(folder, file)
                if full.is_file() and not full.is_symlink():
                    member = full.relative_to(place).as_posix()
                    mode: int | None = full.stat().st_mode
                    yield _document(base, member, full.read_bytes(), mode)
        return
    try:
        with zipfile.ZipFile(place) as archive:
            yield Container(base, "zip", place.stat().st_size)
            for info in archive.infolist():
                if not info.is_dir():
                    mode = info.external_attr >> 16 or None
                    yield _document(base, info.filename, archive.read(info), mode)
    except (OSError, zipfile.BadZipFile) as error:
        raise PackageError(f"{base}: {error}") from error


def _document(base: str, member: str, data: bytes, mode: int | None) -> Document:
    return Document(inner(base, member), member, kind_of(member, data, mode), data, mode=mode)
