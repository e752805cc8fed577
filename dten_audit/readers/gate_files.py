"""Compiles the gate's databases into files, for the wheel: loaded, they cost nothing at start.

A file holds for the patterns that its name is the digest of, one version of the matcher and
processors that can do what the builder's can: elsewhere, and where the file is damaged, the gate
compiles what it needs. Nothing is written when packages are audited.
"""

from __future__ import annotations

from dten_audit.readers.gate import FOLDER, HyperscanBackend, database_name
from dten_audit.readers.reading import gate_of
from dten_audit.readers.registry import READERS
from dten_audit.readers.words import gate


def compile_gates() -> dict[str, bytes]:
    """Return files by their path below the rules; none where hyperscan is not installed."""
    try:
        return {
            f"{FOLDER}/{database_name(each.patterns)}": HyperscanBackend(each.patterns).packed()
            for each in (gate(), gate_of(READERS))
        }
    except ImportError:
        return {}
