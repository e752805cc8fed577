"""Reads the shell texts in Jenkinsfiles (steps) and Vagrantfiles (provisioning).

Sources: jenkins.io, "Pipeline: Nodes and Processes" (sh, bat, powershell, pwsh); Vagrant's
documentation, "Shell Provisioner"; read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.readers.programs.language_tables import LANGUAGES
from dten_audit.readers.programs.languages import Language
from dten_audit.readers.programs.lexing import TOKEN, Lexer
from dten_audit.readers.programs.literals import Texts
from dten_audit.readers.shell.values import Source, line_map

_STEP: Final = re.compile(
    r"(?<![\w.$])(sh|bat|powershell|pwsh)\b[ \t]*+\(?\s*+\[?"
    rf"(?:\s*+(?!script\b)\w++\s*+:\s*+[\w.]++\s*+,){{0,6}}\s*+(?:script\s*+:\s*+)?(?={TOKEN})"
)
_INLINE: Final = re.compile(rf"\binline\s*+(?::|=>)\s*+(?:(?={TOKEN})|(\$?[A-Za-z_]\w*+))")
_KINDS: Final = {"sh": "shell", "bat": "batch", "powershell": "powershell", "pwsh": "powershell"}
_MOST: Final = 2_000


def is_jenkinsfile(document: Document) -> bool:
    """Say whether a program is a Jenkins pipeline: by its name, or by a pipeline's first words."""
    return "jenkinsfile" in document.name.lower() or (
        b"pipeline" in document.data[:4096] and b"stage" in document.data
    )


def is_vagrantfile(document: Document) -> bool:
    """Say whether a Ruby program is a Vagrantfile."""
    return document.name.lower().startswith("vagrantfile")


def read_jenkinsfile(document: Document) -> Iterator[Embedded]:
    """State the texts that the steps of a pipeline run."""
    program = _Program(document, LANGUAGES["groovy"])
    for match in islice(_STEP.finditer(program.lexer.code), _MOST):
        yield from program.text_at(match.end(), _KINDS[match[1]], (("role", "ci"),))


def read_vagrantfile(document: Document) -> Iterator[Embedded]:
    """State the texts with which a Vagrantfile sets up its machine."""
    program = _Program(document, LANGUAGES["ruby"])
    hints = (("role", "container-build"), ("user", "root"))
    for match in islice(_INLINE.finditer(program.lexer.code), _MOST):
        at = match.end()
        if match[1]:
            setting = re.search(rf"{re.escape(match[1])}\s*+=\s*+(?={TOKEN})", program.lexer.code)
            if setting is None:
                continue
            at = setting.end()
        yield from program.text_at(at, "shell", hints)


class _Program:
    def __init__(self, document: Document, language: Language) -> None:
        self.lexer = Lexer(document.text, language)
        source = Source(document.text, document)
        self._texts = Texts(source, language, lambda _expression, _offset: None)

    def text_at(
        self, offset: int, kind: str, hints: tuple[tuple[str, str], ...]
    ) -> Iterator[Embedded]:
        """Yield the literal at an offset as a text of its own."""
        literal = self.lexer.literal_at(offset)
        if literal is None:
            return
        field = self._texts.field(literal)
        if field.text.strip():
            lines, column = line_map(field)
            yield Embedded(kind, field.text, lines, column, hints=hints)
