"""Which files a matrix speaks of, and which documents are worth reading as configuration at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.document import Document
from dten_audit.site.matrix import USES, EnvForm, Matrix, shipped_headers

SAMPLE_ENDS: Final = frozenset("sample example dist orig bak old dpkg-old rpmsave".split())
TEMPLATE_ENDS: Final = frozenset("j2 jinja jinja2 erb tmpl tpl template mustache hbs".split())
"""Ends of files that a program fills in: before that, they are in no configuration's language."""
_OTHER_ENDS: Final = frozenset("in default new rpmnew dpkg-dist dpkg-new ucf-dist".split())
_ENDS: Final = SAMPLE_ENDS | TEMPLATE_ENDS | _OTHER_ENDS
_LIBRARIES: Final = frozenset(
    "node_modules bower_components site-packages dist-packages vendor gems".split()
)


Spoken = tuple[tuple[str, ...], EnvForm | None, tuple[str, ...]]
"""Globs of files, the form of variables, names of variables that hold options."""


@cache
def files_pattern(files: tuple[str, ...]) -> re.Pattern[str]:
    """Return path globs as one pattern over whole paths; only ``**`` crosses a ``/``.

    ``[0-9]`` is one of some characters. A glob may start at any folder, and a name may end like a
    template or a sample (``my.cnf.j2``).
    """
    globs = {glob.lstrip("/") for glob in files}
    body = "|".join(sorted(map(_glob, globs))) or "(?!)"
    return re.compile(rf"(?:.*/)?(?:{body})(?:\.(?:{'|'.join(sorted(_ENDS))}))?", re.DOTALL)


def _glob(glob: str) -> str:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[\w-]++\])", glob)
    return "".join(
        known.get(part) or (part if part[:1] == "[" else re.escape(part)) for part in parts
    )


def matching(matrix: Matrix, paths: Iterable[str]) -> bool:
    """Say whether one of ``paths`` is a file of the matrix's product.

    Most paths are told by their last parts to be none.
    """
    names, ends = _last_parts(matrix.files)
    for path in paths:
        name = path.rpartition("/")[2]
        stem, _, end = name.rpartition(".")
        known = name in names or name.endswith(ends)
        if end in _ENDS and not known:
            known = stem in names or stem.endswith(ends)
        if known and files_pattern(matrix.files).fullmatch(path):
            return True
    return False


@cache
def _last_parts(files: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the names that path globs give in full, and how the others end."""
    names = frozenset(map(_name_of, files))
    plain = frozenset(name for name in names if not set("*?]") & set(name))
    return plain, tuple(sorted({re.split(r"[*?\]]", name)[-1] for name in names - plain}))


def speaks_of(matrices: Sequence[Matrix], document: Document) -> bool:
    """Say whether a document is worth reading as configuration.

    It is, if its name is one that a matrix (the user's or a shipped one) speaks of, wherever it
    lies now: where it lands is known later. Where a matrix leaves the name open (``etc/dten/*``),
    that is any file outside the folders of other products' libraries. Variables that a matrix knows
    may stand in any file of variables, and files of any kind in a ConfigMap.
    """
    interest = _interest(tuple(map(_spoken_of, matrices)))
    name = document.path.rpartition("/")[2]
    stem, _, end = name.rpartition(".")
    if name in interest.names or (end in _ENDS and stem in interest.names):
        return True
    if interest.globs.fullmatch(name) or interest.paths.fullmatch(document.path):
        return True
    if interest.any_name and not _LIBRARIES & set(document.path.split("/")):
        return True
    if document.kind not in ("env", "yaml"):
        return False
    if document.host is not None:
        return any(word.decode() in document.text for word in interest.words)
    return any(word in document.data for word in interest.words)


def _spoken_of(matrix: Matrix) -> Spoken:
    """Return the files that hold a product's keys, and how variables give them.

    Keys of another language (``USES``) are stated by whoever reads that language; files of options
    are the product's own.
    """
    other = matrix.format in USES and matrix.format != "cli"
    return () if other else matrix.files, matrix.env, matrix.variables


class _Interest(NamedTuple):
    """What makes a document worth reading: names, globs of names, whole paths, words of its text.

    ``any_name``: a matrix of the user's leaves the name open; where a shipped one does, the folder
    decides (``nginx/sites-enabled/*``).
    """

    names: frozenset[str]
    globs: re.Pattern[str]
    paths: re.Pattern[str]
    any_name: bool
    words: tuple[bytes, ...]


@cache
def _interest(matrices: tuple[Spoken, ...]) -> _Interest:
    every = (*matrices, *(_spoken_of(matrix) for _, matrix in shipped_headers()))
    globs = {glob for files, _, _ in every for glob in files}
    open_ended = tuple(sorted(filter(_is_open, globs)))
    names = {_name_of(glob) for glob in globs.difference(open_ended)}
    plain = frozenset(name for name in names if not set("*?[") & set(name))
    prefixes = {prefix for _, env, _ in every if env for prefix in env.prefixes if prefix}
    prefixes.update(name for _, _, variables in every for name in variables)
    return _Interest(
        plain,
        files_pattern(tuple(sorted(names - plain))),
        files_pattern(open_ended),
        any(_is_open(glob) for files, *_ in matrices for glob in files),
        (b"ConfigMap", *sorted(prefix.encode() for prefix in prefixes)),
    )


def _is_open(glob: str) -> bool:
    """Say whether a glob leaves the file's name open."""
    return not _name_of(glob).strip("*?")


def _name_of(glob: str) -> str:
    return glob.rpartition("/")[2]
