"""Config matrices (dten-config-matrix/1): which keys a version renamed, removed or changed."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple, cast

from dten_audit.model.facts.config import Effect
from dten_audit.readers.knowledge import shipped
from dten_audit.site.versions import Scheme, scheme_of

USES: Final = frozenset(("ansible", "cli", "kubernetes", "systemd"))
"""Formats of keys that stand in no file of the product's own: modules that tasks call, options of
commands, kinds of Kubernetes objects, directives of unit files. Whoever reads those languages
states them with this format."""


class MatrixEntry(NamedTuple):
    """What became of one key. Versions are empty where nothing is stated.

    ``deprecated`` and ``removed`` are the first versions that warn of it and that lack it;
    ``renamed_to`` and ``moved_to`` the key to use instead, from ``changed_in`` on (empty: from
    ``removed`` on). ``default_in`` is the first version with the default ``default_to``;
    ``allowed_in`` the first that takes only the values ``allowed``, or no longer those ``refused``.
    ``section`` limits the entry to an INI section or to the keys below a path, ``only_if_value`` to
    one value (``On`` and ``Off``: all ways to write them). With a ``separator`` a value is a list,
    each of whose words counts. ``transform`` says how the value changes with the name (``*86400``).
    ``unless_set`` are first labels of keys: a file with one of them has a form without this key.
    ``replacement_since`` is the first version that knows the key to use instead (empty: the one
    that changed it). ``source`` and ``retrieved`` say where the row was read, and when.
    """

    key: str
    section: str = ""
    deprecated: str = ""
    removed: str = ""
    renamed_to: str = ""
    moved_to: str = ""
    changed_in: str = ""
    effect: Effect = "unspecified"
    default_from: str = ""
    default_to: str = ""
    default_in: str = ""
    allowed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    allowed_in: str = ""
    only_if_value: str | None = None
    separator: str = ""
    unless_set: tuple[str, ...] = ()
    transform: str = ""
    note: str = ""
    replacement_since: str = ""
    source: str = ""
    retrieved: str = ""
    line: int = 0


class Normalise(NamedTuple):
    """When two spellings of a key are one key.

    ``strip_prefix`` are regular expressions of prefixes that change nothing;
    ``tolerated_prefix`` of prefixes under which an unknown key is only warned of.
    """

    dash_underscore: bool = False
    lower: bool = False
    camel_case: bool = False
    strip_prefix: tuple[str, ...] = ()
    tolerated_prefix: tuple[str, ...] = ()


class EnvForm(NamedTuple):
    """How a key is given as an environment variable.

    ``form`` is a template (``AIRFLOW__{SECTION}__{OPTION}``) or ``relaxed`` (upper case, dots as
    underscores, without dashes). Only names that start with one of ``prefixes`` count.
    """

    form: str
    prefixes: tuple[str, ...]


class Matrix(NamedTuple):
    """The changes of one product's configuration.

    ``component`` is its purl; ``packages`` are globs of package names that are the same product.
    ``files`` are globs of where its keys may stand, ``sections`` those of INI files that count
    (none: all), ``except_sections`` those that do not. ``path`` names the matrix, ``source`` where
    its facts come from, ``retrieved`` when they were read. ``own`` says that the user gave it.
    Where ``format`` is one of ``USES``, the keys are those that are stated with this format, and
    ``files`` where these may stand. Options of ``programs`` are keys as well; ``variables`` of the
    environment hold such options.
    ``instead`` are globs of packages that read the same files in the product's stead: MariaDB where
    MySQL was. ``unset`` are values with which a line sets nothing.
    """

    component: str
    scheme: Scheme
    files: tuple[str, ...]
    format: str = ""
    sections: tuple[str, ...] = ()
    except_sections: tuple[str, ...] = ()
    normalise: Normalise = Normalise()
    env: EnvForm | None = None
    packages: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    entries: tuple[MatrixEntry, ...] = ()
    path: str = ""
    source: str = ""
    retrieved: str = ""
    own: bool = True

    @property
    def product(self) -> str:
        """The last word of the component's purl."""
        return self.component.partition("@")[0].rpartition("/")[2]

    @property
    def names(self) -> frozenset[str]:
        """What a user may call it by: its product, its purl, the name of its file."""
        file = self.path.rpartition("/")[2].partition(".")[0]
        return frozenset(name.lower() for name in (self.product, self.component, file) if name)


def shipped_matrices() -> tuple[Matrix, ...]:
    """Return all matrices that came with the tool, loaded."""
    return tuple(shipped_matrix(header["name"]) for header in _index())


@cache
def shipped_matrix(name: str) -> Matrix:
    """Return one matrix that came with the tool."""
    table = cast("dict[str, object]", shipped(f"config/{name}"))
    return matrix_from(table, f"config/{name}.yaml")._replace(own=False)


@cache
def shipped_headers() -> tuple[tuple[str, Matrix], ...]:
    """Return name and head of each matrix that came with the tool, without its entries."""
    return tuple(
        (header["name"], matrix_from(cast("dict[str, object]", header), header["name"]))
        for header in _index()
    )


def _index() -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", shipped("config/index"))


def matrix_from(data: dict[str, object], path: str) -> Matrix:
    """Make a matrix of its checked data. Texts only: a version is no number."""
    component = str(data["component"])
    source = _table(data.get("source"))
    told, when = (
        str(source.get("url") or source.get("name") or ""),
        str(source.get("retrieved", "")),
    )
    entries = cast("list[dict[str, object]]", data.get("entries", []))
    return Matrix(
        component=component,
        scheme=cast("Scheme", data.get("scheme") or scheme_of(component)),
        files=_texts(data.get("files")),
        format=str(data.get("format") or ""),
        sections=_texts(data.get("sections")),
        except_sections=_texts(data.get("except_sections")),
        normalise=_normalise(_table(data.get("normalise"))),
        env=_env(data.get("env")),
        packages=_texts(data.get("packages")),
        instead=_texts(data.get("instead")),
        programs=_texts(data.get("programs")),
        variables=_texts(data.get("variables")),
        unset=_texts(data.get("unset")),
        entries=tuple(_entry({"source": told, "retrieved": when, **entry}) for entry in entries),
        path=path,
        source=told,
        retrieved=when,
    )


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(str, value))
    return () if value is None else (str(value),)


def _normalise(table: dict[str, object]) -> Normalise:
    return Normalise(
        dash_underscore=table.get("dash_underscore") == "same",
        lower=table.get("case") == "lower",
        camel_case=table.get("camel_case") == "same",
        strip_prefix=_texts(table.get("strip_prefix")),
        tolerated_prefix=_texts(table.get("tolerated_prefix")),
    )


def _env(value: object) -> EnvForm | None:
    if value is None:
        return None
    table = value if isinstance(value, dict) else {"form": value}
    form = str(table["form"])
    prefix = form.partition("{")[0]
    return EnvForm(form, _texts(table.get("prefixes")) or ((prefix,) if "{" in form else ()))


def _entry(data: dict[str, object]) -> MatrixEntry:
    def text(value: object) -> str:
        return "" if value is None else str(value)

    renamed = data.get("renamed")
    new = renamed if isinstance(renamed, dict) else {"to": renamed}
    moved, default, values = (_table(data.get(key)) for key in ("moved", "default", "values"))
    to_key = text(moved.get("to_key") or (data["key"] if moved else ""))
    to_section = text(moved.get("to_section"))
    value = data.get("only_if_value")
    return MatrixEntry(
        key=str(data["key"]),
        section=text(data.get("section")),
        deprecated=text(data.get("deprecated")),
        removed=text(data.get("removed")),
        renamed_to=text(new.get("to")),
        moved_to=f"{to_section}.{to_key}" if to_section else to_key,
        changed_in=text(new.get("in") or moved.get("in")),
        effect=cast("Effect", data.get("effect") or "unspecified"),
        default_from=text(default.get("from")),
        default_to=text(default.get("to")),
        default_in=text(default.get("in")),
        allowed=_texts(values.get("allowed")),
        refused=_texts(values.get("refused")),
        allowed_in=text(values.get("in")),
        only_if_value=None if value is None else str(value),
        separator=text(data.get("separator")),
        unless_set=_texts(data.get("unless_set")),
        transform=text(data.get("transform") or new.get("transform")),
        note=text(data.get("note")),
        replacement_since=text(new.get("since") or moved.get("since")),
        source=text(data.get("source")),
        retrieved=text(data.get("retrieved")),
        line=int(text(data.get("line")) or 0),
    )
