"""Reads Ansible: what the tasks of playbooks, roles and task files do to the hosts.

Plays are for the hosts that the package changes, so that their tasks are taken for commands there;
what a task hands to another host (``delegate_to``) runs elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Guard, Word
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.orchestration import PlaybookVariables
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.manifest import Manifest, fields
from dten_audit.readers.orchestration.ansible_become import Becoming
from dten_audit.readers.orchestration.ansible_guards import Registered, guards, registered_by
from dten_audit.readers.orchestration.ansible_inherited import Inherited, Keywords
from dten_audit.readers.orchestration.ansible_tasks import (
    Arguments,
    Module,
    module_of,
    short,
    turns,
)
from dten_audit.readers.orchestration.resources import Context, Resource, Value
from dten_audit.readers.orchestration.stating import Stater, beside

MAX_DEPTH: Final = 30
_TASK_LISTS: Final = ("pre_tasks", "tasks", "post_tasks", "handlers")
_INCLUDES: Final = frozenset("include include_tasks import_tasks".split())
_UNITS: Final = ("systemd", "systemd_service")
_ROLES: Final = frozenset("include_role import_role".split())
_SIGNS: Final = frozenset(
    "become become_user register notify changed_when failed_when ignore_errors with_items"
    " delegate_to when tags block".split()
)


@cache
def _task_path() -> re.Pattern[str]:
    return re.compile(r"/(?:tasks|handlers)/.*\.ya?ml$")


def read_tasks(manifest: Manifest) -> Iterator[Fact | Embedded]:
    """State what a file of tasks or handlers does, which some play or role includes."""
    reader = _Ansible(manifest, fragment=True)
    for root in manifest.roots:
        if root.kind == "sequence":
            yield from reader.tasks(root.items, Inherited({}), 0)
            names = sorted(_set_facts(root, 0))
            if names:
                document = manifest.document
                values = tuple((name, "") for name in names)
                yield PlaybookVariables(document.location(1), document.id, document.path, values)
    yield from reader.becoming.found


def read_playbook(manifest: Manifest) -> Iterator[Fact | Embedded]:
    """State what a playbook does, or a file of tasks that lies elsewhere than usual."""
    if _task_path().search(f"/{manifest.document.path.lower()}"):
        return
    for root in manifest.roots:
        if root.kind != "sequence" or not all(item.kind == "mapping" for item in root.items):
            continue
        plays = [item for item in root.items if _is_play(item)]
        if plays:
            reader = _Ansible(manifest, fragment=False)
            for play in plays:
                yield from reader.play(play)
            yield from reader.becoming.found
        elif _are_tasks(root.items, manifest):
            reader = _Ansible(manifest, fragment=True)
            yield from reader.tasks(root.items, Inherited({}), 0)
            yield from reader.becoming.found


def _is_play(node: Node) -> bool:
    keys = {short(key.text) for key, _ in node.pairs}
    return (
        "import_playbook" in keys
        or ("hosts" in keys and bool(keys & {*_TASK_LISTS, "roles", "become", "gather_facts"}))
        or keys == {"include"}
    )


def _are_tasks(items: tuple[Node, ...], manifest: Manifest) -> bool:
    """Tell tasks from other lists of mappings: known modules, and keywords that only tasks have."""
    stater = Stater(manifest.document, "ansible")
    modules = [module for item in items if (module := module_of(item, manifest)) is not None]
    known = any(stater.knows(module.name) for module in modules)
    keys = {key.text for item in items for key, _ in item.pairs}
    full = any(key.startswith(("ansible.builtin.", "community.", "ansible.")) for key in keys)
    return full or (known and bool(keys & _SIGNS))


class _Ansible:
    """Walks through one document."""

    def __init__(self, manifest: Manifest, *, fragment: bool) -> None:
        self._manifest = manifest
        self._document = manifest.document
        self._stater = Stater(manifest.document, "ansible", self._place)
        self._keywords = Keywords(manifest.text)
        self._arguments = Arguments(manifest)
        self._registered: dict[str, Registered] = {}
        self._modules: set[str] = set()
        self.becoming = Becoming(manifest, fragment=fragment)
        in_role = bool(_task_path().search(f"/{manifest.document.path.lower()}"))
        above = "../" if in_role else ""
        self._files, self._templates = beside(f"{above}files"), beside(f"{above}templates")

    def _place(self, value: Value) -> tuple[tuple[int, ...], int]:
        if value.node is None:
            return value.lines or (value.line,), value.column
        part = self._manifest.embedded("text", value.node)
        return part.lines, part.column

    # plays

    def play(self, play: Node) -> Iterator[Fact | Embedded]:
        """State what a play does: what it imports, its roles, its tasks in their order."""
        found = fields(play)
        for key, node in play.pairs:
            if short(key.text) in ("import_playbook", "include"):
                path = self._manifest.text(node).strip()
                yield from self._reference(short(key.text), [path], Inherited({}), key)
        given = Inherited({}, hosts=self._manifest.text(found.get("hosts")))
        given = self._keywords.apply(found, given)
        self.becoming.play(play, found, given)
        given = given._replace(scope=self._lasting(found, given.scope))
        for name in ("pre_tasks", "roles", "tasks", "post_tasks", "handlers"):
            listed = found[name].items if name in found else ()
            if name != "roles":
                yield from self.tasks(listed, given, 0)
                continue
            for role in listed:
                yield from self._role_entry(role, given)

    def _lasting(self, play: dict[str, Node], scope: dict[str, Node]) -> dict[str, Node]:
        """Return the variables of a play that nothing in it sets again."""
        set_again: set[str] = {
            self._manifest.text(fields(asked).get("name"))
            for asked in (play["vars_prompt"].items if "vars_prompt" in play else ())
        }
        for name in _TASK_LISTS:
            if name in play:
                set_again |= _set_facts(play[name], 0)
        return {name: node for name, node in scope.items() if name not in set_again}

    def _role_entry(self, role: Node, given: Inherited) -> Iterator[Fact | Embedded]:
        found = fields(role)
        name = self._manifest.text(found.get("role") or found.get("name") or role).strip()
        inner = self._keywords.apply(found, given) if found else given
        yield from self._role(name, "main", inner, role, "role")

    def _role(
        self, name: str, tasks: str, given: Inherited, key: Node, how: str
    ) -> Iterator[Fact | Embedded]:
        role = name.partition(",")[0].strip().rpartition(".")[2]
        paths = [f"{role}/tasks/{tasks}.yml", f"{role}/handlers/main.yml"]
        yield from self._reference(how, paths, given, key)

    def _reference(
        self, how: str, paths: list[str], given: Inherited, key: Node
    ) -> Iterator[Fact | Embedded]:
        """State that other files of tasks are run here, as this user and under these tests."""
        words = [Word(how)]
        for path in paths:
            computed = "{{" in path or "{%" in path
            words.append(Word(path, "computed" if computed else "exact"))
        yield self._stater.command(words, self._context(given), key.line, key.column)

    # tasks

    def tasks(
        self, tasks: tuple[Node, ...], given: Inherited, depth: int
    ) -> Iterator[Fact | Embedded]:
        """State what tasks do, one after the other."""
        if depth > MAX_DEPTH:
            line = tasks[0].line if tasks else 1
            yield Unreadable(self._document.location(line), "ansible", "nested too deep")
            return
        for task in tasks:
            if task.kind == "mapping":
                found = fields(task)
                if "block" in found:
                    yield from self._block(task, found, given, depth)
                else:
                    yield from self._task(task, found, given)

    def _block(
        self, block: Node, found: dict[str, Node], given: Inherited, depth: int
    ) -> Iterator[Fact | Embedded]:
        inner = self._keywords.apply(found, given)
        self.becoming.block(block, found, inner)
        first = inner._replace(failure="default") if "rescue" in found else inner
        yield from self.tasks(found["block"].items, first, depth + 1)
        if "rescue" in found:
            node = found["rescue"]
            rescued = (*inner.guards, Guard("other", "the block failed", node.line))
            yield from self.tasks(node.items, inner._replace(guards=rescued), depth + 1)
        if "always" in found:
            yield from self.tasks(found["always"].items, inner, depth + 1)

    def _task(
        self, task: Node, found: dict[str, Node], given: Inherited
    ) -> Iterator[Fact | Embedded]:
        module = module_of(task, self._manifest)
        inner = self._keywords.apply(found, given)
        if module is None:
            return
        self.becoming.task(found, inner, module)
        yield from self._named(module)
        if module.local and not inner.delegate and inner.hosts != "localhost":
            inner = inner._replace(delegate="localhost")
        if module.name in _INCLUDES or module.name in _ROLES:
            yield from self._included(module, inner)
        elif self._stater.knows(module.name):
            for scope in turns(found, self._manifest, inner.scope):
                yield from self._turn(module, found, inner._replace(scope=dict(scope)))
        self._register(module, found, inner)

    def _named(self, module: Module) -> Iterator[ConfigKey]:
        """State once which module a document calls, if it is not one of those known to stay."""
        stays = self._stater.knows(module.name) and module.written not in _INCLUDES
        if stays or not module.written or "{{" in module.written or module.written in self._modules:
            return
        self._modules.add(module.written)
        at = self._document.location(module.key.line, module.key.column)
        yield ConfigKey(at, "ansible", self._document.path, "", module.written, "")

    def _turn(
        self, module: Module, found: dict[str, Node], given: Inherited
    ) -> Iterator[Fact | Embedded]:
        parameters = self._arguments.of(found, module, given.scope)
        context = self._context(given)
        line = module.key.line
        for name, holds in (("creates", False), ("removes", True)):
            for value in parameters.get(name, ()):
                guard = Guard("path-exists", value.text, value.line, holds)
                context = context._replace(guards=(*context.guards, guard))
        for value in parameters.get("chdir", ()):
            context = context._replace(folder=value.text)
        resource = Resource(module.name, parameters, line, module.key.column)
        yield from self._stater.resource(resource, context)

    def _included(self, module: Module, given: Inherited) -> Iterator[Fact | Embedded]:
        parameters = self._arguments.of({}, module, given.scope)
        if module.name in _ROLES:
            name = _raw(parameters.get("name") or parameters.get("role"))
            tasks = _raw(parameters.get("tasks_from")) or "main"
            if name:
                yield from self._role(
                    name, tasks.removesuffix(".yml"), given, module.key, module.name
                )
            return
        path = _raw(parameters.get("file") or parameters.get("_free"))
        if path:
            path = path.split()[0] if "{{" not in path else path
            yield from self._reference(module.name, [path], given, module.key)

    def _context(self, given: Inherited) -> Context:
        tests = guards(list(given.conditions), self._registered)
        return Context(
            given.layers(),
            (*given.root(), *given.guards, *tests),
            given.failure,
            called=given.called,
            environment=given.environment,
            files=self._files,
            templates=self._templates,
        )

    def _register(self, module: Module, found: dict[str, Node], given: Inherited) -> None:
        """Remember what the result of a task tells, for the tests that ask for it."""
        looked = ("stat", "win_stat", "command", "shell", "raw", *_UNITS)
        if "register" not in found or module.name not in looked:
            return
        name = self._manifest.text(found["register"])
        parameters = self._arguments.of(found, module, given.scope)
        if module.name in ("stat", "win_stat"):
            path = _raw(parameters.get("path"))
            if path:
                self._registered[name] = Registered("path-exists", path)
        elif module.name in _UNITS:
            asked = _raw(parameters.get("name"))
            if asked and not {"state", "enabled", "masked"}.intersection(parameters):
                self._registered[name] = Registered("unit-exists", asked, result=False)
        else:
            words = _raw(parameters.get("cmd")).split()
            known = registered_by(words[0].rpartition("/")[2], tuple(words[1:])) if words else None
            if known is not None:
                self._registered[name] = known


def _raw(values: tuple[Value, ...] | None) -> str:
    """Return the first value, template expressions as they stand."""
    return (values[0].raw or values[0].text).strip() if values else ""


def _set_facts(node: Node, depth: int) -> set[str]:
    """Return the names that tasks below ``node`` set or register."""
    found: set[str] = set()
    if depth > MAX_DEPTH:
        return found
    for task in node.items:
        keys = fields(task)
        for key, value in keys.items():
            if short(key) == "set_fact":
                found |= {name.text for name, _ in value.pairs}
            elif key == "register":
                found.add(value.text)
            elif key in ("block", "rescue", "always"):
                found |= _set_facts(value, depth + 1)
    return found
