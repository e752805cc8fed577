"""Random trees of files for archives, and what must come out of an archive of one."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from .listing import inside, listed
from .opening import Opening, open_path

_WORDS: Final = ("etc", "bin", "schema", "readme", "v9.4.2", "a+b=c", "Import", "x86_64", "2026-11")
_ODD: Final = (
    "für Benutzer",
    "naïve",
    "日本語",
    "данные",
    "with  blanks",
    "émigré",
    "😀",
    "l" * 180,
)


ALONE: Final = "*"
_CONTEXT: Final = re.compile(r"(?:^|!/)@(?:name|comments?|label)\b[^!]*$")
"""What archives say beside their members."""
_PROGRAM: Final = re.compile(r"^\d+ bytes, (?:elf|shell)$")
"""What stands before a self-extracting archive: told at info."""


class Expected(NamedTuple):
    """What opening must give: contents and modes by address, folders, and links with targets.

    A mode of None is one that the writer does not store; ``spare`` are folders that it may leave
    out. The address ``ALONE`` is that of the one
    file in a compressed stream, which has the stream's name without its ending.
    """

    files: dict[str, tuple[bytes, int | None]]
    folders: set[str]
    links: dict[str, str]
    spare: frozenset[str] = frozenset()


class Node(NamedTuple):
    """A file, a folder (no data) or a link (a target). ``inner``: what a nested archive holds."""

    data: bytes | None = None
    mode: int = 0o644
    target: str = ""
    inner: Expected | None = None


Tree = dict[str, Node]
Nested = Callable[[], tuple[str, bytes, Expected]]
"""Makes an archive to be put into another: its ending, its bytes, and what it holds."""


class Shape(NamedTuple):
    """What a writer can store: names of any kind, folders below each other, empty ones, links."""

    odd_names: bool = True
    deep: bool = True
    folders: bool = True
    links: bool = True
    modes: bool = True


def content(dice: random.Random) -> tuple[str, bytes]:
    """Return an ending and a content of that kind."""
    kind = dice.randrange(6)
    if kind == 0:
        return dice.choice(["", ".txt", ".sql"]), b""
    if kind == 1:
        return ".dat", b"\0\1" + dice.randbytes(dice.randrange(1, 3000))
    if kind == 2:
        return ".dat", b"\0\1" + dice.randbytes(50) * dice.randrange(1, 6000)
    line = f"-- {dice.random()}\nALTER TABLE t{dice.randrange(99)} ADD c int;\n".encode()
    return ".sql", line * dice.choice((1, 1, 7, 100, 5000))


def random_tree(dice: random.Random, shape: Shape, nested: Nested | None = None) -> Tree:
    """Return a tree, with a nested archive in it where one can be made."""
    tree: Tree = {}
    folders = [""]
    taken: set[str] = set()

    def fresh(ending: str) -> str:
        while True:
            word = dice.choice(_ODD if shape.odd_names and dice.random() < 0.3 else _WORDS)
            name = f"{word}{dice.randrange(1000)}{ending}"
            if name.casefold() not in taken:
                taken.add(name.casefold())
                return dice.choice(folders) + name

    for _ in range(dice.randrange(4) if shape.deep else 0):
        folder = fresh("")
        tree[folder] = Node(mode=0o755)
        folders.append(folder + "/")
    if shape.deep and dice.random() < 0.3:
        path = ""
        for part in "abcdefghijklmnopqrst":
            tree[path + part] = Node(mode=0o755)
            path += part + "/"
        folders.append(path)
    for _ in range(dice.randrange(1, 6)):
        ending, data = content(dice)
        tree[fresh(ending)] = Node(data, dice.choice((0o644, 0o644, 0o755, 0o600)))
    if nested is not None:
        ending, data, inner = nested()
        tree[fresh(ending)] = Node(data, inner=inner)
    if shape.links and dice.random() < 0.5:
        path = fresh("")
        up = "../" * path.count("/")
        tree[path] = Node(mode=0o777, target=up + dice.choice([p for p in tree if p != path]))
    return tree


def write_tree(tree: Tree, root: Path) -> None:
    """Write a tree to a folder."""
    root.mkdir(parents=True)
    for path, node in tree.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.target:
            place.symlink_to(node.target)
        elif node.data is None:
            place.mkdir(exist_ok=True)
            place.chmod(node.mode)
        else:
            place.write_bytes(node.data)
            place.chmod(node.mode)


def expected(tree: Tree, shape: Shape, prefix: str = "") -> Expected:
    """Return what an archive of a tree holds; ``prefix`` is what its writer puts before paths."""
    files: dict[str, tuple[bytes, int | None]] = {}
    folders: set[str] = set()
    links: dict[str, str] = {}
    spare: set[str] = set()
    for path, node in tree.items():
        place = prefix + path
        if node.target:
            links[place] = node.target
        elif node.data is None:
            (folders if shape.folders else spare).add(place)
        elif node.inner is None:
            files[place] = (node.data, node.mode if shape.modes else None)
        else:
            within = f"{place}!/"
            alone = place.rpartition("/")[2].rpartition(".")[0]
            files |= {
                within + (alone if inner == ALONE else inner): what
                for inner, what in node.inner.files.items()
            }
            folders |= {within + inner for inner in node.inner.folders}
            spare |= {within + inner for inner in node.inner.spare}
            links |= {within + inner: target for inner, target in node.inner.links.items()}
    return Expected(files, folders, links, frozenset(spare))


class Found(NamedTuple):
    """An opening, and the folders and links of its containers by address."""

    opening: Opening
    folders: set[str]
    links: dict[str, str]

    def differences(
        self, wanted: Expected, context: frozenset[str], extra: re.Pattern[str] = _CONTEXT
    ) -> list[str]:
        """Return how this differs from what is wanted.

        Issues in ``context`` say nothing; ``extra`` are members that writers add. A hard link to
        itself is what GNU tar writes of a file that it is told to pack twice, as makeself does.
        """
        opening = self.opening
        found = {inside(item.address): item for item in opening.documents}
        said = [f"{issue.issue} {issue.detail}" for issue in opening.issues
                if issue.issue not in context and not _PROGRAM.search(issue.detail)]  # fmt: skip
        said += [f"gap: {gap.reason}" for gap in opening.gaps]
        said += [f"not there: {path}" for path in wanted.files.keys() - found.keys()]
        said += [f"not asked for: {path}" for path in found.keys() - wanted.files.keys()
                 if not (_CONTEXT.search(path) or extra.search(path))]  # fmt: skip
        for path in found.keys() & wanted.files.keys():
            data, mode = wanted.files[path]
            if found[path].data != data:
                said.append(f"another content: {path}")
            if mode is not None and found[path].mode != mode:
                said.append(f"mode {found[path].mode} of {path}")
        said += [f"no folder: {path}" for path in wanted.folders - self.folders]
        said += [
            f"no such folder: {path}"
            for path in self.folders - wanted.folders - wanted.spare
            if not any(file.startswith(f"{path}/") for file in found)
        ]
        links = {
            path: target
            for path, target in self.links.items()
            if not path.endswith("/" + target.removeprefix("./"))
        }
        said += [f"links: {path} {target}" for path, target in links.items() ^ wanted.links.items()]
        return said


def find(path: Path) -> Found:
    """Open a package and list it."""
    with listed() as listing:
        opening = open_path(path)
    return Found(opening, listing.folders, listing.links)
