"""What filters that decode, unpack or exchange characters print, where their input is known.

Bytes that are no UTF-8 travel through a pipeline as lone surrogates (PEP 383) and never leave it.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable
from typing import Final

from dten_audit.documents.decoders import make_decoder
from dten_audit.readers.shell.options import options
from dten_audit.readers.shell.values import Field
from dten_audit.readers.shell.wrappers import base_name

MAX_DECODED: Final = 1 << 20
"""What a text may come to; one that unpacks to more is opened as an archive in the script."""
_DICTIONARY: Final = 1 << 24
_STDIN: Final = frozenset(("-", "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"))
_VALUES: Final = frozenset(
    ("-w", "--wrap", "-o", "-b", "-c", "-cols", "-g", "-l", "-len", "-s", "-in")
)
_BASES: Final = {
    "base64": "base64", "gbase64": "base64", "base32": "base32", "gbase32": "base32",
}  # fmt: skip
_UNPACKERS: Final = {
    "gunzip": "gzip", "zcat": "gzip", "gzcat": "gzip", "pigz": "gzip", "gzip": "gzip",
    "bunzip2": "bzip2", "bzcat": "bzip2", "bzip2": "bzip2",
    "unxz": "xz", "xzcat": "xz", "xz": "xz", "unzstd": "zstd", "zstdcat": "zstd", "zstd": "zstd",
}  # fmt: skip
_PACKERS: Final = frozenset(("gzip", "pigz", "bzip2", "xz", "zstd"))
_NO_TEXT: Final = re.compile("[\\0\\ud800-\\udfff]")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_EXCHANGED: Final = 10
"""A ``tr`` that replaces so many letters by others hides a text; one that changes case does not."""
_TR_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "0": "\0"}

FILTERS: Final = frozenset((*_BASES, *_UNPACKERS, "xxd", "openssl", "tr", "rev", "basenc"))
"""Programs that pass on what they read in another form."""


def encoding(argv: list[Field]) -> str:
    """Return what a command decodes its input from; empty where it does not decode."""
    name = base_name(argv[0].text)
    names = {option.name for option in options(argv, 1, _VALUES)}
    if name == "openssl":
        return _openssl(argv)
    if name in ("tr", "rev") or name not in FILTERS:
        return ""
    decodes = not names.isdisjoint(("-d", "-D", "--decode", "--decompress", "--uncompress"))
    if name == "basenc":
        return next((base for base in ("base64", "base32") if f"--{base}" in names), "") * decodes
    if name == "xxd":
        flags = {field.text.lstrip("-") for field in argv[1:] if field.text.startswith("-")}
        plain = flags & {"p", "ps", "plain", "postscript"} and flags & {"r", "revert"}
        return "hex" if plain or flags & {"rp", "pr", "rps"} else ""
    if name in _BASES:
        return _BASES[name] if decodes else ""
    return _UNPACKERS[name] if decodes or name not in _PACKERS else ""


def after(argv: list[Field], decoded: str) -> str:
    """Return what an unknown text has been decoded from, behind a command that reads it.

    ``decoded`` is the same before. Unpacking alone hides nothing: ``zcat dump.sql.gz | psql``.
    """
    form = encoding(argv)
    if decoded and base_name(argv[0].text) in (*FILTERS, "cat", "tee"):
        return f"{decoded}, {form}" if form else decoded
    return form if form in _DECODERS else ""


def _openssl(argv: list[Field]) -> str:
    """Return ``base64`` for ``openssl base64 -d`` and ``openssl enc -base64 -d``."""
    words = [field.text for field in argv[1:]]
    if "-d" not in words:
        return ""
    if words[0] == "base64" or (words[0] == "enc" and not {"-a", "-base64"}.isdisjoint(words)):
        ciphers = [word for word in words[1:] if word.startswith(("-aes", "-des", "-pbkdf", "-k"))]
        return "" if ciphers else "base64"
    return ""


def filtered(argv: list[Field], stdin: Field) -> Field | None:
    """Return what a filter prints for a known input; None where that cannot be said."""
    name = base_name(argv[0].text)
    if name not in FILTERS or not stdin.known or stdin.loose:
        return None
    if name == "rev":
        return _result(stdin, "reversal", _reversed(stdin.text)) if len(argv) == 1 else None
    if name == "tr":
        return _translated(argv, stdin)
    form = encoding(argv)
    if not form or _reads_file(argv):
        return None
    data = stdin.text.encode("utf-8", "surrogateescape")
    try:
        found = _DECODERS.get(form, _unpacker(form))(data)
    except (ValueError, binascii.Error):
        return None
    if found is None:
        return None
    return _result(stdin, form, found.decode("utf-8", "surrogateescape"))


def is_text(field: Field) -> bool:
    """Tell whether a value is text: what was decoded may be an archive or a program."""
    return not field.decoded or _NO_TEXT.search(field.text) is None


def _reads_file(argv: list[Field]) -> bool:
    """Tell whether a filter reads a file and not its standard input."""
    if base_name(argv[0].text) == "openssl":
        return any(field.text == "-in" for field in argv)
    operands = [o.value.text for o in options(argv, 1, _VALUES) if not o.name and o.value]
    return any(operand not in _STDIN for operand in operands)


def _result(stdin: Field, form: str, text: str) -> Field:
    """Return a text that stands where what it was made from stands, as a whole."""
    marks = tuple(mark._replace(at=0, verbatim=False) for mark in stdin.marks[:1])
    steps = f"{stdin.decoded}, {form}" if stdin.decoded and form else stdin.decoded or form
    return Field(text, "resolved", stdin.frame, marks, decoded=steps)


def _base64(data: bytes) -> bytes:
    return base64.b64decode(b"".join(data.split()), validate=True)


def _base32(data: bytes) -> bytes:
    return base64.b32decode(b"".join(data.split()))


def _hex(data: bytes) -> bytes:
    return binascii.unhexlify(b"".join(data.split()))


_DECODERS: Final[dict[str, Callable[[bytes], bytes | None]]] = {
    "base64": _base64,
    "base32": _base32,
    "hex": _hex,
}


def _unpacker(form: str) -> Callable[[bytes], bytes | None]:
    """Return a function that unpacks a small stream; None comes from what is damaged or large."""

    def unpack(data: bytes) -> bytes | None:
        try:
            decoder = make_decoder(form, _DICTIONARY)
            text = decoder.decompress(data, MAX_DECODED)
        except Exception:  # noqa: BLE001 - each library has its own error; all mean the same
            return None
        return text if decoder.eof else None

    return unpack


def _reversed(text: str) -> str:
    return "\n".join(line[::-1] for line in text.split("\n"))


def _translated(argv: list[Field], stdin: Field) -> Field | None:
    """Return what ``tr SET1 SET2`` and ``tr -d SET1`` print."""
    if not all(field.known for field in argv[1:]):
        return None
    words = [field.text for field in argv[1:]]
    if len(words) != 2:  # noqa: PLR2004 - an option and a set, or two sets
        return None
    if words[0] in ("-d", "--delete"):
        dropped = _characters(words[1])
        table = dict.fromkeys(map(ord, dropped)) if dropped is not None else None
        return None if table is None else _result(stdin, "", stdin.text.translate(table))
    one, two = _characters(words[0]), _characters(words[1])
    if not one or not two or words[0].startswith("-"):
        return None
    exchange = dict(zip(one, two.ljust(len(one), two[-1]), strict=False))
    return _result(
        stdin, _cipher(exchange), stdin.text.translate({ord(a): b for a, b in exchange.items()})
    )


def _cipher(exchange: dict[str, str]) -> str:
    """Return the name of an exchange of letters; empty for any other replacement."""
    other = [a for a in _LETTERS if exchange.get(a, a).lower() != a]
    if len(other) < _EXCHANGED:
        return ""
    rotated = all(exchange.get(a) == codecs.encode(a, "rot13") for a in _LETTERS)
    return "rot13" if rotated else "letter exchange"


def _characters(text: str) -> str | None:
    """Return the characters of a set of tr(1); None for classes and repeats."""
    if "[:" in text or "[=" in text or "*]" in text:
        return None
    found: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text):
            at += 1
            character = _TR_ESCAPES.get(text[at], text[at])
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text) and text[at + 2] != "\\":
            last = text[at + 2]
            if not ord(character) <= ord(last) < ord(character) + 256:
                return None
            found += map(chr, range(ord(character), ord(last) + 1))
            at += 3
            continue
        found.append(character)
        at += 1
    return "".join(found)
