"""What tests of the open stage share: opening bytes, and telling what came out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.container import Container
from dten_audit.documents.document import Document
from dten_audit.documents.open import open_package
from dten_audit.model.facts.container import ContainerIssue, CoverageGap, LinkEntry


class Opening(NamedTuple):
    """All that came out of a package."""

    documents: list[Document]
    containers: list[Container]
    issues: list[ContainerIssue]
    gaps: list[CoverageGap]
    links: list[LinkEntry]

    @property
    def names(self) -> set[str]:
        return {issue.issue for issue in self.issues}

    @property
    def reasons(self) -> set[str]:
        return {gap.reason for gap in self.gaps}

    @property
    def tree(self) -> dict[str, bytes]:
        return {document.address.partition("!/")[2]: document.data for document in self.documents}


def open_path(path: Path, limits: Limits | None = None) -> Opening:
    """Open a package and sort what comes out."""
    opening = Opening([], [], [], [], [])
    for item in open_package(path, Budget(limits)):
        if isinstance(item, Document):
            opening.documents.append(item)
        elif isinstance(item, Container):
            opening.containers.append(item)
        elif isinstance(item, ContainerIssue):
            opening.issues.append(item)
        elif isinstance(item, LinkEntry):
            opening.links.append(item)
        else:
            opening.gaps.append(item)
    return opening


def open_bytes(
    data: bytes, folder: Path, name: str = "package.zip", limits: Limits | None = None
) -> Opening:
    """Open bytes as a package."""
    path = folder / name
    path.write_bytes(data)
    return open_path(path, limits)
