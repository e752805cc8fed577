"""Which product and version a package says it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from dten_audit.documents.document import DocumentInfo
from dten_audit.documents.text import decode
from dten_audit.links.package import Package
from dten_audit.model.location import MEMBER
from dten_audit.readers.reading import IDENTITY_NAMES

_DEEPEST: Final = 2
_BESIDE: Final = frozenset("cms pem der pgp minisign checksums prose markdown text empty".split())
"""Kinds of what lies beside the one package in a wrapper."""
_FIELD: Final = re.compile(r"^(Name|Package|Version):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_FILE: Final = re.compile(
    r"(?P<name>[A-Za-z][\w.+]*?(?:[-_][A-Za-z][\w.+]*)*?)[-_]v?(?P<version>\d[\w.+~]*)"
)


def identity(package: Package, kept: Mapping[str, bytes], file_name: str) -> dict[str, str]:
    """Return ``name`` and ``version`` as far as the package states them.

    ``kept`` are the bytes of documents named in ``IDENTITY_NAMES``, by their id.

    Asked in this order: metadata of its own format (control, METADATA, PKG-INFO, package.json,
    manifest.json), a VERSION file, the file's name. Of a delivery that only wraps a package (and
    its signature, its checksum, a letter), the package inside is asked.
    """
    files = [document for document in package.documents.values() if not document.host]
    depth, name = _wrapped(files) or (1, file_name)
    telling = [info for info in files if info.path.rpartition("/")[2] in IDENTITY_NAMES]
    found: dict[str, str] = {}
    for names, read in _SOURCES:
        for document in _shallow(telling, names, depth):
            text = decode(kept.get(document.id, b"")).text
            for key, value in read(text).items():
                found.setdefault(key, value)
    match = _FILE.match(name)
    if match and "version" not in found:
        found.setdefault("name", match["name"])
        found["version"] = re.sub(r"\.(zip|tar|tgz|whl|jar|deb|rpm)$", "", match["version"])
    return found


def _wrapped(files: Iterable[DocumentInfo]) -> tuple[int, str] | None:
    """Return how deep the one package inside a wrapper lies, and its file name."""
    within = set()
    for document in files:
        parts = document.address.split(MEMBER)
        if len(parts) > 2:  # noqa: PLR2004 - the package and its member
            within.add(parts[1])
        elif document.kind not in _BESIDE:
            return None
    if len(within) != 1:
        return None
    name = within.pop().rpartition("/")[2]
    return None if name.startswith(("control.tar", "data.tar")) else (2, name)


def _shallow(
    files: Iterable[DocumentInfo], names: frozenset[str], depth: int
) -> list[DocumentInfo]:
    found = [
        document
        for document in files
        if document.path.rpartition("/")[2] in names
        and document.path.count("/") <= _DEEPEST
        and document.address.count(MEMBER) - _is_debian_control(document) == depth
    ]
    return sorted(found, key=lambda document: (document.path.count("/"), document.path))[:1]


def _is_debian_control(document: DocumentInfo) -> bool:
    """Say whether it is the control file of a .deb (deb(5)), one archive deeper than others."""
    return "!/control.tar" in document.address


def _from_fields(text: str) -> dict[str, str]:
    head = text.partition("\n\n")[0]
    keys = {"Name": "name", "Package": "name", "Version": "version"}
    return {keys[match[1]]: match[2] for match in _FIELD.finditer(head)}


def _from_json(text: str) -> dict[str, str]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    wanted = {key: data.get(key) for key in ("name", "version")}
    return {key: value for key, value in wanted.items() if isinstance(value, str)}


def _from_version(text: str) -> dict[str, str]:
    words = text.split()
    return {"version": words[0]} if words and words[0][:1].isdigit() else {}


_SOURCES: Final[tuple[tuple[frozenset[str], Callable[[str], dict[str, str]]], ...]] = (
    (frozenset(("control", "METADATA", "PKG-INFO")), _from_fields),
    (frozenset(("package.json", "manifest.json")), _from_json),
    (frozenset(("VERSION",)), _from_version),
)
