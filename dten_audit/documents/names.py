"""Judges the paths, links and modes of a container's members before anybody unpacks it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from dten_audit.documents.budget import Limits
from dten_audit.documents.source import Link, Problem
from dten_audit.documents.tool_files import TOOL_FILES

_SAFE: Final = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+@=,./- ()[]{}#%&'!;^~$\n"
)
_SUSPECT_ENDS: Final = b". "
_SUSPECT_STARTS: Final = b"-~"
_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"]
)
"""Names that Windows takes for devices, with any ending (Naming Files, Paths, and Namespaces)."""
_DRIVE: Final = r"[A-Za-z]:"
_UNIT_ESCAPE: Final = r"\\x[0-9a-f]{2}"
"""How systemd writes a character into a unit's name (systemd.unit(5)): no separator anywhere."""
_FORMAT_CATEGORIES: Final = frozenset({"Cf", "Zl", "Zp"})
_SETUID: Final = 0o4000
_SETGID: Final = 0o2000
_STICKY: Final = 0o1000
_OTHERS_WRITE: Final = 0o002
ODD_MODES: Final = _SETUID | _SETGID | _OTHERS_WRITE


def path_problems(paths: Sequence[str], limits: Limits) -> Iterator[Problem]:
    """Yield what is wrong with each path by itself. Plain paths cost next to nothing."""
    blob = "\n".join(paths).encode()
    components = set(blob.replace(b"\n", b"/").split(b"/"))
    for path in _tool_files(paths, components):
        yield Problem("tool-suppression", path.rpartition("/")[2], path)
    if len(paths) == blob.count(b"\n") + 1 and _plain(blob, components, paths, limits):
        return
    for path in paths:
        line = path.encode()
        if b"\n" in line or not _plain(line, line.split(b"/"), (path,), limits):
            yield from _judge(path, limits)


def _tool_files(paths: Sequence[str], components: set[bytes]) -> Iterator[str]:
    found = {name for name in TOOL_FILES if name.encode() in components}
    if found:
        yield from (path for path in paths if path.rpartition("/")[2] in found)


def _plain(
    blob: bytes, components: Collection[bytes], paths: Sequence[str], limits: Limits
) -> bool:
    """Tell whether paths hold nothing that needs a closer look."""
    if blob.translate(None, _SAFE) or b"$(" in blob or b"" in components:
        return False
    if max(map(len, components)) > limits.component or max(map(len, paths)) > limits.name:
        return False
    return not any(
        part[-1] in _SUSPECT_ENDS
        or part[0] in _SUSPECT_STARTS
        or part.partition(b".")[0].rstrip(b" ").lower() in _RESERVED_BYTES
        for part in components
    )


_RESERVED_BYTES: Final = frozenset(name.encode() for name in _RESERVED)


def _judge(path: str, limits: Limits) -> Iterator[Problem]:
    """Yield everything that is wrong with one path."""
    if path in ("", "."):
        yield Problem("path-empty", "", path)
        return
    categories = {unicodedata.category(character) for character in path}
    if "Cc" in categories:
        yield Problem("path-control", repr(path[:80]), path)
    folded = unicodedata.normalize("NFKC", path)
    deceives = folded.count("/") != path.count("/") or (".." in folded and ".." not in path)
    if deceives or categories & _FORMAT_CATEGORIES:
        yield Problem("path-deceptive", ascii(path[:80]), path)
    slashed = re.sub(_UNIT_ESCAPE, "x", path).replace("\\", "/")
    if slashed.count("/") > path.count("/"):
        yield Problem("path-backslash", "", path)
    if slashed.startswith("/") or re.match(_DRIVE, slashed):
        yield Problem("path-absolute", "", path)
    parts = slashed.split("/")
    if ".." in parts:
        climbs = climbs_out(slashed)
        yield Problem("path-traversal" if climbs else "path-dots", "", path)
    if len(path.encode()) > limits.name:
        yield Problem("path-long", f"{len(path)} characters", path)
    elif max(len(part.encode()) for part in parts) > limits.component:
        yield Problem("path-long", "one component", path)
    if any(_unfit_for_windows(part) for part in parts):
        yield Problem("path-windows", "", path)
    if path[0] in "-~" or "$(" in path or "`" in path:
        yield Problem("path-option", "", path)


def _unfit_for_windows(part: str) -> bool:
    if part in ("", ".", ".."):
        return False
    reserved = part.partition(".")[0].rstrip(" ").lower() in _RESERVED
    return reserved or part[-1] in ". " or any(character in '<>"|?*' for character in part)


def climbs_out(path: str) -> bool:
    """Tell whether a relative path leaves the folder that it starts in."""
    depth = 0
    for part in path.split("/"):
        if part == "..":
            depth -= 1
            if depth < 0:
                return True
        elif part not in ("", "."):
            depth += 1
    return False


def link_problems(link: Link, limits: Limits) -> Iterator[Problem]:
    """Yield what is wrong with a link's target, judged as text."""
    target = link.target.replace("\\", "/")
    kind = "hard link" if link.hard else "link"
    shown = f"{kind} to {link.target[:200]}"
    if len(target) > limits.link:
        yield Problem("path-long", "the link's target", link.path)
    if target.startswith("/") or re.match(_DRIVE, target):
        yield Problem("link-escape" if link.hard else "link-absolute", shown, link.path)
    elif _leaves(link, target):
        yield Problem("link-escape", shown, link.path)


def _leaves(link: Link, target: str) -> bool:
    folder = "" if link.hard else link.path.rpartition("/")[0]
    return climbs_out(f"{folder}/{target}")


def mode_problems(path: str, mode: int, *, folder: bool, kept: bool = True) -> Iterator[Problem]:
    """Yield what a Unix mode gives away (chmod(2)). A folder's own setuid bits mean nothing.

    ``kept``: unpackers set the mode as it stands; those of ZIP let the umask take bits away, and
    many writers state 0666 and 0777 throughout.
    """
    if not folder and mode & _SETUID:
        yield Problem("mode-setuid", f"mode {mode:04o}", path)
    elif not folder and mode & _SETGID:
        yield Problem("mode-setgid", f"mode {mode:04o}", path)
    if kept and mode & _OTHERS_WRITE and not (folder and mode & _STICKY):
        yield Problem("mode-world-writable", f"mode {mode:04o}", path)


def tree_problems(
    files: Collection[str], folders: Collection[str], links: Mapping[str, Link]
) -> Iterator[Problem]:
    """Yield what is wrong with the paths of a container taken together."""
    yield from _collisions(sorted({*files, *links, *folders}))
    ordered = sorted(path.replace("/", "\0") for path in {*files, *links, *folders})
    known = set(files)
    for before, after in pairwise(ordered):
        if after.startswith(before) and after[len(before)] == "\0":
            path = before.replace("\0", "/")
            if path in known:
                inside = after.replace("\0", "/")
                yield Problem("path-conflict", f"a file, and holds {inside}", path)
    for path, link in sorted(links.items()):
        prefix = path.replace("/", "\0") + "\0"
        at = bisect_left(ordered, prefix)
        if not link.hard and at < len(ordered) and ordered[at].startswith(prefix):
            target = link.target.replace("\\", "/")
            outside = target.startswith("/") or _leaves(link, target)
            issue = "path-through-link" if outside else "path-through-inner-link"
            member = ordered[at].replace("\0", "/")
            yield Problem(issue, f"through {path}, which points to {link.target[:200]}", member)


def _collisions(paths: Sequence[str]) -> Iterator[Problem]:
    lowered = {path.lower() for path in paths}
    if len(lowered) == len(paths) and all(path.isascii() and _direct(path) for path in paths):
        return
    first: dict[str, str] = {}
    for path in paths:
        other = first.setdefault(_key(path), path)
        if other != path:
            yield Problem("path-collision", f"the same as {other}", path)


def _direct(path: str) -> bool:
    """Tell whether a path is its own canonical form but for upper and lower case."""
    return "./" not in path and "//" not in path and "\\" not in path and "\0" not in path


def _key(path: str) -> str:
    """Return what a file system that folds case and Unicode forms makes of a path."""
    kept: list[str] = []
    for part in path.partition("\0")[0].replace("\\", "/").split("/"):
        if part == ".." and kept:
            kept.pop()
        elif part not in ("", ".", ".."):
            kept.append(part.rstrip(". ") or part)
    return unicodedata.normalize("NFKC", "/".join(kept)).casefold()
