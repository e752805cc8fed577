"""Unpacks an archive with Python's library, and says in a few words how that went.

Runs alone, as ``python -I python_reader.py KIND FILE``, in the folder to unpack to.
"""

import bz2
import gzip
import lzma
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

MEANT = (
    "BadZipFile", "LargeZipFile", "NotImplementedError", "RuntimeError", "BadGzipFile", "LZMAError",
    "EOFError", "OSError", "PermissionError", "FileNotFoundError", "NotADirectoryError",
    "IsADirectoryError", "FileExistsError",
)  # fmt: skip
TOO_LARGE = 27
STREAMS: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open, "lzma": lzma.open}


def unpack(kind: str, path: str) -> None:
    """Unpack everything, as the manual of the module shows it."""
    if kind == "zip":
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
            if bad is not None:
                raise zipfile.BadZipFile(bad)
            archive.extractall()
        return
    try:
        with tarfile.open(path) as tape:
            tape.extractall(filter="data")
    except tarfile.ReadError:
        if kind not in STREAMS:
            raise
        with STREAMS[kind](path) as stream, Path("content").open("wb") as out:
            while chunk := stream.read(1 << 20):
                out.write(chunk)


def main() -> None:
    """Print one line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            unpack(*sys.argv[1:])
        except MemoryError:
            print("stopped, memory")
        except Exception as error:  # noqa: BLE001 - that is what is measured
            name = type(error).__name__
            if getattr(error, "errno", None) == TOO_LARGE:
                print("stopped, size")
            elif name in MEANT or isinstance(error, tarfile.TarError):
                print(f"refuses ({name})")
            else:
                print(f"crash ({name})")
        else:
            print("warns" if caught else "accepts")


main()
