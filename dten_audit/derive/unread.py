"""Says what the file of an unreadable part is for: a broken script of a test hurts nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.derive.roles import Roles, build_tools
from dten_audit.links.package import Call, Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable, UnreadPart
from dten_audit.site.estate import Estate

_COMPILING: Final = frozenset({"--mode=compile", "--mode=link"})
"""The modes of libtool that make programs; others install and run them (Libtool manual, 4)."""


def derive(package: Package, _estate: Estate) -> Iterator[Fact]:
    """Yield each unreadable part with the role of its file."""
    roles = Roles(package)
    for part in package.of(Unreadable):
        path = part.at.path
        callers = package.callers(path)
        yield UnreadPart(
            part.at,
            part.language,
            part.reason,
            part.certainty,
            part.guessed,
            role="script" if callers else roles.of(path),
            compiles=path.rpartition("/")[2] in build_tools() and all(map(_compiles, callers)),
        )


def _compiles(call: Call) -> bool:
    return any(word.text in _COMPILING for word in call.command.argv)
