"""The rules' bad examples as packages that can be packed, changed and audited again."""

from __future__ import annotations

import io
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, cast

from dten_audit.auditing import audit_package
from dten_audit.examples.archives import LINK
from dten_audit.judge.loading import load_rules
from dten_audit.model.finding import Finding
from dten_audit.model.rule import Rule
from dten_audit.proof.examples import Example, _members, _options
from dten_audit.proof.folders import write_member

FAMILIES: Final = ("CRON", "UNIT", "PRIV")
USUAL: Final = 0o644

Files = dict[str, bytes]
_INNER: Final = {"nested": "!/p.zip", "twice": "!/first/p.zip"}


class Case(NamedTuple):
    """A bad example: its files, their mode, and what the user knows."""

    name: str
    files: Files
    mode: int
    example: Example

    @property
    def site(self) -> dict[str, object]:
        """What the example's user says of the site."""
        return dict(cast("Mapping[str, object]", self.example.get("site", {})))


class Told(NamedTuple):
    """What a finding says, without the place of its package."""

    rule: str
    severity: str
    certainty: str
    member: str
    lines: tuple[int | None, ...]


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules: those of other families may silence these."""
    return tuple(load_rules())


@cache
def cases() -> tuple[Case, ...]:
    """Return every bad example of the families that is made of text files."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for rule in rules():
        if not rule.id.startswith(FAMILIES):
            continue
        for kind, examples in rule.examples:
            for number, example in enumerate(examples if kind == "bad" else (), 1):
                if "build" not in example and "limits" not in example:
                    files = _members(example)
                    mode = int(str(example.get("mode", f"{USUAL:o}")), 8)
                    yield Case(f"{rule.id} bad {number}", files, mode, example)


def findings(package: Path, example: Example, folder: Path) -> tuple[Finding, ...]:
    """Audit a package with what an example's user knows."""
    options = _options(example, folder)
    report = audit_package(package, options, rules(), options.estate())
    assert not report.error
    return report.findings


def audited(case: Case, files: Mapping[str, bytes], form: str = "folder") -> tuple[Finding, ...]:
    """Write files as a package of one form, and audit it; places lose the package's own."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        if form == "folder":
            package, inner = base / "package", ""
            package.mkdir()
            for path, data in files.items():
                target = write_member(package, path, data)
                if not path.startswith(LINK):
                    target.chmod(case.mode)
        else:
            package, inner = base / "package.bin", _INNER.get(form, "")
            package.write_bytes(packed(files, case.mode, form))
        found = findings(package, case.example, base)
        prefix = f"{package}{inner}!/"
        return tuple(
            finding._replace(at=finding.at._replace(path=finding.at.path.removeprefix(prefix)))
            for finding in found
        )


def packed(files: Mapping[str, bytes], mode: int, form: str) -> bytes:
    """Return the files as an archive: zip or tar.gz.

    ``reversed`` is a zip, its last member first, ``nested`` a zip in a tar, ``twice`` two of it.
    """
    if form in _INNER:
        inner = packed(files, mode, "zip")
        names = [_INNER["nested"]] if form == "nested" else [_INNER[form], "!/second/p.zip"]
        return packed({name[2:]: inner for name in names}, USUAL, "tar.gz")
    stream = io.BytesIO()
    if form == "tar.gz":
        with tarfile.open(fileobj=stream, mode="w:gz") as tar:
            for path, data in files.items():
                entry = tarfile.TarInfo(path.removeprefix(LINK))
                entry.mode, entry.size = mode, len(data)
                if path.startswith(LINK):
                    entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, data.decode(), 0
                tar.addfile(entry, io.BytesIO(data))
        return stream.getvalue()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in list(files.items())[:: -1 if form == "reversed" else 1]:
            info = zipfile.ZipInfo(path.removeprefix(LINK))
            kind = stat.S_IFLNK | 0o777 if path.startswith(LINK) else stat.S_IFREG | mode
            info.external_attr = kind << 16
            archive.writestr(info, data)
    return stream.getvalue()


def findings_of(case: Case, site: Mapping[str, object]) -> tuple[Finding, ...]:
    """Audit an example with another site."""
    return audited(case._replace(example={**case.example, "site": site}), case.files)


def of_families(found: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings of the families."""
    return [finding for finding in found if finding.rule.startswith(FAMILIES)]


def told(found: tuple[Finding, ...], *, certain: bool = False) -> frozenset[Told]:
    """Return what findings of the families say; their repeats' lines with them."""
    return frozenset(
        Told(finding.rule, finding.severity, finding.certainty, finding.at.path, _lines(finding))
        for finding in of_families(found)
        if finding.certainty == "certain" or not certain
    )


def _lines(finding: Finding) -> tuple[int | None, ...]:
    lines = {finding.at.line} | {
        related.at.line
        for related in finding.related
        if related.side == "package" and related.at.path.endswith(f"!/{finding.at.path}")
    }
    return tuple(sorted(lines, key=lambda line: line or 0))


def fingerprints(
    found: tuple[Finding, ...], *, computed: bool = True
) -> frozenset[tuple[str, str]]:
    """Return the fingerprints of findings; those of computed facts only if they are wanted."""
    return frozenset(
        (finding.rule, finding.fingerprint)
        for finding in of_families(found)
        if computed or finding.facts.get("certainty") != "computed"
    )
