"""Finds the shipped document that a path in a script means."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from dten_audit.documents.document import DocumentInfo
from dten_audit.model.location import MEMBER

_UNRESOLVED: Final = re.compile(r"\$\{[^}]*\}|\$\w+|\$\([^)]*\)|`[^`]*`")
_MAX_MATCHES: Final = 2000
SCRIPT_FOLDER: Final = "${0%/*}"
"""How the shell reader writes the folder of the script itself."""


class PathIndex:
    """The documents of a package by the last component of their path."""

    def __init__(self, documents: Iterable[DocumentInfo]) -> None:
        self._files = [document for document in documents if not document.host]

    @cached_property
    def _by_name(self) -> dict[str, list[DocumentInfo]]:
        """The files by name. Made when the first path is looked for: many packages call nothing."""
        found: dict[str, list[DocumentInfo]] = defaultdict(list)
        for document in self._files:
            found[document.path.rpartition("/")[2]].append(document)
        return found

    @cached_property
    def _by_suffix(self) -> dict[str, list[DocumentInfo]]:
        found: dict[str, list[DocumentInfo]] = defaultdict(list)
        for name, documents in self._by_name.items():
            found[posixpath.splitext(name)[1]] += documents
        return found

    def find(self, text: str, near: DocumentInfo) -> list[DocumentInfo]:
        """Return what ``text``, written in the document ``near``, means; several for a glob.

        A path on the host (``/opt/app/sql/a.sql``), or one whose start is computed, means the
        document that shares its longest ending; nothing is returned where several do.
        """
        here = posixpath.dirname(near.path)
        if text.startswith(SCRIPT_FOLDER):
            text = posixpath.join(here, text.removeprefix(SCRIPT_FOLDER).lstrip("/"))
            bases: tuple[str, ...] = ("",)
        else:
            bases = (here, "")
        path, anchored = known_part(text)
        name = posixpath.basename(path)
        if not name or name in (".", ".."):
            return []
        container = near.address.rpartition(MEMBER)[0]
        if set(name) & set("*?["):
            return self._glob(path, container)
        same = [
            document
            for document in self._by_name.get(name, ())
            if document.address.rpartition(MEMBER)[0] == container
        ]
        for base in bases if anchored and not path.startswith("/") else ():
            wanted = posixpath.normpath(posixpath.join(base, path))
            exact = [document for document in same if document.path == wanted]
            if exact:
                return exact[:1]
        return _nearest(path, same, here)

    def _glob(self, path: str, container: str) -> list[DocumentInfo]:
        suffix = posixpath.splitext(path)[1]
        pool = self._by_suffix.get(suffix, []) if not set(suffix) & set("*?[") else []
        parts = _parts(path)[-2:]
        regex = re.compile(r"(?:.*/)?" + "/".join(map(_glob_regex, parts)))
        found = [
            document
            for document in pool[:_MAX_MATCHES]
            if document.address.rpartition(MEMBER)[0] == container
            and regex.fullmatch(document.path)
        ]
        return sorted(found, key=lambda document: document.path)


def _parts(path: str) -> list[str]:
    return posixpath.normpath("/" + path).strip("/").split("/")


def _nearest(path: str, same: list[DocumentInfo], here: str) -> list[DocumentInfo]:
    """Return the document whose path shares the longest ending with ``path``, if one does."""
    wanted = _parts(path)
    needed = min(len(wanted), 2)
    best: list[DocumentInfo] = []
    for document in same:
        shared = len(posixpath.commonprefix([wanted[::-1], document.path.split("/")[::-1]]))
        if shared > needed or (shared == needed and not best):
            best, needed = [document], shared
        elif shared == needed:
            best.append(document)
    if len(best) > 1:
        best = [document for document in best if posixpath.dirname(document.path) == here]
    return best if len(best) == 1 else []


def known_part(text: str) -> tuple[str, bool]:
    """Return the part of a path that follows what is computed, and whether that is all of it."""
    end = 0
    for match in _UNRESOLVED.finditer(text):
        end = match.end()
    if not end:
        return text.removeprefix("file://"), True
    return text[end:].lstrip("/"), False


def _glob_regex(pattern: str) -> str:
    known = {"*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(char) or re.escape(char) for char in pattern)
