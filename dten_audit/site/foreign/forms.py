"""All foreign forms of a config matrix, and how a text is told to be one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from dten_audit.readers.config.json_nodes import parse_json
from dten_audit.readers.config.yaml_nodes import Node, YamlError, parse_yaml
from dten_audit.site.foreign import ansible_runtime, json_schema, omnibus, oslo, pluto, spring
from dten_audit.site.foreign.told import Told
from dten_audit.site.matrix import Matrix

_READ: Final[tuple[Callable[[Node, Told], Matrix | None], ...]] = (
    spring.matrix, ansible_runtime.matrix, pluto.matrix, oslo.matrix, json_schema.matrix,
)  # fmt: skip
_MOST_NODES: Final = 500_000


class ShippedForm(NamedTuple):
    """A form that packages bring along: where it stands, and which keys it can speak of.

    These are keys of a format (``use``), or those in files of certain ``names``.
    """

    path: str
    use: str = ""
    names: str = "(?!)"


_SHIPPED: Final = (
    ShippedForm(spring.PATH, names=r"(?:application|bootstrap)[^/]*\.(?:properties|ya?ml)[^/]*"),
    ShippedForm(ansible_runtime.PATH, use="ansible"),
    ShippedForm(omnibus.PATH, names=r"gitlab\.rb[^/]*"),
)


def shipped_paths(uses: Iterable[str], paths: Iterable[str]) -> re.Pattern[str] | None:
    """Return where the package may bring matrices that speak of keys which it sets.

    ``uses`` are the formats of these keys, ``paths`` the files; None where no form does.
    """
    formats, names = set(uses), {path.rpartition("/")[2] for path in paths}
    wanted = [
        form.path
        for form in _SHIPPED
        if (form.use and form.use in formats) or any(map(re.compile(form.names).fullmatch, names))
    ]
    return re.compile(rf"(?:.*/)?(?:{'|'.join(wanted)})") if wanted else None


def foreign_matrix(source: str, told: Told) -> Matrix | None:
    """Return a text as a matrix; None where it is of no form that is known, or cannot be read."""
    if told.path.endswith(".rb"):
        return omnibus.matrix(source, told)
    try:
        if told.path.endswith(".json"):
            roots = [parse_json(source, max_nodes=_MOST_NODES)]
        else:
            roots = list(parse_yaml(source))
    except YamlError:
        return None
    found = (read(root, told) for root in roots[:1] for read in _READ)
    return next((matrix for matrix in found if matrix is not None), None)
