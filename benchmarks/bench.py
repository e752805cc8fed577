"""Measures whole processes side by side on real packages: ratios, not seconds, are the result.

``make bench`` downloads the packages by name (once, into a cache folder), then runs each command
several times in turn and prints medians as ratios: of wall time, with the peak memory; of opening
alone (inflate, checksums, structure; no reader, no rule) of processor time, user and system.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import time
import zipfile
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
OPENED = (
    CASES[1],
    CASES[0],
    Case("pyarrow", "some hundred members", "pyarrow==22.0.0"),
)
OPEN = """
import sys
from dten_audit.documents.budget import Budget
from dten_audit.documents.open import open_package
for _ in open_package(sys.argv[1], Budget()):
    pass
"""
OPEN_TARGET = 0.6
"""Of the processor time of ``unzip -p``."""
CLICK = """
import click
@click.command()
@click.version_option("0")
def main(): pass
main()
"""


class Sample(NamedTuple):
    """One run of a command: seconds of wall and processor time, peak memory in KiB."""

    wall: float
    memory: int
    cpu: float


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


def run(command: list[str], *, keep: bool = True) -> Sample:
    """Run a command to its end. What it prints goes to a file, or nowhere.

    Raises ``CalledProcessError`` where it was stopped or could not do its work.
    """
    with tempfile.TemporaryFile() as sink:
        out = sink if keep else subprocess.DEVNULL
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, command)
    return Sample(wall, usage.ru_maxrss, usage.ru_utime + usage.ru_stime)


def measure(commands: dict[str, list[str]], rounds: int, *, keep: bool = True) -> dict[str, Sample]:
    """Run the commands in turn, ``rounds`` times; return medians (the first round warms up)."""
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            sample = run(command, keep=keep)
            if number:
                samples[name].append(sample)
    return {
        name: Sample(
            statistics.median(sample.wall for sample in taken),
            max(sample.memory for sample in taken),
            statistics.median(sample.cpu for sample in taken),
        )
        for name, taken in samples.items()
    }


def row(name: str, sample: Sample, base: Sample) -> str:
    """Return one line of the table."""
    return (
        f"  {name:28} {sample.wall / base.wall:7.2f} x  "
        f"({sample.wall:6.2f} s, {sample.memory / 1024:6.0f} MiB)"
    )


def cpu_row(name: str, sample: Sample, base: Sample) -> str:
    """Return one line of a table of processor time."""
    return (
        f"  {name:28} {sample.cpu / base.cpu:7.2f} x  "
        f"({sample.cpu:6.2f} s, {sample.memory / 1024:6.0f} MiB)"
    )


def as_tape(wheel: Path, ending: str) -> Path:
    """Return a wheel's members as a tar archive beside it, written when it is not there yet."""
    path = wheel.parent / f"{wheel.stem}{ending}"
    if not path.exists():
        part = path.with_suffix(".part")
        packed = ending.endswith(".gz")
        with (
            zipfile.ZipFile(wheel) as source,
            tarfile.open(part, "w:gz") if packed else tarfile.open(part, "w:") as archive,
        ):
            for member in source.infolist():
                info = tarfile.TarInfo(member.filename)
                info.size = member.file_size
                with source.open(member) as stream:
                    archive.addfile(info, stream)
        part.replace(path)
    return path


def opening(rounds: int, tool: str) -> None:
    """Compare opening alone, in a new process of the measured environment, with unpacking."""
    python = str(Path(tool).absolute().parent / "python")
    wheels = {case: fetch(case) for case in OPENED}
    cases = [
        (f"{case.name}: {case.stands_for}", path, ["unzip", "-p"]) for case, path in wheels.items()
    ]
    many = wheels[OPENED[1]]
    cases += [
        ("ansible as tar.gz", as_tape(many, ".tar.gz"), ["tar", "-xzOf"]),
        ("ansible as tar", as_tape(many, ".tar"), ["tar", "-xOf"]),
    ]
    print(f"opening everything, no rules: processor time; target {OPEN_TARGET} x unzip -p")
    for title, path, unpack in cases:
        reference = " ".join(unpack)
        commands = {reference: [*unpack, str(path)], "opening": [python, "-c", OPEN, str(path)]}
        medians = measure(commands, rounds, keep=False)
        print(f" {title} ({path.name}, {path.stat().st_size >> 20} MiB)")
        for name, sample in medians.items():
            print(cpu_row(name, sample, medians[reference]))


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
    parser.add_argument("--only", default="", help="one case, by name, or opening")
    parser.add_argument("--tool", default="dten-audit", help="the command to measure")
    arguments = parser.parse_args()
    tool = shutil.which(arguments.tool) or arguments.tool
    cores = len(os.sched_getaffinity(0))
    print(f"{datetime.now(UTC):%Y-%m-%d}  Python {platform.python_version()}, {cores} cores")
    if arguments.only in ("", "opening"):
        opening(arguments.rounds, tool)
    if arguments.only == "opening":
        return
    start_up(arguments.rounds, tool)
    for case in CASES:
        if arguments.only in ("", case.name):
            package(case, arguments.rounds, tool)


if __name__ == "__main__":
    main()
