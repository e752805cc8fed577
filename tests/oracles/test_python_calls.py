"""Our reader of Python programs against Python's own parser, over the installed library."""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dten_audit.documents.document import Document
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import Items, Value
from dten_audit.readers.shell.values import Field

# ruff: noqa: T201 (how many cases were compared is printed)

RUNNING = frozenset(
    "os.system os.popen subprocess.run subprocess.call subprocess.Popen subprocess.check_call"
    " subprocess.check_output subprocess.getoutput subprocess.getstatusoutput".split()
)
OTHERS = frozenset(
    "re.compile os.path.join open warnings.warn re.sub re.match logging.getLogger os.environ.get"
    " textwrap.indent struct.unpack struct.pack pytest.raises shlex.quote".split()
)
WORDS = (b"subprocess", b"os.system", b"os.popen")
ANYTHING = "..."
FEWEST_RUNNING = 50
FEWEST_OTHERS = 200


class Case(NamedTuple):
    """A call: its line, the function, and its first argument as far as it is literal."""

    line: int
    function: str
    argument: tuple[str, ...] | str | None


def libraries(pattern: str) -> list[Path]:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    return sorted({path for folder in folders for path in Path(folder).glob(pattern)})


def aliases(tree: ast.AST) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                name = item.name if item.asname else item.name.partition(".")[0]
                names[item.asname or name] = name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for item in node.names:
                star = f"{module}." if item.name == "*" else f"{module}.{item.name}"
                names.setdefault(item.asname or item.name, star)
    return names


def called(node: ast.expr, names: dict[str, str]) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    first = names.get(node.id) or f"{names.get('*', '')}{node.id}"
    return ".".join([first, *reversed(parts)])


def literal(node: ast.expr | None) -> tuple[str, ...] | str | None:
    """Return a literal argument; None for a name or a number, ``...`` where functions make it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value.decode("latin-1")
    if isinstance(node, (ast.Call, ast.BinOp)):
        return ANYTHING
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [literal(item) for item in node.elts]
        if ANYTHING in items:
            return ANYTHING
        if items and all(isinstance(item, str) for item in items):
            return tuple(str(item) for item in items)
    return None


def expected(text: str, functions: frozenset[str]) -> Iterator[Case]:
    tree = ast.parse(text)
    names = aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node.func, names) in functions:
            argument = node.args[0] if node.args else None
            found = argument or next((k.value for k in node.keywords if k.arg == "args"), None)
            line = node.func.end_lineno or node.lineno
            yield Case(line, called(node.func, names), literal(found))


def known(value: Value | None) -> tuple[str, ...] | str | None:
    if isinstance(value, Field):
        return value.text if value.certainty == "exact" else None
    if isinstance(value, Items) and not value.open and value.items:
        items = [known(item) for item in value.items]
        if all(isinstance(item, str) for item in items):
            return tuple(str(item) for item in items)
    return None


def stated(path: Path, text: str, functions: frozenset[str]) -> Iterator[Case]:
    program = Program(Document(str(path), path.name, "python", text.encode()))
    names = {name.rpartition(".")[2] for name in functions}
    names |= {name for name, target in program.imports.names.items() if target in functions}
    for call in program.calls_of(names):
        if call.name in functions:
            line, _ = program.source.position(call.at)
            yield Case(line, call.name, known(call.arguments.get(0, ("args",))))


def compared(functions: frozenset[str], pattern: str, capsys: pytest.CaptureFixture[str]) -> int:
    """Compare all calls of some functions; return how many had a literal argument."""
    count = literals = 0
    differing: list[str] = []
    for path in libraries(pattern):
        data = path.read_bytes()
        if functions is RUNNING and not any(word in data for word in WORDS):
            continue
        text = data.decode("utf-8", "replace")
        try:
            wanted = list(expected(text, functions))
        except (SyntaxError, ValueError, RecursionError):
            continue
        found = list(stated(path, text, functions))
        count += len(wanted)
        literals += sum(case.argument is not None for case in wanted)
        free = {case[:2] for case in wanted if case.argument == ANYTHING}
        wanted = [case._replace(argument=None) if case[:2] in free else case for case in wanted]
        found = [case._replace(argument=None) if case[:2] in free else case for case in found]
        differing += [f"{path}: missing {case}" for case in wanted if case not in found]
        differing += [f"{path}: more {case}" for case in found if case not in wanted]
    with capsys.disabled():
        print(f"\n{count} calls in the installed library, {literals} with a literal argument:"
              f" {len(differing)} differ")  # fmt: skip
    assert differing == []
    return literals


@pytest.mark.oracle
def test_calls_that_run_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(RUNNING, "**/*.py", capsys) >= FEWEST_RUNNING


@pytest.mark.oracle
def test_literals_of_other_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(OTHERS, "[a-j]*/*.py", capsys) >= FEWEST_OTHERS
