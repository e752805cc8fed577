"""Reads user-data of cloud-init that is no YAML: several parts in one, boot hooks, lists of URLs.

Source: cloudinit.readthedocs.io, user-data formats, read 2026-11-21.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.text import decode
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable

_START: Final = re.compile(
    rb"#cloud-boothook|#include(?:-once)?[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*https?://"
    rb"|(?:From nobody[^\n]*\n|MIME-Version:[^\n]*\n)*Content-Type: multipart/"
)
_BOUNDARY: Final = re.compile(r"(?i)\bboundary=(?:\"([^\"\n]{1,200})\"|([^\s;]{1,200}))")
_KINDS: Final = {
    "text/cloud-config": "yaml",
    "text/cloud-config-jsonp": "json",
    "text/x-shellscript": "shell",
    "text/cloud-boothook": "shell",
    "text/x-shellscript-per-boot": "shell",
    "text/x-shellscript-per-instance": "shell",
    "text/x-shellscript-per-once": "shell",
    "text/upstart-job": "text",
    "text/jinja2": "yaml",
}
_HEAD: Final = 2000
_MAX_PARTS: Final = 500
_ROOT: Final = (("user", "root"),)


def worth_reading(document: Document) -> bool:
    """Say whether a text may be user-data, by its first bytes."""
    first = document.data[:1]
    return first in (b"#", b"C", b"M", b"F") and _START.match(document.data[:_HEAD]) is not None


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the parts of user-data, and what is fetched to be run."""
    text = document.text
    if text.startswith("#cloud-boothook"):
        yield Embedded("shell", text.partition("\n")[2], (2,), hints=_ROOT)
    elif text.startswith("#include"):
        reason = "what is fetched from these addresses is run, and is not in the package"
        yield Unreadable(document.location(1), "cloud-init", reason)
    else:
        yield from _parts(document)


def _parts(document: Document) -> Iterator[Fact | Embedded]:
    """Yield the parts of a multipart message (RFC 2046, 5.1) that cloud-init runs."""
    head = document.text[:_HEAD]
    match = _BOUNDARY.search(head)
    if match is None:
        return
    mark = f"--{match[1] or match[2]}"
    lines = document.text.split("\n")
    starts = [number for number, line in enumerate(lines) if line.rstrip() in (mark, f"{mark}--")]
    for start, end in pairwise(starts[:_MAX_PARTS]):
        yield from _part(document, lines, start + 1, end)


def _part(document: Document, lines: list[str], start: int, end: int) -> Iterator[Fact | Embedded]:
    """Yield one part: its headers, an empty line, its text."""
    body = next((n for n in range(start, end) if not lines[n].strip()), end)
    header = "\n".join(lines[start:body]).lower()
    match = re.search(r"(?m)^content-type:[ \t]*([\w/.+-]+)", header)
    kind = _KINDS.get(match[1], "") if match else ""
    text = "\n".join(lines[body + 1 : end])
    if not kind or not text.strip():
        return
    places: tuple[int, ...] = (body + 2,)
    if "base64" in header.partition("content-transfer-encoding:")[2].partition("\n")[0]:
        try:
            text = decode(base64.b64decode("".join(text.split()), validate=True)).text
        except ValueError:
            yield Unreadable(document.location(body + 2), "cloud-init", "a part is not base64")
            return
        places *= text.count("\n") + 1
    yield Embedded(kind, text, places, hints=_ROOT)
