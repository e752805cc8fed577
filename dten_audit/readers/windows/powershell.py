"""Reads PowerShell: the commands that a script runs, and the documents embedded in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Guard
from dten_audit.readers.windows.ps_special import Script
from dten_audit.readers.windows.ps_words import Stop

_REQUIRES: Final = re.compile(r"(?im)^[ \t]*#requires\b[^\n]{0,400}-runasadministrator")


def read(document: Document) -> Iterator[Fact | Embedded]:
    """Yield the commands, embedded documents and gaps of a script."""
    script = Script(document)
    required = _REQUIRES.search(script.text)
    if required is not None:
        line = script.line_of(required.start())
        script.context = script.context._replace(guards=(Guard("root-check", "root", line),))
    with suppress(Stop):
        script.statements("")
    script.uncalled()
    yield from script.recorder.stated()
