"""Measures what a signature costs: an audit with signatures against the same one without.

Nothing is asserted: the figure is printed, in milliseconds of processor time a signature.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from dten_audit.auditing import audit
from dten_audit.examples.pki import (
    INTERMEDIATE,
    LEAF,
    ROOT,
    Carried,
    Identity,
    Stamp,
    issue,
    key,
    pem,
    sign_detached,
)
from dten_audit.examples.revoking import revocation_list
from dten_audit.options import Options

SCRIPT: Final = "#!/bin/sh\nset -eu\ninstall -m 0755 bin/tool-{0} /opt/acme/bin/tool-{0}\n"
TARGET: Final = 3.0


class Vendor:
    """A root, intermediates and signers: one signer for every ten files."""

    def __init__(self, kind: str) -> None:
        self.root = issue("Acme Root CA 2014", None, ROOT)
        self.middle = issue("Acme Code Signing CA 1", self.root, INTERMEDIATE, key("ca", kind))
        self.kind = kind
        self.time = issue("Time Stamping", self.root, LEAF._replace(eku=("timeStamping",)))
        self.lists = (revocation_list(self.middle), revocation_list(self.root))

    def signer(self, number: int) -> Identity:
        return issue(f"Acme Release {number}", self.middle, LEAF, key(f"release {number}", "p256"))

    def signature(self, content: bytes, number: int, *, stamped: bool, listed: bool) -> bytes:
        """Return a signature, perhaps with a timestamp and revocation lists."""
        stamp = Stamp(self.time, (self.root.certificate,), "2026-10-01T12:00:05Z")
        return sign_detached(
            content,
            self.signer(number // 10),
            [self.middle.certificate],
            stamp=stamp if stamped else None,
            carried=Carried(self.lists) if listed else None,
        )


def trees(vendor: Vendor, count: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield packages by name: without signatures, and with ever more in them."""
    files = {f"bin/tool-{n}.sh": SCRIPT.format(n).encode() for n in range(count)}
    yield "unsigned", files
    for name, stamped, listed in (
        ("signed", False, False),
        ("signed and stamped", True, False),
        ("signed, stamped, with lists", True, True),
    ):
        signatures = {
            f"{path}.p7s": vendor.signature(data, number, stamped=stamped, listed=listed)
            for number, (path, data) in enumerate(files.items())
        }
        yield name, files | signatures


def seconds(run: Callable[[], object], rounds: int) -> float:
    """Return the median processor time; the first run warms up."""
    taken = []
    for _ in range(rounds + 1):
        gc.collect()
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return statistics.median(taken[1:])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    for kind in ("p256", "rsa2048"):
        vendor = Vendor(kind)
        base = 0.0
        with tempfile.TemporaryDirectory() as folder:
            trust = Path(folder) / "trust.pem"
            trust.write_bytes(pem(vendor.root.certificate))
            for name, files in trees(vendor, arguments.count):
                package = Path(folder) / name
                for path, data in files.items():
                    (package / path).parent.mkdir(parents=True, exist_ok=True)
                    (package / path).write_bytes(data)
                options = Options(trust=trust)
                taken = seconds(partial(audit, [package], options), arguments.rounds)
                base = base or taken
                each = (taken - base) / arguments.count * 1000
                print(f"{kind:8} {name:28} {taken:7.3f} s  {each:6.2f} ms a signature")
    print(f"target: under {TARGET} ms a signature, with everything that its file costs beside")


if __name__ == "__main__":
    main()
