"""Holds the lexer of programs against acorn (npm) and PHP's tokenizer on a folder of real files.

``program_strings.py javascript FOLDER`` needs node, and acorn where node finds it;
``program_strings.py php FOLDER`` needs php. Both sides must see the same strings at the same
places, with the same values. Files with carriage returns or letters outside of ASCII are left out:
offsets and values differ there by how the other side counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dten_audit.documents.document import Document
from dten_audit.readers.programs.language_tables import LANGUAGES
from dten_audit.readers.programs.lexing import Lexer
from dten_audit.readers.programs.literals import Texts
from dten_audit.readers.shell.values import Source

HERE = Path(__file__).parent
SIDES = {
    "javascript": (["node", str(HERE / "program_strings.js")], "*.js"),
    "php": (["php", str(HERE / "program_strings.php")], "*.php"),
}
MOST_FILES = 3_000
LARGEST = 300_000


class Count:
    """What has been compared so far."""

    def __init__(self) -> None:
        self.strings = self.missing = self.values = self.size = 0
        self.seconds = 0.0
        self.shown: list[str] = []


def compare(language: str, row: dict[str, Any], count: Count) -> None:
    """Compare one file."""
    text = Path(row["f"]).read_bytes().decode("utf-8", "replace")
    if "\r" in text or not text.isascii():
        return
    start = time.process_time()
    lexer = Lexer(text, LANGUAGES[language])
    count.seconds += time.process_time() - start
    count.size += len(text)
    source = Source(text, Document("x", "x", language, b""))
    texts = Texts(source, LANGUAGES[language], lambda *_: None)
    ours = {(literal.start, literal.end): literal for literal in lexer.literals}
    for first, last, value in row["out"]:
        count.strings += 1
        literal = ours.get((first, last))
        if literal is None:
            count.missing += 1
            count.shown.append(f"{row['f']}: not seen: {text[first:last][:60]!r}")
        elif value is not None and value.isascii() and texts.field(literal).text != value:
            count.values += 1
            count.shown.append(f"{row['f']}: another value: {text[first:last][:60]!r}")


def main(language: str, folder: str) -> int:
    """Print what differs; 1 if anything does or nothing was compared."""
    command, pattern = SIDES[language]
    found = sorted(p for p in Path(folder).rglob(pattern) if p.stat().st_size < LARGEST)
    names = "\n".join(map(str, found[:MOST_FILES])) + "\n"
    other = subprocess.run(command, input=names, capture_output=True, text=True, check=True)
    count = Count()
    for line in filter(None, other.stdout.split("\n")):
        compare(language, json.loads(line), count)
    print("\n".join(count.shown[:20]))
    speed = count.size / 1e6 / max(count.seconds, 1e-9)
    print(f"{count.strings} strings in {len(found[:MOST_FILES])} files: {count.missing} not seen,"
          f" {count.values} with another value; {speed:.1f} MB/s")  # fmt: skip
    return int(not count.strings or bool(count.missing or count.values))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
