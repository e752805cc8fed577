"""Config matrices (dten-config-matrix/1): which keys a version renamed, removed or changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, cast

from dten_audit.documents.document import Document
from dten_audit.model.facts.config import Effect
from dten_audit.readers.knowledge import shipped
from dten_audit.site.versions import Scheme, scheme_of

SAMPLE_ENDS: Final = frozenset("sample example dist orig bak old dpkg-old rpmsave".split())
_TEMPLATE_ENDS: Final = frozenset(
    "in j2 jinja jinja2 erb tmpl tpl template mustache hbs default new rpmnew dpkg-dist dpkg-new"
    " ucf-dist".split()
)
_LIBRARIES: Final = frozenset(
    "node_modules bower_components site-packages dist-packages vendor gems".split()
)


class MatrixEntry(NamedTuple):
    """What became of one key. Versions are empty where nothing is stated.

    ``deprecated`` and ``removed`` are the first versions that warn of it and that lack it;
    ``renamed_to`` and ``moved_to`` the key to use instead, from ``changed_in`` on (empty: from
    ``removed`` on). ``default_in`` is the first version with the default ``default_to``;
    ``allowed_in`` the first that takes only the values ``allowed``, or no longer those ``refused``.
    ``section`` limits the entry to an INI section or to the keys below a path, ``only_if_value`` to
    one value. ``transform`` says how the value changes with the name (``*86400``).
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
    transform: str = ""
    note: str = ""
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
    (none: all). ``path`` names the matrix, ``source`` where its facts come from. ``own`` says that
    the user gave it.
    """

    component: str
    scheme: Scheme
    files: tuple[str, ...]
    format: str = ""
    sections: tuple[str, ...] = ()
    normalise: Normalise = Normalise()
    env: EnvForm | None = None
    packages: tuple[str, ...] = ()
    entries: tuple[MatrixEntry, ...] = ()
    path: str = ""
    source: str = ""
    own: bool = True

    @property
    def product(self) -> str:
        """The last word of the component's purl."""
        return self.component.partition("@")[0].rpartition("/")[2]


def load_matrix(path: Path) -> Matrix:
    """Load a matrix of the user's. Raises ``SiteFileError`` with the line of what is wrong."""
    from dten_audit.site.matrix_file import checked

    return matrix_from(checked(path), str(path))


def shipped_matrices() -> tuple[Matrix, ...]:
    """Return all matrices that came with the tool, loaded."""
    return tuple(shipped_matrix(header["name"]) for header in _index())


@cache
def shipped_matrix(name: str) -> Matrix:
    """Return one matrix that came with the tool."""
    table = cast("dict[str, object]", shipped(f"matrices/{name}"))
    return matrix_from(table, f"matrices/{name}.yaml")._replace(own=False)


@cache
def shipped_headers() -> tuple[tuple[str, Matrix], ...]:
    """Return name and head of each matrix that came with the tool, without its entries."""
    return tuple(
        (header["name"], matrix_from(cast("dict[str, object]", header), header["name"]))
        for header in _index()
    )


def _index() -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", shipped("matrices/index"))


def matrix_from(data: dict[str, object], path: str) -> Matrix:
    """Make a matrix of its checked data. Texts only: a version is no number."""
    component = str(data["component"])
    source = _table(data.get("source"))
    entries = cast("list[dict[str, object]]", data.get("entries", []))
    return Matrix(
        component=component,
        scheme=cast("Scheme", data.get("scheme") or scheme_of(component)),
        files=_texts(data.get("files")),
        format=str(data.get("format") or ""),
        sections=_texts(data.get("sections")),
        normalise=_normalise(_table(data.get("normalise"))),
        env=_env(data.get("env")),
        packages=_texts(data.get("packages")),
        entries=tuple(map(_entry, entries)),
        path=path,
        source=str(source.get("url") or source.get("name") or ""),
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
        transform=text(data.get("transform") or new.get("transform")),
        note=text(data.get("note")),
        line=int(text(data.get("line")) or 0),
    )


@cache
def files_pattern(files: tuple[str, ...]) -> re.Pattern[str]:
    """Return path globs as one pattern over whole paths; only ``**`` crosses a ``/``.

    A glob may start at any folder, and a name may end like a template or a sample
    (``my.cnf.j2``).
    """
    globs = {glob.lstrip("/") for glob in files}
    ends = "|".join(sorted(_TEMPLATE_ENDS | SAMPLE_ENDS))
    body = "|".join(sorted(map(_glob, globs))) or "(?!)"
    return re.compile(rf"(?:.*/)?(?:{body})(?:\.(?:{ends}))?", re.DOTALL)


def _glob(glob: str) -> str:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return "".join(known.get(part) or re.escape(part) for part in parts)


def speaks_of(matrices: Sequence[Matrix], document: Document) -> bool:
    """Say whether a document is worth reading as configuration.

    It is, if its name is one that a matrix (the user's or a shipped one) speaks of, wherever it
    lies now: where it lands is known later. Where a matrix leaves the name open (``etc/dten/*``),
    that is any file outside the folders of other products' libraries. Variables that a matrix knows
    may stand in any file of variables, and files of any kind in a ConfigMap.
    """
    interest = _interest(tuple((matrix.files, matrix.env) for matrix in matrices))
    if interest.names.fullmatch(document.name) or interest.paths.fullmatch(document.path):
        return True
    if interest.any_name and not _LIBRARIES & set(document.path.split("/")):
        return True
    if document.kind not in ("env", "yaml"):
        return False
    if document.host is not None:
        return any(word.decode() in document.text for word in interest.words)
    return any(word in document.data for word in interest.words)


class _Interest(NamedTuple):
    """What makes a document worth reading: names, whole paths, any name, words of its text."""

    names: re.Pattern[str]
    paths: re.Pattern[str]
    any_name: bool
    words: tuple[bytes, ...]


@cache
def _interest(matrices: tuple[tuple[tuple[str, ...], EnvForm | None], ...]) -> _Interest:
    shipped = tuple((matrix.files, matrix.env) for _, matrix in shipped_headers())
    every = (*matrices, *shipped)
    globs = sorted({glob for files, _ in every for glob in files})
    names = [glob.rpartition("/")[2] for glob in globs]
    told = tuple(name for name in names if name.strip("*?"))
    untold = tuple(glob for glob, name in zip(globs, names, strict=True) if not name.strip("*?"))
    prefixes = {prefix for _, env in every if env for prefix in env.prefixes if prefix}
    words = (b"ConfigMap", *sorted(prefix.encode() for prefix in prefixes))
    return _Interest(files_pattern(told), files_pattern(untold), bool(untold), words)


def matching(matrix: Matrix, paths: Iterable[str]) -> bool:
    """Say whether one of ``paths`` is a file of the matrix's product."""
    pattern = files_pattern(matrix.files)
    return any(pattern.fullmatch(path) for path in paths)
