"""Advisories that the user collected: what vendors say of their roots and of bad versions.

Read natively: CSAF 2.0 and 2.1, OSV, OpenVEX (JSON), and dten-advisory/1 (YAML). Detached
signatures lie beside an advisory: ``a.json``, ``a.json.asc``. Whether one counts is decided against
the trust store, not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dten_audit.model.location import Location
from dten_audit.readers.config.json_nodes import parse_json
from dten_audit.readers.config.yaml_nodes import Node, YamlError, parse_yaml
from dten_audit.readers.signing.pem import blocks
from dten_audit.site.advisory import Advisory, AdvisoryError, Beside
from dten_audit.site.advisory_forms import told
from dten_audit.site.advisory_imports import taken_in

_ENDINGS: Final = (".json", ".yaml", ".yml")
_SIGNATURES: Final = (".p7s", ".asc", ".sig", ".gpg", ".minisig")
_LARGEST: Final = 32 << 20
_FILES: Final = 20_000


def load_advisories(path: Path) -> Iterator[Advisory]:
    """Yield the advisories of a folder, with those below it, or of one file.

    Files that do not end in .json, .yaml or .yml are left alone. Raises ``AdvisoryError``.
    """
    if path.is_file():
        yield load_advisory(path)
        return
    if not path.is_dir():
        raise AdvisoryError(str(path), 1, "no such folder of advisories")
    for number, file in enumerate(sorted(path.rglob("*"))):
        if number >= _FILES:
            raise AdvisoryError(str(path), 1, f"more than {_FILES} files")
        if file.suffix.lower() in _ENDINGS and file.is_file():
            yield load_advisory(file)


def load_advisory(file: Path) -> Advisory:
    """Return the advisory that a file holds. Raises ``AdvisoryError``."""
    data = _read(file)
    node = _parsed(file, data)
    places = [file.with_name(file.name + ending) for ending in _SIGNATURES]
    beside = tuple(Beside(own.name, _bare(_read(own))) for own in places if own.is_file())
    own = Advisory(told(str(file), node), Location(str(file), node.line), data, beside)
    words = taken_in(file, own)
    both = "; ".join(part for part in (own.told.confirmed, words) if part)
    return own._replace(told=own.told._replace(confirmed=both))


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise AdvisoryError(str(file), 1, f"larger than {_LARGEST >> 20} MiB")
        return file.read_bytes()
    except OSError as error:
        raise AdvisoryError(str(file), 1, f"cannot be read: {error.strerror}") from None


def _bare(data: bytes) -> bytes:
    """Return a signature without its armour."""
    if not data.lstrip().startswith(b"-----BEGIN "):
        return data
    armoured = blocks(data.decode("latin-1"))
    return next((block.data for block in armoured if block.data is not None), data)


def _parsed(file: Path, data: bytes) -> Node:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AdvisoryError(str(file), 1, "not UTF-8") from None
    try:
        if file.suffix.lower() == ".json":
            return parse_json(text)
        (node,) = parse_yaml(text)
    except YamlError as error:
        raise AdvisoryError(str(file), error.line, error.reason) from None
    except ValueError:
        raise AdvisoryError(str(file), 1, "an advisory is one document") from None
    return node
