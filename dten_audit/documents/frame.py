"""A container while it is being read: its address, what came out of it so far, what was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, Self

from dten_audit.documents.budget import Budget
from dten_audit.documents.container import Container
from dten_audit.documents.formats import format_of
from dten_audit.documents.issues import ISSUES, REASONS
from dten_audit.documents.names import (
    all_plain,
    mode_problems,
    path_problems,
    tool_settings,
)
from dten_audit.documents.remedies import remedy
from dten_audit.documents.source import Data, Item, Link, Problem, Source
from dten_audit.documents.tree import tree_problems
from dten_audit.model.facts.container import ContainerIssue, CoverageGap
from dten_audit.model.location import Location, inner

_MOST_OF_ONE_ISSUE: Final = 200


class Frame:
    """One container on the work list. ``size`` is that of its own bytes, 0 for a folder."""

    def __init__(self, address: str, kind: str, data: Data, budget: Budget, depth: int = 0) -> None:
        self.address = address
        self.kind = kind
        self.size = len(data)
        self.depth = depth
        self.items: Iterator[Item] = iter(())
        self.files: list[str] = []
        self.folders: list[str] = []
        self.links: list[Link] = []
        self.current_address = address
        self._prefix = inner(address, "")
        self._data = data
        self._budget = budget
        self._produced = 0
        self._free = budget.limits.ratio_from
        self._taken: dict[str, int] = {}
        self._stated: Counter[str] = Counter()

    def container(self) -> Container:
        """Return the record of this container."""
        return Container(self.address, self.kind, self.size, self.digest if self.depth else "")

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the container's own bytes."""
        import hashlib

        return hashlib.sha256(self._data).hexdigest()

    def same(self, other: Frame) -> bool:
        """Tell whether another container has the same bytes."""
        return self.digest == other.digest

    def claim(self, path: str) -> bool:
        """Give the member that comes next its address: of several with one path, each its own.

        Formats ask it of every member before decoding it; the answer is yes.
        """
        count = self._taken[path] = self._taken.get(path, 0) + 1
        self.current_address = self._prefix + (path if count == 1 else f"{path}#{count}")
        return True

    @property
    def own_path(self) -> str:
        """The current member's address without that of this container."""
        return self.current_address[len(self._prefix) :]

    def place(self, path: str) -> Location:
        """Return the place of a member, or of the container for an empty path."""
        return Location(inner(self.address, path) if path else self.address)

    def inside(self, address: str, path: str, kind: str, data: Data) -> Self | None:
        """Return a member that is a container itself; None where no format reads it."""
        members = format_of(kind)
        if members is None and self._budget.plugins is not None:
            members = self._budget.plugins.members_of(kind)
        if members is None:
            return None
        frame = type(self)(address, kind, data, self._budget, self.depth + 1)
        name = path.rpartition("/")[2]
        frame.items = members(Source(name, data, self._budget, frame.claim))
        return frame

    def count(self, size: int) -> None:
        """Count what came out of this container. Raises ``OverLimitError``."""
        self._produced += size
        if self._produced > self._free and self.size:
            self._budget.check_ratio(self._produced, self.size)

    def states(self, problems: Iterable[Problem]) -> Iterator[ContainerIssue]:
        """Yield problems as facts; of very many of one kind, how many more there may be."""
        for problem in problems:
            count = self._stated[problem.issue]
            self._stated[problem.issue] = count + 1
            if count < _MOST_OF_ONE_ISSUE:
                at = self.place(problem.path)._replace(byte_offset=problem.offset)
                yield self._issue(at, problem.issue, problem.detail)

    def judge_mode(self, path: str, mode: int, *, folder: bool) -> Iterator[Problem]:
        """Return what is wrong with a member's mode."""
        return mode_problems(path, mode, folder=folder, kept=self.kind != "zip")

    def judge_names(self) -> Iterator[ContainerIssue]:
        """Yield what is wrong with the paths, once all are known."""
        limits = self._budget.limits
        self.folders = [path for path in self.folders if path != "."]
        paths = [*self.files, *self.folders, *(link.path for link in self.links)]
        plain = all_plain(paths, limits)
        if not plain:
            yield from self.states(path_problems([*dict.fromkeys(paths)], limits))
        yield from self.states(tool_settings(self.files))
        yield from self.states(tree_problems(self.files, self.folders, self.links, plain=plain))
        for issue, count in self._stated.items():
            if count > _MOST_OF_ONE_ISSUE:
                more = f"{count - _MOST_OF_ONE_ISSUE} more of {issue}"
                yield self._issue(Location(self.address), "limit-issues", more)

    def _issue(self, at: Location, issue: str, detail: str) -> ContainerIssue:
        meaning = ISSUES[issue]
        return ContainerIssue(at, issue, detail, meaning=meaning, container=self.address)

    def gap(self, address: str, reason: str, kind: str, size: int, advice: str = "") -> CoverageGap:
        """Return the fact that the document at ``address`` was not covered."""
        meaning = REASONS.get(reason) or ISSUES[reason]
        at = Location(address)
        return CoverageGap(
            at, reason, kind, size, "exact", meaning, self.address, advice or remedy(reason, kind)
        )
