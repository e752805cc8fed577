"""States a command whose words a file lists one by one, so that no shell splits them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.kind_tables import INTERPRETERS
from dten_audit.model.facts.commands import Command, Guard, Layer, Word
from dten_audit.model.location import Location
from dten_audit.readers.shell.texts import use
from dten_audit.readers.shell.values import Field
from dten_audit.readers.shell.wrappers import base_name, peel

_MAX_LAYERS: Final = 12
_ELSEWHERE: Final = ("container", "remote")


class Listed(NamedTuple):
    """A command as a file lists it.

    ``places`` say of each word which lines it stands on and in which column it starts (of fewer
    words, the last holds for the rest): it may be a text (``sh -c TEXT``), of which further lines
    follow in the file. ``layers`` are what it runs in anyway.
    """

    argv: Sequence[Word]
    at: Location
    order: int
    places: Sequence[tuple[tuple[int, ...], int]]
    layers: tuple[Layer, ...] = ()
    guards: tuple[Guard, ...] = ()
    called: bool = True


def interpreter_kind(program: str) -> str:
    """Return the language that a program runs; empty for one that runs none that is known."""
    name = base_name(program.replace("\\", "/")).lower().removesuffix(".exe")
    if name == "cmd":
        return "batch"
    return INTERPRETERS.get(name) or INTERPRETERS.get(name.rstrip("0123456789.")) or ""


def stated(document: Document, listed: Listed) -> Iterator[Command | Embedded]:
    """Yield a command, wrappers peeled off, and the texts in its arguments.

    The text of ``sh -c`` becomes a document that knows in which container or on which host it
    runs, not as whom; the command names it in ``documents``.
    """
    fields = [Field(word.text, word.certainty) for word in listed.argv]
    layers = list(listed.layers)
    documents: list[str] = []
    while fields and len(layers) < _MAX_LAYERS:
        peeled = peel(fields)
        if peeled is None or (peeled.code is None and not peeled.rest):
            break
        used = tuple(field.word for field in peeled.used)
        layer = Layer(peeled.tool, peeled.wrapper.layer, used, peeled.target)
        if peeled.code is None:
            layers.append(layer)
            fields = peeled.rest
            continue
        if layer.kind != "shell":
            layers.append(layer)
            fields = [Field("sh"), Field("-c"), peeled.code]
        part = _text(listed, peeled.code, "shell", _inside(layers))
        documents.append(document.embedded_id(part))
        yield part
        break
    if not fields:
        return
    texts = use(fields, ()) if fields[0].known and not documents else None
    if texts is not None:
        hints = (*texts.hints, *_inside(layers))
        for code in texts.code:
            part = _text(listed, code, texts.kind, hints)
            documents.append(document.embedded_id(part))
            yield part
    yield Command(
        listed.at, document.id, listed.order, base_name(fields[0].text) if fields[0].known else "",
        tuple(field.word for field in fields), tuple(layers), listed.guards,
        called=listed.called, documents=tuple(documents), certainty=fields[0].certainty,
    )  # fmt: skip


def _text(listed: Listed, code: Field, kind: str, hints: tuple[tuple[str, str], ...]) -> Embedded:
    texts = [word.text for word in listed.argv]
    number = texts.index(code.text) if code.text in texts else 0
    lines, column = listed.places[min(number, len(listed.places) - 1)]
    return Embedded(kind, code.text, lines, column, hints=hints)


def _inside(layers: Sequence[Layer]) -> tuple[tuple[str, str], ...]:
    """Return the hints that say in which container or on which host a text is run."""
    for layer in layers:
        if layer.kind in _ELSEWHERE:
            hints = (("client", layer.tool), ("layer", layer.kind), ("target", layer.target))
            return tuple(hint for hint in hints if hint[1])
    return ()
