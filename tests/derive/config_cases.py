"""Packages, matrices and sites for tests of what matrices say, short enough for tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from dten_audit.derive.config.changes import derive
from dten_audit.documents.document import Document, DocumentInfo, Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.links.linking import link
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.config import ConfigChange
from dten_audit.model.unknown import Unknown
from dten_audit.readers.config.config import read
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import Matrix, MatrixEntry
from dten_audit.site.site import ConfigRecord, PackageRecord, Site

ASK = Unknown("site.packages")


def package(tree: Mapping[str, str], name: str = "dten", version: str = "9.4.0") -> Package:
    infos: list[DocumentInfo] = []
    facts: list[Fact] = []
    work = []
    for path, text in tree.items():
        data = text.encode()
        work.append(Document(f"p.zip!/{path}", path, kind_of(path, data), data))
    for document in work:
        infos.append(document.info())
        for stated in read(document):
            if isinstance(stated, Embedded):
                work.append(document.embed(stated))
            else:
                facts.append(stated)
    made = link(infos, facts)
    made.identity = {"name": name, "version": version} if version else {}
    return made


def matrix(*entries: MatrixEntry, **more: object) -> Matrix:
    values: dict[str, object] = {"files": ("etc/dten/*",), "entries": entries, **more}
    return Matrix(**{"component": "pkg:generic/dten", "scheme": "generic", **values})  # type: ignore[arg-type]


def estate(*matrices: Matrix, site: Site | None = None) -> Estate:
    return Estate(site or Site(), datetime(2026, 11, 21, tzinfo=UTC), matrices)


def site(*packages: str, complete: Iterable[str] = (), config: Iterable[ConfigRecord] = ()) -> Site:
    records = [purl.rpartition("@") for purl in packages]
    return Site(
        path="site.yaml",
        packages=tuple(PackageRecord(base, version) for base, _, version in records),
        complete=frozenset(complete),
        config=tuple(config),
    )


def changes(made: Package, known: Estate) -> list[ConfigChange]:
    return [fact for fact in derive(made, known) if isinstance(fact, ConfigChange)]


def one(made: Package, known: Estate) -> ConfigChange:
    (fact,) = changes(made, known)
    return fact


CONF = {"etc/dten/x.conf": "a = 1\nb = 2\n"}
