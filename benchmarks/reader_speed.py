"""Prints how fast each reader reads real files, and what hurts it most.

``python -m benchmarks.reader_speed [--select READER …] [--size BYTES] [--whole]``: megabytes a
second on real files (installed packages, the rules' own examples), then the slowest of the texts in
``tests/readers/pathological.py``, in seconds of CPU time for a text of 1 MB. With ``--whole`` each
text is audited as a package, with what is embedded in it, derivers and rules. Fails where a text
takes more than two seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dten_audit import Options, audit
from dten_audit.documents.document import Document
from dten_audit.documents.kinds import kind_of
from dten_audit.judge.loading import load_rules
from dten_audit.proof.examples import _members
from dten_audit.readers.base import Reader
from dten_audit.readers.reading import Reading
from dten_audit.readers.registry import READERS
from tests.readers.pathological import Case, cases

SIZE: Final = 1_000_000
LIMIT: Final = 2.0
_SHOWN: Final = 3
_MOST: Final = 3_000_000
"""So many bytes of real files a reader reads."""
_HEAD: Final = 4096
_REAL: Final = (
    "/etc", "/lib/systemd", "/usr/lib/systemd", "/usr/share/polkit-1", "/var/lib/dpkg/info",
    "/usr/share", "/usr/lib/python3", "/usr/bin", "/usr/sbin",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if any text took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--select", nargs="*", default=[])
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--real", nargs="*", default=[*_REAL, *sys.path[-1:]])
    parser.add_argument("--only", choices=["real", "hostile"])
    options = parser.parse_args(arguments)
    readers = [r for r in READERS if not options.select or r.name in options.select]
    if options.only != "hostile":
        real_speed(readers, options.real)
    return hostile(readers, options.size, whole=options.whole) if options.only != "real" else 0


def real_speed(readers: Sequence[Reader], folders: Sequence[str]) -> None:
    """Print megabytes a second of each reader on the documents that it would get in an audit."""
    documents = list(real_documents(folders))
    print(f"{len(documents)} real documents\n{'MB/s':>8} {'MB':>7} {'files':>6}  reader")
    for reader in readers:
        fits = reader.load_fits()
        seconds, size, count = 0.0, 0, 0
        for document in documents:
            if document.kind in reader.kinds and size < _MOST and fits(document):
                fresh = Document(document.address, document.path, document.kind, document.data)
                if not count:
                    alone(reader, fresh)  # its tables are loaded once
                seconds += alone(reader, fresh)
                size, count = size + len(document.data), count + 1
        speed = size / 1e6 / seconds if seconds else 0.0
        print(f"{speed:8.1f} {size / 1e6:7.2f} {count:6}  {reader.name}")


def real_documents(folders: Sequence[str]) -> Iterator[Document]:
    """Yield the rules' examples and the files below some folders, of the kinds that are read."""
    kinds = {kind for reader in READERS for kind in reader.kinds}
    room = dict.fromkeys(kinds, _MOST)
    for path, data in real_files(folders):
        kind = kind_of(path, data[:_HEAD])
        if room.get(kind, 0) > 0:
            room[kind] -= len(data)
            yield Document(f"p.zip!/{path}", path, kind, data)


def real_files(folders: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield paths and contents."""
    for rule in load_rules():
        for _, examples in rule.examples:
            for example in examples:
                if "build" not in example:
                    yield from _members(example).items()
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            try:
                if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size < SIZE:
                    yield str(path).lstrip("/"), path.read_bytes()
            except OSError:
                continue


def hostile(readers: Sequence[Reader], size: int, *, whole: bool) -> int:
    """Print the slowest texts of each reader."""
    print(f"\nslowest texts of {size / 1e6} MB, seconds{' of a whole audit' if whole else ''}")
    by_reader: dict[str, list[Case]] = {}
    for case in cases():
        by_reader.setdefault(case.reader, []).append(case)
    count = slow = 0
    for reader in readers:
        found = []
        for case in by_reader[reader.name]:
            data = case.sized(size).encode("utf-8", "surrogateescape")
            seconds = audited(case, data) if whole else taken(reader, document_of(case, data))
            found.append((seconds, f"{case.path}  {case.name}"))
        found.sort(reverse=True)
        worst = [entry for entry in found if entry[0] > LIMIT]
        for seconds, name in worst + found[len(worst) : _SHOWN]:
            print(f"{seconds:7.2f}  {reader.name:20} {name}", flush=True)
        count, slow = count + len(found), slow + len(worst)
    print(f"{count} texts, {slow} took more than {LIMIT} s")
    return 1 if slow else 0


def document_of(case: Case, data: bytes) -> Document:
    """Return a text as a document."""
    return Document(f"p.zip!/{case.path}", case.path, case.language.kind, data)


def taken(reader: Reader, document: Document) -> float:
    """Return the CPU time that a reader takes, asked as an audit asks it."""
    reading = Reading((reader,))
    start = time.process_time()
    reading.add(document)
    return time.process_time() - start


def alone(reader: Reader, document: Document) -> float:
    """Return the CPU time that a reader's function takes, without the stage around it."""
    function = reader.load()
    start = time.process_time()
    for _ in function(document):
        pass
    return time.process_time() - start


def audited(case: Case, data: bytes) -> float:
    """Return the CPU time that an audit of a package with one file takes."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / case.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        start = time.process_time()
        audit([Path(folder)], Options())
        return time.process_time() - start


if __name__ == "__main__":
    raise SystemExit(main())
