"""Damages archives of every format for some minutes and keeps what the opener takes wrongly.

``python -m benchmarks.fuzz_archives --minutes 10``. The seeds and what must hold of a mutant are
those of the tests (``tests/documents/mutation.py``): nothing escapes, nothing takes long or much
memory, and of a mutant of which nothing is told every byte is shown. A failing mutant is appended
as a recipe to ``tests/documents/kept_mutants.py``, which the tests replay.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tests.documents.hostile_tars import BROKEN
from tests.documents.hostile_zips import HOSTILE
from tests.documents.mutation import Damage, verdict
from tests.documents.mutation_seeds import Seed, seeds

KEPT: Final = Path(__file__).parent.parent / "tests/documents/kept_mutants.py"
_HANGS: Final = 30
"""Seconds of wall time after which a mutant is a hang."""
_MEMORY: Final = 256 << 10
"""KiB by which a process may grow; the limits of a mutant's audit are far below."""
_SHOWN: Final = 40
_EACH: Final = 3
"""Recipes kept of one kind of failure."""
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz ;.=/_-\n"
_HOWS: Final = ("insert",) * 4 + ("flip",) * 4 + ("write",) * 3 + ("cut", "remove", "repeat")


class Failure(NamedTuple):
    """A mutant that was taken wrongly; ``kept``: its seed is one that the tests can name."""

    seed: str
    damages: tuple[Damage, ...]
    wrong: str
    kept: bool

    @property
    def kind(self) -> tuple[str, str, str]:
        """What failures of one cause have in common."""
        hows = " ".join(damage.how for damage in self.damages)
        return self.seed, hows, re.sub(r"\d+", "N", self.wrong)


class HangError(BaseException):
    """A mutant took too long. Nothing in the opener catches it."""


def _hang(_signal: int, _frame: object) -> None:
    raise HangError


def needle(dice: random.Random) -> bytes:
    """Return bytes that must be found again: of any value, letters, or what looks like a number."""
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(32)
    return bytes(dice.choices((_LETTERS, _LETTERS, b"0123456789abcdef")[kind - 1], k=32))


def damage(dice: random.Random, size: int) -> Damage:
    """Return a random change of an archive of ``size`` bytes."""
    how = dice.choice(_HOWS)
    what = b""
    if how == "insert":
        what = needle(dice)
    elif how == "write":
        what = bytes(dice.choices(_LETTERS, k=32)) if dice.random() < 0.5 else dice.randbytes(4)  # noqa: PLR2004
    elif how == "flip":
        what = bytes([1 << dice.randrange(8)])
    elif how != "cut":
        what = bytes(dice.randrange(1, 600))
    return Damage(how, dice.randrange(size + 1), what)


def mutant(
    dice: random.Random, pool: Sequence[Seed], splices: Sequence[Seed]
) -> tuple[Seed, tuple[Damage, ...]]:
    """Return a seed and what is done to it."""
    seed = dice.choice(pool)
    size = len(seed.data)
    if dice.random() < 0.05:  # noqa: PLR2004
        other = dice.choice(splices).data
        return seed, (
            Damage("splice", dice.randrange(size + 1), other[dice.randrange(len(other)) :]),
        )
    damages = [damage(dice, size) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    if seed.name.startswith("tar,") and dice.random() < 0.5:  # noqa: PLR2004
        damages.append(Damage("sums", 0))
    return seed, tuple(damages)


def work(start: int, seconds: float) -> tuple[int, list[Failure]]:
    """Fuzz in one process; return how many mutants there were, and the failures."""
    signal.signal(signal.SIGALRM, _hang)
    dice = random.Random(start)
    honest = seeds()
    wrong = [Seed(case.name, case.data(), honest=False) for case in (*HOSTILE, *BROKEN)]
    names = {seed.name for seed in honest}
    end = time.monotonic() + seconds
    count, failures = 0, []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            pool = wrong if dice.random() < 0.2 else honest  # noqa: PLR2004
            seed, damages = mutant(dice, pool, honest)
            signal.alarm(_HANGS)
            try:
                said = verdict(seed, damages, Path(folder))
            except HangError:
                said = "hangs"
            signal.alarm(0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if peak - before > _MEMORY:
                said, before = f"took {peak - before >> 10} MiB", peak
            count += 1
            if said:
                damages = fewest(seed, damages, Path(folder))
                failures.append(
                    Failure(seed.name, damages, said, pool is honest and seed.name in names)
                )
    return count, failures


def fewest(seed: Seed, damages: tuple[Damage, ...], folder: Path) -> tuple[Damage, ...]:
    """Return as few of the changes as are still taken wrongly."""
    for at in range(len(damages)):
        fewer = damages[:at] + damages[at + 1 :]
        if fewer and verdict(seed, fewer, folder):
            return fewest(seed, fewer, folder)
    return damages


def keep(failures: Sequence[Failure]) -> int:
    """Append recipes to the kept mutants, a few of each kind; return how many."""
    text = KEPT.read_text(encoding="utf-8")
    counts: Counter[tuple[str, str, str]] = Counter()
    lines = []
    for failure in sorted(failures, key=lambda failure: (len(failure.damages), failure.kind)):
        counts[failure.kind] += 1
        changes = ", ".join(f"Damage({how!r}, {at}, {what!r})" for how, at, what in failure.damages)
        line = f"    ({failure.seed!r}, ({changes},)),  # {failure.wrong}\n"
        if failure.kept and counts[failure.kind] <= _EACH and line not in text:
            lines.append(line)
    assert text.endswith(")\n")
    KEPT.write_text(text[:-2] + "".join(lines) + ")\n", encoding="utf-8")
    return len(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if any mutant was taken wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--processes", type=int, default=2, choices=(1, 2))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="append failing recipes to the tests")
    options = parser.parse_args(arguments)
    starts = [options.seed + number for number in range(options.processes)]
    with ProcessPoolExecutor(options.processes) as pool:
        results = list(pool.map(work, starts, [options.minutes * 60] * len(starts)))
    failures = [failure for _, found in results for failure in found]
    total = sum(count for count, _ in results)
    print(f"seeds {starts}: {total} mutants in {options.minutes:g} minutes, {len(failures)} wrong")
    for kind, count in Counter(failure.kind for failure in failures).most_common(_SHOWN):
        first = min((f for f in failures if f.kind == kind), key=lambda f: len(f.damages))
        print(f"{count:6} {' | '.join(kind)}: {first.damages}")
    if options.keep:
        print(f"{keep(failures)} recipes kept")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
