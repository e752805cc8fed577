"""Follows the links of a container through each other, as the host would once it is unpacked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.documents.names import absolute, leaves
from dten_audit.documents.source import Link, Problem

_MOST_NODES: Final = 500_000
"""So many folders on the way to links are kept: more than the members that a package may have."""
_MOST_STEPS: Final = 1_000_000
"""So many components of paths and targets are walked in all."""
_SHOWN: Final = 200
_ROOT: Final = 0


class _Place(NamedTuple):
    """The last known folder on a way, and the names that lead on from there."""

    node: int
    beyond: tuple[str, ...] = ()


_OUT: Final = _Place(-1)
_ABSOLUTE: Final = _Place(-2)
_NOWHERE: Final = _Place(-3)
"""No places: above the root; at a path of the host; in a circle of links, or not looked for."""


class _Way:
    """The way along the targets of the link at ``node``, one after the other, so far."""

    def __init__(self, node: int, start: int, targets: Iterable[str]) -> None:
        self.node = node
        self.at = start
        self.beyond: list[str] = []
        self.parts: Iterator[str] = iter(())
        self.absolute = False
        self._start = start
        self._targets = iter(targets)
        self.begin()

    def begin(self) -> bool:
        """Begin the next target; tell whether there is one."""
        for target in self._targets:
            self.at, self.beyond = self._start, []
            self.absolute = absolute(target)
            self.parts = iter(_slashed(target).split("/"))
            return True
        return False

    def go_on(self, place: _Place) -> None:
        """Go on from a place."""
        self.at, self.beyond = place.node, [*place.beyond]


class Targets:
    """Where the links of one container lead.

    A link lies where earlier links put it; of several links with one path, that counts which leads
    outside. A hard link to a link is a link with the same target (link(2) does not follow it).
    Time and memory are linear in the lengths of all paths and targets, and bounded.
    """

    def __init__(self, links: Sequence[Link]) -> None:
        self._children: dict[tuple[int, str], int] = {}
        self._parents = [_ROOT]
        self._targets: dict[int, dict[str, None]] = {}
        self._ends: dict[int, _Place] = {}
        self._steps = 0
        self._nodes: dict[str, int] = {}
        for link in links:
            self._put(link)
        self._ends.clear()
        self._links = links

    def outside(self, path: str) -> bool:
        """Tell whether the link at a path leads out of the root, by itself or through others."""
        node = self._nodes.get(path)
        return node is not None and self._end(node) in (_OUT, _ABSOLUTE)

    def problems(self) -> Iterator[Problem]:
        """Yield the links that leave the root only by passing through other links."""
        plainly = {
            link.path for link in self._links if absolute(_slashed(link.target)) or leaves(link)
        }
        for link in self._links:
            if link.path in plainly:
                continue
            node = self._nodes.get(link.path)
            end = _NOWHERE if node is None else self._end(node)
            if end in (_OUT, _ABSOLUTE):
                kind = "hard link" if link.hard else "link"
                says = f"{kind} to {link.target[:_SHOWN]}, through other links of the archive"
                escapes = end == _OUT or link.hard
                yield Problem("link-escape" if escapes else "link-absolute", says, link.path)
        if self._steps > _MOST_STEPS or len(self._parents) > _MOST_NODES:
            yield Problem("path-long", "too many links to be followed through each other")

    def _put(self, link: Link) -> None:
        """Put a link where its path leads, through the links put there before."""
        targets = self._hard(link.target) if link.hard else {link.target: None}
        if not targets:
            return
        folder, _, name = _slashed(link.path).rpartition("/")
        place = self._follow(folder)
        if place.node < 0:
            place = _Place(_ROOT, tuple(part for part in folder.split("/") if part))
        node = self._node(place.node, (*place.beyond, name))
        if node is not None:
            self._nodes[link.path] = node
            known = self._targets.setdefault(node, targets)
            if known is not targets and self._steps <= _MOST_STEPS:
                self._steps += len(targets)
                known.update(targets)

    def _hard(self, target: str) -> dict[str, None]:
        """Return what a hard link to ``target`` leads to: the targets, if that is a link."""
        folder, _, name = _slashed(target).rpartition("/")
        place = self._follow(folder)
        if place in (_OUT, _ABSOLUTE):
            return {"/": None}
        node = None if place.beyond else self._children.get((place.node, name))
        return {} if node is None else self._targets.get(node, {})

    def _node(self, node: int, names: Sequence[str]) -> int | None:
        """Return the node of a path below another; None where there are too many."""
        for name in names:
            if len(self._parents) > _MOST_NODES:
                return None
            child = self._children.setdefault((node, name), len(self._parents))
            if child == len(self._parents):
                self._parents.append(node)
            node = child
        return node

    def _follow(self, folder: str) -> _Place:
        """Return where a folder's path leads, through the links known so far."""
        if not self._targets or not folder:
            return _Place(_ROOT, tuple(part for part in folder.split("/") if part not in ("", ".")))
        self._ends.clear()
        return self._walk(_Way(-1, _ROOT, [folder]))

    def _end(self, node: int) -> _Place:
        """Return where the link at a node leads."""
        known = self._ends.get(node)
        if known is None:
            known = self._walk(_Way(node, self._parents[node], self._targets[node]))
        return known

    def _walk(self, way: _Way) -> _Place:
        """Go a way to its end; first those of the links that it meets, each only once."""
        stack, met = [way], {way.node}
        end: _Place | None = None
        while stack:
            way = stack[-1]
            if end is None or end.node >= 0:
                if end is not None:
                    way.go_on(end)
                found = self._advance(way)
                if isinstance(found, int):
                    end = self._ends.get(found, _NOWHERE if found in met else None)
                    if end is None:
                        stack.append(_Way(found, self._parents[found], self._targets[found]))
                        met.add(found)
                    continue
                end = found
            if end not in (_OUT, _ABSOLUTE) and way.begin():
                end = None
                continue
            self._ends[way.node] = end
            met.discard(stack.pop().node)
        assert end is not None
        return end

    def _advance(self, way: _Way) -> int | _Place:
        """Go on until the next link, whose node is returned, or to the end."""
        if way.absolute:
            return _ABSOLUTE
        for part in way.parts:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                return _NOWHERE
            if part == "..":
                if way.beyond:
                    way.beyond.pop()
                elif way.at == _ROOT:
                    return _OUT
                else:
                    way.at = self._parents[way.at]
            elif part not in ("", "."):
                child = None if way.beyond else self._children.get((way.at, part))
                if child is None:
                    way.beyond.append(part)
                elif child in self._targets:
                    return child
                else:
                    way.at = child
        return _Place(way.at, tuple(way.beyond))


def _slashed(path: str) -> str:
    return path.replace("\\", "/")
