"""Compares the files of a package with the targets of a TUF repository that lies in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from dten_audit.derive.signing.members import Members, is_program
from dten_audit.derive.signing.text_lines import Lines
from dten_audit.derive.signing.tuf_roles import HASHES, Roles, file_differs
from dten_audit.derive.signing.tuf_roots import Flaw, Part
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.model.location import MEMBER, Location
from dten_audit.readers.signing.tuf import File

_STEPS: Final = 2_000_000
"""More comparisons of paths with delegations than this are not made for one repository."""
_DEPTH: Final = 32
_HEIGHT: Final = 8
"""How far above the metadata targets may lie."""
_TOO_MANY: Final = "it has more targets and delegations than are looked at"
_FOLDER: Final = "targets/"
_Status = Literal["matches", "differs", "missing", "uncovered", "unchecked"]


class Listed(NamedTuple):
    """A target: where it is listed, by the role that may speak of it, and where it lies."""

    path: str
    part: Part
    file: File
    line: int
    address: str


class Targets:
    """The targets that the roles of a repository speak of, found in the package."""

    def __init__(self, roles: Roles, members: Members) -> None:
        self._roles, self._members = roles, members
        self._steps = _STEPS
        self.flaws: list[Flaw] = []
        self.folders: set[str] = set()
        self.listed = list(self._found())
        if self._steps < 0 and roles.targets is not None:
            self.flaws.append(Flaw("unchecked", roles.targets, "", _TOO_MANY))
        if not self.listed and roles.targets is not None:
            self.folders |= {own for own in self._bases(roles.targets) if own.endswith(_FOLDER)}

    def entry(self, own: Listed, data: bytes | None) -> ManifestEntry:
        """Compare a target with what is said of it."""
        known = sorted(HASHES & own.file.hashes.keys())
        status: _Status = "unchecked"
        differs = ""
        if data is not None and known:
            differs = file_differs(data, own.file)
            status = "differs" if differs else "matches"
        algorithm = differs.removesuffix(" digest") or ", ".join(known or own.file.hashes)
        return self._entry(own.part, own.line, own.path, own.address, algorithm, status)

    def uncovered(self, known: Iterable[str]) -> Iterator[ManifestEntry]:
        """Yield the files in the folders of the targets of which no role speaks."""
        top = self._roles.targets
        seen = set(known)
        for folder in sorted(self.folders) if top else ():
            for info in self._members.below(folder):
                if info.address not in seen and top is not None:
                    seen.add(info.address)
                    path = info.address[len(folder) :]
                    made = self._entry(top, 0, path, info.address, "", "uncovered")
                    yield made._replace(at=Location(info.address))

    def _entry(
        self, part: Part, line: int, path: str, address: str, algorithm: str, status: _Status
    ) -> ManifestEntry:
        info = self._members.files.get(address)
        return ManifestEntry(
            at=Location(part.info.address, line or None),
            manifest=Location(part.info.address).member,
            path=path,
            target=address.partition(MEMBER)[2],
            algorithm=algorithm,
            status=status,
            signed=id(part.fact) not in self._roles.bad,
            weak=False,
            executable=info is not None and is_program(info),
            listed=len(self.listed),
        )

    # --- which role speaks of a path -----------------------------------------------------------

    def _found(self) -> Iterator[Listed]:
        """Yield the targets that are in the package, each by the role that speaks of it."""
        top = self._roles.targets
        reached = [top] if top else []
        reached += [edge.part for edges in self._roles.below.values() for edge in edges]
        seen: set[int] = set()
        for part in reached:
            if id(part.fact) in seen:
                continue
            seen.add(id(part.fact))
            for path, file, line in _lines(part):
                address = self._place(part, path, file)
                if not address:
                    continue
                speaks = self._speaker(path)
                if speaks is part:
                    yield Listed(path, part, file, line, address)
                elif speaks is None and self._steps >= 0:
                    self.flaws.append(Flaw("outside", part, "", path))

    def _speaker(self, path: str) -> Part | None:
        """Return the role that an update would take a target from: the first one on the way."""
        waiting: list[tuple[Part, int]] = []
        if self._roles.targets is not None:
            waiting.append((self._roles.targets, 0))
        visited: set[int] = set()
        while waiting:
            part, depth = waiting.pop()
            if id(part.fact) in visited or depth > _DEPTH:
                continue
            visited.add(id(part.fact))
            if path in part.own.files:
                return part
            below: list[tuple[Part, int]] = []
            for edge in self._roles.below.get(id(part.fact), ()):
                self._steps -= 1
                if self._steps < 0:
                    return None
                bins = part.own.bins
                own = edge.delegation
                fits = own.name == bins.of(path).name if bins else own.covers(path)
                if fits:
                    below.append((edge.part, depth + 1))
                if fits and own.terminating:
                    waiting.clear()
                    break
            waiting += reversed(below)
        return None

    # --- where a target lies -------------------------------------------------------------------

    def _bases(self, part: Part) -> Iterator[str]:
        """Yield the folders that paths may count from: those above, and ``targets`` in them."""
        folder = part.info.address.rpartition("/")[0] + "/"
        container = part.info.address[: len(part.info.address) - len(part.info.path)]
        for _ in range(_HEIGHT):
            yield folder + _FOLDER
            yield folder
            if folder == container:
                return
            folder = folder[:-1].rpartition("/")[0] + "/"

    def _place(self, part: Part, path: str, file: File) -> str:
        """Return where a target lies, by its own name or with its digest before that."""
        if path.startswith("/") or ".." in path.split("/"):
            return ""
        folder, slash, name = path.rpartition("/")
        numbered = [f"{folder}{slash}{value}.{name}" for value in file.hashes.values()]
        for base in self._bases(part):
            self._steps -= 1
            if self._steps < 0:
                return ""
            for one in (path, *numbered[:4]):
                if base + one in self._members.files and base + one != part.info.address:
                    self.folders.add(base)
                    return base + one
        return ""


def _lines(part: Part) -> Iterator[tuple[str, File, int]]:
    """Yield the targets of a role with their lines, in the order of the text."""
    lines = Lines(part.own.raw.decode("utf-8", "replace"))
    for path, file in part.own.files.items():
        yield path, file, lines.of(path)
