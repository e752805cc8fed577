"""Hostile paths, each as a member of a ZIP and of a tar archive."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from dten_audit.examples.zip_writer import ZipMember, write_zip

from .case import CANARY, HostileCase
from .tape import END, file, file_header

_FIELD: Final = 100
"""How long a name may be in a header of tar."""


class _Path(NamedTuple):
    name: str
    path: str
    says: str
    what: str
    other: str = ""
    tar: bool = True


_PATHS: Final = (
    _Path("climbs out", "../../canary.sql", "path-traversal", "The path climbs out."),
    _Path("climbs out, late", "conf/../../canary.sql", "path-traversal",
          "The path climbs out behind an ordinary start."),
    _Path("up and down", "conf/../canary.sql", "path-dots", "The path goes up and down again."),
    _Path("absolute", "/tmp/dten-audit-escape.sql", "path-absolute", "It starts at the root."),
    _Path("two slashes", "//tmp/dten-audit-escape.sql", "path-absolute",
          "The path starts with two slashes."),
    _Path("drive", "C:\\canary.sql", "path-absolute", "The path starts on a drive."),
    _Path("drive, relative", "C:canary.sql", "path-absolute",
          "The path is relative to the current folder of a drive."),
    _Path("network share", "\\\\192.0.2.7\\share\\canary.sql", "path-absolute",
          "The path leads to a network share."),
    _Path("long form of Windows", "\\\\?\\C:\\canary.sql", "path-absolute",
          "The path is in the form that Windows does not check."),
    _Path("climbs by backslash", "..\\..\\canary.sql", "path-traversal",
          "The path climbs out where backslash separates."),
    _Path("backslash", "conf\\canary.sql", "path-backslash",
          "The path has folders on Windows and none elsewhere."),
    _Path("a device of Windows", "aux.sql", "path-windows path-collision",
          "The name is a device on Windows, twice.", "AUX.SQL"),
    _Path("dot at the end", "canary.sql.", "path-windows path-collision",
          "Windows drops the dot: two members become one.", "canary.sql"),
    _Path("blank at the end", "canary.sql ", "path-windows path-collision",
          "Windows drops the blank: two members become one.", "canary.sql"),
    _Path("letter case", "conf/Canary.sql", "path-collision",
          "Two members become one where letter case does not count.", "conf/canary.sql"),
    _Path("two forms of a letter", "conf/caf\u00e9.sql", "path-collision",
          "Two members become one where Unicode forms are normalised.", "conf/cafe\u0301.sql"),
    _Path("ligature", "conf/o\ufb03ce.sql", "path-collision",
          "Two members become one under compatibility forms.", "conf/office.sql"),
    _Path("file and folder", "conf", "path-conflict",
          "The path is a file and a folder.", "conf/agent.conf"),
    _Path("escape sequence", "\x1b[2Jcanary.sql", "path-control",
          "A terminal that lists the path clears its screen."),
    _Path("new line", "canary\n.sql", "path-control", "The path is two lines of a list."),
    _Path("carriage return", "evil.sh\rcanary.sql", "path-control",
          "A terminal overwrites the first part of the path with the second."),
    _Path("NUL", "canary.sql\0.txt", "path-control", "Some programs stop at the NUL.", tar=False),
    _Path("right to left", "canary\u202elqs.txt", "path-deceptive",
          "The end of the path is shown in reverse."),
    _Path("invisible", "canary\u200b.sql", "path-deceptive", "A character cannot be seen."),
    _Path("slash of full width", "conf\uff0f..\uff0fcanary.sql", "path-deceptive",
          "Normalised, the path has other folders."),
    _Path("dots of one character", "conf/\u2025/\u2025/canary.sql", "path-deceptive",
          "Normalised, the path climbs."),
    _Path("long path", ("d" * 200 + "/") * 24 + "canary.sql", "path-long",
          "No file system takes the path."),
    _Path("long name", "n" * 300 + ".sql", "path-long", "No file system takes the name."),
    _Path("option", "-rf", "path-option", "A command in the folder takes the name for an option."),
    _Path("substitution", "$(id).sql", "path-option", "A careless script runs what the name says."),
    _Path("back quotes", "`id`.sql", "path-option", "A careless script runs what the name says."),
    _Path("home folder", "~/canary.sql", "path-option", "A shell puts the file elsewhere."),
    _Path("no name", "", "path-empty", "The member has no name.", tar=False),
)  # fmt: skip


def _zip(row: _Path) -> bytes:
    others = [ZipMember(row.other, b"other")] if row.other else []
    return write_zip([ZipMember(row.path, CANARY), *others, ZipMember("b.txt", b"second")])


def _tar(row: _Path) -> bytes:
    parts = [_named(row.path, CANARY), *([_named(row.other, b"other")] if row.other else [])]
    return b"".join(parts) + file(b"b.txt", b"second") + END


def _named(path: str, data: bytes) -> bytes:
    name = path.encode()
    if len(name) <= _FIELD:
        return file(name, data)
    long = name + b"\0"
    return file_header(b"L", len(long), b"L") + long + bytes(-len(long) % 512) + file(b"x", data)


def path_cases() -> Iterator[HostileCase]:
    """Yield every hostile path in both formats."""
    for row in _PATHS:
        for kind, build in (("zip", _zip), ("tar", _tar)):
            if kind == "zip" or row.tar:
                data = partial(build, row)
                yield HostileCase(f"{kind}: path, {row.name}", "Paths", kind, row.what, data,
                                  row.says)  # fmt: skip
