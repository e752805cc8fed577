"""Reads scripts that package managers of languages run: package.json of npm, composer.json.

Sources: the manual of npm 10, "scripts" (life cycle of ``npm ci``, ``npm install``);
getcomposer.org, "Scripts" of Composer 2.8; read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from dten_audit.documents.document import Embedded
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.manifest import Manifest, fields, scalars

_NPM_INSTALL: Final = frozenset(("preinstall", "install", "postinstall"))
_NPM_REMOVAL: Final = frozenset(("preuninstall", "uninstall", "postuninstall"))
_COMPOSER: Final = frozenset(
    "pre-install-cmd post-install-cmd pre-update-cmd post-update-cmd pre-autoload-dump"
    " post-autoload-dump post-root-package-install post-create-project-cmd".split()
)
_ROOT: Final = re.compile(r"(?:package/)?(?:package|composer)\.json")
_CALLBACK: Final = re.compile(r"\\?[A-Za-z_][\w\\]*::\w+")
_MOST: Final = 500


def read_npm(manifest: Manifest) -> Iterator[Embedded]:
    """State the scripts of a package.json: those that an installation runs, and the others."""
    for root in manifest.roots:
        scripts = fields(fields(root).get("scripts"))
        for name, node in islice(scripts.items(), _MOST):
            if node.kind == "scalar" and node.text.strip():
                yield _script(manifest, node, name, _npm_role(manifest, name))


def _npm_role(manifest: Manifest, name: str) -> str:
    """Return what a script is for: npm runs those of the package's root when it installs it."""
    if not _ROOT.fullmatch(manifest.document.path):
        return "build"
    if name in _NPM_INSTALL:
        return "script"
    return "removal" if name in _NPM_REMOVAL else "build"


def read_composer(manifest: Manifest) -> Iterator[Embedded]:
    """State the scripts of a composer.json; those of its own events run when it installs."""
    for root in manifest.roots:
        scripts = fields(fields(root).get("scripts"))
        for name, node in islice(scripts.items(), _MOST):
            at_root = _ROOT.fullmatch(manifest.document.path) is not None
            role = "script" if name in _COMPOSER and at_root else "build"
            parts = [(part, _composer_line(part.text)) for part in islice(scalars(node), _MOST)]
            parts = [part for part in parts if part[1].strip()]
            if parts:
                hints = (("role", role), ("target", name))
                yield manifest.script("shell", parts, hints)


def _composer_line(text: str) -> str:
    """Return a script line as the shell command that Composer makes of it; empty for a callback."""
    if _CALLBACK.fullmatch(text.strip()) or text.startswith("@putenv"):
        return ""
    word, _, rest = text.partition(" ")
    if word in ("@php", "@composer"):
        return f"{word[1:]} {rest}"
    return "" if word.startswith("@") else text


def _script(manifest: Manifest, node: Node, name: str, role: str) -> Embedded:
    return manifest.embedded("shell", node, hints=(("role", role), ("target", name)))
