"""Finds the shipped document that a path in a script means."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from dten_audit.links.package import DocumentInfo
from dten_audit.model.location import MEMBER

_UNRESOLVED: Final = re.compile(r"\$\{[^}]*\}|\$\w+|\$\([^)]*\)|`[^`]*`")
_MAX_MATCHES: Final = 2000


class PathIndex:
    """The documents of a package by the last component of their path."""

    def __init__(self, documents: Iterable[DocumentInfo]) -> None:
        self._by_name: dict[str, list[DocumentInfo]] = defaultdict(list)
        self._by_suffix: dict[str, list[DocumentInfo]] = defaultdict(list)
        for document in documents:
            if not document.host:
                name = posixpath.basename(document.path)
                self._by_name[name].append(document)
                self._by_suffix[posixpath.splitext(name)[1]].append(document)

    def find(self, text: str, near: DocumentInfo) -> list[DocumentInfo]:
        """Return what ``text``, written in the document ``near``, means; several for a glob.

        A path whose start is computed (``$HERE/lib/db.sh``) means the one document that ends so.
        Nothing is returned where more than one could be meant.
        """
        path, anchored = known_part(text)
        if not path or path in (".", "..") or path.endswith("/"):
            return []
        container = near.address.rpartition(MEMBER)[0]
        name = posixpath.basename(path)
        if "*" in name or "?" in name or "[" in name:
            return self._glob(path, container)
        same = [
            document
            for document in self._by_name.get(name, ())
            if document.address.rpartition(MEMBER)[0] == container
        ]
        if anchored and not path.startswith("/"):
            for base in (posixpath.dirname(near.path), ""):
                wanted = posixpath.normpath(posixpath.join(base, path))
                exact = [document for document in same if document.path == wanted]
                if exact:
                    return exact[:1]
        tail = posixpath.normpath("/" + path).lstrip("./")
        ending = [document for document in same if _ends_with(document.path, tail)]
        return ending if len(ending) == 1 else []

    def _glob(self, path: str, container: str) -> list[DocumentInfo]:
        suffix = posixpath.splitext(path)[1]
        pool = self._by_suffix.get(suffix, []) if not set(suffix) & set("*?[") else []
        tail = posixpath.normpath("/" + path).lstrip("./")
        regex = re.compile(r"(?:.*/)?" + _glob_regex(tail))
        found = [
            document
            for document in pool[:_MAX_MATCHES]
            if document.address.rpartition(MEMBER)[0] == container
            and regex.fullmatch(document.path)
        ]
        return sorted(found, key=lambda document: document.path)


def known_part(text: str) -> tuple[str, bool]:
    """Return the part of a path that follows what is computed, and whether that is all of it."""
    end = 0
    for match in _UNRESOLVED.finditer(text):
        end = match.end()
    if not end:
        return text.removeprefix("file://"), True
    return text[end:].lstrip("/"), False


def _ends_with(path: str, tail: str) -> bool:
    return path == tail or path.endswith("/" + tail)


def _glob_regex(pattern: str) -> str:
    known = {"*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(char) or re.escape(char) for char in pattern)
