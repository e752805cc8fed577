"""Verifies the signed programs and Java archives of ``signed_code.yaml``, then bends their bytes.

``python -m benchmarks.signed_code FOLDER`` fetches what is not there yet, audits every wheel, and
prints how many signatures it found. It fails where one is not intact, where the number is not the
one counted by other means, and where a flipped bit that a signature protects goes unnoticed.
"""

from __future__ import annotations

import argparse
import io
import random
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import yaml

from benchmarks.fetch_real_packages import RealPackage, digest, fetch
from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.derive.signing import checks, executables, jars
from dten_audit.documents.document import Document
from dten_audit.documents.kinds import kind_of
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import (
    ArchiveEntry,
    CodeSignature,
    LoneSignature,
    SignatureSurplus,
    SignedArchive,
)
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signatures import TimestampCheck
from dten_audit.readers.registry import READERS
from dten_audit.readers.signing import pe
from dten_audit.readers.signing.ber import Element, parse
from dten_audit.readers.signing.jar import BLOCKS, METADATA
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site

LIST: Final = Path(__file__).with_name("signed_code.yaml")
_AT: Final = datetime(2026, 11, 21, tzinfo=UTC)
_SEED: Final = 20261121
_EVERY: Final = 10
_FLIPS: Final = 4
_MOST_ENTRIES: Final = 600
_OURS: Final = [reader for reader in READERS if ".signing." in reader.function]
_HARMLESS: Final = frozenset({"checksum", "table: frame", "table: further certificates"})
"""Classes under no signature: what is flipped there changes neither the program nor its signer."""


class Entry(NamedTuple):
    """A wheel of the list, and how many signed programs and archives it holds."""

    package: RealPackage
    programs: int
    archives: int


class Span(NamedTuple):
    """A class of bytes in a file: its name, and one range of it."""

    name: str
    first: int
    last: int


def load() -> list[Entry]:
    """Return the list."""
    stated = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    found = []
    for fields in stated["packages"]:
        programs, archives = fields.pop("programs"), fields.pop("archives")
        found.append(Entry(RealPackage(**fields), programs, archives))
    return found


def verified(entry: Entry, path: Path, totals: Counter[str]) -> Iterator[str]:
    """Audit a wheel; yield what is not as it must be."""
    start = perf_counter()
    package = examine(path, Options())
    spent = perf_counter() - start
    found = package.of(CodeSignature)
    programs = {own.document for own in found if own.form == "PE"}
    archives = {own.archive for own in package.of(SignedArchive)}
    totals.update(programs=len(programs), archives=len(archives), signatures=len(found))
    totals["entries"] += sum(own.covered for own in package.of(SignedArchive))
    totals["timestamps"] += sum(own.timestamps for own in found)
    name = f"{entry.package.name} {entry.package.version}"
    print(f"{name:32} {len(programs):4} programs {len(archives):3} archives {spent:6.1f} s")
    if (len(programs), len(archives)) != (entry.programs, entry.archives):
        yield f"{name}: {entry.programs} programs and {entry.archives} archives are signed"
    yield from (f"{name}: {said}" for said in trouble(package))


def trouble(package: Package) -> list[str]:
    """Return all that is not intact about the signatures of a package."""
    said = [
        f"{own.target}: {own.content_matches}, {own.signature_valid}, {own.problem}"
        for own in package.of(CodeSignature)
        if (own.content_matches, own.signature_valid, own.problem) != (True, True, "")
    ]
    said += [
        f"{own.archive}: {own.manifest}, {own.holds}, {own.covered} entries"
        for own in package.of(SignedArchive)
        if not own.holds or own.manifest not in ("whole", "sections") or not own.covered
    ]
    said += [f"{own.at.member}: {own.status}" for own in package.of(ArchiveEntry)]
    said += [f"{own.at.member}: {own.what}" for own in package.of(LoneSignature)
             if own.what != "manifest"]  # fmt: skip
    said += [f"{own.at.member}: {own.where}" for own in package.of(SignatureSurplus)]
    said += [f"{own.at.member}: stamp" for own in package.of(TimestampCheck) if own.sound is False]
    said += [f"{own.at.member}: {own.reason}" for own in package.of(Unreadable)
             if own.language in ("authenticode", "cms")]  # fmt: skip
    return said


def derived(files: Mapping[str, bytes]) -> Package:
    """Return a package of these files with what its signatures prove."""
    documents = [
        Document(f"a.zip!/{path}", path.rpartition("!/")[2], kind_of(path, data), data)
        for path, data in files.items()
    ]
    facts: list[Fact] = []
    for document in documents:
        readers = [reader for reader in _OURS if document.kind in reader.kinds]
        facts += [fact for reader in readers for fact in reader.load()(document)]  # type: ignore[misc]
    contents = {document.id: document.data for document in documents}
    made = Package([document.info() for document in documents], facts, contents.get)
    estate = Estate(Site(), _AT, (), None)
    for derive in (checks.derive, executables.derive, jars.derive):
        made.add(derive(made, estate))
    return made


def program_spans(data: bytes) -> Iterator[Span]:
    """Yield the classes of bytes of a signed program."""
    own = pe.layout(data)
    if own is None:
        return
    yield Span("headers", 2, 0x3C)
    yield Span("headers", own.checksum + 4, own.directory)
    yield Span("checksum", own.checksum, own.checksum + 4)
    yield Span("directory entry", own.directory, own.directory + 8)
    yield Span("content", own.directory + 256, own.table)
    yield Span("length of the table's entry", own.table, own.table + 4)
    yield Span("type of the table's entry", own.table + 6, own.table + 8)
    for entry in pe.entries(data, own)[0]:
        for span in message_spans(entry.data):
            first, last = entry.offset + span.first, entry.offset + span.last
            yield Span(f"table: {span.name}", first, last)


def message_spans(raw: bytes) -> Iterator[Span]:
    """Yield the classes of bytes of a CMS message."""
    outer = parse(raw)
    parts = outer.children()[1].children()[0].children()
    yield Span("frame", outer.first + 2, parts[0].stop)
    if len(parts[2].children()) > 1:
        content = parts[2].children()[1].children()[0]
        yield Span("signed content", content.first, content.stop)
    signer = next(iter(parts[-1])).children()
    for part in signer:
        if part.tag == 0xA0:  # noqa: PLR2004 -- signed attributes
            yield from (Span("signed attributes", own.first, own.stop) for own in part)
        elif part.tag == 0x04:  # noqa: PLR2004 -- the signature's value
            yield Span("signature", part.first, part.stop)
    yield Span("signer's name", signer[1].first, signer[1].stop)
    serial = signer[1].children()[1].integer()
    for part in parts[3:-1]:
        if part.tag == 0xA0:  # noqa: PLR2004 -- certificates
            yield from _certificates(part, serial)


def _certificates(part: Element, serial: int) -> Iterator[Span]:
    for certificate in part:
        body = certificate.children()[0].children()
        if body[0].tag == 0xA0:  # noqa: PLR2004 -- the version, which the oldest leave out
            body.pop(0)
        if body[0].integer() == serial:
            key = body[5].children()[1]
            yield Span("signer's key", key.first + 8, key.stop - 8)
        else:
            yield Span("further certificates", certificate.first + 8, certificate.stop)


def flipped(data: bytes, span: Span, chance: random.Random) -> bytes:
    """Return the data with one bit of a span flipped."""
    at = chance.randrange(span.first, span.last)
    return data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]


def bent_programs(path: Path, chance: random.Random) -> Iterator[tuple[str, bool]]:
    """Flip bits of each class in every tenth program; yield the class and whether it was seen."""
    with zipfile.ZipFile(path) as wheel:
        programs = [name for name in wheel.namelist() if wheel.open(name).read(2) == b"MZ"]
        for name in programs[::_EVERY]:
            data = wheel.read(name)
            spans = {own.name: own for own in program_spans(data)}
            if not spans:
                continue
            for span in spans.values():
                for _ in range(_FLIPS):
                    bent = derived({name: flipped(data, span, chance)})
                    unlike = not bent.of(CodeSignature) or bool(trouble(bent))
                    yield span.name, unlike
            for more in (b"\0", b"MZ appended"):
                yield "appended", bool(trouble(derived({name: data + more})))


def bent_archives(path: Path, chance: random.Random) -> Iterator[tuple[str, bool]]:
    """Flip bits of each class of entries in each archive that is not too large to do so often."""
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if not name.endswith((".jar", ".apk")):
                continue
            with zipfile.ZipFile(io.BytesIO(wheel.read(name))) as archive:
                entries = {
                    f"{name}!/{own}": archive.read(own)
                    for own in dict.fromkeys(archive.namelist())
                    if not own.endswith("/")
                }
            blocks = [own for own in entries if own.upper().endswith(BLOCKS)]
            if blocks and len(entries) <= _MOST_ENTRIES:
                yield from _bent_entries(entries, f"{name}!/{METADATA}", blocks[0], chance)


def _bent_entries(
    entries: dict[str, bytes], metadata: str, block: str, chance: random.Random
) -> Iterator[tuple[str, bool]]:
    stem = block.rpartition(".")[0]
    plain = [own for own in entries if not own.startswith(metadata) and entries[own]]
    targets: list[tuple[str, Iterable[Span]]] = [
        (own, [Span("entry", 0, len(entries[own]))]) for own in chance.sample(plain, 3)
    ]
    for name, what in ((f"{metadata}MANIFEST.MF", "manifest"), (f"{stem}.SF", "signature file")):
        targets.append((name, [Span(what, 0, len(entries[name]))]))
    spans = [Span(f"block: {own.name}", *own[1:]) for own in message_spans(entries[block])]
    targets.append((block, [own for own in spans if own.name in _PROTECTED]))
    for name, found in targets:
        for span in found:
            if span.first < span.last:
                bent = entries | {name: flipped(entries[name], span, chance)}
                yield span.name, bool(trouble(derived(bent)))


_PROTECTED: Final = frozenset({"block: signed attributes", "block: signature"})


def bend(paths: Sequence[Path]) -> tuple[Counter[str], Counter[str]]:
    """Return how many flips of each class there were, and how many were seen."""
    chance = random.Random(_SEED)
    tried: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for path in paths:
        for found in (bent_programs(path, chance), bent_archives(path, chance)):
            for name, noticed in found:
                tried[name] += 1
                seen[name] += noticed
    return tried, seen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    problems, totals, paths = [], Counter[str](), []
    for entry in load():
        present = {digest(path): path for path in folder.iterdir() if path.is_file()}
        wrong = "" if entry.package.sha256 in present else fetch(entry.package, folder)
        if wrong:
            problems.append(f"{entry.package.name}: {wrong}")
            continue
        present = {digest(path): path for path in folder.iterdir() if path.is_file()}
        paths.append(present[entry.package.sha256])
        problems += verified(entry, paths[-1], totals)
    print(", ".join(f"{number} {name}" for name, number in totals.items()))
    tried, seen = bend(paths)
    for name in sorted(tried):
        print(f"{name:40} {seen[name]:5} of {tried[name]:5} flips seen")
        if seen[name] < tried[name] and name not in _HARMLESS:
            problems.append(f"{tried[name] - seen[name]} flips in {name} went unnoticed")
    print(f"{sum(seen.values())} of {sum(tried.values())} flips seen")
    for problem in problems:
        print(f"WRONG {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
