"""The hostile archives of the tests of the ZIP and tar readers, as cases of the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.issues import ISSUES, REASONS
from dten_audit.documents.kinds import kind_of
from tests.documents.hostile_tars import BROKEN
from tests.documents.hostile_zips import HOSTILE
from tests.documents.zip_cases import Case

from .case import HostileCase

HARMLESS: Final = frozenset(
    "padding signing-block stored-streamed no-end-mark comment-cut repeated-member"
    " tool-suppression link-absolute sparse-member path-windows path-collision extra-data"
    " prepended-data several-archives".split()
)
"""Issues of honest archives too: by themselves they are context, told at info."""
_HIDDEN: Final = (
    "hidden-data", "overlap", "prepended-data", "appended-data", "packed-tail", "padding",
)  # fmt: skip
_PREFIXES: Final = (
    ("link-", "Links"), ("path-through", "Links"), ("path-", "Paths"),
    ("mode-", "Modes and special files"), ("special-", "Modes and special files"),
    ("type-", "Disguises"),
)  # fmt: skip
_FORMATS: Final = {
    "tar": "Tar", "ar": "ar", "cpio": "cpio", "rpm": "RPM", "gzip": "Compressed streams",
    "bzip2": "Compressed streams", "xz": "Compressed streams", "lzma": "Compressed streams",
    "zstd": "Compressed streams", "lzip": "Compressed streams", "shell": "Self-extracting",
    "selfextract": "Self-extracting",
}  # fmt: skip


def imported_cases() -> Iterator[HostileCase]:
    """Yield every case that is hostile: those that make sure of silence are left out."""
    for case, ending in [*((c, "zip") for c in HOSTILE), *((c, "tape") for c in BROKEN)]:
        words = [*case.issues.split(), *case.gaps.split()]
        if not set(words) <= HARMLESS:
            yield _case(case, words, ending)


def _case(case: Case, words: list[str], source: str) -> HostileCase:
    kind = "zip" if source == "zip" else kind_of("package", case.data())
    first = next(word for word in words if word not in HARMLESS)
    meaning = ISSUES.get(first) or REASONS[first]
    what = f"{meaning[:1].upper()}{meaning[1:]}."
    found = case.found.split()
    near = bool(found) and not any("!/" in path or path == "package" for path in found)
    return HostileCase(f"{kind}: {case.name}", _group(kind, first), kind, what, case.data,
                       " ".join(words), bool(found), near)  # fmt: skip


def _group(kind: str, issue: str) -> str:
    for prefix, group in _PREFIXES:
        if issue.startswith(prefix):
            return group
    if kind != "zip":
        return _FORMATS.get(kind, "Nested formats")
    if issue in _HIDDEN:
        return "ZIP: hidden bytes"
    if issue in REASONS or issue.startswith("limit-"):
        return "Nested formats"
    broken = list(ISSUES).index("encrypted-member") <= list(ISSUES).index(issue)
    return "ZIP: what cannot be read" if broken else "ZIP: two readings"
