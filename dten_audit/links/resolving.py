"""Finds the shipped document that a path in a script means."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from operator import itemgetter
from typing import Final

from dten_audit.documents.document import DocumentInfo
from dten_audit.model.location import MEMBER

_UNRESOLVED: Final = re.compile(r"\$\{|\$\(|`|\$\w+")
_CLOSING: Final = {"${": "}", "$(": ")", "`": "`"}
_MAX_MATCHES: Final = 2000
_MAX_TREES: Final = 32
_LAST: Final = "\U0010ffff"
"""Sorts behind all that may follow in a path."""
SCRIPT_FOLDER: Final = "${0%/*}"
"""How the shell reader writes the folder of the script itself."""


class _Namesakes:
    """Files of one name in one container, by their paths read backwards."""

    def __init__(self, files: list[DocumentInfo]) -> None:
        self.by_path = {file.path: file for file in reversed(files)}
        keys = ((_backwards(file.path.split("/")), file) for file in files)
        backwards = sorted(keys, key=itemgetter(0))
        self._keys = [key for key, _ in backwards]
        self._files = [file for _, file in backwards]

    def nearest(self, path: str, here: str) -> list[DocumentInfo]:
        """Return the file whose path shares the longest ending with ``path``, if one does.

        Where several do, it is the one in the folder ``here``; where ``path`` is one on the host,
        else that of the same tree: of ``el8/opt/a/run`` and ``el9/opt/a/run``, a file below ``el9``
        means the second.
        """
        wanted = _parts(path)
        key = _backwards(wanted)
        place = bisect_left(self._keys, key)
        shared = max(_shared(key, other) for other in self._keys[max(0, place - 1) : place + 1])
        if shared < min(len(wanted), 2):
            return []
        ending = _backwards(wanted[-shared:])
        first, last = bisect_left(self._keys, ending), bisect_left(self._keys, ending + _LAST)
        if last - first == 1:
            return [self._files[first]]
        beside = self.by_path.get(posixpath.join(here, wanted[-1]))
        if beside is not None and _backwards(beside.path.split("/")).startswith(ending):
            return [beside]
        return self._of_tree(path, here) if shared == len(wanted) and path[0] == "/" else []

    def ending(self, path: str) -> list[DocumentInfo]:
        """Return the files whose paths end with ``path``, a few of them where they are many."""
        key = _backwards(_parts(path))
        first, last = bisect_left(self._keys, key), bisect_left(self._keys, key + _LAST)
        return self._files[first : min(last, first + _MAX_TREES)]

    def _of_tree(self, path: str, here: str) -> list[DocumentInfo]:
        """Return the file that has this path in the innermost tree that ``here`` lies in."""
        root = here
        for _ in range(_MAX_TREES):
            file = self.by_path.get(f"{root}{posixpath.normpath(path)}".strip("/"))
            if file is not None:
                return [file]
            if not root:
                break
            root = posixpath.dirname(root)
        return []


def _backwards(parts: list[str]) -> str:
    return "/".join(reversed(parts)) + "/"


def _shared(one: str, other: str) -> int:
    """Return how many leading components two keys share."""
    return posixpath.commonprefix((one, other)).count("/")


class PathIndex:
    """The files of a package by the last component of their path."""

    def __init__(self, documents: Iterable[DocumentInfo]) -> None:
        self._files = [document for document in documents if not document.host]
        self._namesakes: dict[tuple[str, str], _Namesakes] = {}
        self._found: dict[tuple[str, str, str], list[DocumentInfo]] = {}

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[DocumentInfo]]:
        """The files by container and name. Made when the first path is looked for."""
        found: dict[tuple[str, str], list[DocumentInfo]] = defaultdict(list)
        for document in self._files:
            container = document.address.rpartition(MEMBER)[0]
            found[container, document.path.rpartition("/")[2]].append(document)
        return found

    @cached_property
    def _by_suffix(self) -> dict[tuple[str, str], list[DocumentInfo]]:
        found: dict[tuple[str, str], list[DocumentInfo]] = defaultdict(list)
        for document in self._files:
            container = document.address.rpartition(MEMBER)[0]
            found[container, posixpath.splitext(document.path)[1]].append(document)
        return found

    def find(self, text: str, near: DocumentInfo) -> list[DocumentInfo]:
        """Return what ``text``, written in the document ``near``, means; several for a glob.

        A path on the host (``/opt/app/sql/a.sql``), or one whose start is computed, means the
        document that shares its longest ending; where several do, that of the same tree, if any.
        """
        here, container = posixpath.dirname(near.path), near.address.rpartition(MEMBER)[0]
        key = (text, here, container)
        if key not in self._found:
            found = self._find(text, here, container)
            self._found[key] = found or self._unpacked(text, container)
        return self._found[key]

    @cached_property
    def _data_of(self) -> dict[str, str]:
        """The archive of what dpkg unpacks, by the Debian package that it is in (deb(5))."""
        found: dict[str, str] = {}
        for container in {document.address.rpartition(MEMBER)[0] for document in self._files}:
            package, _, member = container.rpartition(MEMBER)
            if member.startswith("data.tar"):
                found[package] = container
        return found

    def _unpacked(self, path: str, container: str) -> list[DocumentInfo]:
        """Return the file that dpkg unpacks to a path which a maintainer script names."""
        package, _, member = container.rpartition(MEMBER)
        if not member.startswith("control.tar") or not path.startswith("/"):
            return []
        same = self._of_name(self._data_of.get(package, ""), posixpath.basename(path))
        plain = posixpath.normpath(path).strip("/")
        places = (plain, plain.removeprefix("usr/"), f"usr/{plain}")  # /bin is /usr/bin
        found = (same.by_path.get(place) for place in places) if same is not None else ()
        return [document for document in found if document is not None][:1]

    def ending(self, path: str, near: DocumentInfo) -> list[DocumentInfo]:
        """Return what a path could mean whose folder nobody tells: files that end with it."""
        container = near.address.rpartition(MEMBER)[0]
        same = self._of_name(container, posixpath.basename(path))
        return same.ending(path) if same is not None else []

    def _find(self, text: str, here: str, container: str) -> list[DocumentInfo]:
        if text.startswith(SCRIPT_FOLDER):
            text = posixpath.join(here, text.removeprefix(SCRIPT_FOLDER).lstrip("/"))
            bases: tuple[str, ...] = ("",)
        else:
            bases = (here, "")
        path, anchored = known_part(text)
        name = posixpath.basename(path)
        if not name or name in (".", ".."):
            return []
        if set(name) & set("*?["):
            return self._glob(path, container)
        same = self._of_name(container, name)
        if same is None:
            return []
        for base in bases if anchored and not path.startswith("/") else ():
            exact = same.by_path.get(posixpath.normpath(posixpath.join(base, path)))
            if exact is not None:
                return [exact]
        return same.nearest(path, here)

    def _of_name(self, container: str, name: str) -> _Namesakes | None:
        key = (container, name)
        if key not in self._namesakes and key in self._by_name:
            self._namesakes[key] = _Namesakes(self._by_name[key])
        return self._namesakes.get(key)

    def _glob(self, path: str, container: str) -> list[DocumentInfo]:
        suffix = posixpath.splitext(path)[1]
        named = not set(suffix) & set("*?[")
        pool = self._by_suffix.get((container, suffix), []) if named else []
        parts = _parts(path)[-2:]
        regex = re.compile(r"(?:.*/)?" + "/".join(map(_glob_regex, parts)))
        found = [document for document in pool[:_MAX_MATCHES] if regex.fullmatch(document.path)]
        return sorted(found, key=lambda document: document.path)


def _parts(path: str) -> list[str]:
    return posixpath.normpath("/" + path).strip("/").split("/")


def known_part(text: str) -> tuple[str, bool]:
    """Return the part of a path that follows what is computed, and whether that is all of it."""
    end = at = 0
    last = {closing: text.rfind(closing) for closing in _CLOSING.values()}
    while (match := _UNRESOLVED.search(text, at)) is not None:
        at = match.end()
        closing = _CLOSING.get(match[0])
        if closing is None:
            end = at
        elif at <= last[closing]:
            end = at = text.index(closing, at) + 1
    if not end:
        return text.removeprefix("file://"), True
    return text[end:].lstrip("/"), False


def _glob_regex(pattern: str) -> str:
    known = {"*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(char) or re.escape(char) for char in pattern)
