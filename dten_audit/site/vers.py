"""Version ranges written as ``vers:SCHEME/>=1.0|<2.0`` (the VERS specification, ECMA-427)."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Final, NamedTuple
from urllib.parse import unquote

from dten_audit.site.versions import SCHEMES, compare, scheme_of

_SIGNS: Final = (">=", "<=", "!=", ">", "<", "=")
_MOST: Final = 1000


class Bound(NamedTuple):
    """One comparison of a range: ``=`` where none is written."""

    sign: str
    version: str


def check_vers(text: str) -> str:
    """Return what is wrong with a range, empty for nothing."""
    head, slash, body = text.partition("/")
    if not head.startswith("vers:") or not slash or not body.strip():
        return f"a range is written like vers:semver/>=1.0|<2.0, not {text[:80]}"
    if body.count("|") >= _MOST:
        return f"a range has at most {_MOST} parts"
    if any(not bound.version for bound in _bounds(text)):
        return f"a part of the range {text[:80]} has no version"
    return ""


def contains(text: str, version: str) -> bool | None:
    """Say whether a version lies in a range; None where they cannot be compared."""
    body = text.partition("/")[2].strip()
    if body == "*":
        return True
    kind = text.partition("/")[0].removeprefix("vers:")
    scheme = kind if kind in SCHEMES else scheme_of(f"pkg:{kind}/x")
    bounds = _bounds(text)
    orders = [compare(version, bound.version, scheme) for bound in bounds]
    if any(order is None for order in orders):
        return None
    for bound, order in zip(bounds, orders, strict=True):
        if order == 0:
            return bound.sign in ("=", ">=", "<=")
    spans = [bound for bound in bounds if bound.sign in (">", ">=", "<", "<=")]
    if not spans:
        return any(bound.sign == "!=" for bound in bounds)

    def order_of(one: Bound, other: Bound) -> int:
        return compare(one.version, other.version, scheme) or 0

    spans.sort(key=cmp_to_key(order_of))
    return _within(spans, version, scheme)


def _within(spans: list[Bound], version: str, scheme: str) -> bool:
    """Say whether a version equal to none of the bounds lies between a lower and an upper one."""
    below = [bound for bound in spans if (compare(version, bound.version, scheme) or 0) > 0]
    above = spans[len(below) :]
    return below[-1].sign.startswith(">") if below else above[0].sign.startswith("<")


def _bounds(text: str) -> list[Bound]:
    found = []
    for part in text.partition("/")[2].split("|"):
        word = part.strip()
        sign = next((sign for sign in _SIGNS if word.startswith(sign)), "")
        found.append(Bound(sign or "=", unquote(word[len(sign) :].strip())))
    return found
