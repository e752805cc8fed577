"""Measures what other programs do with hostile archives, and writes docs/hostile-archives.md.

``python -m benchmarks.hostile_archives`` measures everything; with ``--ours`` only cases that are
new, and what dten-audit says.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from .hostile.cases import all_cases
from .hostile.peers import PEERS, verdict, versions
from .hostile.table import DOCUMENT, Row, audited, committed, our_words, page


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", action="store_true", help="keep what is known of the others")
    arguments = parser.parse_args()
    cases = all_cases()
    known = committed() if arguments.ours else {}
    reports = audited(cases)
    rows = {}
    for number, case in enumerate(cases):
        ours = our_words(reports[case.name])
        if case.name in known:
            rows[case.name] = known[case.name]._replace(ours=ours)
            continue
        data = case.data()
        rows[case.name] = Row(tuple(verdict(peer, case, data) for peer in PEERS), ours)
        print(f"{number + 1} of {len(cases)}: {case.name}", flush=True)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    DOCUMENT.write_text(page(cases, rows, versions(), today), encoding="utf-8")


if __name__ == "__main__":
    main()
