"""Finds the entries of a matrix that a key of a configuration file falls under."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from dten_audit.site.matrix import EnvForm, Matrix, MatrixEntry, Normalise

_INDEX: Final = re.compile(r"\[([0-9]{1,9})\]")
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")


class Match(NamedTuple):
    """An entry, and whether the key's prefix makes an unknown key a mere warning."""

    entry: MatrixEntry
    tolerated: bool = False


class Lookup:
    """The entries of one matrix by the normal spelling of their keys."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self._exact: dict[str, list[MatrixEntry]] = defaultdict(list)
        self._wild: list[tuple[re.Pattern[str], MatrixEntry]] = []
        for entry in matrix.entries:
            name = self.normal(full_name(entry))
            if "*" in name:
                self._wild.append((_wildcard(name), entry))
            else:
                self._exact[name].append(entry)
        self.forms = any(entry.unless_set for entry in matrix.entries)
        """Whether it depends on the file's other keys which entries count."""
        self._labels = {name.rpartition(".")[2] for name in self._exact}
        self._any_wild = _any_of(pattern.pattern for pattern, _ in self._wild)
        self._sections = _any_of(_section_glob(glob) for glob in matrix.sections)
        self._others = _any_of(_section_glob(glob) for glob in matrix.except_sections)
        self._prefixes = [(re.compile(p), False) for p in matrix.normalise.strip_prefix]
        self._prefixes += [(re.compile(p), True) for p in matrix.normalise.tolerated_prefix]
        self._variables = _variables(matrix)

    def normal(self, key: str) -> str:
        """Return the normal spelling of a key."""
        return normal_key(key, self.matrix.normalise)

    def may_hold(self, key: str) -> bool:
        """Say whether there may be entries of a key: most are told by their last label."""
        if self._wild or self._prefixes or "[" in key:
            return True
        return self.normal(key.rpartition(".")[2]) in self._labels

    def find(self, section: str, key: str, *, any_section: bool = False) -> Iterator[Match]:
        """Yield the entries of a key that a file sets in a section (empty: in none).

        ``any_section`` is for keys whose section nobody sees (a script edits a line).
        """
        for spelling, tolerated in self._spellings(key):
            below = f"{section}.{spelling}" if section else ""
            for name, bare in ((below, False), (spelling, True)):
                for entry in self._entries(self.normal(name)) if name else ():
                    if self._fits(entry, section, bare=bare, any_section=any_section):
                        yield Match(entry, tolerated)

    def variable(self, name: str) -> Iterator[MatrixEntry]:
        """Yield the entries whose key the environment variable ``name`` sets."""
        yield from self._variables.get(name, ())

    def _counts(self, section: str) -> bool:
        if self._others is not None and self._others.fullmatch(section):
            return False
        return self._sections is None or self._sections.fullmatch(section) is not None

    def _fits(self, entry: MatrixEntry, section: str, *, bare: bool, any_section: bool) -> bool:
        """Say whether the section is one where the entry's key counts.

        An entry that names its section is found by its full name, where the section is part of
        it; a bare name counts in the matrix's sections.
        """
        if bare and section and entry.section:
            return False
        return not bare or any_section or self._counts(section)

    def _spellings(self, key: str) -> Iterator[tuple[str, bool]]:
        """Yield a key as it stands, as the list it is the first entry of, without prefixes.

        A prefix may open a bracket that ends the key: ``php_admin_value[memory_limit]``.
        """
        dotted = _INDEX.sub(r".\1", key) if "[" in key else key
        yield dotted, False
        if key.endswith("[0]"):
            yield _INDEX.sub(r".\1", key.removesuffix("[0]")), False
        for pattern, tolerated in self._prefixes:
            match = pattern.match(dotted)
            if match and match.end():
                rest = dotted[match.end() :]
                yield rest.removesuffix("]") if match[0].endswith("[") else rest, tolerated

    def _entries(self, name: str) -> Sequence[MatrixEntry]:
        exact = self._exact.get(name, ())
        if self._any_wild is None or not self._any_wild.fullmatch(name):
            return exact
        return [*exact, *(entry for pattern, entry in self._wild if pattern.fullmatch(name))]


def full_name(entry: MatrixEntry) -> str:
    """Return an entry's key below its section."""
    return f"{entry.section}.{entry.key}" if entry.section else entry.key


@cache
def _camel() -> re.Pattern[str]:
    return re.compile(r"([a-z0-9])([A-Z])")


def normal_key(key: str, rules: Normalise) -> str:
    """Return the spelling that all spellings of a key share."""
    if rules.camel_case:
        key = _camel().sub(r"\1_\2", key).lower()
    if rules.lower:
        key = key.lower()
    return key.replace("-", "_") if rules.dash_underscore or rules.camel_case else key


def _wildcard(name: str) -> re.Pattern[str]:
    """``*`` is one label, or what is left of one; ``**`` any number of labels."""
    parts = re.split(r"(\*\*|\*)", name)
    known = {"**": ".+", "*": r"[^.]+"}
    return re.compile("".join(known.get(part) or re.escape(part) for part in parts))


def _section_glob(glob: str) -> str:
    return "".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", glob))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    every = [f"(?:{pattern})" for pattern in patterns]
    return re.compile("|".join(every)) if every else None


def _variables(matrix: Matrix) -> dict[str, list[MatrixEntry]]:
    """Return the entries by the name of their environment variable.

    A name that two keys share, or an old and a new key, tells nothing and is left out.
    """
    if matrix.env is None:
        return {}
    found: dict[str, list[MatrixEntry]] = defaultdict(list)
    keys: dict[str, set[str]] = defaultdict(set)
    for entry in matrix.entries:
        name = variable_of(full_name(entry), entry.section, matrix.env)
        found[name].append(entry)
        keys[name].add(full_name(entry))
        for new in (entry.renamed_to, entry.moved_to):
            if new:
                keys[variable_of(new, new.partition(".")[0], matrix.env)].add(new)
    prefixes = matrix.env.prefixes
    return {
        name: entries
        for name, entries in found.items()
        if len(keys[name]) == 1 and name.startswith(prefixes) and "*" not in name
    }


def variable_of(key: str, section: str, form: EnvForm) -> str:
    """Return the environment variable that sets a key."""
    if form.form == "relaxed":
        return key.replace("-", "").replace(".", "_").upper()
    option = key.removeprefix(f"{section}.") if section else key
    words = {"SECTION": section, "OPTION": option, "KEY": key}
    name = form.form
    for word, value in words.items():
        name = name.replace(f"{{{word}}}", _OTHER.sub("_", value).upper())
    return name


def assigned_variable(format_: str, key: str, value: str) -> tuple[str, str | None] | None:
    """Return name and value of an environment variable that a configuration key sets, if any.

    Files of variables; ENV of a Dockerfile; ``environment:`` of Compose (mapping or list), ``env:``
    of Kubernetes, values of a ConfigMap. The value is None where it stands elsewhere.
    """
    if format_ in ("env", "dockerfile"):
        return key, value
    parent, _, label = key.rpartition(".")
    if label == "name" and re.search(r"(?:^|\.)env\[[0-9]+\]$", parent):
        return (value, None) if _VARIABLE.fullmatch(value) else None
    if re.search(r"(?:^|\.)environment\[[0-9]+\]$", key):
        name, equals, text = value.partition("=")
        return (name, text if equals else None) if _VARIABLE.fullmatch(name) else None
    return (label, value) if _VARIABLE.fullmatch(label) and "_" in label else None
