"""Reads a Dockerfile: what its build runs, what the image's start runs, and as whom.

Texts for a shell become documents of their own, lists of words commands. ``RUN`` runs when the
image is built; ``CMD``, ``ENTRYPOINT`` and ``HEALTHCHECK`` run in its containers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Layer, Word
from dten_audit.model.facts.containers import ContainerSetting, Right
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.building.docker_lines import Heredoc, Instruction, instructions
from dten_audit.readers.building.docker_variables import variables
from dten_audit.readers.commands import Listed, interpreter_kind, stated
from dten_audit.readers.manifests.expressions import as_shell

_BLOCK: Final = re.compile(r"\{%|\{#|(?m:^)[ \t]*+\{\{")
_CLOSERS: Final = {"{%": "%}", "{#": "#}", "{{": "}}"}
_KNOWN: Final = frozenset(
    "FROM RUN CMD LABEL MAINTAINER EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD"
    " STOPSIGNAL HEALTHCHECK SHELL".split()
)
_FLAGS: Final = re.compile(r"(?:--[a-z-]+(?:=(?:\"[^\"]*+\"|\S*+))?[ \t]++)++")
_WINDOWS: Final = ("windows", "nanoserver", "servercore")
_MAX_UNREADABLE: Final = 10
_SAMPLE: Final = 4096
_LOOK: Final = 20
"""So many characters tell the words of an instruction apart."""
_HEREDOC_ONLY: Final = re.compile(r"[ \t]*(?:\d*<<-?[\"']?[A-Za-z_][\w.-]*[\"']?[ \t]*)+\Z")


class Stage(NamedTuple):
    """A stage of a build: its name (else its number), its base image, and who runs its commands.

    ``user`` is the last ``USER`` (empty before the first), set at ``place``. ``shell`` is the
    language of texts that no list of words is.
    """

    name: str
    image: str
    line: int
    user: str = ""
    place: int = 0
    shell: str = "shell"


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State what a Dockerfile runs, the files it writes, and whose rights its containers have."""
    reader = _Reader(document)
    text, templates = plain(document.text)
    if templates:
        reason = "a template: what these lines become is known only when it is filled in"
        yield Unreadable(document.location(templates), "dockerfile", reason, "computed")
    strays = 0
    for found in instructions(text):
        if isinstance(found, Instruction) and found.name in _KNOWN:
            yield from reader.take(found)
            continue
        strays += 1
        if strays <= _MAX_UNREADABLE:
            yield Unreadable(document.location(found.line), "dockerfile", "not an instruction")
    yield from reader.end()


class _Reader:
    """Goes through the instructions and knows the stage they are in."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stage = Stage("", "", 0)
        self.stages: dict[str, Stage] = {}
        self.order = 0

    def take(self, found: Instruction) -> Iterator[Fact | Embedded]:
        """State what one instruction says."""
        if found.name == "FROM":
            self._from(found)
        elif found.name == "USER" and not found.onbuild:
            self.stage = self.stage._replace(user=found.text, place=found.line)
            self._keep()
        elif found.name == "SHELL" and not found.onbuild:
            words = _words(found.text)
            if words:
                kind = interpreter_kind(words[0]) or "text"
                self.stage = self.stage._replace(shell=kind)
                self._keep()
        elif found.name == "RUN":
            yield from self._run(found)
        elif found.name in ("CMD", "ENTRYPOINT"):
            yield from self._start(found)
        elif found.name == "HEALTHCHECK":
            yield from self._health(found)
        elif found.name == "ENV" and not found.onbuild:
            yield from variables(self.document, found)
        elif found.name in ("COPY", "ADD") and found.heredocs:
            yield from self._files(found)

    def end(self) -> Iterator[Fact]:
        """State as whom the containers of the last stage run, as far as the file says it."""
        stage = self.stage
        if not stage.image:
            return
        name = stage.user.partition(":")[0]
        if not name and stage.image != "scratch" and stage.shell != "shell":
            return
        if name in ("root", "0", ""):
            right: Right = "root-user" if name else "no-user"
            at = self.document.location(stage.place or stage.line)
            shown = f"built from {stage.image}" if stage.name.isdigit() else stage.name
            yield ContainerSetting(at, self.document.id, "image", shown, right, name)

    def _from(self, found: Instruction) -> None:
        words = _FLAGS.sub("", found.text, count=1).split()
        image = words[0] if words else ""
        named = len(words) > 2 and words[1].lower() == "as"  # noqa: PLR2004 (IMAGE AS NAME)
        name = words[2] if named else str(len(self.stages))
        known = self.stages.get(image.lower())
        windows = any(mark in image.lower() for mark in _WINDOWS)
        self.stage = Stage(
            name,
            image,
            found.line,
            known.user if known else "",
            known.place if known else 0,
            known.shell if known else "batch" if windows else "shell",
        )
        self._keep()

    def _keep(self) -> None:
        self.stages[self.stage.name.lower()] = self.stage

    def _run(self, found: Instruction) -> Iterator[Fact | Embedded]:
        """State what a RUN instruction runs while the image is built."""
        hints = (("role", "container-build"), ("user", self.stage.user or "root"))
        words = _words(_without_flags(found.text))
        if words:
            yield from self._words(found, words, ())
        elif found.heredocs and _HEREDOC_ONLY.match(_without_flags(found.text)):
            for heredoc in found.heredocs:
                yield self._heredoc(heredoc, self.stage.shell, "", hints)
        else:
            yield self._text(found, found.parts, found.column, hints)

    def _start(self, found: Instruction) -> Iterator[Fact | Embedded]:
        """State what a container runs when it starts; CMD may only hold the other's arguments."""
        layer = self._layer()
        words = _words(found.text)
        if words:
            yield from self._words(found, words, (layer,))
        elif found.text and found.text != "[]":
            yield self._text(found, found.parts, found.column, self._inside())

    def _health(self, found: Instruction) -> Iterator[Fact | Embedded]:
        parts, column = _cut_flags(found.parts, found.column)
        first = parts[0][1]
        match = re.match(r"[ \t]*CMD[ \t]+", first, re.IGNORECASE)
        if match is None:
            return
        parts = ((parts[0][0], first[match.end() :]), *parts[1:])
        column += match.end()
        words = _words("".join(text for _, text in parts).strip())
        if words:
            yield from self._words(found, words, (self._layer(),))
        else:
            yield self._text(found, parts, column, self._inside(), heredocs=False)

    def _files(self, found: Instruction) -> Iterator[Embedded]:
        """State the files that COPY and ADD write from here-documents."""
        operands = [word for word in _without_flags(found.text).split() if "<<" not in word]
        target = operands[-1] if operands else ""
        for heredoc in found.heredocs:
            path = f"{target}{heredoc.name}" if target.endswith("/") else target
            kind = kind_of(path, heredoc.text[:_SAMPLE].encode("utf-8", "replace"))
            yield self._heredoc(heredoc, kind, path, (("role", "container-build"),))

    # what is stated

    def _layer(self) -> Layer:
        return Layer("docker", "container", (Word("docker"), Word("run")), self.stage.name)

    def _inside(self) -> tuple[tuple[str, str], ...]:
        return ("client", "docker"), ("layer", "container"), ("target", self.stage.name)

    def _words(
        self, found: Instruction, words: list[str], layers: tuple[Layer, ...]
    ) -> Iterator[Fact | Embedded]:
        if found.name == "CMD" and words[0].startswith("-"):
            return
        at = self.document.location(found.line, found.column)
        argv = [Word(word) for word in words]
        places = [
            ((_line_of(word, found),) * (word.count("\n") + 1), found.column) for word in words
        ]
        self.order += 1
        yield from stated(self.document, Listed(argv, at, self.order, places, layers))

    def _text(
        self,
        found: Instruction,
        parts: tuple[tuple[int, str], ...],
        column: int,
        hints: tuple[tuple[str, str], ...],
        *,
        heredocs: bool = True,
    ) -> Embedded:
        """Return the shell text of an instruction, with its here-documents behind it."""
        parts, column = _cut_flags(parts, column)
        glue = "`\n" if self.stage.shell == "powershell" else "\\\n"
        text = glue.join(part for _, part in parts)
        lines = [line for line, _ in parts]
        for heredoc in found.heredocs if heredocs else ():
            first = text.endswith("\n")
            text += ("" if first else "\n") + "".join(f"{line}\n" for line in heredoc.lines)
            text += f"{heredoc.name}\n"
            lines += range(heredoc.line, heredoc.line + len(heredoc.lines) + 1)
        return Embedded(self.stage.shell, text, tuple(lines), column, hints=hints)

    def _heredoc(
        self, heredoc: Heredoc, kind: str, path: str, hints: tuple[tuple[str, str], ...]
    ) -> Embedded:
        text = heredoc.text
        if not path and text.startswith("#!"):
            kind = kind_of("", text[:_SAMPLE].encode("utf-8", "replace"))
        return Embedded(kind, text, (heredoc.line,), 1, path, hints)


def plain(text: str) -> tuple[str, int]:
    """Return a template's text as far as it is known, and the first line that is not.

    What stands for instructions becomes blanks, what stands for words a variable; 0: no template.
    """
    if "{{" not in text and "{%" not in text:
        return text, 0
    out: list[str] = []
    at = first = 0
    endless: set[str] = set()
    while (match := _BLOCK.search(text, at)) is not None:
        opener = match[0].strip()
        end = -1 if opener in endless else text.find(_CLOSERS[opener], match.end())
        if end < 0:
            endless.add(opener)
            out.append(text[at : match.end()])
            at = match.end()
            continue
        line_end = text.find("\n", end)
        whole = opener != "{{" or not text[end + 2 : max(line_end, end + 2)].strip()
        if whole:
            first = first or text.count("\n", 0, match.start()) + 1
            out.append(text[at : match.start()])
            out.append(re.sub(r"[^\n]", " ", text[match.start() : end + 2]))
        else:
            out.append(text[at : end + 2])
        at = end + 2
    out.append(text[at:])
    return as_shell("".join(out)), first


def _words(text: str) -> list[str]:
    """Return the words of the exec form, a JSON array of strings; none of any other text."""
    if not text.startswith("["):
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        return []
    return found


def _line_of(word: str, found: Instruction) -> int:
    """Return the line in which a word of the exec form starts, as far as it can be told."""
    start = json.dumps(word)[:_LOOK]
    return next((number for number, part in found.parts if start in part), found.line)


def _without_flags(text: str) -> str:
    match = _FLAGS.match(text)
    return text[match.end() :] if match else text


def _cut_flags(
    parts: tuple[tuple[int, str], ...], column: int
) -> tuple[tuple[tuple[int, str], ...], int]:
    """Take ``--mount=…`` and kin away from the start of an instruction's text."""
    rest = list(parts)
    while rest:
        number, text = rest[0]
        indent = len(text) - len(text.lstrip())
        match = _FLAGS.match(f"{text} ", indent)
        if match is None:
            break
        end = min(match.end(), len(text))
        if text[end:].strip() or len(rest) == 1:
            rest[0] = number, text[end:]
            column += end
            break
        rest, column = rest[1:], 1
    return tuple(rest), column
