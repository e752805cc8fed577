"""What the names of files say about keys and signatures (rules/knowledge/signing.yaml)."""

from __future__ import annotations

import re
from typing import cast

from dten_audit.readers.knowledge import from_tables, knowledge


@from_tables
def words(table: str) -> frozenset[str]:
    """Return a list of the knowledge file ``signing`` as a set."""
    tables = cast("dict[str, list[str]]", knowledge("signing"))
    return frozenset(tables[table])


@from_tables
def endings() -> tuple[str, ...]:
    """Return the endings of signature files, longest first."""
    return tuple(sorted(words("signature_endings"), key=len, reverse=True))


def name_words(name: str) -> list[str]:
    """Return the words of a file's name, in lower case (``Release-Key_2`` → release, key, 2)."""
    return re.split(r"[^a-z0-9]+", name.lower())


def in_test_tree(path: str) -> bool:
    """Say whether a path speaks of tests, examples or documentation."""
    *folders, _ = path.lower().split("/")
    if any(folder in words("test_folders") for folder in folders):
        return True
    beginnings = tuple(words("test_beginnings"))
    return any(
        word in words("test_words") or word.startswith(beginnings) for word in name_words(path)
    )


def speaks_of_signing(path: str) -> bool:
    """Say whether a file's name says that it is there to check signatures."""
    return any(word in words("signing_words") for word in name_words(path.rpartition("/")[2]))


def signed_path(path: str) -> str:
    """Return the path that a detached signature at ``path`` is for, empty where none is said."""
    folder, _, name = path.rpartition("/")
    if folder.endswith("META-INF") and name.upper().endswith((".RSA", ".DSA", ".EC")):
        return f"{folder}/{name.rpartition('.')[0]}.SF"
    if name.startswith("_gpg"):
        return f"{folder}/@signed" if folder else "@signed"
    for ending in endings():
        if name.lower().endswith(ending) and len(name) > len(ending):
            return path[: -len(ending)]
    return ""
