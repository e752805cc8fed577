"""A signed Java archive: its manifest against its entries, its signature files against that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from dten_audit.derive.signing.members import is_program
from dten_audit.links.package import DocumentInfo
from dten_audit.model.facts.code_signatures import ArchiveEntry, EntryStatus
from dten_audit.model.location import MEMBER, Location
from dten_audit.readers.signing.jar import (
    BLOCKS,
    MANIFEST,
    METADATA,
    SIGNATURE_FILE,
    WEAK,
    JarError,
    Manifest,
    Section,
    Stated,
    is_signing,
    parse,
)
from dten_audit.readers.signing.names import in_test_tree

_MOST: Final = 20
"""More signature files than this are not looked at; each is compared with the whole manifest."""
_MAGIC: Final = "magic"
_SIGNING_BLOCK: Final = "@signing-block"
"""What stands between entries and directory of Android programs: a signature of another kind."""
_ARCHIVE_ENDINGS: Final = (".jar", ".war", ".ear", ".class", ".zip", ".aar", ".so", ".dll")


class Vouched(NamedTuple):
    """What one signature file says. ``names`` are the entries whose sections it vouches for.

    ``changed`` are those whose sections of the manifest are not the signed ones, ``strange`` those
    that the manifest lacks. ``weak`` are its own digests that no longer resist collisions.
    """

    holds: bool
    manifest: Literal["whole", "sections", "differs", "missing", "unchecked"]
    main: Literal["matches", "differs", "not-stated"]
    names: frozenset[str] = frozenset()
    changed: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    weak: frozenset[str] = frozenset()
    problem: str = ""


class Archive:
    """One archive. Its entries are taken one by one; only digests of them are kept."""

    def __init__(self, prefix: str) -> None:
        whole = prefix.removesuffix(MEMBER)
        self.prefix = prefix
        self.shown = whole.partition(MEMBER)[2] or whole.rpartition("/")[2]
        self.incidental = in_test_tree(self.shown)
        self.signature_files: list[DocumentInfo] = []
        self.blocks: list[DocumentInfo] = []
        self.stems: set[str] = set()
        self._crowded = False
        self._entries: dict[str, str] = {}
        self._infos: dict[str, DocumentInfo] = {}
        self._texts: dict[str, bytes] = {}
        self._manifest: Manifest | None = None
        self._problem = "the archive has no manifest"
        self._results: dict[str, bool | None] = {}
        self._late: list[str] = []

    def add(self, info: DocumentInfo, address: str) -> None:
        """Add a file, or an archive inside, of which ``info`` is a file."""
        path = address[len(self.prefix) :]
        if address == info.address:
            path = info.path
            self._infos[address] = info
            upper = path.upper()
            if is_signing(path) and upper.endswith(SIGNATURE_FILE):
                self.stems.add(_stem(path))
                self._crowded = len(self.signature_files) == _MOST
                if not self._crowded:
                    self.signature_files.append(info)
            elif is_signing(path) and upper.endswith(BLOCKS):
                self.blocks.append(info)
        if path != _SIGNING_BLOCK:
            self._entries[address] = path

    def wanted(self) -> Iterator[str]:
        """Yield the addresses of all entries whose content matters."""
        for address, path in self._entries.items():
            if not is_signing(path) or path.upper() == MANIFEST:
                yield address
        yield from (info.address for info in self.signature_files)

    def take(self, address: str, data: bytes) -> bool:
        """Take the content of an entry; false where it must be read again, once more is known."""
        path = self._entries.get(address, address[len(self.prefix) :])
        if path.upper() == MANIFEST:
            self._read_manifest(data)
        elif is_signing(path):
            self._texts[address] = data
        elif self._manifest is None:
            return False
        else:
            self._entries.setdefault(address, path)
            section = self._manifest.entries.get(path)
            self._results[address] = None if section is None else _intact(section, data)
        return True

    def _read_manifest(self, data: bytes) -> None:
        if self._manifest is not None:
            self._problem = "the archive has several manifests"
            return
        try:
            self._manifest = parse(data)
            self._problem = ""
        except JarError as error:
            self._problem = f"the manifest cannot be read: {error}"

    def complete(self) -> None:
        """Note what is listed and has not been met, to look for it once more."""
        if self._manifest is not None:
            present = set(self._entries.values())
            listed = (name for name in self._manifest.entries if name not in present)
            self._late = [f"{self.prefix}{name}" for name in listed]

    def missing(self) -> Iterator[str]:
        """Yield the addresses of entries whose content is still wanted."""
        if self._manifest is None:
            return
        yield from self._late
        for address, path in self._entries.items():
            if not is_signing(path) and address not in self._results:
                yield address

    def vouched(self, info: DocumentInfo, *, holds: bool) -> Vouched:
        """Return what a signature file says of the manifest."""
        manifest = self._manifest
        if manifest is None:
            kind: Literal["missing", "unchecked"] = (
                "missing" if self._problem.endswith("no manifest") else "unchecked"
            )
            return Vouched(holds, kind, "not-stated", problem=self._problem)
        data = self._texts.get(info.address)
        try:
            own = parse(data) if data is not None else None
        except JarError as error:
            problem = f"the signature file cannot be read: {error}"
            return Vouched(holds, "unchecked", "not-stated", problem=problem)
        if own is None:
            problem = "the signature file cannot be read again"
            return Vouched(holds, "unchecked", "not-stated", problem=problem)
        return _vouched(own, manifest, holds=holds)

    def _covered(self, vouched: Vouched) -> frozenset[str]:
        """Return the entries of which one signature says what they must be."""
        usable = vouched.holds and vouched.main != "differs"
        return vouched.names if usable else frozenset()

    def intact(self, vouched: Vouched) -> int:
        """Count the entries that are as one signer signed them."""
        covered = self._covered(vouched)
        return sum(
            self._entries[address] in covered for address, fits in self._results.items() if fits
        )

    def weak(self, vouched: Vouched) -> tuple[str, ...]:
        """Return the weak digests that protect something without a better one beside them."""
        found = set(vouched.weak)
        if self._manifest is not None:
            for name in vouched.names:
                section = self._manifest.entries.get(name)
                found |= _weak(section.digests()) if section else set()
        return tuple(sorted(found))

    def entries(self, vouched: list[Vouched]) -> Iterator[ArchiveEntry]:
        """Yield the entries that are not as somebody signed them."""
        for one in vouched:
            for name in one.changed:
                yield self._entry(f"{self.prefix}{name}", name, "section-differs", "")
            for name in one.strange:
                yield self._entry(f"{self.prefix}{name}", name, "section-differs", "not listed")
            if one.problem:
                yield self._entry(self.prefix.removesuffix(MEMBER), "", "unchecked", one.problem)
        if self._crowded:
            problem = f"it has more than {_MOST} signature files, of which the rest is not read"
            yield self._entry(self.prefix.removesuffix(MEMBER), "", "unchecked", problem)
        if self._manifest is None:
            return
        yield from self._listed(self._manifest)
        covered = frozenset[str]().union(*map(self._covered, vouched))
        if covered:
            yield from self._uncovered(covered)

    def _listed(self, manifest: Manifest) -> Iterator[ArchiveEntry]:
        """Compare the manifest with the entries; of several of one name, with each."""
        addresses: dict[str, list[str]] = defaultdict(list)
        for address, path in self._entries.items():
            addresses[path].append(address)
        for name, section in manifest.entries.items():
            if not section.digests():
                continue
            if name not in addresses:
                yield self._entry(f"{self.prefix}{name}", name, "missing", "")
            for address in addresses.get(name, ()):
                status, detail = self._status(address, section)
                if status:
                    yield self._entry(address, name, status, detail)

    def _status(self, address: str, section: Section) -> tuple[EntryStatus | None, str]:
        if self._results.get(address) is False:
            return "differs", ", ".join(own.name for own in section.digests())
        if address not in self._results:
            return "unchecked", "its content cannot be read again"
        if section.get(_MAGIC):
            return "unchecked", f"it demands a way to verify it that is not known here: {_MAGIC}"
        if self._results[address] is None:
            names = ", ".join(own.name for own in section.digests())
            return "unchecked", f"its digests are not known here: {names}"
        return None, ""

    def _uncovered(self, covered: frozenset[str]) -> Iterator[ArchiveEntry]:
        used = {_stem(info.path) for info in self.signature_files}
        for address, path in self._entries.items():
            if is_signing(path):
                part = path.upper() == MANIFEST or _stem(path) in used
                if not part and not path.upper().endswith(BLOCKS):
                    yield self._entry(address, path, "uncovered", "")
            elif path not in covered:
                yield self._entry(address, path, "uncovered", "")

    def _entry(self, address: str, path: str, status: EntryStatus, detail: str) -> ArchiveEntry:
        at = Location(address)
        info = self._infos.get(address)
        code = path.lower().endswith(_ARCHIVE_ENDINGS) or (info is not None and is_program(info))
        return ArchiveEntry(
            at=at,
            archive=self.shown,
            path=path,
            status=status,
            detail=detail,
            program=code,
            metadata=path.upper().startswith(METADATA) and is_signing(path),
            incidental=self.incidental,
        )


def _stem(path: str) -> str:
    return path.rpartition(".")[0].upper()


def _intact(section: Section, data: bytes) -> bool | None:
    """Say whether every digest of a section that is known here fits; None where none is known."""
    known = [own for own in section.digests() if own.algorithm]
    return all(own.fits(data) for own in known) if known else None


def _weak(stated: Iterable[Stated]) -> set[str]:
    """Return the names of digests where all of them are weak."""
    known = [own for own in stated if own.algorithm]
    return {own.name for own in known} if all(own.algorithm in WEAK for own in known) else set()


def _fits(stated: Iterable[Stated], *contents: bytes) -> bool | None:
    """Say whether all known digests fit; None where none is known, or none stated."""
    known = [own for own in stated if own.algorithm]
    return all(own.fits(*contents) for own in known) if known else None


def _vouched(own: Manifest, manifest: Manifest, *, holds: bool) -> Vouched:
    """Compare a signature file with the manifest, as Java does: the whole, else part by part."""
    whole = _fits(own.whole_digests, manifest.raw)
    if whole:
        listed = frozenset(own.entries) & frozenset(manifest.entries)
        strange = tuple(name for name in own.entries if name not in manifest.entries)
        weak = frozenset(_weak(own.whole_digests))
        return Vouched(holds, "whole", "matches", listed, (), strange, weak)
    main_fits = _fits(own.main_digests, manifest.main.raw, manifest.main.plain)
    names, changed, strange_names, weak_names = [], [], [], set(_weak(own.main_digests))
    for name, said in own.entries.items():
        section = manifest.entries.get(name)
        if section is None:
            strange_names.append(name)
        elif _fits(said.digests(), section.raw, section.plain):
            names.append(name)
            weak_names |= _weak(said.digests())
        else:
            changed.append(name)
    main: Literal["matches", "differs", "not-stated"] = "not-stated"
    if main_fits is not None:
        main = "matches" if main_fits else "differs"
    bad = main == "differs" or bool(changed) or not (names or own.whole_digests)
    if whole is False and not names:
        bad = True
    return Vouched(
        holds,
        "differs" if bad else "sections",
        main,
        frozenset(names),
        tuple(changed),
        tuple(strange_names),
        frozenset(weak_names),
    )
