"""Reads the files of CI systems: each step's script, as a text of the shell that runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from dten_audit.documents.document import Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.ci_tables import AZURE_TASKS, CI_SYSTEMS, SHELL_KINDS
from dten_audit.readers.manifests.expressions import as_shell
from dten_audit.readers.manifests.manifest import Manifest, fields, scalars
from dten_audit.readers.manifests.paths import Found, select

_MAX_SCRIPTS: Final = 5_000
_MAX_LINES: Final = 5_000
_SAMPLE: Final = 4096
_ROLES: Final = {"packer": "container-build", "snapcraft": "build", "flatpak": "build"}


def _read(system: str, manifest: Manifest) -> Iterator[Embedded]:
    for root in manifest.roots:
        places = (found for place in CI_SYSTEMS[system]
                  for found in _with_kind(root, place.keys, place.kind))  # fmt: skip
        for kind, found in islice(places, _MAX_SCRIPTS):
            part = script(manifest, found.node, _kind(manifest, found, kind), system)
            if part is not None:
                yield part


def _with_kind(root: Node, keys: tuple[str, ...], kind: str) -> Iterator[tuple[str, Found]]:
    for found in select(root, keys):
        yield kind, found


def script(manifest: Manifest, node: Node, kind: str, system: str = "") -> Embedded | None:
    """Return a script: a text, or a list of commands that one shell runs one after the other."""
    nodes = list(islice(scalars(node), _MAX_LINES))
    parts = [(part, as_shell(manifest.text(part), system)) for part in nodes]
    if not any(text.strip() for _, text in parts):
        return None
    start = parts[0][1]
    if start.startswith("#!"):
        kind = kind_of("", start[:_SAMPLE].encode("utf-8", "replace"))
    return manifest.script(kind, parts, (("role", _ROLES.get(system, "ci")),))


def _kind(manifest: Manifest, found: Found, kind: str) -> str:
    """Return the language of a script: ``shell:`` beside it, or in the job's or file's defaults."""
    for mapping in reversed(found.around):
        own = fields(mapping)
        shell = own.get("shell") or fields(fields(own.get("defaults")).get("run")).get("shell")
        name = manifest.text(shell).split()[:1]
        if name:
            return SHELL_KINDS.get(name[0].rpartition("/")[2], "text")
        if manifest.text(own.get("runs-on")).startswith("windows"):
            return "powershell"
    return kind


read_github = partial(_read, "github-actions")
read_gitlab = partial(_read, "gitlab-ci")
read_circleci = partial(_read, "circleci")
read_bitbucket = partial(_read, "bitbucket")
read_travis = partial(_read, "travis")
read_drone = partial(_read, "drone")
read_buildkite = partial(_read, "buildkite")
read_codebuild = partial(_read, "codebuild")
read_cirrus = partial(_read, "cirrus")
read_tekton = partial(_read, "tekton")
read_packer = partial(_read, "packer")
read_snapcraft = partial(_read, "snapcraft")
read_flatpak = partial(_read, "flatpak")


def read_azure(manifest: Manifest) -> Iterator[Embedded]:
    """Read Azure Pipelines: scripts of steps, and scripts that are inputs of tasks."""
    yield from _read("azure", manifest)
    for root in manifest.roots:
        for found in islice(select(root, ("**", "steps", "[]")), _MAX_SCRIPTS):
            step = fields(found.node)
            name = re.sub(r"@.*|OnTargetMachines|V\d+$", "", manifest.text(step.get("task")))
            known = AZURE_TASKS.get(name.lower())
            inputs = fields(step.get("inputs"))
            if known and known[0] in inputs:
                part = script(manifest, inputs[known[0]], known[1], "azure")
                if part is not None:
                    yield part


def read_appveyor(manifest: Manifest) -> Iterator[Embedded]:
    """Read AppVeyor: each command names its own shell (``ps:``, ``sh:``), else it is cmd's."""
    kinds = {"ps": "powershell", "pwsh": "powershell", "sh": "shell", "bash": "shell"}
    names = ("install", "init", "build_script", "before_build", "after_build", "test_script",
             "before_test", "after_test", "deploy_script", "before_deploy", "after_deploy",
             "on_success", "on_failure", "on_finish")  # fmt: skip
    for root in manifest.roots:
        own = fields(root)
        for item in (item for name in names if name in own for item in own[name].items):
            for shell, command in fields(item).items() or (("cmd", item),):
                part = script(manifest, command, kinds.get(shell, "batch"))
                if part is not None:
                    yield part
