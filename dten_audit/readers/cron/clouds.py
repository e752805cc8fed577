"""Reads schedules of clouds in YAML and JSON: CloudFormation, SAM, serverless.yml, App Engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.cron.stating import switched
from dten_audit.readers.manifests.manifest import Manifest, fields, is_computed
from dten_audit.readers.manifests.paths import select

_MOST: Final = 1000
_RULES: Final = {
    "AWS::Events::Rule": "eventbridge",
    "AWS::Scheduler::Schedule": "eventbridge-scheduler",
}
_EVENTS: Final = {"Schedule": "eventbridge", "ScheduleV2": "eventbridge-scheduler"}


def read_cloudformation(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the rules and schedules of a CloudFormation or SAM template."""
    for root in manifest.roots:
        for name, node in islice(fields(fields(root).get("Resources")).items(), _MOST):
            own = fields(node)
            kind = manifest.text(own.get("Type"))
            properties = fields(own.get("Properties"))
            if kind in _RULES:
                when = properties.get("ScheduleExpression")
                title = manifest.text(properties.get("Name")) or name
                yield from _amazon(manifest, when, _RULES[kind], title, properties, name)
            for event in fields(properties.get("Events")).values():
                inner = fields(event)
                kind = manifest.text(inner.get("Type"))
                if kind in _EVENTS:
                    of = fields(inner.get("Properties"))
                    when = of.get("Schedule") or of.get("ScheduleExpression")
                    yield from _amazon(manifest, when, _EVENTS[kind], name, of, name)


def _amazon(
    manifest: Manifest,
    when: Node | None,
    scheduler: str,
    name: str,
    own: dict[str, Node],
    runs: str,
) -> Iterator[ScheduledEntry]:
    text = manifest.text(when)
    if when is None or not text.strip():
        return
    state = manifest.text(own.get("State")).upper()
    enabled = switched(manifest.text(own.get("Enabled") or own.get("enabled")), default=True)
    if state:
        enabled = state != "DISABLED"
    zone = manifest.text(own.get("ScheduleExpressionTimezone") or own.get("timezone"))
    yield ScheduledEntry(
        manifest.at(when),
        manifest.document.id,
        scheduler,
        "eventbridge",
        text,
        name,
        runs,
        zone="" if is_computed(zone) else zone,
        enabled=enabled,
        certainty="computed" if is_computed(text) or when.tag.startswith("!") else "exact",
    )


def read_serverless(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the ``schedule`` events of a serverless.yml's functions."""
    for root in manifest.roots:
        for found in islice(select(root, ("functions", "*", "events", "[]", "schedule")), _MOST):
            node = found.node
            own = fields(node)
            around = found.around[-2] if len(found.around) > 1 else root
            runs = manifest.text(fields(around).get("handler"))
            rates = own.get("rate") if own else node
            for when in () if rates is None else rates.items or (rates,):
                yield from _amazon(manifest, when, "eventbridge", "", own, runs)


def read_app_engine(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the jobs of App Engine's cron.yaml."""
    for root in manifest.roots:
        for found in islice(select(root, ("cron", "[]")), _MOST):
            own = fields(found.node)
            if "url" in own:
                zone = manifest.text(own.get("timezone"))
                name = manifest.text(own.get("description"))
                runs = manifest.text(own.get("url"))
                yield from _job(
                    manifest, own.get("schedule"), "app-engine", "plain-words", name, runs, zone
                )


def read_vercel(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the cron jobs of a vercel.json."""
    for root in manifest.roots:
        for found in islice(select(root, ("crons", "[]")), _MOST):
            own = fields(found.node)
            runs = manifest.text(own.get("path"))
            yield from _job(manifest, own.get("schedule"), "vercel", "unix", "", runs, "")


def _job(
    manifest: Manifest,
    when: Node | None,
    scheduler: str,
    notation: Notation,
    name: str,
    runs: str,
    zone: str,
) -> Iterator[ScheduledEntry]:
    text = manifest.text(when)
    if when is not None and text.strip():
        yield ScheduledEntry(
            manifest.at(when), manifest.document.id, scheduler, notation, text, name, runs,
            zone=zone, certainty="computed" if is_computed(text) else "exact",
        )  # fmt: skip


def read_sidekiq(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the jobs of sidekiq-cron's schedule.yml and sidekiq-scheduler's sidekiq.yml."""
    for root in manifest.roots:
        own = {key.lstrip(":"): node for key, node in fields(root).items()}
        inner = {key.lstrip(":"): node for key, node in fields(own.get("scheduler")).items()}
        table = fields(inner.get("schedule") or own.get("schedule")) or fields(root)
        for name, node in islice(table.items(), _MOST):
            job = {key.lstrip(":"): value for key, value in fields(node).items()}
            yield from _sidekiq(manifest, name, job)
        for item in islice(root.items, _MOST):
            job = fields(item)
            yield from _sidekiq(manifest, manifest.text(job.get("name")), job)


def _sidekiq(manifest: Manifest, name: str, job: dict[str, Node]) -> Iterator[ScheduledEntry]:
    """State a job by its ``cron`` or ``every``; one without a class is something else."""
    runs = manifest.text(job.get("class")) or manifest.text(job.get("klass"))
    when = job.get("cron") or job.get("every")
    when = when.items[0] if when is not None and when.items else when
    text = manifest.text(when)
    if when is None or not text.strip() or not (runs or "cron" in job):
        return
    if not runs and "class" not in job:
        return
    off = switched(manifest.text(job.get("enabled")), default=True)
    if manifest.text(job.get("status")) == "disabled":
        off = False
    notation: Notation = "fugit" if "cron" in job else "rate"
    for entry in _job(manifest, when, "sidekiq", notation, name, runs, ""):
        yield entry._replace(enabled=off)


def read_solid_queue(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the recurring tasks of Solid Queue's recurring.yml, with or without environments."""
    for root in manifest.roots:
        for name, node in islice(fields(root).items(), _MOST):
            tasks = {name: node} if "schedule" in fields(node) else fields(node)
            for title, task in islice(tasks.items(), _MOST):
                own = fields(task)
                runs = manifest.text(own.get("class")) or manifest.text(own.get("command"))
                when = own.get("schedule")
                if runs:
                    yield from _job(manifest, when, "solid-queue", "fugit", title, runs, "")


_OFELIA: Final = "ofelia.job-"


def read_ofelia(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the jobs that labels of a compose file give to ofelia."""
    for root in manifest.roots:
        found = select(root, ("services", "*", "labels"))
        for place in islice(found, _MOST):
            labels = _labels(manifest, place.node)
            for key, (text, node) in labels.items():
                if key.startswith(_OFELIA) and key.endswith(".schedule"):
                    stem = key.removesuffix(".schedule")
                    runs = labels.get(f"{stem}.command", ("", node))[0]
                    again = labels.get(f"{stem}.no-overlap", ("", node))[0]
                    yield ScheduledEntry(
                        manifest.at(node),
                        manifest.document.id,
                        "ofelia",
                        "robfig",
                        text,
                        stem.split(".")[-1],
                        runs,
                        shell=bool(runs),
                        user=labels.get(f"{stem}.user", ("", node))[0],
                        overlap="forbid" if switched(again, default=False) is True else "",
                        certainty="computed" if is_computed(text) else "exact",
                    )


def _labels(manifest: Manifest, node: Node) -> dict[str, tuple[str, Node]]:
    """Return labels as a mapping: they may be written as a list of ``key=value``."""
    found = {key: (manifest.text(value), value) for key, value in fields(node).items()}
    for item in node.items[:_MOST]:
        key, _, value = manifest.text(item).partition("=")
        found[key.strip()] = (value.strip(), item)
    return found
