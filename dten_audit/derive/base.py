"""What a deriver is: declared inputs, one output, one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple

from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.site.estate import Estate

Derive = Callable[[Package, Estate], Iterable[Fact]]


class Deriver(NamedTuple):
    """A derivation. ``needs`` and ``gives`` are fact type names, from which the order follows.

    It is asked only where a package states a fact of its ``subjects`` (by default, of all it
    needs), unless ``always``: it concludes something from the site or the names of files alone.
    """

    name: str
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    function: str
    subjects: tuple[str, ...] = ()
    always: bool = False

    def concerns(self, package: Package) -> bool:
        """Say whether it has anything to conclude from."""
        return self.always or package.states(self.subjects or self.needs)

    def load(self) -> Derive:
        """Import the function."""
        module, _, name = self.function.partition(":")
        derive: Derive = getattr(import_module(module), name)
        return derive
