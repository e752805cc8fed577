"""Reads Authenticode signatures: of Windows programs, and of PowerShell's scripts.

Only programs with a certificate table are hashed; of all others nothing but the headers is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import ProgramSignature, SignatureSurplus
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.location import Location
from dten_audit.readers.signing import oids, pe
from dten_audit.readers.signing.ber import OCTET_STRING, SEQUENCE, BerError, der, parse
from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.cms import SignedData, parse_signed_data
from dten_audit.readers.signing.names import in_test_tree
from dten_audit.readers.signing.pem import decode

LARGEST: Final = 16 << 20
"""Larger than any signature; a fact must not hold more."""
_MOST_MESSAGES: Final = 16
_BEGIN: Final = "# SIG # Begin signature block"
_END: Final = "# SIG # End signature block"
_LANGUAGE: Final = "authenticode"


class Indirect(NamedTuple):
    """The digest of a file that a message is over; ``value`` in hexadecimal."""

    algorithm: str
    value: str


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the signatures of a Windows program. Total: any bytes give facts."""
    data = document.data if document.mapped is None else document.mapped
    try:
        own = pe.layout(data)
        if own is None:
            return
        found, hidden = pe.entries(data, own)
    except pe.PeError as error:
        yield Unreadable(document.whole(), _LANGUAGE, str(error))
        return
    inside = own.table < own.body
    for surplus in (*hidden, *pe.around(data, own)):
        yield surplus_fact(document, surplus)
    digests: dict[str, str] = {}

    def digest(stated: Indirect) -> str:
        name = stated.algorithm
        if name not in digests:
            digests[name] = "" if inside else pe.digest(data, own, name)
        return digests[name]

    for entry in found:
        at = document.whole(entry.offset)
        used = length_of(entry.data)
        rest = pe.padding(entry, used) if used else None
        if rest is not None:
            yield surplus_fact(document, rest)
        yield from signatures(document, at, "PE", entry.data[: used or None], digest)


def read_script(document: Document) -> Iterator[Fact | Embedded]:
    """State the signature at the end of a PowerShell script, and what stands behind it."""
    text = document.text
    start = _block_of(text)
    if start == len(text):
        return
    at = document.location_at(start)
    stop = text.find(_END, start)
    if stop < 0:
        yield Unreadable(at, _LANGUAGE, "the signature block has no end")
        return
    behind = text[stop + len(_END) :].strip()
    if behind:
        yield SignatureSurplus(at, "behind-block", len(behind), in_test_tree(at.member))
    lines = (line.removeprefix("# ") for line in text[start:stop].split("\n")[1:])
    raw = decode("\n".join(lines))
    if raw is None or len(raw) > LARGEST:
        yield Unreadable(at, _LANGUAGE, "the signature block is no base64")
        return

    def digest(stated: Indirect) -> str:
        return _script_digest(document.data, stated)

    yield from signatures(document, at, "PowerShell", raw, digest)


def _block_of(text: str) -> int:
    """Return where the signature block of a script starts, at the start of a line, or its end."""
    if text.startswith(_BEGIN):
        return 0
    return text.find(f"\n{_BEGIN}") + 1 or len(text)


def _script_bodies(data: bytes) -> tuple[list[bytes], bool]:
    """Return what may be signed of a script, in UTF-16, and whether it can be nothing else.

    The line end before the block belongs to the block (about_Signing in PowerShell's manual).
    Signers disagree whether a byte order mark is a part of the text, and without one about its
    encoding, which is that of the signer's Windows.
    """
    mark = "\ufeff"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        texts, certain = [mark + data.decode("utf-16", "replace")], True
    else:
        texts = [data.decode(name, "replace") for name in ("utf-8", "cp1252")]
        certain = data.isascii() or "\ufffd" not in texts[0]
    bodies = [text[: _block_of(text)].removesuffix("\n").removesuffix("\r") for text in texts]
    bodies += [body.removeprefix(mark) for body in bodies if body.startswith(mark)]
    return [body.encode("utf-16-le", "surrogatepass") for body in bodies], certain


def _script_digest(data: bytes, stated: Indirect) -> str:
    """Return the stated digest where it is that of the script, else another or none."""
    bodies, certain = _script_bodies(data)
    found = [_digest(stated.algorithm, body) for body in bodies]
    if stated.value in found:
        return stated.value
    return found[0] if certain else ""


def _digest(algorithm: str, data: bytes) -> str:
    if algorithm not in oids.DIGESTS.values() or algorithm == "shake256":
        return ""
    try:
        return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    except ValueError:
        return ""


def surplus_fact(document: Document, own: pe.Hidden) -> SignatureSurplus:
    """Return bytes that no signature covers as a fact."""
    at = document.whole(own.offset)
    return SignatureSurplus(at, own.where, own.size, in_test_tree(at.member))


def length_of(data: bytes) -> int:
    """Return how long the message at the start of ``data`` is; 0 where there is none."""
    try:
        return parse(data).stop
    except BerError:
        return 0


def signatures(
    document: Document, at: Location, form: str, raw: bytes, digest: Callable[[Indirect], str]
) -> Iterator[Fact]:
    """Yield the signature ``raw`` and those nested in it."""
    if len(raw) > LARGEST:
        yield Unreadable(at, _LANGUAGE, "larger than any signature")
        return
    waiting = [(raw, False)]
    seen = 0
    while waiting and seen < _MOST_MESSAGES:
        seen += 1
        message, nested = waiting.pop(0)
        try:
            signed = parse_signed_data(message)
            stated = indirect(signed)
        except MalformedError as error:
            yield Unreadable(at, _LANGUAGE, str(error))
            continue
        waiting += [(inner, True) for signer in signed.signers for inner in signer.nested]
        if not signed.signers:
            yield Unreadable(at, _LANGUAGE, "a message that nobody signed")
            continue
        yield ProgramSignature(
            at=at,
            document=document.id,
            form=form,
            raw=message,
            nested=nested,
            algorithm=stated.algorithm,
            stated=stated.value,
            actual=digest(stated),
        )
    if waiting:
        yield Unreadable(at, _LANGUAGE, "more nested signatures than any program has")


def indirect(signed: SignedData) -> Indirect:
    """Return the digest of the file that a message is over. Raises ``MalformedError``."""
    return guarded(lambda: _indirect(signed))


def _indirect(signed: SignedData) -> Indirect:
    if signed.content_type != oids.SPC_INDIRECT_DATA or signed.content is None:
        raise BerError("a message that is over no file's digest", 0)
    parts = parse(der(SEQUENCE, signed.content)).children(2)
    algorithm, value = parts[1].expect(SEQUENCE).children(2)[:2]
    name = algorithm.expect(SEQUENCE).children(1)[0].oid()
    stated = value.expect(OCTET_STRING).value.hex()
    return Indirect(oids.DIGESTS.get(name, name), stated)
