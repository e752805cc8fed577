"""What plays, blocks and includes hand down to their tasks: user, tests, variables, failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.commands import Failure, Guard, Layer, Word
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.orchestration.ansible_guards import bears_absence
from dten_audit.readers.orchestration.jinja import fill
from dten_audit.readers.orchestration.resources import Value
from dten_audit.readers.orchestration.tables import FALSE, TRUE

Answer = Literal["", "yes", "no", "computed"]
_LOCAL: Final = frozenset(("localhost", "127.0.0.1", "::1"))
_PRIVILEGED: Final = ("root", "0")


class Inherited(NamedTuple):
    """What holds for the tasks below a play or block.

    ``become`` is empty where nobody in the file has said; ``conditions`` are tests with their
    lines. ``delegate`` is the host that a task is handed to, ``hosts`` whom the play is for.
    """

    scope: dict[str, Node]
    become: Answer = ""
    become_user: Value | None = None
    become_method: str = ""
    become_line: int | None = None
    remote_user: str = ""
    hosts: str = ""
    delegate: str = ""
    conditions: tuple[tuple[str, int], ...] = ()
    guards: tuple[Guard, ...] = ()
    failure: Failure = "stops"
    called: bool = True
    environment: tuple[tuple[str, Word], ...] = ()

    def layers(self) -> tuple[Layer, ...]:
        """Return the wrappers that Ansible puts around a task's command."""
        found: list[Layer] = []
        if self.delegate:
            words = (Word("delegate_to:"), Word(self.delegate))
            found.append(Layer("delegate_to", "remote", words, self.delegate))
        user = self.become_user.text if self.become_user is not None else "root"
        if self.become == "yes" and not (self.remote_user == user and user):
            tool = self.become_method or "sudo"
            words = (Word("become: true"), Word("-n"))
            found.append(Layer(tool, "privilege", words, user, line=self.become_line))
        return tuple(found)

    def root(self) -> tuple[Guard, ...]:
        """Return the test for root, as certain as one, where the play connects as root."""
        if self.remote_user in _PRIVILEGED:
            return (Guard("root-check", "root", None),)
        return ()


def answer(text: str) -> Answer:
    """Return what a keyword that is true or false says."""
    lower = text.strip().lower()
    if lower in TRUE:
        return "yes"
    return "no" if lower in FALSE else "computed"


class Keywords:
    """Reads the keywords of a play, block or task into what it hands down."""

    def __init__(self, text: Callable[[Node], str]) -> None:
        self._text = text

    def apply(self, found: dict[str, Node], given: Inherited) -> Inherited:
        """Return what holds below something with these keywords."""
        given = self._variables(found, given)
        given = self._become(found, given)
        given = self._running(found, given)
        if "when" in found:
            given = given._replace(conditions=given.conditions + self._conditions(found["when"]))
        if any(text.strip().lower() == "false" for text, _ in given.conditions):
            given = given._replace(called=False)
        return given

    def text(self, node: Node, given: Inherited) -> str:
        """Return a scalar's text, what is known filled in."""
        return fill(self._text(node), given.scope).text

    def _variables(self, found: dict[str, Node], given: Inherited) -> Inherited:
        pairs = found["vars"].pairs if "vars" in found else ()
        if not pairs:
            return given
        given = given._replace(scope={**given.scope, **{k.text: v for k, v in pairs}})
        names = {key.text: value for key, value in pairs}
        keywords = {
            keyword: names[name]
            for name, keyword in _VARIABLES.items()
            if name in names and keyword not in found
        }
        return self._become(keywords, given) if keywords else given

    def _become(self, found: dict[str, Node], given: Inherited) -> Inherited:
        if "become" in found or "sudo" in found:
            node = found.get("become") or found["sudo"]
            said = answer(self.text(node, given))
            given = given._replace(become=said, become_line=node.line)
        user = found.get("become_user") or found.get("sudo_user")
        if user is not None:
            filled = fill(self._text(user), given.scope)
            value = Value(filled.text, filled.certainty, user.line, user.column)
            given = given._replace(become_user=value)
        if "become_method" in found:
            method = self.text(found["become_method"], given).rpartition(".")[2]
            given = given._replace(become_method=method)
        remote = found.get("remote_user") or (found.get("user") if "hosts" in found else None)
        if remote is not None and remote.kind == "scalar":
            given = given._replace(remote_user=self.text(remote, given))
        return given

    def _running(self, found: dict[str, Node], given: Inherited) -> Inherited:
        for keyword in ("ignore_errors", "failed_when"):
            if keyword in found:
                said = answer(self.text(found[keyword], given))
                ignored = said == ("yes" if keyword == "ignore_errors" else "no")
                if keyword == "failed_when" and not ignored:
                    texts = [text for text, _ in self._conditions(found[keyword])]
                    ignored = bears_absence(texts)
                given = given._replace(failure="ignored" if ignored else given.failure)
        if "delegate_to" in found:
            host = self.text(found["delegate_to"], given)
            same = host in (given.hosts, "${inventory_hostname}")
            given = given._replace(delegate="" if same or _both_local(host, given.hosts) else host)
        tags = found.get("tags")
        if tags is not None and "never" in (tags.text, *(item.text for item in tags.items)):
            given = given._replace(called=False)
        if "environment" in found:
            more = tuple(
                (key.text, Word(*fill(self._text(value), given.scope)[:2]))
                for key, value in found["environment"].pairs
                if value.kind == "scalar"
            )
            given = given._replace(environment=given.environment + more)
        return given

    def _conditions(self, node: Node) -> tuple[tuple[str, int], ...]:
        nodes = node.items or (node,)
        return tuple((self._text(each), each.line) for each in nodes if each.kind == "scalar")


_VARIABLES: Final[dict[str, str]] = {
    "ansible_become": "become",
    "ansible_become_user": "become_user",
    "ansible_become_method": "become_method",
    "ansible_user": "remote_user",
    "ansible_ssh_user": "remote_user",
}
"""Variables that say the same as a keyword."""


def _both_local(one: str, other: str) -> bool:
    return one in _LOCAL and other in _LOCAL
