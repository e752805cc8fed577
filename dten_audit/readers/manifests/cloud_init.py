"""Reads cloud-init's user-data: what the first start of a machine runs, writes and installs.

Source: cloudinit.readthedocs.io, module reference of 24.4 and autoinstall of Ubuntu 24.04, read
2026-11-21. What no script says becomes the command that does the same.
"""

from __future__ import annotations

import base64
import shlex
import zlib
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.documents.text import decode
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.expressions import as_shell
from dten_audit.readers.manifests.manifest import Hints, Manifest, fields, is_computed, scalars

_ROOT: Final = (("user", "root"),)
_SHELL_KEYS: Final = ("bootcmd", "runcmd")
_AUTOINSTALL_KEYS: Final = ("early-commands", "late-commands", "error-commands")
_SUDOERS: Final = "/etc/sudoers.d/90-cloud-init-users"
_POWER: Final = {"poweroff": "-P", "halt": "-H", "reboot": "-r"}
_SAMPLE: Final = 4096
_MOST: Final = 5_000
_MAX_CONTENT: Final = 1 << 20


def read(manifest: Manifest) -> Iterator[Fact | Embedded]:
    """State what a cloud-config does to the machine that starts with it."""
    reader = _Reader(manifest)
    for root in manifest.roots:
        yield from reader.config(fields(root))


class _Reader:
    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.order = 0

    def config(self, own: dict[str, Node]) -> Iterator[Fact | Embedded]:
        """State what the keys of a cloud-config do, in the order in which cloud-init goes."""
        for key in _SHELL_KEYS[:1]:
            yield from self._script(own.get(key))
        for node in _listed(own.get("write_files")):
            yield from self._file(fields(node))
        for node in _listed(own.get("users")):
            yield from self._user(fields(node))
        yield from self._packages(own)
        yield from self._script(fields(own.get("snap")).get("commands"))
        if "enabled" in (ntp := fields(own.get("ntp"))) and ntp["enabled"].text == "true":
            yield self._command(own["ntp"], "timedatectl", "set-ntp", "true")
        for key in _SHELL_KEYS[1:]:
            yield from self._script(own.get(key))
        power = fields(own.get("power_state"))
        mode = self.manifest.text(power.get("mode"))
        if mode in _POWER:
            delay = self.manifest.text(power.get("delay")) or "now"
            yield self._command(power["mode"], "shutdown", _POWER[mode], delay)
        install = fields(own.get("autoinstall"))
        for key in _AUTOINSTALL_KEYS:
            yield from self._script(install.get(key))
        if "user-data" in install:
            yield from self.config(
                {k: v for k, v in fields(install["user-data"]).items() if k != "autoinstall"}
            )

    def _command(self, node: Node, *words: str) -> Command:
        """Return the command that does what a key says."""
        self.order += 1
        argv = tuple(Word(word, "computed" if is_computed(word) else "exact") for word in words)
        document = self.manifest.document.id
        return Command(self.manifest.at(node), document, self.order, words[0], argv)

    def _script(self, node: Node | None) -> Iterator[Embedded]:
        """Yield a list of commands, each a line for the shell or a list of words, as one script."""
        values = tuple(fields(node).values()) if node is not None and node.kind == "mapping" else ()
        parts = []
        for item in (values or _listed(node))[:_MOST]:
            text = self._line(item)
            if text.strip():
                parts.append((item, text))
        if parts:
            yield self.manifest.script("shell", parts, _ROOT)

    def _line(self, node: Node) -> str:
        if node.kind == "scalar":
            return as_shell(self.manifest.text(node))
        words = [as_shell(self.manifest.text(word)) for word in scalars(node)]
        return " ".join(f'"{w}"' if is_computed(w) and '"' not in w else shlex.quote(w)
                        for w in words)  # fmt: skip

    def _file(self, own: dict[str, Node]) -> Iterator[Fact | Embedded]:
        """Yield a file of ``write_files``, and the command that would install it."""
        manifest, path = self.manifest, self.manifest.text(own.get("path"))
        if not path or is_computed(path):
            return
        mode = manifest.text(own.get("permissions")) or "0644"
        owner = manifest.text(own.get("owner")).partition(":")[0] or "root"
        words = ("install", "-D", "-m", mode.removeprefix("0o"), "-o", owner, "/dev/stdin", path)
        yield self._command(own["path"], *words)
        content = own.get("content")
        if content is None:
            return
        encoding = manifest.text(own.get("encoding")).lower()
        hints: Hints = (("mode", mode),)
        if encoding in ("", "text/plain"):
            text = manifest.text(content)
            kind = kind_of(path, text[:_SAMPLE].encode("utf-8", "replace"))
            yield manifest.embedded(kind, content, path=path, hints=hints)
            return
        data = _decoded(manifest.text(content), encoding)
        if data is None:
            reason = f"the content of {path} is not {encoding}, or too large"
            yield Unreadable(manifest.at(content), "cloud-init", reason)
            return
        text = decode(data).text
        lines = (content.line,) * (text.count("\n") + 1)
        kind = kind_of(path, data[:_SAMPLE])
        yield Embedded(kind, text, lines, content.column, path, hints)

    def _user(self, own: dict[str, Node]) -> Iterator[Fact | Embedded]:
        """Yield the making of a user, and what sudo then lets that user do."""
        manifest, name = self.manifest, self.manifest.text(own.get("name"))
        if not name:
            return
        words = ["useradd"]
        groups = ",".join(manifest.text(node) for node in scalars(own.get("groups")))
        groups = ",".join(part.strip() for part in groups.split(","))
        shell = manifest.text(own.get("shell"))
        words += ["-G", groups] if groups else []
        words += ["-s", shell] if shell else []
        yield self._command(own["name"], *words, name)
        rules = [(node, manifest.text(node)) for node in scalars(own.get("sudo"))]
        parts = [
            (node, f"{name} {as_shell(text)}")
            for node, text in rules
            if text.lower() not in ("false", "null", "none", "~", "")
        ]
        for part in parts[:_MOST]:
            node, text = part
            lines, column = manifest.lines(node, manifest.text(node))
            yield Embedded("sudoers", f"{text}\n", lines[:1], column, _SUDOERS)

    def _packages(self, own: dict[str, Node]) -> Iterator[Command]:
        names = [self.manifest.text(_first(node)) for node in _listed(own.get("packages"))]
        names = [name for name in names[:_MOST] if name]
        if names:
            yield self._command(own["packages"], "apt-get", "install", "-y", *names)
        upgrade = own.get("package_upgrade", own.get("apt_upgrade"))
        if upgrade is not None and upgrade.text == "true":
            yield self._command(upgrade, "apt-get", "upgrade", "-y")


def _listed(node: Node | None) -> tuple[Node, ...]:
    """Return the entries of a list; a scalar is a list of one."""
    if node is None:
        return ()
    return node.items if node.kind == "sequence" else (node,) if node.kind == "scalar" else ()


def _first(node: Node) -> Node:
    """Return the name of a package, which may stand in a list with its version."""
    return node.items[0] if node.items else node


def _decoded(text: str, encoding: str) -> bytes | None:
    """Return what ``b64``, ``gzip+base64`` and their other names encode; None if it cannot be."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return None
    if not encoding.startswith("gz"):
        return data[:_MAX_CONTENT]
    try:
        unpacker = zlib.decompressobj(wbits=31)
        data = unpacker.decompress(data, _MAX_CONTENT)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else data
