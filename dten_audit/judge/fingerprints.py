"""Fingerprints of findings: the same for the same finding in the next build of a package."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from dten_audit.model.finding import Finding

LENGTH = 24


def fingerprinted(findings: Iterable[tuple[Finding, str]]) -> Iterator[Finding]:
    """Give each finding (with its subject) a fingerprint that is unique among them.

    It holds the rule, the member and the subject; equal ones are told apart by their rank.
    """
    seen: Counter[str] = Counter()
    for finding, subject in findings:
        base = f"{finding.rule}\n{finding.at.member}\n{subject}"
        rank = seen[base]
        seen[base] += 1
        text = f"{base}\n{rank}".encode("utf-8", "surrogatepass")
        yield finding._replace(fingerprint=hashlib.sha256(text).hexdigest()[:LENGTH])
