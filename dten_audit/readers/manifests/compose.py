"""Reads Compose files: what services run, and what they get of the host.

Source: the Compose specification (compose-spec.io), services, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from dten_audit.documents.document import Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.containers import ContainerSetting, Right
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.contained import Container
from dten_audit.readers.manifests.manifest import Manifest, fields, scalars

_SHORT = 2


def read(manifest: Manifest) -> Iterator[Fact | Embedded]:
    """State what the services of a Compose file run and get."""
    order = 0
    for root in manifest.roots:
        for name, node in fields(fields(root).get("services")).items():
            service = Container(manifest, "compose", "docker compose", name, root)
            service.order = order
            own = fields(node)
            yield from _commands(service, own)
            yield from _rights(service, own)
            order = service.order


def _commands(service: Container, own: dict[str, Node]) -> Iterator[Fact | Embedded]:
    entry, command = own.get("entrypoint"), own.get("command")
    if entry is not None and entry.kind == "sequence":
        more = (command,) if command is not None and command.kind == "sequence" else ()
        yield from service.runs((entry, *more))
        command = None if more else command
    elif entry is not None:
        yield from service.runs_line(entry)
    elif command is not None and not service.manifest.text(command).startswith("-"):
        listed = command.items[:1]
        if not listed or not service.manifest.text(listed[0]).startswith("-"):
            yield from _either(service, command)
    test = fields(own.get("healthcheck")).get("test")
    if test is not None and test.kind == "scalar":
        yield from service.runs_text(test)
    elif test is not None and len(test.items) >= _SHORT:
        if test.items[0].text == "CMD":
            yield from service.runs(test.items[1:])
        elif test.items[0].text == "CMD-SHELL":
            yield from service.runs_text(test.items[1])
    for hook in ("post_start", "pre_stop"):
        for item in own[hook].items if hook in own else ():
            ran = fields(item).get("command")
            if ran is not None:
                yield from _either(service, ran)


def _either(service: Container, node: Node) -> Iterator[Fact | Embedded]:
    """Yield a command that is a list of words or a line."""
    yield from service.runs((node,)) if node.kind == "sequence" else service.runs_line(node)


def _rights(service: Container, own: dict[str, Node]) -> Iterator[ContainerSetting]:
    if service.is_true(own.get("privileged")):
        yield from service.gets(own["privileged"], "privileged")
    user = own.get("user")
    if user is not None and user.text.partition(":")[0] in ("root", "0"):
        yield from service.gets(user, "root-user", user.text)
    shared: tuple[tuple[str, Right], ...] = (
        ("pid", "host-pid"), ("ipc", "host-ipc"), ("network_mode", "host-network"),
    )  # fmt: skip
    for key, right in shared:
        if key in own and own[key].text == "host":
            yield from service.gets(own[key], right)
    for item in scalars(own.get("cap_add")):
        yield from service.gets(item, "capability", service.manifest.text(item))
    for item in scalars(own.get("devices")):
        yield from service.gets(item, "device", service.manifest.text(item).partition(":")[0])
    for item in scalars(own.get("security_opt")):
        text = service.manifest.text(item)
        if text.replace("=", ":") in ("seccomp:unconfined", "apparmor:unconfined", "label:disable"):
            yield from service.gets(item, "unconfined", text)
    for item in own["volumes"].items if "volumes" in own else ():
        yield from _volume(service, item)


def _volume(service: Container, node: Node) -> Iterator[ContainerSetting]:
    """Yield a mount of the host: short form ``/host:/inside:ro``, long form with ``type: bind``."""
    if node.kind == "scalar":
        source, _, rest = service.manifest.text(node).partition(":")
        options = rest.rpartition(":")[2].split(",")
        place, writable = node, "ro" not in options
    else:
        own = fields(node)
        place = own.get("source") or node
        bind = service.manifest.text(own.get("type")) == "bind"
        source = service.manifest.text(place) if bind else ""
        writable = not service.is_true(own.get("read_only"))
    if source.startswith("/"):
        yield from service.gets(place, _right_of(source), source, writable=writable)


def _right_of(path: str) -> Right:
    return "runtime-socket" if path.endswith(".sock") else "host-path"
