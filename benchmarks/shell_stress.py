"""Reads and audits megabytes of hostile shell text and says which took longest.

``python -m benchmarks.shell_stress [--mutants N] [--scripts FOLDER] [--select WORD …]``: every
construct repeated and nested to 1 MB, through the reader; then the texts of ``shell_hostile.py``
and mutants of real scripts (below FOLDER, as ``shell_oracle.py`` leaves them), each repeated to
1 MB, through the whole audit, stage by stage. Fails where one took more than two seconds of CPU
time, the fastest of up to three runs.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.shell_hostile import texts
from dten_audit import Options, audit
from dten_audit.documents.document import Document
from dten_audit.readers.shell.reader import read
from tests.readers.shell.constructs import CLOSED, REPEATED

SIZE: Final = 1_000_000
LIMIT: Final = 2.0
_EDITS: Final = 12
_PIECES: Final = ("'", '"', "`", "$(", "${", ")", "}", "<<E\n", "\\", "fi\n", "done", ";;", "((")


def repeated() -> Iterator[tuple[str, str]]:
    """Yield texts of one megabyte made of one construct."""
    for piece in REPEATED:
        yield f"{piece!r} repeated", piece * (SIZE // len(piece))
    for opening, closing in CLOSED:
        half = SIZE // (len(opening) + len(closing))
        yield f"{opening!r} … {closing!r} nested", opening * half + closing * half
        pair = opening + closing
        yield f"{pair!r} repeated", pair * (SIZE // len(pair))
        line = pair + "\n"
        yield f"{line!r} repeated", line * (SIZE // len(line))


def mutants(scripts: Sequence[Path], count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield real scripts with random edits, repeated to one megabyte."""
    choose = random.Random(seed)
    for number in range(count):
        path = choose.choice(scripts)
        text = path.read_bytes().decode("utf-8", "replace")[:SIZE]
        for _ in range(choose.randrange(1, _EDITS)):
            at = choose.randrange(len(text) + 1)
            end = min(at + choose.choice((0, 0, 1, 2, 40)), len(text))
            text = text[:at] + choose.choice(_PIECES) + text[end:]
        yield f"mutant {seed}/{number} of {path.name}", text * max(SIZE // len(text), 1)


def seconds(text: str) -> float:
    """Return the CPU time that reading a text takes."""
    start = time.process_time()
    for _ in read(Document("p.zip!/x.sh", "x.sh", "shell", text.encode())):
        pass
    return time.process_time() - start


def audited(text: str) -> tuple[float, str]:
    """Return the CPU time that auditing a text as a script takes, and the stages' own times."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "x.sh"
        script.write_text(text, encoding="utf-8", errors="replace")
        script.chmod(0o755)
        start = time.process_time()
        report = audit([Path(folder)], Options())
        took = time.process_time() - start
    (package,) = report.packages
    stages = "  ".join(f"{stage} {seconds:.1f}" for stage, seconds in package.timings)
    return took, f"{stages}  {len(package.findings)} findings{package.error}"


def fastest(text: str) -> tuple[float, str]:
    """Return the best of up to three audits: the machine does other things as well."""
    best = audited(text)
    for _ in range(2):
        if best[0] > LIMIT:
            best = min(best, audited(text))
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if anything took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scripts", type=Path, default=Path("build/shell-oracle/scripts"))
    parser.add_argument("--select", nargs="*", default=[], help="names of texts, or parts of them")
    options = parser.parse_args(arguments)

    def wanted(name: str) -> bool:
        return not options.select or any(word in name for word in options.select)

    taken = [(seconds(text), name, "reader") for name, text in repeated() if wanted(name)]
    scripts = sorted(options.scripts.iterdir()) if options.scripts.is_dir() else []
    audited("#!/bin/sh\nsystemctl stop x\n")  # tables and rules are loaded once
    cases = [*texts(SIZE)]
    cases += mutants(scripts, options.mutants, options.seed) if scripts else ()
    for name, text in cases:
        if wanted(name):
            best, stages = fastest(text)
            taken.append((best, name, stages))
    taken.sort(reverse=True)
    for time_taken, name, stages in taken[:30]:
        print(f"{time_taken:6.2f} s  {name:40} {stages}")
    slow = sum(time_taken > LIMIT for time_taken, *_ in taken)
    print(f"{len(taken)} texts of 1 MB, {slow} took more than {LIMIT} s")
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
