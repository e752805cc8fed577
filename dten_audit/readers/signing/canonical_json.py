"""Canonical JSON as TUF signs it: one text for one value, so that bytes can be signed.

The form of OLPC (wiki.laptop.org/go/Canonical_JSON), to which the TUF specification refers: keys in
order, no blanks, only quotes and backslashes escaped, integers, and no fractions.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from dten_audit.readers.signing.certificates import MalformedError

_DEPTH: Final = 64


def parse(raw: bytes) -> Any:
    """Return the value of a JSON text that has one canonical form. Raises ``MalformedError``.

    Fractions have no canonical form; of two entries of one name, readers take different ones.
    """
    try:
        return json.loads(
            raw,
            object_pairs_hook=_object,
            parse_float=_fraction,
            parse_constant=_fraction,
        )
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"no JSON: {error}") from None


def encode(value: object) -> bytes:
    """Return the canonical form of a parsed value. Raises ``MalformedError``."""
    parts: list[str] = []
    _write(value, parts, _DEPTH)
    try:
        return "".join(parts).encode()
    except UnicodeEncodeError:
        raise MalformedError("a text that is no Unicode") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("two entries of one name in one object")
    return found


def _fraction(text: str) -> NoReturn:
    raise MalformedError(f"the number {text[:20]}: canonical JSON knows whole numbers only")


def _write(value: object, parts: list[str], depth: int) -> None:
    if depth < 0:
        raise MalformedError(f"nested deeper than {_DEPTH} levels")
    if isinstance(value, str):
        parts.append(_text(value))
    elif value is None or isinstance(value, bool):
        parts.append({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int):
        parts.append(str(value))
    elif isinstance(value, dict):
        parts.append("{")
        for number, key in enumerate(sorted(value)):
            parts.append(f"{',' if number else ''}{_text(key)}:")
            _write(value[key], parts, depth - 1)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for number, item in enumerate(value):
            parts.append("," if number else "")
            _write(item, parts, depth - 1)
        parts.append("]")
    else:
        raise MalformedError(f"a value that JSON does not know: {type(value).__name__}")


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
