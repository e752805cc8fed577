"""Mutants that were once taken wrongly, as recipes. ``benchmarks/fuzz_archives.py`` appends to it."""

# ruff: noqa: E501 (a recipe a line)
# fmt: off

from __future__ import annotations

from typing import Final

from .mutation import Damage

KEPT: Final[tuple[tuple[str, tuple[Damage, ...]], ...]] = (
)
