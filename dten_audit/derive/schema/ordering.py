"""The order of a set of migrations: by revisions that name each other, else by their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from dten_audit.derive.schema.book import SqlFile
from dten_audit.derive.schema.files import order_of


def in_order(files: Sequence[SqlFile]) -> list[SqlFile]:
    """Return files in the order in which their runner takes them.

    Alembic's files carry random names: each says after which others it comes.
    """
    across = all(file.runner.across for file in files)
    by_name = sorted(files, key=lambda each: order_of(each.file.path)[across:])
    if not any(file.hint("revision") for file in files):
        return by_name
    ranks = _ranks(by_name)
    return sorted(by_name, key=lambda each: ranks.get(each.hint("revision"), 0))


def _ranks(files: Sequence[SqlFile]) -> dict[str, int]:
    """Return how many revisions stand before each, on the longest way; rings count as none."""
    behind: dict[str, list[str]] = defaultdict(list)
    waiting: dict[str, int] = {}
    for file in files:
        revision, after = file.hint("revision"), set(file.hint("after").split())
        if revision in waiting:
            continue
        waiting[revision] = len(after)
        for each in after:
            behind[each].append(revision)
    ranks: dict[str, int] = {}
    roots = [each for each in waiting if not waiting[each]]
    missing = [each for each in behind if each not in waiting]
    ready = [(each, 0) for each in (*roots, *missing)]
    while ready:
        revision, rank = ready.pop()
        ranks[revision] = max(rank, ranks.get(revision, 0))
        for each in behind[revision]:
            waiting[each] -= 1
            ranks[each] = max(ranks.get(each, 0), ranks[revision] + 1)
            if not waiting[each]:
                ready.append((each, ranks[each]))
    return ranks
