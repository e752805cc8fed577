"""Reads Kubernetes workloads: what their containers run, and what they get of the node.

Source: the Kubernetes API reference, workload resources and Pod v1, read 2026-11-21. Templates of
charts are read as far as they are YAML without their expressions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.containers import ContainerSetting, Right
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.cluster_tests import asks_cluster, chosen_by_cluster
from dten_audit.readers.manifests.contained import Container
from dten_audit.readers.manifests.manifest import Manifest, fields

_TEMPLATE: Final = ("spec", "template", "spec")
_POD_SPECS: Final[dict[str, tuple[str, ...]]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_MAX_LISTS: Final = 5


class Workload(NamedTuple):
    """A workload: its kind, name and root node, and the node of its pods' specification."""

    kind: str
    name: str
    node: Node
    pod: Node | None


def objects(manifest: Manifest) -> Iterator[Node]:
    """Yield the objects of a manifest, those in lists too."""
    for root in manifest.roots:
        yield from _objects(manifest, root, 0)


def _objects(manifest: Manifest, node: Node, depth: int) -> Iterator[Node]:
    own = fields(node)
    if manifest.text(own.get("kind")) == "List" and depth < _MAX_LISTS:
        for item in own["items"].items if "items" in own else ():
            yield from _objects(manifest, item, depth + 1)
    elif "kind" in own and "apiVersion" in own:
        yield node


def name_of(manifest: Manifest, node: Node) -> str:
    """Return the name of an object, as it is written."""
    return manifest.shown(fields(fields(node).get("metadata")).get("name"))


def workloads(manifest: Manifest) -> Iterator[Workload]:
    """Yield the workloads of a manifest, those in lists too."""
    for node in objects(manifest):
        kind = manifest.text(fields(node).get("kind"))
        if kind in _POD_SPECS:
            pod: Node | None = node
            for key in _POD_SPECS[kind]:
                pod = fields(pod).get(key)
            yield Workload(kind, name_of(manifest, node), node, pod)


def read_versions(manifest: Manifest) -> Iterator[ConfigKey]:
    """State the version and kind of each object, as a key that a cluster knows or not.

    A config matrix speaks of them as ``extensions/v1beta1/Ingress``. What a chart writes by the
    version of the cluster fits that one, and is none.
    """
    document = manifest.document
    chosen = chosen_by_cluster(document.text) if asks_cluster(document.text) else ()
    for node in objects(manifest):
        kind = manifest.text(fields(node).get("kind"))
        for key, value in node.pairs:
            version = manifest.text(value) if key.text == "apiVersion" else ""
            if not (version and kind) or any(first <= key.line <= last for first, last in chosen):
                continue
            yield ConfigKey(
                document.location(key.line),
                "kubernetes",
                document.path,
                "",
                f"{version}/{kind}",
                name_of(manifest, node),
            )


def read(manifest: Manifest) -> Iterator[Fact | Embedded]:
    """State what the pods of all workloads run and get."""
    order = 0
    for workload in workloads(manifest):
        pod = fields(workload.pod)
        whole = f"{workload.kind}/{workload.name}".rstrip("/")
        user = fields(pod.get("securityContext")).get("runAsUser")
        yield from _of_pod(
            Container(manifest, "kubernetes", "kubernetes", whole, workload.node), pod
        )
        for key in _CONTAINERS:
            for node in pod[key].items if key in pod else ():
                own = fields(node)
                name = f"{whole}/{manifest.shown(own.get('name'))}".rstrip("/")
                container = Container(manifest, "kubernetes", "kubernetes", name, workload.node)
                container.order = order
                names = own["env"].items if "env" in own else ()
                container.variables = frozenset(
                    manifest.text(fields(item).get("name")) for item in names
                )
                yield from _commands(container, own)
                yield from _of_container(container, own, user)
                order = container.order


def _commands(container: Container, own: dict[str, Node]) -> Iterator[Fact | Embedded]:
    """Yield what a container runs; arguments alone go to a program that only the image knows."""
    if "command" in own:
        yield from container.runs([own[key] for key in ("command", "args") if key in own])
    hooks = fields(own.get("lifecycle"))
    for holder in (*hooks.values(), *(own[key] for key in _PROBES if key in own)):
        command = fields(fields(holder).get("exec")).get("command")
        if command is not None:
            yield from container.runs((command,))


def _of_pod(container: Container, pod: dict[str, Node]) -> Iterator[ContainerSetting]:
    """Yield the rights that all containers of a pod get."""
    if container.is_true(pod.get("hostPID")):
        yield from container.gets(pod["hostPID"], "host-pid")
    if container.is_true(pod.get("hostIPC")):
        yield from container.gets(pod["hostIPC"], "host-ipc")
    if container.is_true(pod.get("hostNetwork")):
        yield from container.gets(pod["hostNetwork"], "host-network")
    manifest = container.manifest
    mounts: dict[str, bool] = {}
    for key in _CONTAINERS:
        for node in pod[key].items if key in pod else ():
            listed = fields(node).get("volumeMounts")
            for mount in map(fields, listed.items if listed is not None else ()):
                name = manifest.text(mount.get("name"))
                writes = not container.is_true(mount.get("readOnly"))
                mounts[name] = mounts.get(name, False) or writes
    for volume in map(fields, pod["volumes"].items if "volumes" in pod else ()):
        source = fields(volume.get("hostPath")).get("path")
        if source is not None:
            path = manifest.text(source)
            right: Right = "runtime-socket" if path.endswith(".sock") else "host-path"
            writable = mounts.get(manifest.text(volume.get("name")), True)
            yield from container.gets(source, right, path, writable=writable)


def _of_container(
    container: Container, own: dict[str, Node], pod_user: Node | None
) -> Iterator[ContainerSetting]:
    """Yield the rights of one container; its own user goes before the pod's."""
    context = fields(own.get("securityContext"))
    if container.is_true(context.get("privileged")):
        yield from container.gets(context["privileged"], "privileged")
    user = context.get("runAsUser", pod_user)
    if user is not None and user.text == "0":
        yield from container.gets(user, "root-user", "0")
    if container.is_true(context.get("allowPrivilegeEscalation")):
        yield from container.gets(context["allowPrivilegeEscalation"], "escalation")
    added = fields(context.get("capabilities")).get("add")
    for item in added.items if added is not None else ():
        yield from container.gets(item, "capability", container.manifest.text(item))
    for key in ("seccompProfile", "appArmorProfile"):
        kind = fields(context.get(key)).get("type")
        if kind is not None and kind.text == "Unconfined":
            yield from container.gets(kind, "unconfined", key.removesuffix("Profile"))
    windows = fields(context.get("windowsOptions")).get("hostProcess")
    if container.is_true(windows) and windows is not None:
        yield from container.gets(windows, "privileged", "hostProcess")
