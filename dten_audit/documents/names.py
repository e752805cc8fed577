"""Judges the paths, links and modes of a container's members before anybody unpacks it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from dten_audit.documents.budget import Limits
from dten_audit.documents.source import Link, Problem
from dten_audit.documents.tool_files import TOOL_NAMES, is_tool_file

_SAFE: Final = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+@=,./- ()[]{}#%&'!;^~$\n"
)
_DEVICES: Final = frozenset(
    [b"con", b"prn", b"aux", b"nul", b"conin$", b"conout$"]
    + [f"{port}{number}".encode() for port in ("com", "lpt") for number in "0123456789¹²³"]
)
"""Names that Windows takes for devices, with any ending (Naming Files, Paths, and Namespaces)."""
_SUSPECT_ENDS: Final = frozenset(b". ")
_SUSPECT_STARTS: Final = frozenset(b"-~")
_DRIVE: Final = r"[A-Za-z]:"
_UNIT_ESCAPE: Final = r"\\x[0-9a-f]{2}"
"""How systemd writes a character into a unit's name (systemd.unit(5)): no separator anywhere."""
_FORMAT_CATEGORIES: Final = frozenset({"Cf", "Zl", "Zp"})
_SETUID: Final = 0o4000
_SETGID: Final = 0o2000
_STICKY: Final = 0o1000
_OTHERS_WRITE: Final = 0o002
ODD_MODES: Final = _SETUID | _SETGID | _OTHERS_WRITE


def all_plain(paths: Sequence[str], limits: Limits) -> bool:
    """Tell whether no path holds anything that needs a closer look. Takes next to no time."""
    blob = "\n".join(paths).encode()
    if blob.translate(None, _SAFE) or blob.count(b"\n") != len(paths) - 1 or b"$(" in blob:
        return False
    components = set(blob.replace(b"\n", b"/").split(b"/"))
    if b"" in components or max(map(len, components)) > limits.component:
        return False
    ends = {component[-1] for component in components}
    starts = {component[0] for component in components}
    stems = {component.partition(b".")[0].strip().lower() for component in components}
    odd = ends & _SUSPECT_ENDS or starts & _SUSPECT_STARTS or stems & _DEVICES
    return not odd and max(map(len, paths)) <= limits.name


def weight(path: str) -> int:
    """Return what a path costs to judge: its length when normalised, up to 18 times as long."""
    return len(path) if path.isascii() else len(unicodedata.normalize("NFKC", path))


def path_problems(paths: Sequence[str], limits: Limits) -> Iterator[Problem]:
    """Yield what is wrong with each path by itself."""
    for path in paths:
        if not all_plain((path,), limits):
            yield from _judge(path, limits)


def tool_settings(paths: Sequence[str]) -> Iterator[Problem]:
    """Yield the paths that are settings of auditing tools."""
    if TOOL_NAMES.isdisjoint([path.rpartition("/")[2] for path in paths]):
        return
    for path in paths:
        if is_tool_file(path):
            yield Problem("tool-suppression", path.rpartition("/")[2], path)


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
    stem = part.partition(".")[0].partition(":")[0].strip().lower()
    reserved = stem.encode() in _DEVICES or ":$" in part
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
    if absolute(target):
        yield Problem("link-escape" if link.hard else "link-absolute", shown, link.path)
    elif leaves(link):
        yield Problem("link-escape", shown, link.path)


def absolute(target: str) -> bool:
    """Tell whether a link's target starts at a root: one of Unix, or a drive."""
    return target.startswith(("/", "\\")) or re.match(_DRIVE, target) is not None


def leaves(link: Link) -> bool:
    """Tell whether a link's target climbs out of the root, judged as text."""
    target = link.target.replace("\\", "/")
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
