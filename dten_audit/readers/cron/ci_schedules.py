"""Reads when CI systems start by themselves: when the vendor builds, not the user."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final

from dten_audit.model.facts.schedules import ScheduledEntry
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.manifest import Manifest, fields, is_computed
from dten_audit.readers.manifests.paths import select

_MOST: Final = 200


def read_github(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State ``on.schedule`` of a workflow. YAML 1.1 takes the key ``on`` for true: both are met."""
    for root in manifest.roots:
        own = fields(root)
        on = own.get("on") or own.get("true")
        name = manifest.text(own.get("name")) or manifest.document.name
        for item in islice(_items(fields(on).get("schedule")), _MOST):
            yield from _entry(manifest, fields(item).get("cron"), "github", name)


def read_azure(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State ``schedules`` of an Azure pipeline."""
    for root in manifest.roots:
        for item in islice(_items(fields(root).get("schedules")), _MOST):
            name = manifest.text(fields(item).get("displayName"))
            yield from _entry(manifest, fields(item).get("cron"), "azure", name)


def read_circleci(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the scheduled workflows of CircleCI."""
    for root in manifest.roots:
        found = select(root, ("workflows", "*", "triggers", "[]", "schedule", "cron"))
        for cron in islice(found, _MOST):
            yield from _entry(manifest, cron.node, "circleci", "")


@cache
def _scheduled() -> re.Pattern[str]:
    return re.compile(r"CI_PIPELINE_SOURCE\s*==\s*[\"']schedule[\"']")


def read_gitlab(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the jobs of scheduled pipelines; their times stand in the project's settings."""
    for root in manifest.roots:
        for name, node in islice(fields(root).items(), 2000):
            place = _gitlab_place(manifest, node)
            if place is not None:
                yield ScheduledEntry(
                    manifest.at(place), manifest.document.id, "gitlab", "unseen",
                    "times in the project's settings", name,
                )  # fmt: skip


def _gitlab_place(manifest: Manifest, job: Node) -> Node | None:
    """Return where a job says that it runs in scheduled pipelines."""
    own = fields(job)
    only = own.get("only")
    for item in _items(fields(only).get("refs") or only):
        if manifest.text(item) == "schedules":
            return item
    for rule in islice(_items(own.get("rules")), _MOST):
        condition = fields(rule).get("if")
        never = manifest.text(fields(rule).get("when")) == "never"
        if condition and not never and _scheduled().search(manifest.text(condition)):
            return condition
    return None


def _items(node: Node | None) -> tuple[Node, ...]:
    return () if node is None else node.items


def _entry(
    manifest: Manifest, cron: Node | None, scheduler: str, name: str
) -> Iterator[ScheduledEntry]:
    text = manifest.text(cron)
    if cron is not None and text.strip():
        yield ScheduledEntry(
            manifest.at(cron), manifest.document.id, scheduler, "unix", text, name,
            certainty="computed" if is_computed(text) else "exact",
        )  # fmt: skip
