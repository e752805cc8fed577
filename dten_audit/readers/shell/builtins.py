"""What the shell's own commands do to the state: variables, folder, options, traps, locks."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import ClassVar, Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import SCRIPT_FOLDER, Layer
from dten_audit.readers.shell.calls import Calls
from dten_audit.readers.shell.conditions import Guards
from dten_audit.readers.shell.context import Context, Ending, Run
from dten_audit.readers.shell.fast_words import ASSIGNMENT
from dten_audit.readers.shell.nodes import ArrayLiteral, Assignment, Shape, Simple
from dten_audit.readers.shell.output import printed
from dten_audit.readers.shell.reading import items_read, shared_out
from dten_audit.readers.shell.values import Array, Field, Value, cut, joined, plain, unknown
from dten_audit.readers.shell.wrappers import UNKNOWN_PREFIX, Peeled

GUARDING: Final = frozenset(("[", "[[", "test", "command", "which", "type", "hash"))
"""Under ``set -e``, one of these that stands alone must have succeeded for what follows."""


class Builtins(Calls):
    """Builtins by name.

    ``declarations`` read their words unexpanded; ``builtins`` return None where the command is
    also to be stated as a program. ``files`` are the files behind descriptors opened by ``exec``.
    ``promised`` are the functions that the script defines somewhere, ``_early_traps`` the traps
    that call one before it is defined.
    ``prefix_guards`` are the tests under which the next wrapper is used at all.
    """

    def __init__(self, document: Document, commands: int) -> None:
        super().__init__(document, commands)
        self.prefix_guards: Guards = ()
        self.files: dict[int, str] = {}
        self.promised: set[str] = set()
        self._early_traps: list[tuple[Run, Context, Guards, bool]] = []

    # variables

    def assign(self, item: Assignment) -> None:
        """Run ``name=value``."""
        literal = item.value.parts[0] if item.value.parts else None
        old = self.state.variables.get(item.name)
        if item.key is not None:
            self.expander.text(item.key, item.start)
        if isinstance(literal, ArrayLiteral):
            array = self.expander.array(literal)
            held = old if item.append and isinstance(old, Array) else Array(())
            self.state.allowance.left -= len(held.items)
            fits = self.state.allowance.left >= 0 and held.alike(array)
            whole = Array(held.items + array.items, held.keys + array.keys)
            self.state.set(item.name, whole if fits else unknown(item.name))
            return
        value = self.expander.text(item.value, item.start)
        if item.subscript:
            self.state.set(item.name, self._with_element(item, old, value))
            return
        if item.append:
            value = self._appended(item.name, old, value)
        self.state.set(item.name, value.resolved)

    def _with_element(self, item: Assignment, old: Value | None, value: Field) -> Value:
        """Return the array after ``name[key]=value``."""
        if item.append or not value.known or not isinstance(old, Array | None):
            return unknown(item.name)
        held = old if old is not None else Array(())
        self.state.allowance.left -= len(held.items)
        if self.state.allowance.left < 0:
            return unknown(item.name)
        changed = held.changed(self.expander.parameters.key(item.subscript), value.resolved)
        return unknown(item.name) if changed is None else changed

    def _appended(self, name: str, old: Value | None, value: Field) -> Field:
        """Return the value after ``name+=value``."""
        if not isinstance(old, Field) or not old.known or not self.state.allowance.take(old):
            return unknown(name)
        return joined([old, value], "")

    def _declare(self, node: Simple) -> Ending:
        """Run ``local``, ``export``, ``declare`` and their kin."""
        kind = node.words[0].text or ""
        argv = [Field(kind)]
        exports = kind == "export"
        for shape, start in zip(node.words[1:], node.starts[1:], strict=True):
            match = ASSIGNMENT.match(shape.source)
            if match is None:
                field = self.expander.text(shape, start)
                exports = exports or (field.text.startswith("-") and "x" in field.text)
                name = field.text if field.text.isidentifier() else ""
                argv.append(field)
            else:
                name = match[1]
                argv.append(self._declared(name, match.end(), shape, start, kind))
            if name and kind in ("local", "declare", "typeset"):
                self._make_local(name, assigned=match is not None)
            if name and exports:
                self.state.export(name)
        if kind == "export":
            self.state_command(Run(argv, node.offset, self.streams(node.redirects)))
        return Ending.NEXT

    def _declared(self, name: str, at: int, shape: Shape, start: int, kind: str) -> Field:
        """Set a variable from ``name=value``; return the whole word's value."""
        if kind in ("local", "declare", "typeset"):
            self.state.local(name)
        literal = next((part for part in shape.parts if isinstance(part, ArrayLiteral)), None)
        if literal is not None:
            self.state.set(name, self.expander.array(literal))
            return Field(shape.source, "computed")
        field = self.expander.text(shape, start)
        old = self.state.variables.get(name)
        value: Field = cut(field, field.text.find("=") + 1, len(field.text))
        if shape.source[at - 2 : at - 1] == "+":
            value = self._appended(name, old, value)
        self.state.set(name, value.resolved)
        return field

    def _make_local(self, name: str, *, assigned: bool) -> None:
        if self.state.frames and not assigned:
            self.state.local(name)
            self.state.set(name, Field(""))

    def _unset(self, run: Run) -> Ending | None:
        for field in run.argv[1:]:
            if field.text in self.state.variables:
                self.state.set(field.text, None)
            self.state.unexport(field.text)
        return Ending.NEXT

    def _read(self, run: Run) -> Ending | None:
        words = [field.text for field in run.argv[1:]]
        names = [word for word in words if word.isidentifier()]
        stdin = run.streams.stdin
        text = self.used(stdin) if run.streams.own_stdin else None
        whole = "-d" in words or any(word.startswith("-") and word.endswith("d") for word in words)
        for name in names:
            self.state.set(name, unknown(name))
        separators = dict(run.environment).get("IFS", plain(" \t"))
        if text is None or not names or not separators.known:
            return None if text is None else Ending.NEXT
        items = items_read(words, text, separators.text)
        if items is not None:
            self.state.set(names[-1], Array(tuple(item.resolved for item in items)))
        elif len(names) == 1:
            end = len(text.text) if whole else text.text.find("\n")
            self.state.set(names[0], cut(text, 0, end if end >= 0 else len(text.text)))
        elif separators.text == " \t" and text.text.count("\n") <= 1 and not whole:
            for name, value in shared_out(text, names):
                self.state.set(name, value.resolved)
        return Ending.NEXT

    def _assigns(self, run: Run) -> Ending | None:
        for field in run.argv[1:]:
            if field.text.isidentifier():
                self.state.set(field.text, unknown(field.text))
        return None

    def _printf(self, run: Run) -> Ending | None:
        argv = run.argv
        if len(argv) < 4 or argv[1].text != "-v" or not argv[2].text.isidentifier():  # noqa: PLR2004 (-v, a name, a format)
            return None
        text = printed("printf", [argv[0], *argv[3:]], None)
        self.state.set(argv[2].text, text or unknown(argv[2].text))
        return Ending.NEXT

    def _shift(self, run: Run) -> Ending | None:
        arguments = self.state.arguments
        if arguments is None:
            return Ending.NEXT
        count = run.argv[1].text if len(run.argv) > 1 else "1"
        self.state.arguments = arguments[int(count) :] if count.isdigit() else None
        return Ending.NEXT

    # options, folder, endings

    def _set(self, run: Run) -> Ending | None:
        words = run.argv[1:]
        for number, field in enumerate(words):
            text = field.text
            if text == "--":
                rest = words[number + 1 :]
                known = all(argument.known for argument in rest)
                self.state.arguments = tuple(rest) if known else None
                break
            if text[:1] not in ("-", "+") or len(text) < 2:  # noqa: PLR2004 (a sign and a letter)
                if number == 0:
                    self.state.arguments = tuple(words) if all(w.known for w in words) else None
                break
            self.shell_option(text, words[number + 1].text if number + 1 < len(words) else "")
        return Ending.NEXT

    def shell_option(self, text: str, following: str) -> None:
        """Apply an option word of ``set`` or of the ``#!`` line."""
        on = text[0] == "-"
        name = following if "o" in text else ""
        if "e" in text or name == "errexit":
            self.state.errexit = on
        if name == "pipefail":
            self.state.pipefail = on
        if "o" in text and "e" in text and name == "pipefail":
            self.state.errexit = on

    def _cd(self, run: Run) -> Ending | None:
        operands = [field for field in run.argv[1:] if not field.text.startswith("-")]
        folder = operands[0].text if operands and operands[0].known else ""
        if not folder:
            self.state.folder = ""
        elif folder.startswith(("/", SCRIPT_FOLDER)):
            self.state.folder = _normal(folder)
        else:
            self.state.folder = _normal(posixpath.join(self.state.folder, folder))
        return None if run.streams.redirections else self._stated_quietly(run)

    def _stated_quietly(self, run: Run) -> Ending:
        self.state_command(run)
        return Ending.NEXT

    def _popd(self, _: Run) -> Ending | None:
        self.state.folder = ""
        return Ending.NEXT

    def pwd(self) -> Field | None:
        """Return what ``pwd`` prints, as far as the script has set it."""
        folder = self.state.folder
        return Field(folder + "\n", "resolved") if folder.startswith(("/", SCRIPT_FOLDER)) else None

    def _nothing(self, run: Run) -> Ending | None:
        if run.argv[0].text == "let":
            self.state.forget(frozenset(f.text.partition("=")[0] for f in run.argv[1:]))
        return None if run.streams.target is not None else Ending.NEXT

    def _break(self, _: Run) -> Ending | None:
        return Ending.BREAK

    def _return(self, _: Run) -> Ending | None:
        return Ending.RETURN

    def _exit(self, _: Run) -> Ending | None:
        return Ending.EXIT

    def gain_by_errexit(self, node: Simple, name: str) -> None:
        """Under ``set -e`` a test that stands alone must hold for what follows."""
        if name in GUARDING:
            self.gain(self.conditions.of(node).true, lasting=True)

    # traps, descriptors, locks

    def early_traps(self) -> None:
        """Run the traps set before the function that they call was defined."""
        for run, context, guards, reached in self._early_traps:
            self.context, self.guards, self.reached = context, guards, reached
            self._trap(run, at_end=True)
        self.context = Context()

    def _trap(self, run: Run, *, at_end: bool = False) -> Ending | None:
        words = [field for field in run.argv[1:] if field.text != "--"]
        if len(words) < 2 or words[0].text.startswith("-") or not words[0].text:  # noqa: PLR2004 (an action and a signal)
            return Ending.NEXT
        name = words[0].text.partition(" ")[0]
        if not at_end and name in self.promised and name not in self.state.functions:
            self._early_traps.append((run, self.context, self.guards, self.reached))
            return Ending.NEXT
        layer = Layer(
            "trap", "deferred", tuple(f.word for f in (run.argv[0], *words[1:])), "",
            self.chain[-1].name if self.chain else "", self.line(run.offset),
        )  # fmt: skip
        peeled = Peeled("trap", UNKNOWN_PREFIX._replace(layer="deferred"), run.argv[:1], [],
                        code=words[0])  # fmt: skip
        mark, errexit, folder = self.state.mark(), self.state.errexit, self.state.folder
        locks = self.locks
        self.code(peeled, run._replace(layers=(*run.layers, layer), deferred=True))
        self.state.undo(mark)
        self.state.errexit, self.state.folder, self.locks = errexit, folder, locks
        return Ending.NEXT

    def _exec(self, run: Run) -> Ending | None:
        if len(run.argv) == 1:
            for redirection in run.streams.redirections:
                self.files[redirection.descriptor] = redirection.target.text
        return None

    def lock_descriptor(self, peeled: Peeled, run: Run) -> None:
        """Note a lock taken on an open descriptor (``flock 9``): it holds for what follows."""
        descriptor = peeled.target
        if any(field.text in ("-u", "--unlock") for field in run.argv):
            self.locks = ()
        elif descriptor.isdigit():
            number = int(descriptor[:6])
            opened = [r.target.text for r in run.streams.redirections if r.descriptor == number]
            target = opened[0] if opened else self.files.get(number, descriptor)
            layer = Layer(
                "flock", "lock", tuple(field.word for field in run.argv), target,
                self.chain[-1].name if self.chain else "", self.line(run.offset),
            )  # fmt: skip
            self.locks = (*self.locks, layer)

    # by name

    declarations: ClassVar[dict[str, Callable[[Builtins, Simple], Ending]]] = dict.fromkeys(
        ("local", "declare", "typeset", "readonly", "export"), _declare
    )
    builtins: ClassVar[dict[str, Callable[[Builtins, Run], Ending | None]]] = {
        **dict.fromkeys((":", "true", "false", "[", "[[", "test", "let"), _nothing),
        **dict.fromkeys(("break", "continue"), _break),
        "return": _return,
        "exit": _exit,
        "cd": _cd,
        "pushd": _cd,
        "popd": _popd,
        "shift": _shift,
        "set": _set,
        "unset": _unset,
        "read": _read,
        **dict.fromkeys(("mapfile", "readarray", "getopts"), _assigns),
        "printf": _printf,
        "trap": _trap,
        "exec": _exec,
    }


def _normal(path: str) -> str:
    if path.startswith(SCRIPT_FOLDER):
        rest = path[len(SCRIPT_FOLDER) :].strip("/")
        rest = posixpath.normpath(rest) if rest else "."
        return SCRIPT_FOLDER if rest == "." else f"{SCRIPT_FOLDER}/{rest}"
    return posixpath.normpath(path)
