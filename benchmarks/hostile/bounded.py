"""Runs a command under hard limits, and says what it took."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

_COMMAND: Final = "from dten_audit.cli.main import run; run()"
_LAUNCHER: Final = """
import json, os, resource, sys
seconds, memory, output, *command = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
child = os.fork()
if not child:
    where = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(where, 1)
    os.dup2(os.open(output + ".err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    os.execv(command[0], command)
_, status, used = os.wait4(child, 0)
seconds = used.ru_utime + used.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, used.ru_maxrss]))
"""
"""Started small: a child counts the memory of the process that it was forked from as its own."""


class Usage(NamedTuple):
    """Exit status (negative: the signal that ended it), CPU seconds, peak memory in KiB."""

    status: int
    seconds: float
    memory: int


def run_audit(package: Path, output: Path, seconds: int, memory: int) -> Usage:
    """Audit a package in a process of its own; its JSON report goes to ``output``."""
    audit = [sys.executable, "-c", _COMMAND, str(package), "--format", "json"]
    start = [sys.executable, "-I", "-c", _LAUNCHER, str(seconds), str(memory), str(output)]
    done = subprocess.run([*start, *audit], capture_output=True, check=True, text=True)
    return Usage(*json.loads(done.stdout))
