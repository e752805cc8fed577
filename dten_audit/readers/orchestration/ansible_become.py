"""Notes privilege escalation that does not do what it says, and passwords for it in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.orchestration import BecomeScope, BecomeSetting
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.manifest import Manifest
from dten_audit.readers.orchestration.ansible_inherited import Inherited
from dten_audit.readers.orchestration.ansible_tasks import Module

PASSWORDS: Final = (
    "ansible_become_pass ansible_become_password ansible_sudo_pass ansible_su_pass"
    " ansible_sudo_password ansible_su_password".split()
)
"""Variables with the password of the user to become (Ansible, "Becoming a privileged user")."""
_PLAIN_METHODS: Final = frozenset(("", "sudo", "doas", "runas"))
_MAX_DEPTH: Final = 40
_MAX_LINES: Final = 100_000
_HIDDEN: Final = "…"
_NAMED: Final = b"ansible_"
_MAX_LINE: Final = 2000
_EXAMPLES: Final = ("examples:", "example:")


class Becoming:
    """Collects what one document says about changing the user."""

    def __init__(self, manifest: Manifest, *, fragment: bool) -> None:
        self._manifest = manifest
        self._fragment = fragment
        self.found: list[BecomeSetting] = []

    def play(self, play: Node, found: dict[str, Node], given: Inherited) -> None:
        """Look at a play's own keywords and variables."""
        if "become_user" in found and not given.become and not _sets_become(play, 0):
            self._partial(found["become_user"], "play", given)
        self._method(found, "play", given)

    def block(self, block: Node, found: dict[str, Node], given: Inherited) -> None:
        """Look at a block's own keywords."""
        if "become_user" in found and not given.become and not _sets_become(block, 0):
            self._partial(found["become_user"], "block", given)
        self._method(found, "block", given)

    def task(self, found: dict[str, Node], given: Inherited, module: Module) -> None:
        """Look at a task's own keywords."""
        role = module.name in ("include_role", "import_role", "include_tasks", "import_tasks")
        if "become_user" in found and not given.become and not role:
            self._partial(found["become_user"], "task", given)
        self._method(found, "task", given)

    def _partial(self, node: Node, scope: BecomeScope, given: Inherited) -> None:
        user = given.become_user
        if user is None or user.text in (given.remote_user, ""):
            return
        self._note(node, "partial", scope, user.text, "", user.certainty == "computed")

    def _method(self, found: dict[str, Node], scope: BecomeScope, given: Inherited) -> None:
        method = given.become_method
        if "become_method" in found and method not in _PLAIN_METHODS and "$" not in method:
            user = given.become_user.text if given.become_user else "root"
            self._note(found["become_method"], "method", scope, user, f"become_method: {method}")

    def _note(
        self, node: Node, what: str, scope: BecomeScope, user: str, method: str,
        computed: bool = False,
    ) -> None:  # fmt: skip
        self.found.append(
            BecomeSetting(
                self._manifest.at(node), self._manifest.document.id, what, scope, user, method,  # type: ignore[arg-type]
                self._fragment, "resolved" if computed else "exact",
            )
        )  # fmt: skip


def _sets_become(node: Node, depth: int) -> bool:
    """Say whether anything below a play or block may set ``become``."""
    if depth > _MAX_DEPTH:
        return True
    for key, value in node.pairs:
        name = key.text.rpartition(".")[2]
        if name in ("become", "ansible_become", "roles", "import_role", "include_role",
                    "include_tasks", "import_tasks", "include"):  # fmt: skip
            return True
        if value.kind != "scalar" and _sets_become(value, depth + 1):
            return True
    return any(_sets_become(item, depth + 1) for item in node.items if item.kind != "scalar")


@cache
def _assignment() -> re.Pattern[str]:
    names = "|".join(PASSWORDS)
    return re.compile(
        rf"(?:^|(?<=[\s,{{]))['\"]?({names})['\"]?[ \t]*[:=][ \t]*"
        r"('[^'\n]*'|\"[^\"\n]*\"|[^\s#][^\s]*)?"
    )


def read_passwords(document: Document) -> Iterator[Fact | Embedded]:
    """State the passwords of users to become that stand in plain text, never the password itself.

    Reads inventories, variables and playbooks alike: ``name: value`` and ``name=value``. What is
    encrypted (``!vault``), looked up or computed is none.
    """
    if document.host is None and _NAMED not in document.data:
        return
    if not any(name in document.text for name in PASSWORDS):
        return
    lines = document.text.split("\n")[:_MAX_LINES]
    known = _without_examples(lines) if document.kind == "yaml" else enumerate(lines, start=1)
    for number, line in known:
        if "_pass" not in line or line.lstrip().startswith(("#", ";", "//")):
            continue
        match = _assignment().search(line[:_MAX_LINE])
        if match is None or not _is_password(match[2] or ""):
            continue
        at = document.location(number, match.start(1) + 1)
        yield BecomeSetting(
            at._replace(snippet=f"{match[1]}: {_HIDDEN}"), document.id, "password", "variable",
            "", match[1],
        )  # fmt: skip


def _without_examples(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a YAML file with their numbers, but not what stands below ``examples:``.

    That is how rules and documentation hold files that nobody uses.
    """
    section = -1
    for number, line in enumerate(lines, start=1):
        bare = line.lstrip()
        width = len(line) - len(bare)
        if bare and width <= section and not bare.startswith("- "):
            section = -1
        if section < 0:
            yield number, line
            if bare.rstrip() in _EXAMPLES:
                section = width


def _is_password(text: str) -> bool:
    bare = text.strip("'\"")
    return bool(bare) and not bare.startswith(("!", "{{", "{%", "|", ">", "&", "*", "$", "<", "%"))
