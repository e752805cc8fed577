"""From wrapped commands to privilege uses: what a script assumes of sudo, su and their kin."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from dten_audit.derive.arguments import Arguments, split_arguments
from dten_audit.derive.jobs import is_job
from dten_audit.derive.privilege.contexts import (
    Made,
    is_privilege,
    made_users,
    not_root,
    refuses_login,
    root_checked,
    root_documents,
)
from dten_audit.derive.privilege.own_grants import own_grants
from dten_audit.derive.privilege.tables import Tool, area, names, tools
from dten_audit.derive.reach import Reach
from dten_audit.derive.requirements import completing_packages, required_packages
from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Guard, Layer, Word
from dten_audit.model.facts.privilege import PasswordFrom, PrivilegeUse
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site

_TEXT_TOOLS: Final = frozenset(("su", "runuser", "su-to-root", "sg"))
"""Tools whose command is shell text: its redirections are theirs."""
_SHELL_OPTIONS: Final = ("-s", "--shell", "-i", "--login")
_TERMINAL_OPTIONS: Final = frozenset(("-t", "-tt", "-ttt"))
_SHELLS: Final = frozenset(("sh", "bash", "dash", "ksh", "zsh"))
_PASSED_ON: Final = ("$@", "$*", "${@}", "${*}")
_SHOWN: Final = 160
_ASKS_A_PERSON: Final = re.compile(r"(?:(?:/usr)?/(?:bin|lib|libexec)/(?:\S*/)?)?\w*-?askpass")
"""Programs of distributions that open a window and ask (ssh-askpass(1))."""
_PIPED: Final = frozenset(("stdin",))
_PROBES: Final = frozenset(("", "true", ":"))
_PRINTERS: Final = frozenset(("echo", "printf"))
_ITSELF: Final = ("$0", "${0}", "$BASH_SOURCE", "${BASH_SOURCE[0]}", "${BASH_SOURCE}")


class Users(NamedTuple):
    """The users that the package makes, and the packages that it needs, which may make others.

    ``completed``: some of these are the rest of the same product, and need others in their turn.
    """

    made: dict[str, Made]
    needed: frozenset[str]
    completed: bool

    def declared(self, tool: str) -> bool | Unknown:
        """Say whether the package says that it needs a tool; unknown where others may say so."""
        if tool in self.needed:
            return True
        return False if self.needed and not self.completed else Unknown("package.value")


def derive(package: Package, estate: Estate) -> Iterable[PrivilegeUse]:
    """Yield a privilege use for each wrapper of each command that changes the user."""
    uses = list(_all_uses(package, estate))
    wrappers = {(place.path, place.line) for use in uses for place in use.via}
    seen: set[PrivilegeUse] = set()
    for use in uses:
        if use.inner in _PASSED_ON and (use.at.path, use.at.line) in wrappers:
            continue  # the body of a wrapper function, whose calls are stated
        alike = use._replace(document="")
        if alike not in seen:  # a library is read with each script that sources it
            seen.add(alike)
            yield use


def _all_uses(package: Package, estate: Estate) -> Iterator[PrivilegeUse]:
    roles, reach = Roles(package), Reach(package)
    as_root = root_documents(package, roles)
    rest = bool(completing_packages(package))
    users = Users(made_users(package), required_packages(package), rest)
    allowed = own_grants(package)
    for command in package.of(Command):
        layers = list(command.layers)
        if command.program in tools() and command.argv:
            layers.append(Layer(command.program, "privilege", command.argv, "root"))
        for number, layer in enumerate(layers):
            if is_privilege(layer):
                use = _use(command, layers, number)
                if _is_probe(use):
                    continue
                use = use._replace(
                    as_root=command.document in as_root,
                    granted=layer.tool == "sudo" and allowed.cover(use.inner),
                    no_terminal=use.no_terminal or is_job(package, command.document),
                    role=roles.of(command.document),
                )
                use = use._replace(declared=users.declared(layer.tool))
                if _fed_by_program(use, package, command):
                    use = use._replace(password_from=Unknown("package.value"))
                use = _compared(use, layer, estate.site, users)
                unsettled = isinstance(use.available, Unknown)
                yield use._replace(by_hand=unsettled and reach.by_hand(command.document))


def _use(command: Command, layers: list[Layer], number: int) -> PrivilegeUse:
    """Return what the command itself says."""
    layer, tool = layers[number], tools()[layers[number].tool]
    given = split_arguments(layer.arguments[1:], tool.takes)
    inner = [word.text for after in layers[number + 1 :] for word in after.arguments]
    own_words = command.argv is not layer.arguments
    inner += [word.text for word in command.argv] if own_words else []
    source, shipped = _password(command, tool, given)
    plain = not any(after.kind == "shell" for after in layers[number + 1 :])
    direct = plain and layer.tool not in _TEXT_TOOLS and not given.has(*_SHELL_OPTIONS)
    return PrivilegeUse(
        at=command.at,
        document=command.document,
        tool=layer.tool,
        target_user=layer.target,
        inner=_shortened(" ".join(inner)),
        program=command.program if own_words else "",
        escalates=tool.escalates,
        guarded=any(_guards(guard, layer) for guard in (*command.guards, *layer.guards)),
        root_checked=root_checked(command),
        non_interactive=given.has(*tool.no_prompt),
        password_from=source,
        password_shipped=shipped,
        no_terminal=command.deferred or _without_terminal(layers[:number]),
        redirect=_redirect(command) if direct else "",
        builtin=command.program if direct and own_words and _is_builtin(command) else "",
        reexecutes=any(word.text in _ITSELF for word in _started(command)),
        keeps_environment=any(n in tool.environment and not v for n, v in given.options),
        elsewhere=_elsewhere(layers[:number]),
        function=layer.function,
        keyword=_keyword(layer),
        failure=command.failure,
        via=command.via,
    )


def _keyword(layer: Layer) -> str:
    """Return the keyword by which a playbook asks for a tool; empty for a command line."""
    first = layer.arguments[0].text if layer.arguments else ""
    return first if first.startswith("become:") else ""


def _shortened(text: str) -> str:
    """Return a command on one line, cut where it goes on for long (texts of ``-c``)."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _compared(use: PrivilegeUse, layer: Layer, site: Site, users: Users) -> PrivilegeUse:
    """Return a use with what the site and the package say of tool and user."""
    tool = tools()[use.tool]
    given = split_arguments(layer.arguments[1:], tool.takes)
    needs_shell = bool(tool.shell) or given.has(*tool.login)
    refused = (
        needs_shell and not given.has(*tool.shell) and refuses_login(use.target_user, users.made)
    )
    known = bool(site.path) and site.sudo is not None and tool.policy
    return use._replace(
        available=_available(use, tool, site),
        policy=site.sudo.policy if known and site.sudo else "",
        user_present=_user_present(use, site, users),
        no_login=refused,
        site_lines=(Location(site.path, site.sudo.line or None),) if known and site.sudo else (),
    )


def _available(use: PrivilegeUse, tool: Tool, site: Site) -> bool | Unknown:
    """Say whether the site lets the script do this."""
    if not tool.escalates:
        return True
    if site.sudo is None or not tool.policy or use.elsewhere:
        sure = use.as_root and use.declared is True and not use.elsewhere
        return sure or Unknown("site.sudo")  # sudo lets root do everything (sudoers(5))
    if site.sudo.policy != "listed":
        return site.sudo.policy == "nopasswd"
    if use.as_root or use.root_checked:
        return True
    return any(
        rule.runas in ("ALL", use.target_user)
        and (not rule.commands or any(_allows(command, use) for command in rule.commands))
        for rule in site.sudo.rules
    )


def _allows(rule: str, use: PrivilegeUse) -> bool:
    """Compare a command with a rule of sudo; a rule names the program by its full path.

    Ansible starts its modules from a file whose name changes: no rule for one program fits it.
    """
    if use.keyword:
        return rule == "ALL"
    inner = use.inner
    program, _, arguments = inner.partition(" ")
    bare = f"{posixpath.basename(program)} {arguments}".strip()
    wanted, _, wanted_arguments = rule.partition(" ")
    glob = f"{posixpath.basename(wanted)} {wanted_arguments}".strip()
    return rule == "ALL" or fnmatchcase(bare, glob if wanted_arguments else f"{glob}*")


def _user_present(use: PrivilegeUse, site: Site, users: Users) -> bool | Unknown:
    user = use.target_user
    if "$" in user or "`" in user:
        return Unknown("package.value")
    if not user or user in users.made or user in names("users") or user.lstrip("#").isdigit():
        return True
    if any(name.startswith(user) for name in users.needed):
        return Unknown("package.value")  # a package that this one depends on may make the user
    found = Unknown("site.users") if use.elsewhere else site.user(user)
    return found if isinstance(found, Unknown) else found is not None


def _password(command: Command, tool: Tool, given: Arguments) -> tuple[PasswordFrom, bool]:
    """Return where a password comes from, and whether it stands in the script."""
    if given.has(*tool.from_stdin):
        return "stdin", any(_is_known(word) for word in _piped(command))
    program = _helper(command) if tool.askpass else None
    asked = given.has(*tool.askpass) or program is not None
    person = program is not None and _ASKS_A_PERSON.fullmatch(program) is not None
    return ("askpass" if asked and not person else ""), False


def _fed_by_program(use: PrivilegeUse, package: Package, command: Command) -> bool:
    """Say whether a program gives a password (``Popen``) that is not seen in what it writes.

    What it writes may come from a dialog as well as from a file.
    """
    info = package.documents.get(command.document)
    seen = command.stdin or command.feeds or command.redirections
    return use.password_from in _PIPED and info is not None and info.kind != "shell" and not seen


def _helper(command: Command) -> str | None:
    """Return the program that sudo gets a password from; None where the script names none."""
    for layer in command.layers:
        for word in layer.arguments:
            if word.text.startswith("SUDO_ASKPASS="):
                return word.text.partition("=")[2]
    given = dict(command.environment).get("SUDO_ASKPASS")
    return None if given is None else given.text


def _piped(command: Command) -> Iterator[Word]:
    """Yield what is printed into a command, without the printing program and its format."""
    for producer in command.feeds[:1]:
        if producer and posixpath.basename(producer[0].text) in _PRINTERS:
            yield from (w for w in producer[1:] if not w.text.startswith(("-", "%")))
    for redirection in command.redirections:
        if redirection.operator == "<<<":
            yield redirection.target


def _is_known(word: Word) -> bool:
    return word.certainty != "computed" and bool(word.text.strip())


def _guards(guard: Guard, layer: Layer) -> bool:
    """Say whether a test makes sure that the tool is there, or that it is needed and may fail."""
    if not_root(guard):
        return True
    if not guard.holds:
        return False
    subject = guard.subject
    if guard.kind == "command-exists":
        return posixpath.basename(subject) == layer.tool
    return guard.kind == "other" and layer.tool in subject.split()


def _redirect(command: Command) -> str:
    """Return the system file that the calling shell opens for writing."""
    for redirection in command.redirections:
        if ">" in redirection.operator and area(redirection.target.text):
            return redirection.target.text
    return ""


def _started(command: Command) -> tuple[Word, ...]:
    """Return the words that name the script which a command starts."""
    return command.argv[: 2 if command.program in _SHELLS else 1]


def _is_builtin(command: Command) -> bool:
    return bool(command.argv) and command.argv[0].text in names("builtins")


def _without_terminal(layers: list[Layer]) -> bool:
    """Say whether a remote shell runs the command without a terminal."""
    return any(
        layer.kind == "remote"
        and not any(word.text in _TERMINAL_OPTIONS or "RequestTTY" in word.text
                    for word in layer.arguments)
        for layer in layers
    )  # fmt: skip


def _elsewhere(layers: list[Layer]) -> str:
    for layer in layers:
        if layer.kind in ("remote", "container"):
            what = "host" if layer.kind == "remote" else "container"
            return f"{what} {layer.target}".strip()
    return ""


def _is_probe(use: PrivilegeUse) -> bool:
    """``sudo -n true`` asks whether sudo works; ``sudo -l`` and ``sudo -k`` change nothing."""
    return use.program in _PROBES and (use.non_interactive or use.inner in ("", "true"))
