"""What a program that a Windows script runs takes as text, and what it wraps."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final

from dten_audit.model.facts.commands import Layer
from dten_audit.readers.shell.texts import SHELLS, use
from dten_audit.readers.shell.values import Field
from dten_audit.readers.shell.wrappers import Peeled, peel
from dten_audit.readers.windows.stating import Recorder
from dten_audit.readers.windows.values import (
    Run,
    Value,
    base_name,
    program_name,
    split_command_line,
)

MAX_LAYERS: Final = 8
POWERSHELLS: Final = frozenset(("powershell", "pwsh", "powershell_ise"))
_WITH_VALUE: Final = (
    "executionpolicy", "ep", "ex", "exec", "version", "psconsolefile", "configurationname",
    "inputformat", "outputformat", "windowstyle", "w", "workingdirectory", "wd", "settingsfile",
    "custompipename",
)  # fmt: skip
_PEELED: Final = frozenset(("remote", "container", "privilege"))


def state(run: Run, recorder: Recorder) -> None:
    """State a program that runs, with the texts that it runs and the program that it wraps."""
    argv = run.argv
    name = program_name(argv[0]) if argv else ""
    if not name:
        recorder.command(run)
        return
    special = _SPECIAL.get(name)
    if special is not None and len(run.context.layers) < MAX_LAYERS:
        special(run, recorder)
        return
    fields = [Field(value.text, value.certainty) for value in argv]
    fields[0] = Field(name, "exact")
    peeled = peel(fields) if len(run.context.layers) < MAX_LAYERS else None
    if peeled is not None and (peeled.wrapper.layer in _PEELED or name in SHELLS):
        _wrapped(run, peeled, recorder)
        return
    texts = use(fields, ())
    documents = run.documents
    for code in texts.code if texts is not None else ():
        if texts is not None and code.known:
            at = next((value.at for value in argv if value.text == code.text), run.at)
            value = Value(code.text, code.certainty, at)
            documents = (*documents, recorder.embed(texts.kind, value, texts.hints))
    recorder.command(run._replace(documents=documents))


def _wrapped(run: Run, peeled: Peeled, recorder: Recorder) -> None:
    """State what a wrapper of the shell's table runs: ``ssh host CMD``, ``docker exec web CMD``."""
    line = recorder.document.index.position(run.at)[0]
    layer = Layer(
        peeled.tool, peeled.wrapper.layer, tuple(field.word for field in peeled.used),
        peeled.target, line=line,
    )  # fmt: skip
    context = run.context._replace(layers=(*run.context.layers, layer))
    if peeled.code is not None:
        code = peeled.code
        at = next((v.at for v in run.argv if v.text and v.text in code.text), run.at)
        value = Value(code.text, code.certainty, at)
        documents = (recorder.embed("shell", value),) if code.known else ()
        argv = [Value("sh"), Value("-c"), value]
        recorder.command(run._replace(argv=argv, context=context, documents=documents, name=""))
    elif peeled.rest:
        rest = run.argv[len(run.argv) - len(peeled.rest) :]
        state(run._replace(argv=rest, context=context, name=""), recorder)
    else:
        recorder.command(run)


def _cmd(run: Run, recorder: Recorder) -> None:
    """``cmd /c "TEXT"``: the text is one of a batch file."""
    for number, value in enumerate(run.argv[1:], 1):
        option = value.text.lower()
        if option[:2] in ("/c", "/k", "/r") and value.known:
            glued = [Value(value.text[2:], value.certainty, value.at + 2)] if option[2:] else []
            code = [*glued, *run.argv[number + 1 :]]
            documents = (*run.documents, *_embedded("batch", code, recorder))
            recorder.command(run._replace(documents=documents))
            return
        if not option.startswith("/"):
            break
    recorder.command(run)


def _embedded(kind: str, code: list[Value], recorder: Recorder) -> tuple[str, ...]:
    """State words that another shell runs, joined with blanks; nothing where it is not known."""
    if not code or not any(value.text.strip() for value in code):
        return ()
    if any(not value.known for value in code[:1]):
        return ()
    text = " ".join(_requoted(value, alone=len(code) == 1) for value in code)
    if kind == "batch" and text[:1] == text[-1:] == '"' and len(text) > 1:
        text = text[1:-1]
    certainty = "computed" if any(not value.known for value in code) else code[0].certainty
    lines = code[0].lines if len(code) == 1 else None
    return (recorder.embed(kind, Value(text, certainty, code[0].at, lines=lines)),)


def _requoted(value: Value, *, alone: bool) -> str:
    needs = not alone and (not value.text or any(char in value.text for char in ' \t;&|()"'))
    return '"' + value.text.replace('"', '\\"') + '"' if needs and value.quoted else value.text


def _powershell(run: Run, recorder: Recorder) -> None:
    """Read the options of powershell.exe and pwsh: ``-File``, ``-Command``, ``-EncodedCommand``."""
    argv = run.argv
    number = 1
    while number < len(argv):
        text = argv[number].text.lower()
        name = text[1:] if text[:1] in "-/" and len(text) > 1 else ""
        rest = argv[number + 1 :]
        if not name:
            command = base_name(argv[0].text) == "powershell" and not text.endswith(".ps1")
            code = argv[number:] if command and argv[number].block is None else []
            _with_code(run, code, recorder)
            return
        if name in ("c", "command") or ("command".startswith(name) and len(name) > 1):
            _with_code(run, rest, recorder)
            return
        if name in ("f", "file") or (name.startswith("fi") and "file".startswith(name)):
            break
        if "encodedcommand".startswith(name) or name == "ec":
            _encoded(run, rest[:1], recorder)
            return
        number += 2 if name in _WITH_VALUE or "executionpolicy".startswith(name) else 1
    recorder.command(run)


def _with_code(run: Run, code: list[Value], recorder: Recorder) -> None:
    documents = () if not code or code[0].text == "-" else _embedded("powershell", code, recorder)
    recorder.command(run._replace(documents=(*run.documents, *documents)))


def _encoded(run: Run, code: list[Value], recorder: Recorder) -> None:
    """Decode ``-EncodedCommand``: base64 of UTF-16 (about_PowerShell_exe)."""
    documents: tuple[str, ...] = ()
    if code and code[0].known:
        try:
            data = base64.b64decode("".join(code[0].text.split()), validate=True)
            text = data.decode("utf-16-le")
        except (binascii.Error, UnicodeError, ValueError):
            recorder.unreadable(run.at, "an encoded command that does not decode")
        else:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            line = recorder.document.index.position(code[0].at)[0]
            lines = (line,) * (text.count("\n") + 1)
            value = Value(text, "resolved", code[0].at, lines=lines)
            documents = (recorder.embed("powershell", value),)
    recorder.command(run._replace(documents=(*run.documents, *documents)))


def _runas(run: Run, recorder: Recorder) -> None:
    """``runas /user:X "CMD"``: the last word is the command line."""
    argv = run.argv
    operands = [value for value in argv[1:] if not value.text.startswith("/")]
    user = next((v.text[6:] for v in argv if v.text.lower().startswith("/user:")), "")
    if not operands or not operands[0].known:
        recorder.command(run)
        return
    own = argv[: argv.index(operands[0])]
    wraps(run, own, operands[0], recorder, user)


def wraps(run: Run, own: list[Value], line: Value, recorder: Recorder, user: str = "") -> None:
    """State a command line that a wrapper runs, under a layer for the wrapper's own words."""
    words = [Value(text, line.certainty, line.at) for text in split_command_line(line.text)]
    layered(run, own, words, recorder, user)


def layered(
    run: Run, own: list[Value], words: list[Value], recorder: Recorder, user: str = ""
) -> None:
    """State the words that a wrapper runs, under a layer for the wrapper's own words."""
    place = recorder.document.index.position(run.at)[0]
    tool = base_name(own[0].text)
    layer = Layer(tool, "plain", tuple(value.word for value in own), user, line=place)
    context = run.context._replace(layers=(*run.context.layers, layer))
    if words and len(context.layers) <= MAX_LAYERS:
        state(run._replace(argv=words, context=context, name=""), recorder)
    else:
        recorder.command(run)


_SPECIAL: Final[dict[str, Callable[[Run, Recorder], None]]] = {
    "cmd": _cmd,
    "runas": _runas,
    **dict.fromkeys(POWERSHELLS, _powershell),
}
