"""Judges the paths of a container taken together: which meet, which lie behind a link."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from dten_audit.documents.links import Targets
from dten_audit.documents.source import Link, Problem

_SHOWN: Final = 200
_SHORT: Final = 512
"""Of paths no longer than this, each folder above can be looked at by itself."""


def tree_problems(
    files: Collection[str], folders: Collection[str], links: Sequence[Link], *, plain: bool
) -> Iterator[Problem]:
    """Yield what is wrong with the paths of a container taken together.

    ``plain``: as ``all_plain`` found them. Two of 8.3 short names (``PROGRA~1``) are not compared:
    which long name Windows gives them depends on what else is in the folder.
    """
    paths = {*folders, *files, *(link.path for link in links)}
    keys = {path.lower(): path for path in paths} if plain else {}
    if len(keys) != len(paths):
        keys, collisions = _folded(paths)
        yield from collisions
    known = set(files)
    for path in sorted(known.intersection(folders)):
        yield Problem("path-conflict", "a file, and a folder", path)
    if not links and plain and _apart(keys, known):
        return
    ordered = sorted([key.replace("/", "\0") for key in keys])
    yield from _conflicts(ordered, keys, known)
    if links:
        exact = sorted([path.replace("/", "\0") for path in paths])
        yield from _judge_links(_Below(exact, ordered, keys), links, known, set(folders))


def _apart(keys: dict[str, str], files: set[str]) -> bool:
    """Tell at little cost that no file would have to be a folder; False where that is not clear."""
    if not keys or max(map(len, keys)) > _SHORT:
        return False
    above: set[str] = set()
    below = {key.rpartition("/")[0] for key in keys}
    while below:
        above |= below
        below = {folder.rpartition("/")[0] for folder in below} - above
    return not any(folder in keys and keys[folder] in files for folder in above)


def _conflicts(ordered: list[str], keys: dict[str, str], known: set[str]) -> Iterator[Problem]:
    """Yield files that would have to be folders; a folder's content follows it in the order."""
    for before, after in pairwise(ordered):
        if after.startswith(before) and after[len(before) :][:1] == "\0":
            path = keys[before.replace("\0", "/")]
            if path in known:
                inside = keys[after.replace("\0", "/")]
                if inside.startswith(f"{path}/"):
                    yield Problem("path-conflict", f"a file, and holds {inside}", path)
                else:
                    yield Problem("path-collision", f"a file, and the folder of {inside}", path)


class _Below(NamedTuple):
    """The paths in order, as they are and folded: what finds the members of a folder."""

    exact: list[str]
    folded: list[str]
    keys: dict[str, str]

    def first(self, path: str, *, fold: bool) -> str:
        """Return the first member below a path; ``fold``: also where only the case differs."""
        found = _following(self.exact, path)
        if not found and fold:
            folded = _following(self.folded, _key(path))
            return self.keys[folded] if folded else ""
        return found


def _following(ordered: list[str], path: str) -> str:
    prefix = path.replace("/", "\0") + "\0"
    at = bisect_left(ordered, prefix)
    if at < len(ordered) and ordered[at].startswith(prefix):
        return ordered[at].replace("\0", "/")
    return ""


def _judge_links(
    below: _Below, links: Sequence[Link], files: set[str], folders: set[str]
) -> Iterator[Problem]:
    """Yield links that leave through each other, and members that are written through a link."""
    targets = Targets(links)
    yield from targets.problems()
    first: dict[str, str] = {}
    for link in links:
        if link.hard and link.target.removeprefix("./") == link.path:
            continue  # GNU tar writes a link so that it was told to pack twice, as makeself does
        if first.setdefault(link.path, link.target) != link.target:
            yield Problem("duplicate-name", f"links to {first[link.path][:_SHOWN]} too", link.path)
    for link in sorted(links):
        if link.hard:
            continue
        outside = targets.outside(link.path)
        says = f"through {link.path}, which points to {link.target[:_SHOWN]}"
        inside = below.first(link.path, fold=outside)
        if inside:
            issue = "path-through-link" if outside else "path-through-inner-link"
            yield Problem(issue, says, inside)
        elif link.path in files:
            yield Problem("path-through-link" if outside else "duplicate-name", says, link.path)
        elif link.path in folders:
            yield Problem("path-through-link" if outside else "path-conflict", says, link.path)


def _folded(paths: Collection[str]) -> tuple[dict[str, str], list[Problem]]:
    """Return the first path of each folded form, and the paths that meet another there."""
    keys: dict[str, str] = {}
    found = []
    for path in sorted(paths):
        other = keys.setdefault(_key(path), path)
        if other.rstrip("/") != path.rstrip("/"):
            found.append(Problem("path-collision", f"the same as {other}", path))
        base, colon, _ = path.rpartition(":")
        if colon and base.rstrip(":") in paths:
            what = f"on Windows a stream of {base.rstrip(':')}"
            found.append(Problem("path-collision", what, path))
    return keys, found


def _key(path: str) -> str:
    """Return what a file system that folds case and Unicode forms makes of a path."""
    kept: list[str] = []
    for part in path.partition("\0")[0].replace("\\", "/").split("/"):
        if part == ".." and kept:
            kept.pop()
        elif part not in ("", ".", ".."):
            kept.append(part.rstrip(". ") or part)
    return unicodedata.normalize("NFKC", "/".join(kept)).casefold()
