"""Where signatures carry revocation lists and OCSP responses with them, so that none is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from dten_audit.readers.signing import oids
from dten_audit.readers.signing.ber import SEQUENCE, SET, BerError, Element
from dten_audit.readers.signing.crl import Crl, load_crl
from dten_audit.readers.signing.ocsp import Ocsp, load_ocsp

_OTHER_FORMAT: Final = 0xA1
_CRLS: Final = 0xA0
_RESPONSES: Final = 0xA1
_MOST: Final = 64
"""More lists than this in one signature are not read; there is one for each authority."""

_USUAL: Final = 64 << 10

Form = Literal["CRL", "OCSP"]


class Carried(NamedTuple):
    """A revocation list or OCSP response as it stands in a signature."""

    form: Form
    raw: bytes

    def load(self) -> Crl | Ocsp:
        """Parse it. Raises ``MalformedError``. The same lists come with every signature."""
        return _remembered(self) if len(self.raw) <= _USUAL else _loaded(self)


@lru_cache(maxsize=128)
def _remembered(own: Carried) -> Crl | Ocsp:
    return _loaded(own)


def _loaded(own: Carried) -> Crl | Ocsp:
    return load_crl(own.raw) if own.form == "CRL" else load_ocsp(own.raw)


def of_message(block: Element) -> Iterator[Carried]:
    """Yield what the field ``crls`` of SignedData holds (RFC 5652, section 10.2.1; RFC 5940)."""
    for number, choice in enumerate(block):
        if number >= _MOST:
            return
        if choice.tag == SEQUENCE:
            yield Carried("CRL", choice.raw)
        elif choice.tag == _OTHER_FORMAT:
            kind, value = choice.children(2)[:2]
            if kind.oid() == oids.OCSP_IN_CMS:
                yield Carried("OCSP", value.raw)


def of_attributes(attributes: Mapping[str, Iterable[Element]]) -> Iterator[Carried]:
    """Yield what the attributes for archives hold, signed or not; what is odd in them is left."""
    values = [
        value
        for kind in (oids.REVOCATION_ARCHIVAL, oids.REVOCATION_VALUES)
        for value in attributes.get(kind, ())
    ]
    left = _MOST
    for value in values:
        try:
            found = list(_archived(value))
        except BerError:
            continue
        yield from found[:left]
        left = max(0, left - len(found))


def _archived(value: Element) -> Iterator[Carried]:
    for part in value.expect(SEQUENCE, SET):
        form: Form | None = {_CRLS: "CRL", _RESPONSES: "OCSP"}.get(part.tag)  # type: ignore[assignment]
        if form is None:
            continue
        for sequence in part:
            for one in sequence.expect(SEQUENCE):
                yield Carried(form, one.expect(SEQUENCE).raw)
