"""Collects a document's bytes: in memory while they are few, then in an unlinked temporary file."""

from __future__ import annotations

import mmap
from typing import IO, Self

from dten_audit.documents.budget import Budget
from dten_audit.documents.errors import OverLimitError
from dten_audit.documents.source import Data


class Sink:
    """Takes chunks, charges them, and gives them back as one document. A context manager."""

    __slots__ = ("_budget", "_charged", "_chunks", "_file", "size")

    def __init__(self, budget: Budget, *, charged: bool = False) -> None:
        """``charged``: the bytes are paid for already."""
        self._budget = budget
        self._charged = charged
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Give the temporary file back; a map of it lives on."""
        if self._file is not None:
            self._file.close()

    def write(self, chunk: bytes) -> None:
        """Take a chunk. Raises ``OverLimitError``."""
        budget = self._budget
        self.size += len(chunk)
        if not self._charged:
            budget.charge(len(chunk))
        budget.check_member(self.size)
        if self._file is None and self.size > budget.limits.memory:
            self._file = _spool(self._chunks)
            self._chunks = []
        if self._file is None:
            self._chunks.append(chunk)
        else:
            _write(self._file, chunk)

    def data(self) -> Data:
        """Return all that was taken."""
        if self._file is None:
            return b"".join(self._chunks)
        self._file.flush()
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)


def _spool(chunks: list[bytes]) -> IO[bytes]:
    import tempfile

    file = tempfile.TemporaryFile(prefix="dten-audit-")  # noqa: SIM115 - lives as long as its map
    for chunk in chunks:
        _write(file, chunk)
    return file


def _write(file: IO[bytes], chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        raise OverLimitError("limit-disk", f"no room for a temporary file: {error}") from error
