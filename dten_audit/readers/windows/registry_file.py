"""Reads registry files (.reg): what they make Windows run at logon, and rights that they change.

Source: "How to add, modify, or delete registry subkeys and values by using a .reg file".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.windows import Elevation, TaskDefinition, TaskTrigger
from dten_audit.readers.windows.run_keys import is_run_key

_KEY: Final = re.compile(r"\[(-?)([^\]\n]++)\]")
_VALUE: Final = re.compile(r'(?:"((?:[^"\\\n]++|\\.)*+)"|(@))[ \t]*+=[ \t]*+(.*)')
_TEXT: Final = re.compile(r'"((?:[^"\\\n]++|\\.)*+)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_LOGON: Final = TaskTrigger("logon", "whenever a user logs on")
_OFF: Final = frozenset(("enablelua", "consentpromptbehavioradmin"))


def read(document: Document) -> Iterator[TaskDefinition | Elevation]:
    """State what the values of a registry file start at logon, and the rights that they change."""
    runs = False
    for number, line in enumerate(document.text.split("\n"), 1):
        if line.startswith("["):
            key = _KEY.match(line)
            runs = key is not None and not key[1] and is_run_key(key[2])
            continue
        value = _VALUE.match(line) if line[:1] in ('"', "@") else None
        if value is None:
            continue
        name, held = _ESCAPE.sub(r"\1", value[1] or ""), value[3].strip()
        text = _TEXT.match(held)
        if runs and text is not None:
            command = _ESCAPE.sub(r"\1", text[1])
            yield TaskDefinition(
                document.location(number), document.id, name, command, (_LOGON,), "registry"
            )
        elif name.lower() in _OFF and held.lower() == "dword:00000000":
            yield Elevation(
                document.location(number), document.id, "policy", "User Account Control off",
                level="LocalMachine", system=True,
            )  # fmt: skip
