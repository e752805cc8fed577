"""Checks files that are named by the digest of their content, as in container images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.source import Data, Problem

_SHORTEST: Final = 64
_STEP: Final = 1 << 20


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    blob = r"(?:^|/)blobs/(sha256|sha512)/([0-9a-f]{64}(?:[0-9a-f]{64})?)$"
    return re.compile(blob), re.compile(r"^([0-9a-f]{64})\.json$")


def names_digest(path: str) -> bool:
    """Tell whether a file's name may be a digest; takes next to no time for others."""
    return len(path) >= _SHORTEST and (
        ("blobs/sha" in path and _patterns()[0].search(path) is not None)
        or (path.endswith(".json") and _patterns()[1].search(path) is not None)
    )


def digest_problems(path: str, data: Data) -> Iterator[Problem]:
    """Yield what is wrong with a file that is named by its digest.

    These are the blobs of an OCI image (OCI image layout specification) and the configuration that
    ``docker save`` writes as ``<digest>.json``; other JSON files may have such names by chance.
    """
    blob = _patterns()[0].search(path)
    configuration = _patterns()[1].search(path)
    if blob is not None:
        algorithm, stated = blob.groups()
    elif configuration is not None and data.find(b'"rootfs"') >= 0:
        algorithm, stated = "sha256", configuration[1]
    else:
        return
    import hashlib

    found = hashlib.new(algorithm, usedforsecurity=False)
    for start in range(0, len(data), _STEP):
        found.update(data[start : start + _STEP])
    if found.hexdigest() != stated:
        yield Problem("digest-mismatch", f"{algorithm}:{found.hexdigest()}", path)
