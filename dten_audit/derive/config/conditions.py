"""What a script's tests say of the keys that it sets: behind one about a version its author chose.

``if [ "$PG_VERSION" -lt 12 ]; then cat > recovery.conf <<EOF`` writes for old versions only. Tests
of which version of the package itself was there before (a maintainer script's ``$2``) choose none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from dten_audit.documents.document import DocumentInfo
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Guard
from dten_audit.model.facts.config import ConfigKey
from dten_audit.readers.config.templates import asks_version

Condition = Literal["", "version", "image"]
_OLD: Final = ("$2", "${2", "$old", "${old")
"""What maintainer scripts call the version that they come from (Debian Policy 6.5)."""


def condition_of(guards: Iterable[Guard]) -> Condition:
    """Say whether one of the tests is about a version."""
    return "version" if any(map(_chooses, guards)) else ""


def _chooses(guard: Guard) -> bool:
    test = guard.subject
    if guard.kind != "other" or not asks_version(test):
        return False
    return not ("compare-versions" in test and any(word in test.lower() for word in _OLD))


def condition_of_option(command: Command) -> Condition:
    """Say on what an option of a command depends: a test, or the version that an image brings."""
    inside = any(layer.kind == "container" for layer in command.layers)
    return condition_of(command.guards) or ("image" if inside else "")


class _Written(NamedTuple):
    """A line of a script where a text begins that is written to a file, and on what condition."""

    line: int
    condition: Condition


class WrittenTexts:
    """Under which conditions scripts write the files that keys stand in."""

    def __init__(self, package: Package) -> None:
        found: dict[tuple[str, str], dict[int, Condition]] = defaultdict(dict)
        for command in package.of(Command):
            for file, line in _texts(package.documents, command):
                condition = condition_of(command.guards)
                before = found[file].setdefault(line, condition)
                found[file][line] = condition and before
        self._files = {
            file: [_Written(*each) for each in sorted(lines.items())]
            for file, lines in found.items()
            if any(lines.values())
        }

    def conditioned(self, key: ConfigKey) -> ConfigKey:
        """Return a key with the condition under which it is written."""
        written = self._files.get((key.at.path, key.path))
        if not written or key.condition or key.setter:
            return key
        place = bisect_right(written, key.at.line or 0, key=lambda each: each.line)
        condition = written[place - 1].condition if place else ""
        return key._replace(condition=condition) if condition else key


def _texts(
    documents: Mapping[str, DocumentInfo], command: Command
) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the files that a command writes texts of its script to, with the line it stands on."""
    at = command.via[-1] if command.via else command.at
    for name in (command.stdin, *command.documents):
        info = documents.get(name) if name else None
        if info is not None and info.path and at.line is not None:
            yield (at.path, info.path), at.line
