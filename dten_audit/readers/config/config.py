"""The reader of configuration files: each format's scanner, by the document's kind and name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.readers.config.keys import Broken, Setting, stated

KINDS: Final = ("yaml", "json", "toml", "ini", "properties", "env")
LOOSE: Final = ("text", "xml")
"""Kinds that a settings file may be taken for: directives in blocks, keys without separators."""
_SETTINGS: Final = (".conf", ".cnf", ".cfg", ".config", ".htaccess")

Found = Iterable[Setting | Broken | Embedded]


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the keys that a configuration file sets, and where it cannot be read."""
    kind, found = _scanned(document)
    yield from stated(document, kind, found)


def _scanned(document: Document) -> tuple[str, Found]:
    """Return the format, and what its scanner finds; each scanner is loaded when first needed."""
    kind, text = document.kind, document.text
    if kind in ("yaml", "env"):
        found: Found = _scanner(kind).scan(text)
        return kind, found
    if kind in ("json", "toml"):
        found = _scanner(kind).scan(text, document.index)
        return kind, found
    if kind == "properties" and ".properties" in document.name:
        found = _scanner(kind).scan(text)
        return kind, found
    if kind in LOOSE:
        return _loose(document)
    found = _scanner("ini").scan(text, document.name)
    return kind, found


def _scanner(name: str) -> ModuleType:
    return import_module(f"dten_audit.readers.config.{name}_keys")


def _loose(document: Document) -> tuple[str, Found]:
    name = document.name.lower()
    if not any(end in name for end in _SETTINGS):
        return document.kind, ()
    blocks = _scanner("block")
    language = blocks.language_of(document.text)
    found: Found
    if language == "nginx":
        found = blocks.scan_nginx(document.text, document.index)
    elif language == "apache":
        found = blocks.scan_apache(document.text)
    elif document.kind == "xml":
        return "xml", ()
    else:
        language, found = "ini", _scanner("ini").scan(document.text, document.name)
    return language, found
