"""Compares versions, each by its own scheme: a Debian version is none of Python's.

Sources: PEP 440 (through packaging), Semantic Versioning 2.0.0 §11, Debian Policy 5.6.12
(deb-version(7)), rpm-version(7).
"""

from __future__ import annotations

import re
from functools import cache
from itertools import zip_longest
from typing import Final, Literal, cast

Scheme = Literal["generic", "semver", "pep440", "deb", "rpm"]
SCHEMES: Final = ("generic", "semver", "pep440", "deb", "rpm")
_BY_TYPE: Final[dict[str, Scheme]] = {
    "deb": "deb", "rpm": "rpm", "pypi": "pep440", "npm": "semver", "cargo": "semver",
    "golang": "semver",
}  # fmt: skip
_LONGEST: Final = 200
_BEFORE: Final = frozenset(
    "alpha beta rc cr m milestone snapshot dev pre preview nightly ea".split()
)
_SAME: Final = frozenset("ga final release".split())

Part = tuple[int, int | str]
_END: Final[Part] = (1, 0)


def scheme_of(purl: str) -> Scheme:
    """Return the scheme of a purl's type; dotted numbers where the type has none of its own."""
    return _BY_TYPE.get(purl.removeprefix("pkg:").partition("/")[0], "generic")


def compare(first: str, second: str, scheme: str) -> int | None:
    """Return -1, 0 or 1 as ``first`` is before, equal to or after ``second``.

    None where one of them is no version of that scheme.
    """
    first, second = first.strip(), second.strip()
    if not (_plausible(first) and _plausible(second)):
        return None
    if scheme == "pep440":
        return _pep440(first, second)
    if scheme == "deb":
        return _deb(first, second)
    if scheme == "rpm":
        return _rpm(first, second)
    if scheme == "semver":
        order = _semver(first, second)
        if order is not None:
            return order
    return _sign(_generic(first), _generic(second))


def at_least(version: str, bound: str, scheme: str) -> bool | None:
    """Say whether ``version`` is ``bound`` or later; None where that cannot be told."""
    order = compare(version, bound, scheme)
    return None if order is None else order >= 0


def upstream(version: str, kind: str) -> str:
    """Return the upstream part of a distribution's version, without epoch and revision.

    ``kind`` is the purl type (``deb``, ``rpm``); other versions come back as they are.
    """
    if kind not in ("deb", "rpm"):
        return version
    bare = version.partition(":")[2] or version
    head, dash, _ = bare.rpartition("-")
    return head if dash else bare


def _plausible(version: str) -> bool:
    return 0 < len(version) <= _LONGEST and any(char.isdigit() for char in version)


def _sign(first: tuple[Part, ...], second: tuple[Part, ...]) -> int:
    for one, other in zip_longest(first, second, fillvalue=_END):
        if one != other:
            return -1 if one < other else 1
    return 0


@cache
def _words() -> re.Pattern[str]:
    return re.compile(r"([0-9]+)|([A-Za-z]+)")


def _generic(version: str) -> tuple[Part, ...]:
    """Read dotted numbers. ``rc1`` is before the release, ``9.4.0`` is ``9.4``, ``1.0.2a`` after.

    A part is (rank, value): a word for an earlier stage, the end, another word, a number.
    """
    bare = version.partition("+")[0].lower().lstrip("v")
    found = list(_words().finditer(bare))
    parts: list[Part] = []
    for number, match in enumerate(found):
        word = match[2]
        if word is None:
            parts.append((3, int(match[1])))
            continue
        if word in _SAME:
            continue
        follows = number + 1 < len(found) and found[number + 1][1] is not None
        early = word in _BEFORE or (word in "abc" and follows)
        if early:
            _drop_zeros(parts)
        parts.append((0 if early else 2, word))
    _drop_zeros(parts)
    return tuple(parts)


def _drop_zeros(parts: list[Part]) -> None:
    while parts and parts[-1] == (3, 0):
        parts.pop()


def _pep440(first: str, second: str) -> int | None:
    from packaging.version import InvalidVersion, Version

    try:
        one, other = Version(first), Version(second)
    except InvalidVersion:
        return None
    return (one > other) - (one < other)


@cache
def _semver_form() -> re.Pattern[str]:
    return re.compile(r"v?([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def _semver(first: str, second: str) -> int | None:
    """Compare two strict semantic versions; None where one is not."""
    one, other = _semver_form().fullmatch(first), _semver_form().fullmatch(second)
    if one is None or other is None:
        return None
    numbers = [tuple(int(match[n]) for n in (1, 2, 3)) for match in (one, other)]
    if numbers[0] != numbers[1]:
        return -1 if numbers[0] < numbers[1] else 1
    if not one[4] or not other[4]:
        return bool(other[4]) - bool(one[4])
    stages = [
        tuple((0, int(word)) if word.isdigit() else (1, word) for word in match[4].split("."))
        for match in (one, other)
    ]
    ours, theirs = cast("list[tuple[tuple[int, int], ...]]", stages)
    return (ours > theirs) - (ours < theirs)


def _split(version: str) -> tuple[int, str, str]:
    """Return epoch, version and revision."""
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdigit():
        epoch, rest = "0", version
    head, dash, revision = rest.rpartition("-")
    return (int(epoch), head, revision) if dash else (int(epoch), rest, "")


def _deb(first: str, second: str) -> int:
    one, other = _split(first), _split(second)
    if one[0] != other[0]:
        return -1 if one[0] < other[0] else 1
    return _deb_part(one[1], other[1]) or _deb_part(one[2], other[2])


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(r"([^0-9]*)([0-9]*)")


def _deb_part(first: str, second: str) -> int:
    """Compare runs of other characters and of digits in turn; ``~`` is before the end itself."""
    ones = [match.groups() for match in _runs().finditer(first)]
    others = [match.groups() for match in _runs().finditer(second)]
    for (text, number), (text2, number2) in zip_longest(ones, others, fillvalue=("", "")):
        keys = [*map(_deb_rank, text), 0], [*map(_deb_rank, text2), 0]
        digits = int(number or 0), int(number2 or 0)
        if keys[0] != keys[1]:
            return -1 if keys[0] < keys[1] else 1
        if digits[0] != digits[1]:
            return -1 if digits[0] < digits[1] else 1
    return 0


def _deb_rank(char: str) -> int:
    """``~`` is before the end of a part, then letters, then all others."""
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 0x110000


def _rpm(first: str, second: str) -> int:
    one, other = _split(first), _split(second)
    if one[0] != other[0]:
        return -1 if one[0] < other[0] else 1
    order = _rpm_part(one[1], other[1])
    if order or not one[2] or not other[2]:
        return order
    return _rpm_part(one[2], other[2])


@cache
def _segments() -> re.Pattern[str]:
    return re.compile(r"[0-9]+|[A-Za-z]+|~|\^")


def _rpm_part(first: str, second: str) -> int:
    """Compare segment by segment: ``~`` < end < ``^`` < word < number."""
    one, other = _rpm_key(first), _rpm_key(second)
    return (one > other) - (one < other)


def _rpm_key(version: str) -> list[tuple[int, int, str]]:
    key = []
    for segment in _segments().findall(version):
        if segment == "~":
            key.append((0, 0, ""))
        elif segment == "^":
            key.append((2, 0, ""))
        elif segment.isdigit():
            key.append((4, int(segment), ""))
        else:
            key.append((3, 0, segment))
    return [*key, (1, 0, "")]
