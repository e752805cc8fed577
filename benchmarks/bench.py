"""Measures whole processes side by side on real packages: ratios, not seconds, are the result.

``make bench`` downloads the packages by name (once, into a cache folder), then runs each command
several times in turn and prints medians of wall time and peak memory as ratios.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

CACHE = Path(os.environ.get("DTEN_BENCH_CACHE", Path.home() / ".cache" / "dten-audit-bench"))


class Case(NamedTuple):
    """A real package: what it stands for, and how pip finds it."""

    name: str
    stands_for: str
    requirement: str
    options: tuple[str, ...] = ()


CASES = (
    Case("ansible", "20,000 small members", "ansible==12.3.0"),
    Case("jaxlib", "few large members", "jaxlib==0.8.0"),
    Case("superset", "a large application", "apache-superset==6.1.0"),
    Case("synapse", "hundreds of SQL files and scripts", "matrix-synapse==1.163.2"),
    Case("alembic", "a small package", "alembic==1.17.0"),
)
CLICK = """
import click
@click.command()
@click.version_option("0")
def main(): pass
main()
"""


class Sample(NamedTuple):
    """One run of a command."""

    wall: float
    memory: int


def fetch(case: Case) -> Path:
    """Return the case's wheel, downloading it when it is not there yet."""
    folder = CACHE / case.name
    found = sorted(folder.glob("*.whl"))
    if not found:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(folder), case.requirement]
        subprocess.run(command, check=True)
        found = sorted(folder.glob("*.whl"))
    return found[0]


def run(command: list[str]) -> Sample:
    """Run a command to its end; return wall seconds and the peak memory of its process in KiB."""
    with tempfile.TemporaryFile() as sink:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
        _, _, usage = os.wait4(process.pid, 0)
        return Sample(time.perf_counter() - start, usage.ru_maxrss)


def measure(commands: dict[str, list[str]], rounds: int) -> dict[str, Sample]:
    """Run the commands in turn, ``rounds`` times; return medians (the first round warms up)."""
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            sample = run(command)
            if number:
                samples[name].append(sample)
    return {
        name: Sample(
            statistics.median(sample.wall for sample in taken),
            max(sample.memory for sample in taken),
        )
        for name, taken in samples.items()
    }


def row(name: str, sample: Sample, base: Sample) -> str:
    """Return one line of the table."""
    return (
        f"  {name:28} {sample.wall / base.wall:7.2f} x  "
        f"({sample.wall:6.2f} s, {sample.memory / 1024:6.0f} MiB)"
    )


def start_up(rounds: int, tool: str) -> None:
    """Compare ``--version`` with the smallest click program there is."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bare.py"
        program.write_text(textwrap.dedent(CLICK))
        bare = [str(Path(tool).resolve().parent / "python"), str(program), "--version"]
        medians = measure({"bare click": bare, "dten-audit": [tool, "--version"]}, rounds * 3)
    print("start-up (--version)")
    for name, sample in medians.items():
        print(row(name, sample, medians["bare click"]))


def package(case: Case, rounds: int, tool: str) -> None:
    """Compare an audit with unpacking to nowhere."""
    path = fetch(case)
    commands = {"unzip -p": ["unzip", "-p", str(path)], "dten-audit": [tool, str(path)]}
    medians = measure(commands, rounds)
    print(f"{case.name}: {case.stands_for} ({path.name}, {path.stat().st_size >> 20} MiB packed)")
    for name, sample in medians.items():
        print(row(name, sample, medians["unzip -p"]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="one case, by name")
    parser.add_argument("--tool", default="dten-audit", help="the command to measure")
    arguments = parser.parse_args()
    tool = shutil.which(arguments.tool) or arguments.tool
    cores = len(os.sched_getaffinity(0))
    print(f"{datetime.now(UTC):%Y-%m-%d}  Python {platform.python_version()}, {cores} cores")
    start_up(arguments.rounds, tool)
    for case in CASES:
        if arguments.only in ("", case.name):
            package(case, arguments.rounds, tool)


if __name__ == "__main__":
    main()
