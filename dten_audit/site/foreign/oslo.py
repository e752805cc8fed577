"""OpenStack's option data, as ``oslo-config-generator --format yaml`` (or json) prints it.

Source: oslo.config 10.7, generator: options, their groups, ``deprecated_for_removal`` and
``deprecated_opts``, the names that an option had before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.site.foreign.told import Told, fields, is_true, text
from dten_audit.site.matrix import Matrix, MatrixEntry, Normalise

_NUMBER: Final = re.compile(r"([0-9]{1,4})(?:\.[0-9]{1,4}){0,3}")
_FIRST_YEAR: Final = 2000


def matrix(root: Node, told: Told) -> Matrix | None:
    """Return what the data says of old options; None where it is no such data."""
    groups = fields(fields(root).get("options"))
    if not groups or not any("opts" in fields(group) for group in groups.values()):
        return None
    product = told.product or "service"
    return Matrix(
        component=f"pkg:pypi/{product}",
        scheme="pep440",
        files=(f"**/{product}.conf", f"**/{product}/{product}.conf.d/*.conf"),
        format="ini",
        normalise=Normalise(dash_underscore=True),
        entries=tuple(
            entry
            for name, group in groups.items()
            for option in fields(group).get("opts", _EMPTY).items
            for entry in _entries(name, option, told)
        ),
        path=told.path,
        source=told.path,
    )


_EMPTY: Final = Node("sequence", (), 1, 1)


def _entries(group: str, option: Node, told: Told) -> Iterator[MatrixEntry]:
    own = fields(option)
    name = text(own.get("dest")) or text(own.get("name"))
    if is_true(own.get("deprecated_for_removal")):
        yield MatrixEntry(
            name,
            section=group,
            deprecated=_version(text(own.get("deprecated_since"))) or told.version,
            effect="still-bound",
            note=" ".join(text(own.get("deprecated_reason")).split()),
            source=told.path,
            line=option.line,
        )
    for old in own["deprecated_opts"].items if "deprecated_opts" in own else ():
        was = fields(old)
        key, section = text(was.get("name")) or name, text(was.get("group")) or group
        if (section, key) == (group, name) or not told.version:
            continue
        yield MatrixEntry(
            key.replace("-", "_"),
            section=section,
            moved_to=f"{group}.{name}",
            changed_in=told.version,
            effect="still-bound",
            source=told.path,
            line=old.line,
        )


def _version(since: str) -> str:
    """Return a version; the name of a release is none that could be compared with a service's.

    Releases are called ``Ocata``, ``2025.1``, ``2026.2/Hibiscus``; no service counts that far.
    """
    found = _NUMBER.fullmatch(since.strip())
    return since.strip() if found and int(found[1]) < _FIRST_YEAR else ""
