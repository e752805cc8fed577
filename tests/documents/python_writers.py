"""Python's own writers of archives, each with what it can store."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from .random_trees import Shape, Tree

_PLAIN: Final = Shape(odd_names=False)


class PythonWriter(NamedTuple):
    """A writer: the ending of its archives, and what it can store."""

    name: str
    ending: str
    write: Callable[[Tree], bytes]
    shape: Shape = Shape()


class _Pipe(io.RawIOBase):
    """A stream that cannot go back."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        taken = bytes(data)  # type: ignore[call-overload]
        self.taken += taken
        return len(taken)


def _zip(method: int, *, pipe: bool = False, large: bool = False) -> Callable[[Tree], bytes]:
    def write(tree: Tree) -> bytes:
        stream = _Pipe() if pipe else io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            for path, node in tree.items():
                data, kind, slash = node.data or b"", stat.S_IFREG, ""
                if node.target:
                    data, kind = node.target.encode(), stat.S_IFLNK
                elif node.data is None:
                    kind, slash = stat.S_IFDIR, "/"
                info = zipfile.ZipInfo(path + slash)
                info.external_attr = (kind | node.mode) << 16
                info.compress_type = zipfile.ZIP_STORED if slash else method
                with archive.open(info, "w", force_zip64=large) as member:
                    member.write(data)
        return bytes(stream.taken) if isinstance(stream, _Pipe) else stream.getvalue()

    return write


def _tar(form: int, mode: Literal["w", "w|", "w|gz"] = "w") -> Callable[[Tree], bytes]:
    def write(tree: Tree) -> bytes:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode=mode, format=form) as archive:
            for path, node in tree.items():
                info = tarfile.TarInfo(path)
                info.mode, info.mtime = node.mode, 1_700_000_000
                info.uname = info.gname = "root"
                if node.target:
                    info.type, info.linkname = tarfile.SYMTYPE, node.target
                elif node.data is None:
                    info.type = tarfile.DIRTYPE
                else:
                    info.size = len(node.data)
                archive.addfile(info, io.BytesIO(node.data or b""))
        return stream.getvalue()

    return write


def _packed(pack: Callable[[bytes], bytes], form: int) -> Callable[[Tree], bytes]:
    return lambda tree: pack(_tar(form)(tree))


_PAX, _GNU, _USTAR = tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT
WRITERS: Final = (
    PythonWriter("zip, stored", ".zip", _zip(zipfile.ZIP_STORED)),
    PythonWriter("zip, deflated", ".zip", _zip(zipfile.ZIP_DEFLATED)),
    PythonWriter("zip, bzip2", ".zip", _zip(zipfile.ZIP_BZIP2)),
    PythonWriter("zip, lzma", ".zip", _zip(zipfile.ZIP_LZMA)),
    PythonWriter("zip, into a pipe", ".jar", _zip(zipfile.ZIP_DEFLATED, pipe=True)),
    PythonWriter("zip, stored, into a pipe", ".zip", _zip(zipfile.ZIP_STORED, pipe=True)),
    PythonWriter("zip, 64-bit", ".zip", _zip(zipfile.ZIP_DEFLATED, large=True)),
    PythonWriter("zip, 64-bit, into a pipe", ".zip", _zip(8, pipe=True, large=True)),
    PythonWriter("tar, ustar", ".tar", _tar(_USTAR), _PLAIN),
    PythonWriter("tar, GNU", ".tar", _tar(_GNU)),
    PythonWriter("tar, pax", ".tar", _tar(_PAX)),
    PythonWriter("tar, into a pipe", ".tar", _tar(_PAX, "w|")),
    PythonWriter("tar.gz, into a pipe", ".tar.gz", _tar(_PAX, "w|gz")),
    PythonWriter("tar.gz", ".tgz", _packed(gzip.compress, _GNU)),
    PythonWriter("tar.bz2", ".tar.bz2", _packed(bz2.compress, _PAX)),
    PythonWriter("tar.xz", ".tar.xz", _packed(lzma.compress, _PAX)),
    PythonWriter("tar.lzma", ".tar.lzma", _packed(lambda data: lzma.compress(data, 2), _PAX)),
)
CONTEXT: Final = frozenset({"padding", "stored-streamed", "path-windows", "link-absolute"})
"""Issues that are context, at info: how bsdtar and CPython write into a pipe, and other traces."""
