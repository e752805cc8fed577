"""Reads scheduled jobs of Kubernetes: CronJob, and Argo's CronWorkflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from dten_audit.model.facts.schedules import Overlap, ScheduledEntry
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.cron.stating import negated, shell_text, switched, texts
from dten_audit.readers.manifests.manifest import Manifest, fields, is_computed

_KINDS: Final = {"CronJob": "kubernetes", "CronWorkflow": "argo"}
_MOST: Final = 1000
_MOST_VARIABLES: Final = 200


def read(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State each CronJob and CronWorkflow of a manifest, those inside of lists too."""
    for root in manifest.roots:
        for node in _objects(root):
            scheduler = _KINDS.get(manifest.text(fields(node).get("kind")))
            if scheduler is not None:
                yield from _jobs(manifest, node, scheduler)


def _objects(root: Node) -> Iterator[Node]:
    yield root
    own = fields(root)
    items = own["items"].items if "items" in own else root.items
    yield from items[:_MOST]


def _jobs(manifest: Manifest, node: Node, scheduler: str) -> Iterator[ScheduledEntry]:
    own = fields(node)
    spec = fields(own.get("spec"))
    name = manifest.text(fields(own.get("metadata")).get("name"))
    times = spec.get("schedule") or spec.get("schedules")
    policy = manifest.text(spec.get("concurrencyPolicy")).lower()
    overlap = cast("Overlap", policy if policy in ("allow", "forbid", "replace") else "")
    pod = _pod(spec)
    for when in () if times is None else times.items or (times,):
        text = manifest.text(when)
        if not text.strip():
            continue
        entry = ScheduledEntry(
            manifest.at(when),
            manifest.document.id,
            scheduler,
            "kubernetes",
            text,
            name,
            zone=_plain(manifest.text(spec.get("timeZone") or spec.get("timezone"))),
            enabled=negated(switched(manifest.text(spec.get("suspend")), default=False)),
            overlap=overlap,
            catches_up="startingDeadlineSeconds" in spec,
            certainty="computed" if is_computed(text) else "exact",
        )
        yield _with_work(manifest, entry, pod)


def _plain(text: str) -> str:
    return "" if is_computed(text) else text


def _pod(spec: dict[str, Node]) -> dict[str, Node]:
    """Return the pod's spec: spec.jobTemplate.spec.template.spec."""
    template = fields(fields(fields(spec.get("jobTemplate")).get("spec")).get("template"))
    return fields(template.get("spec"))


def _with_work(manifest: Manifest, entry: ScheduledEntry, pod: dict[str, Node]) -> ScheduledEntry:
    """Add what the first container runs, as whom, with which variables."""
    containers = pod["containers"].items if "containers" in pod else ()
    if not containers:
        return entry
    own = fields(containers[0])
    words = [*texts(manifest, own.get("command")), *texts(manifest, own.get("args"))]
    words = [
        word.replace("$(", "${").replace(")", "}") if _refers(word) else word for word in words
    ]
    image = manifest.text(own.get("image"))
    context = fields(own.get("securityContext")) or fields(pod.get("securityContext"))
    variables = own["env"].items[:_MOST_VARIABLES] if "env" in own else ()
    environment = [(fields(item).get("name"), fields(item).get("value")) for item in variables]
    return entry._replace(
        command=shell_text(words) if words else f"the image {image}" if image else "",
        shell=bool(words),
        user=_plain(manifest.text(context.get("runAsUser"))),
        environment=tuple(
            (manifest.text(key), manifest.text(value))
            for key, value in environment
            if key and value and not is_computed(manifest.text(value))
        ),
    )


def _refers(word: str) -> bool:
    """Say whether a word is a reference to a variable of the container alone, ``$(NAME)``."""
    return word.startswith("$(") and word.endswith(")") and word[2:-1].replace("_", "").isalnum()
