"""Facts about rights: what assumes more of them, takes them for granted, or gives them away."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Failure
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

PasswordFrom = Literal["", "stdin", "askpass"]
Write = Literal["writes", "removes", "owner", "mode", "link", "folder"]
Grant = Literal["rule", "default", "group", "edit", "mode", "polkit", "action"]

_USER_FIRST: Final = frozenset(("su", "gosu", "su-exec", "setuidgid"))
"""Tools that take the user as their first operand."""


class PrivilegeUse(NamedTuple):
    """A command that is run as another user: ``sudo systemctl …``, ``su - postgres -c …``.

    ``tool`` is the wrapper, ``target_user`` whom it becomes, ``inner`` the command that it runs.
    ``escalates`` says that it asks for more rights than the script may have (sudo, doas, pkexec);
    the others only work for root. ``available`` says whether the site lets it, by its sudo
    ``policy``; ``granted``: the package's own sudoers file allows this command without a password;
    ``declared``: the package says that it needs a package of the tool's name.
    ``guarded``: runs only where a test found the tool, or where the user is not root.
    ``root_checked``: runs only as root; ``as_root``: the script is only seen to be run as root.

    ``non_interactive`` is ``-n``; ``password_from`` says where a password comes from (unknown where
    a program writes it, perhaps after it has asked a person), and ``password_shipped`` that it
    stands in the script. ``no_terminal``: nobody can be asked for one (over ssh without ``-t``,
    from a job). ``redirect`` is a system file that the caller's shell opens, not the tool
    (``sudo echo x > /etc/y``); ``builtin`` a word that only a shell knows (``sudo cd``).
    ``reexecutes``: the script starts itself again. ``keeps_environment`` is ``-E``, which keeps
    all variables.
    ``user_present`` says whether the target user exists; ``no_login`` that its shell refuses
    logins, and no other is named. ``function`` is the shell function that wraps the tool.
    ``keyword`` is how a playbook asks for the tool (``become: true``), else empty. ``by_hand``:
    the site does not say whether this may be, and nothing of the package runs the script.
    """

    at: Location
    document: str
    tool: str
    target_user: str
    inner: str
    program: str = ""
    escalates: bool = True
    available: bool | Unknown = True
    policy: str = ""
    granted: bool = False
    declared: bool | Unknown = Unknown("package.value")
    guarded: bool = False
    root_checked: bool = False
    as_root: bool = False
    non_interactive: bool = False
    password_from: PasswordFrom | Unknown = ""
    password_shipped: bool = False
    no_terminal: bool = False
    redirect: str = ""
    builtin: str = ""
    reexecutes: bool = False
    keeps_environment: bool = False
    user_present: bool | Unknown = True
    no_login: bool = False
    elsewhere: str = ""
    function: str = ""
    keyword: str = ""
    failure: Failure = "default"
    role: ScriptRole = "script"
    by_hand: bool = False
    site_lines: tuple[Location, ...] = ()
    via: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.tool} {self.target_user} {self.inner}"

    @property
    def spoken(self) -> str:
        """The command as a sentence names it: tool, target user if not root, what is run."""
        if self.keyword:
            user = "" if self.target_user in ("", "root") else f", become_user: {self.target_user}"
            return f"{self.keyword}{user} ({self.inner})"
        user = "" if self.target_user in ("", "root") else self.target_user
        if user and self.tool not in _USER_FIRST:
            user = f"-u {user}"
        return " ".join(part for part in (self.tool, user, self.inner) if part)

    @property
    def permission(self) -> str:
        """What is known of the right to use the tool, in words."""
        if isinstance(self.available, Unknown) and self.as_root:
            return f"it runs as root, but nothing says that the hosts have {self.tool}"
        if isinstance(self.available, Unknown):
            return f"nobody has said that this account may use {self.tool}"
        if self.available:
            return f"the site lets it use {self.tool}"
        return {
            "none": f"this site does not use {self.tool}",
            "listed": f"the site's rules for {self.tool} do not allow it",
        }.get(self.policy, f"this account may not use {self.tool}")


class SystemWrite(NamedTuple):
    """A command that changes a path which only root may change, with the rights of the script.

    ``what`` is what it does, ``area`` what the path belongs to (``configuration``, ``programs``).
    ``own``: the path is the product's own. ``root_checked``: runs only as root; ``as_root``: the
    script is only seen to be run as root. ``started``: the script is started from the package
    (it has ``#!`` or may be executed); what is sourced or installed leaves the check to others.
    """

    at: Location
    document: str
    program: str
    what: Write
    path: str
    area: str
    own: bool = False
    root_checked: bool = False
    as_root: bool = False
    started: bool = True
    failure: Failure = "default"
    role: ScriptRole = "script"
    via: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.what} {self.path}"


class ModeChange(NamedTuple):
    """A command that sets a mode or capability which gives rights away.

    ``mode`` is the mode as written. ``setgid`` is said of programs only: on a folder the bit hands
    its group down to new files. ``capabilities`` are those that setcap sets; ``powerful`` says
    that one of them amounts to root. ``recursive``: all below ``path``. ``asked``: only where
    the administrator has answered so when the package was installed (debconf). ``by_hand``:
    nothing of the package runs the script: somebody must call it.
    """

    at: Location
    path: str
    mode: str
    setuid: bool = False
    setgid: bool = False
    world_writable: bool = False
    capabilities: tuple[str, ...] = ()
    powerful: bool = False
    recursive: bool = False
    asked: bool = False
    by_hand: bool = False
    role: ScriptRole = "script"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.mode} {self.path}"

    @property
    def right(self) -> str:
        """What the path gets, and when, in words."""
        what = f"the {'capability' if self.capabilities else 'mode'} {self.mode}"
        return f"{what}, if debconf is answered so" if self.asked else what


class SudoersCommand(NamedTuple):
    """A command that a sudoers line allows (aliases expanded), as whom, and without a password.

    ``setenv``: its caller may set any variable for it.
    """

    command: str
    runas: str
    nopasswd: bool
    setenv: bool = False


class SudoersRule(NamedTuple):
    """A user specification of a sudoers file (sudoers(5)), aliases of the same file expanded.

    ``tool`` is ``doas`` for a rule of doas.conf(5).
    """

    at: Location
    document: str
    path: str
    who: tuple[str, ...]
    hosts: tuple[str, ...]
    commands: tuple[SudoersCommand, ...]
    tool: str = "sudo"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        allowed = " ".join(command.command for command in self.commands)
        return f"{self.at.member} {' '.join(self.who)} {allowed}"


class SudoersDefault(NamedTuple):
    """A setting of a ``Defaults`` line. ``scope`` is whom it holds for (``:dten``), empty: all."""

    at: Location
    document: str
    path: str
    setting: str
    value: str = ""
    negated: bool = False
    scope: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} Defaults{self.scope} {self.setting}"


class SudoersInclude(NamedTuple):
    """A line of a sudoers file that has another file read, or all files of a ``folder``."""

    at: Location
    document: str
    path: str
    target: str
    folder: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} include {self.target}"


class AdminGrant(NamedTuple):
    """Something that makes a user an administrator, or nearly.

    ``how``: a ``rule`` or ``default`` of sudo (or doas, as ``tool`` says), membership in a
    ``group``, an ``edit`` of a sudoers file, a ``mode`` of one, a rule of ``polkit``, or the
    defaults of an ``action`` of polkit. ``who`` gets it, ``what`` is granted (commands, setting,
    group, path, actions). For rules: ``nopasswd`` (some command without a password), ``unlimited``
    (all commands or actions), ``as_root`` (what is granted amounts to root), ``escapes`` (programs
    among the commands that run or write anything), ``excludes`` (commands taken out of all, with
    ``!``), ``wildcards`` (commands with ``*`` in path or arguments), ``setenv`` (its caller may set
    any variable). ``why`` says what a setting, group or action amounts to, ``conditions`` what must
    hold besides. ``path`` is the file; ``ignored`` says why sudo will not read it, empty if it
    will.
    """

    at: Location
    how: Grant
    who: str
    what: str
    nopasswd: bool = False
    unlimited: bool = False
    as_root: bool = True
    escapes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ()
    setenv: bool = False
    why: str = ""
    conditions: str = ""
    tool: str = "sudo"
    path: str = ""
    ignored: str = ""
    role: ScriptRole = "script"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.how} {self.who} {self.what}"

    @property
    def reason(self) -> str:
        """What it amounts to and what must hold, as the end of a sentence; empty if not known."""
        held = f", {self.conditions}" if self.conditions else ""
        return f"{held}: {self.why}" if self.why else held
