"""Names every place of a finding that lies in an archive which the package holds several times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dten_audit.model.finding import Finding, Related
from dten_audit.model.location import MEMBER
from dten_audit.model.report import Repeated

_MOST: Final = 20
_MESSAGE: Final = "the same, in an identical archive"


def with_copies(findings: Iterable[Finding], repeated: Sequence[Repeated]) -> Iterator[Finding]:
    """Yield the findings; those inside an archive that was read once name its other places.

    At most 20 further places a finding; the coverage ledger lists all archives.
    """
    places: dict[str, list[str]] = defaultdict(list)
    for path, first in repeated:
        places[first].append(path)
    for finding in findings:
        related = tuple(_elsewhere(finding, places)) if places else ()
        yield finding._replace(related=finding.related + related) if related else finding


def _elsewhere(finding: Finding, places: dict[str, list[str]]) -> Iterator[Related]:
    """Yield the finding's place in each copy, the innermost archive first."""
    path, rest = finding.at.path, ""
    left = _MOST
    while path and left:
        for copy in places.get(path, ())[:left]:
            left -= 1
            yield Related("package", finding.at._replace(path=copy + rest), _MESSAGE)
        path, mark, member = path.rpartition(MEMBER)
        rest = mark + member + rest
