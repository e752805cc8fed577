"""SQL in Python programs, ours against Python's own parser, on packages listed here.

Truth: every call of ``execute``, ``executemany``, ``executescript`` and ``exec_driver_sql`` whose
SQL is written down: a literal, a formatted or joined one, behind ``text()`` or ``dedent()``, or a
name that is set once. Compared are the line where the literal begins and what it begins with.

    python benchmarks/sql_in_programs.py FOLDER [--show N]

fetches the packages into FOLDER with pip (wheels and source archives; nothing of them is run).
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from dten_audit.documents.document import Document
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.sql_taking import sent
from dten_audit.readers.shell.values import line_map

PACKAGES: Final = (
    "matrix-synapse==1.119.0", "buildbot==4.1.0", "trac==1.6", "mailman==3.3.10",
    "homeassistant==2024.3.3", "roundup==2.4.0", "sqlite-utils==4.2.1", "datasette==0.64.8",
    "mediagoblin==0.9.0", "mlflow==2.17.0", "apache-superset==4.0.2", "apache-airflow==2.10.2",
    "calibreweb==0.6.27", "pgadmin4==8.12", "barman==3.19.1", "patroni==4.1.5",
    "temboard==9.0.1", "luigi==3.8.1", "sentry==23.7.1",
)  # fmt: skip
METHODS: Final = frozenset(("execute", "executemany", "executescript", "exec_driver_sql"))
WRAPPERS: Final = frozenset(("text", "dedent", "SQL", "cleandoc"))
VERBS: Final = frozenset(
    "select insert update delete create alter drop truncate with replace merge set begin commit"
    " rollback savepoint release lock unlock vacuum analyze reindex cluster refresh grant revoke"
    " comment copy pragma attach detach show explain values call rename do reset discard use"
    " notify listen unlisten prepare start optimize repair describe".split()
)
HEAD: Final = 24
_COMMENTS: Final = re.compile(r"(?:\s|\(|;|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)


class Case(NamedTuple):
    """A statement: the line of its call, that of its literal, and what the text begins with."""

    call: int
    line: int
    head: str


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the Python files of a package."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith(".py"):
                    yield name, opened.read(name)
        return
    with tarfile.open(archive) as opened_tar:
        for member in opened_tar:
            if member.isfile() and member.name.endswith(".py"):
                data = opened_tar.extractfile(member)
                if data is not None:
                    yield member.name, data.read()


def head(text: str) -> str:
    """Return what a text begins with, blanks put together."""
    plain = " ".join(text[_COMMENTS.match(text).end() :].split())  # type: ignore[union-attr]
    return re.split(r"[%${]", plain)[0][:HEAD].lower().strip()


def is_sql(text: str) -> bool:
    """Say whether the first word of a text is one of SQL."""
    words = text[_COMMENTS.match(text).end() :].replace(";", " ").split()  # type: ignore[union-attr]
    return bool(words) and words[0].lower() in VERBS


class Truth:
    """What one file hands to a database, as Python's parser has it."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._scopes: dict[ast.AST, dict[str, list[ast.expr | None]]] = {}
        self.cases: list[Case] = []
        self._walk(tree, (tree,))

    def _names(self, scope: ast.AST) -> dict[str, list[ast.expr | None]]:
        if scope in self._scopes:
            return self._scopes[scope]
        found: dict[str, list[ast.expr | None]] = {}
        waiting = list(ast.iter_child_nodes(scope))
        while waiting:
            node = waiting.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
                continue
            waiting += ast.iter_child_nodes(node)
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, []).append(node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.setdefault(node.target.id, []).append(node.value)
            elif isinstance(node, (ast.AugAssign, ast.For, ast.AsyncFor, ast.NamedExpr)):
                for name in ast.walk(node.target):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(None)
        if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for argument in ast.walk(scope.args):
                if isinstance(argument, ast.arg):
                    found.setdefault(argument.arg, []).append(None)
        self._scopes[scope] = found
        return found

    def _walk(self, node: ast.AST, scopes: tuple[ast.AST, ...]) -> None:
        waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(node, scopes)]
        while waiting:
            each, around = waiting.pop()
            if isinstance(each, ast.Call):
                self._call(each, around)
            inner = around
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = (*around, each)
            waiting += [(child, inner) for child in ast.iter_child_nodes(each)]

    def _call(self, call: ast.Call, scopes: tuple[ast.AST, ...]) -> None:
        if (
            not isinstance(call.func, ast.Attribute)
            or call.func.attr not in METHODS
            or not call.args
        ):
            return
        found = self._literal(call.args[0], scopes)
        if found is not None and is_sql(found[1]):
            self.cases.append(Case(call.func.end_lineno or 0, found[0], head(found[1])))

    def _literal(self, node: ast.expr, scopes: tuple[ast.AST, ...]) -> tuple[int, str] | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.lineno, node.value
        if isinstance(node, ast.JoinedStr):
            first = node.values[0] if node.values else None
            known = isinstance(first, ast.Constant) and isinstance(first.value, str)
            return (node.lineno, str(first.value)) if known else None  # type: ignore[union-attr]
        if isinstance(node, ast.BinOp):
            return self._literal(node.left, scopes)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "strip"):
                return self._literal(node.func.value, scopes)
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            return self._literal(node.args[0], scopes) if name in WRAPPERS and node.args else None
        if isinstance(node, ast.Name):
            for scope in reversed(scopes):
                values = self._names(scope).get(node.id)
                if values is not None:
                    only = values[0] if len(values) == 1 else None
                    return None if only is None else self._literal(only, scopes)
        return None


def ours(name: str, data: bytes) -> list[Case]:
    """Return what our reader says of a file."""
    program = Program(Document(name, name, "python", data))
    found = []
    for each in sent(program):
        if each.does:
            continue
        lines, _ = line_map(each.text)
        call = program.document.index.position(each.at)[0]
        found.append(Case(call, lines[0], head(each.text.text)))
    return found


def main() -> int:
    """Compare and print; 1 where there was nothing to compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    totals = [0, 0, 0, 0]
    seconds, size = 0.0, 0
    for package in PACKAGES:
        archive = fetch(package, options.folder)
        counts = [0, 0, 0, 0]
        for name, data in members(archive):
            try:
                truth = Truth(ast.parse(data)).cases
            except (SyntaxError, ValueError):
                continue
            begun = time.perf_counter()
            said = ours(name, data) if b"xecut" in data or b"exec_driver" in data else []
            seconds += time.perf_counter() - begun
            size += len(data)
            wanted = {(case.line, case.head) for case in truth}
            stated = {(case.line, case.head) for case in said}
            missed = [case for case in truth if not near(case, stated)]
            counts[0] += len(truth)
            counts[1] += len(truth) - len(missed)
            extra = [case for case in set(said) if not near(case, wanted)]
            counts[2] += len(set(said))
            counts[3] += len(extra)
            for kind, cases in (("missed", missed), ("extra", extra)):
                for case in cases[: options.show]:
                    print(kind, f"{name}:{case.call}:{case.line}", case.head)
        print(f"{package}: {counts[1]} of {counts[0]} found; {counts[3]} of {counts[2]} beyond")
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
    print(f"all: {totals[1]} of {totals[0]} found; {totals[3]} of {totals[2]} stated beyond them")
    print(f"{size / 1e6 / max(seconds, 1e-9):.1f} MB/s of {size / 1e6:.0f} MB")
    return 0 if totals[0] else 1


def near(case: Case, others: set[tuple[int, str]]) -> bool:
    """Say whether a statement is among others: lines may differ by that of the opening quotes."""
    return any(
        (case.line + by, case.head) in others
        or any(case.line + by == line and (head.startswith(case.head) or case.head.startswith(head))
               for line, head in others)
        for by in (0, 1, -1)
    )  # fmt: skip


def fetch(package: str, folder: Path) -> Path:
    """Return the archive of a package, fetched where it is not there yet."""
    name, _, version = package.partition("==")
    plain = re.sub(r"[-_.]+", "[-_.]", name)
    for path in folder.iterdir():
        if re.match(rf"(?i){plain}-{re.escape(version)}\b", path.name):
            return path
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-d", str(folder), package], check=True)
    return fetch(package, folder)


if __name__ == "__main__":
    sys.exit(main())
