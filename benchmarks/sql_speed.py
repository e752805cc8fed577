"""Prints how fast SQL is read: dense migrations, dumps of 50 MB, and junk of 1 MB.

``python -m benchmarks.sql_speed FOLDER [--size BYTES] [--whole]``: megabytes a second of CPU time
on the migrations for PostgreSQL in the PyPI and npm packages of ``sql_packages.yaml`` (downloaded
into FOLDER) and on the odd forms of ``tests/oracles/pg_statements.sql``, where nearly each
statement is of another kind; seconds for dumps as pg_dump, mysqldump and SQLite write them; seconds
for the worst junk in each dialect. With ``--whole`` the dumps are audited as packages, and memory
is said too. Fails where migrations, a dump or junk take too long: for a machine that is quiet.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.sql_corpus import fetched, files, load
from dten_audit.collecting import collecting_seldom
from dten_audit.documents.document import Document
from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.reader import read

STATEMENTS: Final = Path(__file__).parent.parent / "tests" / "oracles" / "pg_statements.sql"
SIZE: Final = 50_000_000
DENSE: Final = 4.0
"""MB a second on real migrations."""
DUMP: Final = 2.0
"""Seconds for a dump of 50 MB."""
JUNK: Final = 2.0
"""Seconds for 1 MB of anything."""
_TABLE: Final = "CREATE TABLE {0}(a{1} int NOT NULL, b varchar(80), c text, PRIMARY KEY (a{1}));\n"
_ROW: Final = "({0},'a value of some length; with a semicolon','it''s -- no comment',NULL,12.5)"
_PLAIN: Final = "({0},'a value of some length; with a semicolon','it\\'s -- no comment',NULL,12.5)"


class Dump(NamedTuple):
    """A kind of dump: its dialect, its beginning, what it repeats, and its end."""

    name: str
    dialect: Dialect
    head: str
    repeated: Callable[[int], str]
    tail: str = ""


def _copy(number: int) -> str:
    return f"{number}\ta value; DROP TABLE x;\tit's \\\\N text\t\\N\t12.5\n"


DUMPS: Final = (
    Dump("pg_dump, COPY", "postgres", _TABLE.format("t", "") + "COPY t (a, b, c) FROM stdin;\n",
         _copy, "\\.\nALTER TABLE ONLY t ADD CONSTRAINT k UNIQUE (b);\n"),
    Dump("pg_dump --inserts", "postgres", _TABLE.format("t", ""),
         lambda n: f"INSERT INTO t VALUES {_ROW.format(n)};\n"),
    Dump("mysqldump, extended inserts", "mysql", _TABLE.format("`t`", ""),
         lambda n: "INSERT INTO `t` VALUES "
         + ",".join(_PLAIN.format(n * 1000 + k) for k in range(1000)) + ";\n"),
    Dump("mysqldump --skip-extended-insert", "mysql", _TABLE.format("`t`", ""),
         lambda n: f"INSERT INTO `t` VALUES {_PLAIN.format(n)};\n"),
    Dump("one INSERT on one line", "mysql", "INSERT INTO `t` VALUES ",
         lambda n: _PLAIN.format(n) + ",", "(1);\n"),
    Dump("sqlite3 .dump", "sqlite", "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n",
         lambda n: f"INSERT INTO t VALUES{_ROW.format(n)};\n", "COMMIT;\n"),
    Dump("SQL Server, INSERT and GO", "tsql", "SET NOCOUNT ON\nGO\n",
         lambda n: f"INSERT [dbo].[T] ([A], [B]) VALUES {_ROW.format(n)}\n"
         + ("GO\n" if n % 100 == 0 else "")),
    Dump("Oracle, INSERT", "oracle", "SET DEFINE OFF;\n",
         lambda n: f"Insert into T (A,B) values {_ROW.format(n)};\n"),
    Dump("no dialect", "generic", "", lambda n: f"INSERT INTO t VALUES {_ROW.format(n)};\n"),
)  # fmt: skip
JUNK_PARTS: Final = (
    "(", ")", "'", '"', "`", "[", "]", "$a$", "$", "$$", "BEGIN ", "END ", "/*", "*/", "/", ";",
    "-", "--\n", "#", "\\", "\\\n", "\n", "GO\n", "/\n", "DELIMITER a\n", "DO $$ ",
    "CASE WHEN ", "CREATE FUNCTION f() ", "EXECUTE 'a", "q'[", "ALTER TABLE a ",
    "ALTER TABLE a ADD b int,", "a.", "${", "{{", "%(", ":", "@", 'U&"', "COPY t FROM stdin;\n",
    "INSERT INTO a SELECT ", "IF 1 BEGIN ", "x := x || 'a'; ", "DECLARE @a int ", "0", "é",
    "WITH a AS (DELETE FROM b ", "/*!50000 ", "CREATE RULE a AS ON INSERT TO b DO (",
    "-- +goose Up\n", "N'", "a,",
)  # fmt: skip
_PATHS: Final[dict[Dialect, str]] = {
    "postgres": "sql/postgresql/a.sql", "mysql": "sql/mysql/a.sql", "sqlite": "sql/sqlite/a.sql",
    "tsql": "sql/mssql/a.sql", "oracle": "sql/oracle/a.sql", "generic": "sql/a.sql",
}  # fmt: skip


def document(text: str, dialect: Dialect) -> Document:
    """Return a text as a document whose path names the dialect."""
    path = _PATHS[dialect]
    return Document(f"p.zip!/{path}", path, "sql", text.encode())


def reading(text: str, dialect: Dialect) -> float:
    """Return the CPU seconds that the reader takes."""
    target = document(text, dialect)
    start = time.process_time()
    for _ in read(target):
        pass
    return time.process_time() - start


def text_of(dump: Dump, size: int) -> str:
    """Return a dump of about ``size`` characters."""
    one = max(len(dump.repeated(10_000)), 1)
    return dump.head + "".join(dump.repeated(n) for n in range(size // one + 1)) + dump.tail


def migrations(folder: Path) -> list[str]:
    """Return the migrations of the listed packages that any day can be had again."""
    entries = [entry for entry in load() if entry.package.ecosystem != "debian"]
    paths, missing = fetched(entries, folder)
    if missing:
        raise SystemExit("\n".join(missing))
    return [file.text for file in files(entries, paths) if "migrations/" in file.name]


def odd_forms() -> list[str]:
    """Return the statements of the table of the oracle, many times over."""
    text = STATEMENTS.read_text(encoding="utf-8")
    return [text * (4_000_000 // len(text) + 1)]


def rate(texts: Sequence[str]) -> float:
    """Return MB a second of CPU time, all texts together."""
    reading(texts[0][:100_000], "postgres")
    with collecting_seldom():
        return sum(map(len, texts)) / 1e6 / sum(reading(text, "postgres") for text in texts)


def junk(size: int) -> Iterator[tuple[float, str]]:
    """Yield seconds and what it was."""
    for part in JUNK_PARTS:
        for dialect in _PATHS:
            yield reading((part * (size // len(part) + 1))[:size], dialect), f"{dialect} {part!r}"


def audited(text: str, path: str) -> tuple[float, float]:
    """Return the CPU seconds and the megabytes that an audit of a package with one file takes."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / path
        target.parent.mkdir(parents=True)
        target.write_text(text, encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [str(Path(sys.executable).with_name("dten-audit")), folder]
        subprocess.run(command, check=False, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return used, after.ru_maxrss / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 below a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the packages with migrations are kept")
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args(arguments)
    real = migrations(options.folder)
    speed = rate(real)
    print(f"{speed:6.2f} MB/s {len(real)} migrations, {sum(map(len, real)) / 1e6:.1f} MB")
    print(f"{rate(odd_forms()):6.2f} MB/s a table of odd forms")
    failed = speed < DENSE
    for dump in DUMPS:
        text = text_of(dump, options.size)
        seconds = reading(text, dump.dialect)
        failed |= seconds > DUMP * options.size / SIZE
        print(f"{seconds:6.2f} s  {len(text) / 1e6:.0f} MB, {dump.name}", flush=True)
        if options.whole:
            used, memory = audited(text, _PATHS[dump.dialect])
            print(f"{used:6.2f} s  its whole audit, {memory:.0f} MB of memory", flush=True)
    worst = sorted(junk(1_000_000), reverse=True)
    failed |= worst[0][0] > JUNK
    for seconds, name in worst[:5]:
        print(f"{seconds:6.2f} s  1 MB of {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
