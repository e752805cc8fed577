"""Which product and version a package says it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from dten_audit.documents.document import DocumentInfo
from dten_audit.documents.text import decode
from dten_audit.links.package import Package
from dten_audit.readers.reading import IDENTITY_NAMES

_DEEPEST: Final = 2
_FIELD: Final = re.compile(r"^(Name|Package|Version):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_FILE: Final = re.compile(
    r"(?P<name>[A-Za-z][\w.+]*?(?:[-_][A-Za-z][\w.+]*)*?)[-_]v?(?P<version>\d[\w.+~]*)"
)


def identity(package: Package, kept: Mapping[str, bytes], file_name: str) -> dict[str, str]:
    """Return ``name`` and ``version`` as far as the package states them.

    ``kept`` are the bytes of documents named in ``IDENTITY_NAMES``, by their id.

    Asked in this order: metadata of its own format (control, METADATA, PKG-INFO, package.json,
    manifest.json), a VERSION file, the file's name.
    """
    found: dict[str, str] = {}
    for names, read in _SOURCES:
        for document in _shallow(package, names):
            text = decode(kept.get(document.id, b"")).text
            for key, value in read(text).items():
                found.setdefault(key, value)
    match = _FILE.match(file_name)
    if match and "version" not in found:
        found.setdefault("name", match["name"])
        found["version"] = re.sub(r"\.(zip|tar|tgz|whl|jar|deb|rpm)$", "", match["version"])
    return found


def _shallow(package: Package, names: frozenset[str]) -> list[DocumentInfo]:
    found = [
        document
        for document in package.documents.values()
        if not document.host
        and (document.address.count("!/") == 1 or _is_debian_control(document))
        and document.path.rpartition("/")[2] in names & IDENTITY_NAMES
        and document.path.count("/") <= _DEEPEST
    ]
    return sorted(found, key=lambda document: (document.path.count("/"), document.path))[:1]


def _is_debian_control(document: DocumentInfo) -> bool:
    """Say whether it is the control file of the .deb that is audited (deb(5))."""
    return document.address.count("!/") == 2 and "!/control.tar" in document.address  # noqa: PLR2004 (the package and its control.tar)


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
