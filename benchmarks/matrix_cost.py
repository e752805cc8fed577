"""Measures what all config matrices cost an audit of a package without configuration files.

``python -m benchmarks.matrix_cost`` prints milliseconds of CPU time, each the least of several new
processes with compiled modules: to ask which files matrices speak of, and to derive what they say;
imports included.
The goal is 20 ms in all; the status is 1 where it is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROUNDS: Final = 7
GOAL: Final = 20.0
_SCRIPT: Final = """
import sys, time
from dten_audit.auditing import link_package, read_package
from dten_audit.documents.document import Document
from dten_audit.options import Options
options = Options()
estate = options.estate()
reading, _ = read_package(sys.argv[1], options, estate)
package = link_package(sys.argv[1], reading, options.budget)
start = time.process_time()
from dten_audit.site.matrix_files import speaks_of
speaks_of(estate.matrices, Document("p!/notes.txt", "notes.txt", "text", b""))
asked = time.process_time()
from dten_audit.derive.config import changes, settings
list(settings.derive(package, estate))
list(changes.derive(package, estate))
print((asked - start) * 1000, (time.process_time() - asked) * 1000)
"""


def once(folder: str) -> tuple[float, float]:
    """Return the milliseconds of one new process: to ask, and to derive."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, folder],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    asked, derived = map(float, done.stdout.split())
    return asked, derived


def main() -> None:
    """Measure, print, and say by the status whether the goal is met."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "upgrade.sh").write_text("#!/bin/sh\nset -e\n/opt/dten/bin/migrate\n")
        Path(folder, "README").write_text("Run upgrade.sh.\n")
        asked, derived = min((once(folder) for _ in range(ROUNDS)), key=sum)
    print(
        f"to ask which files: {asked:.1f} ms, to derive: {derived:.1f} ms (goal: {GOAL:.0f} in all)"
    )
    sys.exit(asked + derived > GOAL)


if __name__ == "__main__":
    main()
