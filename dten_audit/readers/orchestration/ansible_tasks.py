"""Takes a task apart: its module, the module's parameters, and the values of its loop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.manifest import Manifest, fields
from dten_audit.readers.orchestration.jinja import Scope, fill, node_of
from dten_audit.readers.orchestration.resources import Value
from dten_audit.readers.orchestration.tables import aliases

Parameters = dict[str, tuple[Value, ...]]
MAX_TURNS: Final = 50
"""A loop with more items than this is read with an item that is not known."""
KEYWORDS: Final = frozenset(
    "name action args local_action when become become_user become_method become_flags become_exe"
    " vars tags register notify listen loop loop_control until retries delay ignore_errors"
    " ignore_unreachable failed_when changed_when delegate_to delegate_facts run_once environment"
    " no_log async poll check_mode diff any_errors_fatal throttle timeout connection remote_user"
    " port debugger module_defaults collections block rescue always sudo sudo_user su su_user"
    " first_available_file always_run register_when".split()
)
"""Keys of a task that are no module (Ansible's list of playbook keywords, 2.19)."""
FREE_FORM: Final = frozenset(
    "command shell raw script expect win_command win_shell include include_tasks import_tasks"
    " import_playbook include_vars include_role import_role meta".split()
)
_OWN_OPTIONS: Final = frozenset("chdir creates removes executable warn stdin argv".split())
_OCTAL: Final = re.compile(r"0o?([0-7]{1,5})")
_LONGEST_MODE: Final = 6


class Module(NamedTuple):
    """A task's module by its short name, the node of its key, and that of its parameters.

    ``written`` is the name as the task writes it, with its collection or without.
    """

    name: str
    key: Node
    value: Node
    written: str
    local: bool = False


@cache
def _pair() -> re.Pattern[str]:
    return re.compile(r"(?<!\S)(\w+)=(\"[^\"]*\"|'[^']*'|\S*)", re.ASCII)


def short(name: str) -> str:
    """Return a module's name without its collection."""
    return name.rpartition(".")[2]


def module_of(task: Node, text: Manifest) -> Module | None:
    """Return the module that a task calls; None where it calls none."""
    for key, value in task.pairs:
        word = key.text
        if word in ("action", "local_action"):
            if value.kind == "mapping":
                named = fields(value).get("module")
                name = text.text(named)
            else:
                name, _, _ = text.text(value).strip().partition(" ")
            return Module(short(name), key, value, name, local=word == "local_action")
        if word not in KEYWORDS and not word.startswith("with_") and key.kind == "scalar":
            return Module(short(word), key, value, word)
    return None


class Arguments:
    """Reads the parameters of modules into values."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def of(self, task: dict[str, Node], module: Module, scope: Scope) -> Parameters:
        """Return the parameters of a task's module, other spellings under the usual names."""
        found: Parameters = {}
        nodes = [module.value, task["args"]] if "args" in task else [module.value]
        for node in nodes:
            if node.kind == "mapping":
                for name, value in fields(node).items():
                    found[name] = self._values(name, value, scope)
            elif node.kind == "scalar" and node is module.value:
                found |= self._free(module, node, scope)
            elif node.kind == "sequence" and module.name == "command":
                found["argv"] = self._values("argv", node, scope)
        for name, others in aliases("ansible").items():
            for other in others:
                if name not in found and other in found:
                    found[name] = found[other]
        return found

    def value(self, node: Node, scope: Scope) -> Value:
        """Return a scalar with what is known filled in."""
        raw = self._manifest.text(node)
        text, certainty, unknown = fill(raw, scope)
        return Value(
            text, certainty, node.line, node.column, node=node, unknown=unknown,
            raw=raw if certainty == "computed" else "",
        )  # fmt: skip

    def _values(self, name: str, node: Node, scope: Scope) -> tuple[Value, ...]:
        if node.kind == "sequence":
            return tuple(self.value(item, scope) for item in node.items if item.kind == "scalar")
        if node.kind == "mapping":
            return ()
        named = self._named(node, scope)
        if named is not None and named.kind == "sequence":
            return tuple(
                value._replace(
                    line=node.line, column=node.column, node=None,
                    certainty="computed" if value.unknown else "resolved",
                )
                for value in self._values(name, named, scope)
            )  # fmt: skip
        value = self.value(node, scope)
        if name == "mode" and node.plain:
            value = value._replace(text=_mode(value.text))
        return (value,)

    def _named(self, node: Node, scope: Scope) -> Node | None:
        """Return the variable of the scope that a scalar is, and nothing else."""
        text = self._manifest.text(node).strip()
        if text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1:
            return node_of(text[2:-2].strip(), scope)
        return None

    def _free(self, module: Module, node: Node, scope: Scope) -> Parameters:
        """Read ``name=value`` words; for modules that run a command, the rest is the command."""
        whole = self.value(node, scope)
        text, start = whole.text, 0
        if module.key.text in ("action", "local_action"):
            start = len(text) - len(text.lstrip())
            start += len(text[start:].partition(" ")[0])
        free = module.name in FREE_FORM
        known: Certainty = "exact" if whole.certainty == "exact" else "resolved"
        found: Parameters = {}
        rest: list[str] = []
        at = start
        for match in _pair().finditer(text, start):
            if free and match[1] not in _OWN_OPTIONS:
                continue
            value = match[2]
            if value[:1] in ("'", '"'):
                value = value[1:-1]
            unknown = tuple(name for name in whole.unknown if f"${{{name}}}" in value)
            sure: Certainty = "computed" if unknown else known
            found[match[1]] = (
                whole._replace(text=value, certainty=sure, unknown=unknown, node=None, raw=""),
            )
            rest.append(text[at : match.start()])
            at = match.end()
        if free:
            rest.append(text[at:])
            command = "".join(rest).strip() if found or start else text
            kept = whole if command == text else whole._replace(text=command)
            found["_free"] = (kept,)
        return found


def _mode(text: str) -> str:
    """Return a mode as chmod takes it: an unquoted ``0755`` is octal, ``755`` a decimal number."""
    octal = _OCTAL.fullmatch(text)
    if octal is not None:
        return f"0{octal[1]}"
    return f"{int(text):o}" if text.isdigit() and len(text) < _LONGEST_MODE else text


def turns(task: dict[str, Node], text: Manifest, scope: Scope) -> Iterator[Scope]:
    """Yield the scope of each turn of a task's loop; the scope itself without one."""
    name, items = loop_of(task, text, scope)
    if not name:
        yield scope
    elif items is None or len(items) > MAX_TURNS:
        yield {key: node for key, node in scope.items() if key != name}
    else:
        for item in items:
            yield {**scope, name: item}


def loop_of(
    task: dict[str, Node], text: Manifest, scope: Scope
) -> tuple[str, tuple[Node, ...] | None]:
    """Return the loop variable and the items of a loop; None where these are not known."""
    given = next((task[key] for key in ("loop", "with_items", "with_list") if key in task), None)
    if given is None:
        looped = any(key.startswith("with_") for key in task)
        return ("item", None) if looped else ("", None)
    control = fields(task.get("loop_control"))
    name = text.text(control.get("loop_var")) or "item"
    if given.kind == "scalar":
        whole = text.text(given).strip()
        expression = whole.removeprefix("{{").removesuffix("}}").strip()
        given = node_of(expression, scope) or given
    if given.kind != "sequence":
        return name, None
    if "with_items" in task:
        flat = [inner for item in given.items for inner in (item.items or (item,))]
        return name, tuple(flat)
    return name, given.items
