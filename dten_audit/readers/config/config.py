"""The reader of configuration files: each format's scanner, by the document's kind and name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.readers.config.dialects import DIALECTS, dialect_of
from dten_audit.readers.config.keys import Broken, Setting, stated

KINDS: Final = ("yaml", "json", "toml", "ini", "properties", "env")
LOOSE: Final = ("text", "xml")
"""Kinds that a settings file may be taken for: directives in blocks, keys without separators."""
_NAMED: Final = (*LOOSE, "ini", "properties", "ruby")
"""Kinds whose files may be in a language that only their name tells."""
LANGUAGES: Final = (*KINDS, *DIALECTS, "apache", "nginx")
"""What a broken configuration file may be told to be broken in."""
_SETTINGS: Final = (".conf", ".cnf", ".cfg", ".config", ".htaccess")
_SITES: Final = ("sites-available/", "sites-enabled/")
"""Folders whose files of nginx and httpd need no ending."""

Found = Iterable[Setting | Broken | Embedded]


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the keys that a configuration file sets, and where it cannot be read."""
    kind, found = _scanned(document)
    yield from stated(document, kind, found)


def _scanned(document: Document) -> tuple[str, Found]:
    """Return the format, and what its scanner finds; each scanner is loaded when first needed."""
    kind, text = document.kind, document.text
    dialect = dialect_of(document.path) if kind in _NAMED else ""
    if document.name.endswith(".config") and _erlang_terms().match(text):
        return "erlang", (Broken(1, "Erlang terms are not read"),)
    if dialect:
        return dialect, _in_dialect(dialect, document)
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
    if kind == "ruby":
        return kind, ()
    found = _scanner("ini").scan(text, document.name)
    return kind, found


@cache
def _erlang_terms() -> re.Pattern[str]:
    """A list of tuples behind comments: advanced.config and rabbitmq.config of RabbitMQ."""
    gap = r"(?:[ \t\r\n]++|%[^\n]*+)*+"
    return re.compile(rf"{gap}\[{gap}(?:\{{{gap}[a-z]|\]{gap}\.)")


def _in_dialect(dialect: str, document: Document) -> Found:
    text = document.text
    if dialect == "ssh":
        found: Found = _scanner("directive").scan_ssh(text)
    elif dialect == "redis":
        found = _scanner("directive").scan_redis(text)
    elif dialect == "hcl":
        found = _scanner("hcl").scan(text, document.index)
    elif dialect == "xml" and document.kind != "xml":
        found = ()
    else:
        found = _scanner(dialect).scan(text)
    return found


def _scanner(name: str) -> ModuleType:
    return import_module(f"dten_audit.readers.config.{name}_keys")


def _loose(document: Document) -> tuple[str, Found]:
    name = document.name.lower()
    if not any(end in name for end in _SETTINGS) and not any(s in document.path for s in _SITES):
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
