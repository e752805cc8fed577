"""What containers of the package get of their host, and what that amounts to."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, NamedTuple, cast

from dten_audit.derive.arguments import Arguments, split_arguments
from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.containers import ContainerRight, ContainerSetting, Right
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.shell.tables import wrappers
from dten_audit.site.estate import Estate

Grade = Literal["root", "wide", "narrow", "none"]
_STARTERS: Final = ("docker", "podman", "nerdctl")
_STARTING: Final = ("run", "create")
_MAX_WORDS: Final = 4
_HOST_SHARED: Final[tuple[tuple[tuple[str, ...], Right], ...]] = (
    (("--pid",), "host-pid"),
    (("--ipc",), "host-ipc"),
    (("--network", "--net"), "host-network"),
)


class Meaning(NamedTuple):
    """What a right amounts to."""

    grade: Grade
    text: str


def derive(package: Package, estate: Estate) -> Iterable[ContainerRight]:
    """Yield each right over the host that a manifest or a command gives to a container."""
    del estate  # a container's rights are the same on any host
    roles = Roles(package)
    for setting in package.of(ContainerSetting):
        role = roles.of(setting.document)
        if role == "container-build" and setting.file != "image":
            role = "script"  # a folder named docker holds what starts containers as well
        meaning = meaning_of(setting)
        yield ContainerRight(
            setting.at, setting.document, setting.file, setting.container, setting.right,
            setting.value, meaning.grade, meaning.text, setting.writable, role, setting.certainty,
        )  # fmt: skip
    for command in package.of(Command):
        for setting in _of_command(command):
            meaning = meaning_of(setting)
            yield ContainerRight(
                setting.at, setting.document, "command", setting.container, setting.right,
                setting.value, meaning.grade, meaning.text, setting.writable,
                roles.of(command.document),
            )  # fmt: skip


# what rights mean


def meaning_of(setting: ContainerSetting) -> Meaning:
    """Return what a right amounts to, by the tables."""
    right, value = setting.right, setting.value
    if right == "runtime-socket":
        return _of_socket(value)
    if right in ("host-path", "device"):
        return _of_path(right, value, writable=setting.writable)
    if right == "capability":
        name = value.upper().removeprefix("CAP_")
        row = _table()["capabilities"].get(name)
        means = row["means"] if row else "is not in the container's default set"
        return Meaning(row["grade"] if row else "narrow", f"has the capability {name}: {means}")
    row = _table()["rights"][right]
    return Meaning(row["grade"], row["means"])


@from_tables
def _table() -> dict[str, Any]:
    return cast("dict[str, Any]", knowledge("container_rights"))


def _of_socket(path: str) -> Meaning:
    name = posixpath.basename(path)
    for row in _table()["sockets"]:
        if name in row["name"]:
            return Meaning(row["grade"], f"gets {path}, which {row['means']}")
    return Meaning("narrow", f"gets the host's socket {path}")


def _of_path(right: Right, path: str, *, writable: bool) -> Meaning:
    path = posixpath.normpath(path)
    verb = "mounts" if right == "host-path" else "gets the device"
    for row in _table()["paths" if right == "host-path" else "devices"]:
        paths = [row["path"]] if isinstance(row["path"], str) else row["path"]
        if any(_covers(known, path, exact=row.get("exact", False)) for known in paths):
            grade = row["grade"] if writable else row.get("read", row["grade"])
            how = "" if right == "device" else " for writing" if writable else " for reading"
            return Meaning(grade, f"{verb} {path}{how}: {row['means']}")
    return Meaning("none", f"{verb} {path} of the host")


def _covers(known: str, path: str, *, exact: bool) -> bool:
    if known == "/" or exact:
        return path == known
    if "*" in known:
        return fnmatchcase(path, known)
    return path == known or path.startswith(f"{known}/")


# docker run


def _of_command(command: Command) -> Iterator[ContainerSetting]:
    """Yield the rights that ``docker run`` and ``docker create`` give."""
    for layer in command.layers:
        if layer.tool in _STARTERS and layer.kind == "container":
            yield from _of_words(command, layer.tool, layer.arguments, layer.target)
    if command.program in _STARTERS:
        yield from _of_words(command, command.program, command.argv, "")


def _of_words(
    command: Command, tool: str, words: tuple[Word, ...], image: str
) -> Iterator[ContainerSetting]:
    table = wrappers()[tool]
    ahead = split_arguments(words[1:], table.globals, first_operand_ends=True).operands
    names = [word.text for word in ahead[:_MAX_WORDS]]
    skipped = 1 if names[:1] == ["container"] else 0
    if names[skipped : skipped + 1] not in ([name] for name in _STARTING):
        return
    known = [word for word in ahead[skipped + 1 :] if word.certainty != "computed"]
    given = split_arguments(known, table.values, first_operand_ends=True)
    image = image or (given.operands[0].text if given.operands else "")
    for right, value, writable in _given(given):
        yield ContainerSetting(
            command.at, command.document, "command", image, right, value, writable
        )


def _given(given: Arguments) -> Iterator[tuple[Right, str, bool]]:
    for name, value in given.options:
        if name == "--privileged" and value in ("", "true"):
            yield "privileged", "", True
        elif name == "--cap-add":
            yield "capability", value, True
        elif name == "--device":
            yield "device", value.partition(":")[0], True
        elif name in ("-v", "--volume"):
            source, _, rest = value.partition(":")
            yield from _mount(source, writable="ro" not in rest.rpartition(":")[2].split(","))
        elif name == "--mount":
            fields = dict(part.partition("=")[::2] for part in value.split(","))
            source = fields.get("source", fields.get("src", ""))
            if fields.get("type") == "bind":
                yield from _mount(source, writable=not {"readonly", "ro"} & fields.keys())
        elif name == "--security-opt" and value.endswith("unconfined"):
            yield "unconfined", value, True
        for names, right in _HOST_SHARED:
            if name in names and value == "host":
                yield right, "", True


def _mount(source: str, *, writable: bool) -> Iterator[tuple[Right, str, bool]]:
    if source.startswith("/") and "$" not in source:
        yield "runtime-socket" if source.endswith(".sock") else "host-path", source, writable
