"""Recognises commands that control units: systemctl and all that does the same."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.derive.arguments import Arguments, elsewhere, separate, split_arguments
from dten_audit.derive.units.tables import Manager, managers, verb, verbs, with_now
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.units import Scope
from dten_audit.readers.knowledge import from_tables
from dten_audit.readers.systemd.names import canonical, is_unit_name, unit_type

_INIT_FOLDERS: Final = ("/etc/init.d/", "/etc/rc.d/init.d/", "/etc/rc.d/")
_SHELLS: Final = frozenset(("sh", "bash", "dash"))
COMPUTED: Final = "computed"
_MOST_COMPUTED: Final = 4
_ASKING: Final = frozenset((
    "cat", "help", "is-active", "is-enabled", "is-failed", "is-system-running", "list-dependencies",
    "list-unit-files", "list-units", "reset-failed", "show", "status",
))  # fmt: skip
"""Verbs of systemctl that change nothing (systemctl(1))."""


class UnitCall(NamedTuple):
    """One unit that a command controls. ``now`` is what ``--now`` does at once beside the verb."""

    verb: str
    unit: str
    written: Word
    manager: str
    now: str
    scope: Scope
    elsewhere: str


def unit_calls(command: Command) -> Iterator[UnitCall]:
    """Yield what a command does to units; commands that only ask or print do nothing."""
    manager = managers().get(command.program)
    if manager is None:
        yield from _init_script(command)
        return
    arguments = split_arguments(list(separate(command.argv[1:])), manager.takes)
    doing, names = _on_bus(arguments) if manager.method else _words(manager, arguments)
    if doing != COMPUTED and doing not in verbs("changing"):
        return
    place = _place(manager, arguments) or elsewhere(command)
    now = with_now(doing) if arguments.has("--now") else ""
    for name in names:
        if name.text and not name.text.startswith("/dev/"):
            unit = _unit(name.text) if manager.units else canonical(posixpath.basename(name.text))
            if manager.template:
                stem, _, ending = manager.template.partition("@")
                unit = f"{stem}@{name.text}{ending}"
            yield UnitCall(doing, unit, name, manager.name, now, _scope(manager, arguments), place)


def reloads(command: Command) -> bool:
    """Say whether a command makes systemd read its unit files again: also enabling does."""
    if command.program != "systemctl":
        return False
    operands = split_arguments(command.argv[1:], managers()["systemctl"].takes).operands
    return bool(operands) and operands[0].text in _RELOADING


_RELOADING: Final = frozenset((
    "daemon-reload", "daemon-reexec", "enable", "disable", "reenable", "preset", "preset-all",
    "mask", "unmask", "link", "revert", "edit", "add-wants", "add-requires", "reboot",
))  # fmt: skip


def _words(manager: Manager, arguments: Arguments) -> tuple[str, tuple[Word, ...]]:
    """Return the verb, ``computed`` where only the run tells it, and the words that name units."""
    doing = manager.fixed
    for flag, meaning in manager.flags.items():
        if arguments.has(flag):
            doing = meaning
    order = manager.order if doing == manager.fixed else ("units",)
    names: tuple[Word, ...] = ()
    operands = _from_the_verb(arguments.operands) if order[:1] == ("verb",) else arguments.operands
    for number, part in enumerate(order):
        rest = operands[number:]
        if part == "units":
            names = rest
        elif rest and part == "unit":
            names = rest[:1]
        elif rest and part == "verb":
            doing = COMPUTED if rest[0].certainty == "computed" else verb(rest[0].text)
    return doing, names


def _from_the_verb(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Skip what is computed before a verb: such a word holds options (``systemctl $quiet stop x``).

    Where it held the verb, a unit of the name of a verb would follow.
    """
    for number, word in enumerate(words[:_MOST_COMPUTED]):
        if word.certainty != "computed":
            return words[number:] if verb(word.text) in _asked_or_done() else words
    return words


@from_tables
def _asked_or_done() -> frozenset[str]:
    return verbs("changing") | _ASKING


def _on_bus(arguments: Arguments) -> tuple[str, tuple[Word, ...]]:
    """Return verb and units of a call of systemd's manager on D-Bus: ``…Manager.StartUnit``."""
    words = list(arguments.operands)
    words += [Word(value) for name, value in arguments.options if name == "--method"]
    doing = ""
    for word in words:
        method = word.text.rpartition(".")[2]
        if method.endswith(("Unit", "UnitFiles")) and verb(method) != method:
            doing = verb(method)
    found = (word.text.removeprefix("string:").strip("'\"[]") for word in words)
    return doing, tuple(Word(name) for name in found if is_unit_name(name))


def _unit(written: str) -> str:
    """Return the unit that a word means: systemctl takes paths of unit files and mount points."""
    if written.startswith("/") and not unit_type(written):
        return written.strip("/").replace("-", r"\x2d").replace("/", "-") + ".mount"
    return canonical(posixpath.basename(written))


def _place(manager: Manager, arguments: Arguments) -> str:
    if manager.name != "systemctl":
        return ""
    for kind, names in (("host", ("-H", "--host")), ("container", ("-M", "--machine"))):
        value = arguments.value(*names)
        if value:
            return f"{kind} {value}"
    root = arguments.value("--root", "--image")
    return f"root folder {root}" if root else ""


def _scope(manager: Manager, arguments: Arguments) -> Scope:
    if not manager.units:
        return "other"
    return "user" if arguments.has("--user", "--global") else "system"


def _init_script(command: Command) -> Iterator[UnitCall]:
    """Yield what a script of ``/etc/init.d``, called by its path, does."""
    words = command.argv
    if len(words) > 1 and command.program in _SHELLS:
        words = words[1:]
    if len(words) < 2 or not words[0].text.startswith(_INIT_FOLDERS):  # noqa: PLR2004 (script and verb)
        return
    doing = COMPUTED if words[1].certainty == "computed" else verb(words[1].text)
    name = posixpath.basename(words[0].text)
    if name and (doing == COMPUTED or doing in verbs("changing")):
        place = elsewhere(command)
        unit = canonical(name.removesuffix(".sh"))
        yield UnitCall(doing, unit, words[0]._replace(text=name), "initd", "", "system", place)
