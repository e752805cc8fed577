"""Which of the site's units may be meant by a name that it does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from dten_audit.derive.units.tables import other_names
from dten_audit.readers.systemd.names import unit_type
from dten_audit.site.site import Site

_MOST: Final = 4
_CLOSE: Final = 0.8
_LONGEST: Final = 64
_MOST_COMPARED: Final = 50
"""So many names are compared with every unit of the site; a package with more gets only kin."""
_SHORTEST_PREFIX: Final = 3
_WORD_END: Final = re.compile(r"[-@_.]")


def _first_word(stem: str) -> str:
    return _WORD_END.split(stem, maxsplit=1)[0]


class Suggestions:
    """Finds near units of one site; each name is looked up once.

    ``familiar`` are the units that the package brings or controls under their right name: a name
    that it gets wrong is rather one of the others.
    """

    def __init__(self, site: Site, familiar: Iterable[str] = ()) -> None:
        self._familiar = frozenset(familiar)
        self._by_type: dict[str, list[str]] = {}
        self._kin: dict[tuple[str, str], list[str]] = {}
        self._found: dict[str, tuple[str, ...]] = {}
        for record in site.units:
            kind = unit_type(record.name)
            stem = record.name.removesuffix(f".{kind}")
            self._by_type.setdefault(kind, []).append(stem)
            self._kin.setdefault((kind, _first_word(stem)), []).append(stem)

    def known_as(self, name: str) -> tuple[str, ...]:
        """Return the units of the site that a known other name of the service is."""
        kind = unit_type(name)
        known = self._by_type.get(kind)
        if known is None:
            return ()
        others, _ = other_names(name)
        found = [unit for glob in others for unit in known if fnmatchcase(unit, glob)]
        return tuple(f"{unit}.{kind}" for unit in dict.fromkeys(found))

    def near(self, name: str) -> tuple[str, ...]:
        """Return up to four units of the site: other names first, then near ones, then kin.

        Kin are units whose name starts with the same word.
        """
        if name not in self._found:
            self._found[name] = self._near(name)
        return self._found[name]

    def _near(self, name: str) -> tuple[str, ...]:
        kind = unit_type(name)
        known = self._by_type.get(kind)
        if known is None:
            return ()
        stem = name.removesuffix(f".{kind}")
        found = [unit.removesuffix(f".{kind}") for unit in self.known_as(name)]
        if len(stem) <= _LONGEST and len(self._found) < _MOST_COMPARED:
            found += get_close_matches(stem, known, _MOST, _CLOSE)
        prefix = _first_word(stem)
        if len(prefix) >= _SHORTEST_PREFIX and prefix != stem:
            kin = self._kin.get((kind, prefix), [])
            strange = [unit for unit in kin if f"{unit}.{kind}" not in self._familiar]
            found += strange or kin
        unique = [unit for unit in dict.fromkeys(found) if unit != stem]
        return tuple(f"{unit}.{kind}" for unit in unique[:_MOST])
