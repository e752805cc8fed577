"""The members of a package as signatures see them: who lies beside whom, what a name points to."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from posixpath import normpath
from typing import Final

from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.container import CoverageGap
from dten_audit.model.location import MEMBER
from dten_audit.readers.signing.names import in_test_tree, signed_path

_OF_SIGNING: Final = frozenset(
    {"pem", "der", "cms", "pkcs12", "keystore", "checksums", "pgp", "minisign"}
)
_SEALS: Final = (".signature.p7s", "AppxSignature.p7x")
_PROGRAMS: Final = frozenset(
    "shell python perl ruby php javascript powershell batch elf pe macho class".split()
)


def container_of(info: DocumentInfo) -> str:
    """Return the address of the innermost container with its ``!/``."""
    return info.address[: len(info.address) - len(info.path)]


def archives_around(info: DocumentInfo) -> tuple[str, ...]:
    """Return the file names of the archives in the package that a member lies in, outer first."""
    return archives_in(info.address)


def archives_in(address: str) -> tuple[str, ...]:
    """Return the file names of the archives in the package around an address, outer first."""
    return tuple(part.rpartition("/")[2] for part in address.split(MEMBER)[1:-1])


def is_program(info: DocumentInfo) -> bool:
    """Say whether a member is one that gets run."""
    return info.kind in _PROGRAMS or bool((info.mode or 0) & 0o111)


class Members:
    """An index of the files of a package; embedded documents are no files."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.files = {info.address: info for info in package.documents.values() if not info.host}
        self._names: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._folders: dict[str, list[DocumentInfo]] = defaultdict(list)
        self._containers: set[str] = set()
        self._sorted: list[str] = []
        self._gaps = {gap.at.path for gap in package.of(CoverageGap)}
        for info in self.files.values():
            self._folders[info.address.rpartition("/")[0]].append(info)
            outer = container_of(info)
            self._names[outer, info.path.rpartition("/")[2]].append(info.address)
            while outer and outer not in self._containers:
                self._containers.add(outer)
                outer = outer.removesuffix(MEMBER)
                outer = outer[: outer.rfind(MEMBER) + len(MEMBER)] if MEMBER in outer else ""

    def exists(self, address: str) -> bool:
        """Say whether there is a file or an archive at this address, read or not."""
        known = address in self.files or address in self._gaps
        return known or f"{address}{MEMBER}" in self._containers

    def below(self, folder: str) -> Iterator[DocumentInfo]:
        """Yield the files of one container below a folder, not those of archives inside it."""
        if not self._sorted:
            self._sorted = sorted(self.files)
        for number in range(bisect_left(self._sorted, folder), len(self._sorted)):
            address = self._sorted[number]
            if not address.startswith(folder):
                return
            if MEMBER not in address[len(folder) :]:
                yield self.files[address]

    def siblings(self, info: DocumentInfo) -> list[DocumentInfo]:
        """Return the files in the same folder, itself among them."""
        return self._folders[info.address.rpartition("/")[0]]

    def target(self, info: DocumentInfo) -> tuple[str, str]:
        """Return the file that a detached signature is for, and where it was expected.

        That is the name without the signature's ending, beside it, in a folder above, or, where
        there is only one of that name, anywhere; else the one file beside it that differs from it
        in nothing but the ending (``manifest.p7s``, ``manifest.json``).
        """
        path, container = signed_path(info.path), container_of(info)
        expected = container + path if path else ""
        for place in self._places(container, path) if path else ():
            if self.exists(place):
                return place, expected
        stem = (expected or info.address).rpartition("/")[2].partition(".")[0]
        alike = [
            other.address
            for other in self.siblings(info)
            if other is not info
            and other.address.rpartition("/")[2].partition(".")[0] == stem
            and other.kind not in _OF_SIGNING - {"checksums"}
        ]
        return (alike[0] if len(alike) == 1 else ""), expected

    def _places(self, container: str, path: str) -> Iterator[str]:
        """Yield where a file may lie whose signature names it ``path``, likely places first."""
        *folders, name = path.split("/")
        for depth in range(len(folders), -1, -1):
            yield container + "/".join((*folders[:depth], name))
        alike = self._names.get((container, name), [])
        if len(alike) == 1:
            yield alike[0]

    def named(self, base: DocumentInfo, path: str) -> tuple[str, str]:
        """Return what a list at ``base`` calls ``path``, and the folder it counts from.

        That is the list's own folder, else the root of its container. Empty where it is absent.
        """
        plain = path.replace("\\", "/").removeprefix("./")
        root = container_of(base)
        folder = base.path.rpartition("/")[0]
        for start in dict.fromkeys((folder, "")):
            joined = normpath(f"{start}/{plain}").lstrip("/")
            if not joined.startswith("..") and self.exists(root + joined):
                return root + joined, f"{root}{start}/" if start else root
        return "", ""


def is_incidental(info: DocumentInfo) -> bool:
    """Say whether a signature belongs to a library's own archive or to tests.

    Signed JARs, NuGet and AppX packages vouch for themselves, not for the package they are shipped
    in; one that is all there is vouches for itself.
    """
    outermost = MEMBER not in container_of(info).removesuffix(MEMBER)
    own = info.path.rpartition("/")[2] in _SEALS
    sealed = own and not (outermost and info.path in _SEALS)
    return sealed or "META-INF/" in info.path or in_test_tree(info.address.partition(MEMBER)[2])
