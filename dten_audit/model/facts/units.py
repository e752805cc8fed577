"""Facts about units: unit files, what controls them, what they depend on, what replaces them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Failure
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

Scope = Literal["system", "user", "other", "windows"]
Provided = Literal["", "before", "later", "somewhere", "package-manager", "dependency"]
Impact = Literal[
    "", "login", "network", "firewall", "containers", "guests", "cluster", "logs", "bus", "all"
]
Strength = Literal["needs", "wants", "order", "stops"]


def _lack(present: bool | Unknown) -> str:
    if present is False:
        return "the site does not have this unit, and the package does not bring it"
    return "the package does not bring this unit"


def _perhaps(similar: tuple[str, ...], renamed: str) -> str:
    named = f"Perhaps you mean {', '.join(similar)}." if similar else ""
    known = f"Known of the name: {renamed}." if renamed else ""
    return " ".join(part for part in (named, known) if part)


class UnitEntry(NamedTuple):
    """One assignment of a unit file, continuation lines joined, specifiers (``%i``) kept."""

    section: str
    key: str
    value: str
    at: Location


class UnitFile(NamedTuple):
    """A unit file or a drop-in, read as systemd.syntax(7) says.

    ``name`` is the unit's name (``x.service``), for a drop-in that of the unit it changes, which
    ``drop_in_of`` repeats; a drop-in for a whole type (``service.d/``) has the type as its name.
    ``template`` is ``x@.service`` for a template and its instances, ``instance`` what stands after
    the ``@``. ``masked`` says that the file is empty or a link to ``/dev/null``: its unit cannot
    be started. ``path`` is where the file lies in the package, or where a script writes it.
    """

    at: Location
    document: str
    name: str
    path: str
    entries: tuple[UnitEntry, ...] = ()
    drop_in_of: str = ""
    template: str = ""
    instance: str = ""
    masked: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.name}"

    @property
    def type(self) -> str:
        """The unit's type: ``service``, ``timer``, …."""
        return self.name.rpartition(".")[2]

    def values(self, section: str, key: str) -> tuple[UnitEntry, ...]:
        """Return the assignments of a key that count: those after the last empty one."""
        found: list[UnitEntry] = []
        for entry in self.entries:
            if entry.key == key and entry.section == section:
                if entry.value:
                    found.append(entry)
                else:
                    found.clear()
        return tuple(found)

    def value(self, section: str, key: str) -> str:
        """Return the last value of a key that counts; empty where it is not set."""
        found = self.values(section, key)
        return found[-1].value if found else ""


class UnitUse(NamedTuple):
    """A command that controls a unit: ``systemctl restart x``, ``service x stop``.

    ``verb`` is the verb of systemctl that it comes to, ``computed`` where only the run tells;
    ``starts`` and ``stops`` say whether it does so (``enable --now`` starts). ``unit`` is the full
    name (``x.service``), ``written`` how the package writes it; ``certainty`` is that of the name,
    and ``pattern`` says that it is a glob. ``manager`` is the program, ``initd`` for a script of
    ``/etc/init.d``; ``scope`` is ``user`` for units of a user's own manager, ``windows`` for
    services of Windows, ``other`` for names of another supervisor. ``elsewhere`` names the host or
    container that it runs in, if not here.

    ``present`` says whether the unit is there when the command runs: the site has it, every host
    with systemd has it, or the package brings it. ``provided`` says how the package does:
    ``before`` the command, ``later``, ``somewhere`` (which step is not seen), or by a package that
    it installs (``package-manager``) or needs (``dependency``). ``state`` and ``alias_of`` are the
    site's. ``installable`` says whether the unit file that the package brings can be enabled (has
    an ``[Install]`` section). ``similar`` are units of the site that may be meant; ``known_as`` are
    those that are the same service under another name, ``renamed`` is what is known of that.
    ``impact`` and ``loses`` are set for units that more than one product stands on (``firewall``),
    and for the verb ``isolate``, which stops all but one (``all``). ``unmasked`` says that the
    package takes a mask of the unit away. ``by_hand``: nobody knows whether the unit is there, and
    nothing of the package runs the script: somebody must call it.

    ``init`` is the init system that ``manager`` belongs to, empty for one that takes whichever the
    host has; ``fits`` says whether the site runs it, ``forwards`` that the manager passes on to
    systemctl where it is installed. ``init_script`` says that the package brings a script of the
    unit's name in ``/etc/init.d``. ``in_container`` says that it runs in a container of one program
    (an image's build or entry point, ``docker exec``), where no init system is.

    ``guarded``: runs only where a test found the unit; ``checked``: only where a test found the
    init system or the manager. ``deferred``: it runs later, as a unit or a job does. ``failure`` is
    what happens to a failure. ``role`` is what the script is for.
    """

    at: Location
    document: str
    order: int
    verb: str
    unit: str
    written: str
    manager: str
    certainty: Certainty = "exact"
    pattern: bool = False
    scope: Scope = "system"
    starts: bool = False
    stops: bool = False
    elsewhere: str = ""
    present: bool | Unknown = True
    provided: Provided = ""
    state: str | Unknown = ""
    alias_of: str | Unknown = ""
    installable: bool | Unknown = True
    similar: tuple[str, ...] = ()
    known_as: tuple[str, ...] = ()
    renamed: str = ""
    unmasked: bool = False
    impact: Impact = ""
    loses: str = ""
    init: str = ""
    fits: bool | Unknown = True
    forwards: bool = False
    init_script: bool = False
    in_container: bool = False
    guarded: bool = False
    checked: bool = False
    deferred: bool = False
    failure: Failure = "default"
    role: ScriptRole = "script"
    by_hand: bool = False
    site_lines: tuple[Location, ...] = ()
    brought_at: tuple[Location, ...] = ()
    via: tuple[Location, ...] = ()

    @property
    def loss(self) -> str:
        """What others lose, and when, in words."""
        later = self.verb in ("disable", "mask") and not self.stops
        return f"{'from the next boot on' if later else 'meanwhile'} the host loses {self.loses}"

    @property
    def action(self) -> str:
        """What is done to the unit, in words: the verb, where it is known."""
        return "control" if self.verb == "computed" else self.verb

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.verb} {self.unit}"

    @property
    def lack(self) -> str:
        """Who lacks the unit, in words."""
        return _lack(self.present)

    @property
    def perhaps(self) -> str:
        """What may be meant instead, as a sentence; empty where nothing is near."""
        return _perhaps(self.similar, self.renamed)


class UnitStop(NamedTuple):
    """A unit that the package stops. ``started`` is where it starts it again; empty: nowhere.

    ``restarted`` is unknown where the package starts units whose names only the run tells, or
    installs packages, whose own scripts may start it. ``retired`` says that it is stopped for good:
    disabled, masked, or its file removed. ``present`` is whether the site has it.
    """

    at: Location
    unit: str
    restarted: bool | Unknown
    retired: bool
    present: bool | Unknown
    role: ScriptRole = "script"
    started: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} stop {self.unit}"


class UnitInstall(NamedTuple):
    """A unit file or drop-in that lands where systemd looks for units.

    ``target`` is the path there, ``drop_in`` says that it is a drop-in for ``unit``.
    ``administrator`` says that it lies in ``/etc``, where the administrator's own changes are.
    ``present`` and ``state`` are the site's: whether it has the unit now. ``own`` says that the
    package ships the program that the unit runs, or that the unit bears the package's name;
    ``impact`` is set for units that more than one product stands on. ``by_script`` says that a
    script puts it there; ``reloaded`` that the package tells systemd so before it starts or
    restarts the unit, ``used`` that it does either.
    """

    at: Location
    unit: str
    target: str
    drop_in: bool = False
    administrator: bool = False
    present: bool | Unknown = False
    state: str | Unknown = ""
    own: bool = False
    impact: Impact = ""
    loses: str = ""
    by_script: bool = False
    reloaded: bool = True
    used: bool = False
    role: ScriptRole = "script"
    site_lines: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.target}"


class UnitDependency(NamedTuple):
    """A unit that a unit file of the package names in a dependency.

    ``relation`` is the key (``Requires``, ``After``); ``strength`` says what its absence means:
    ``needs`` the unit does not start, ``wants`` it starts without, ``order`` the order is lost;
    ``stops``: to start the one stops the other (``Conflicts=``). ``present``, ``provided``,
    ``impact``, ``loses`` and ``similar`` are as in a unit use. ``by_link`` says that a link in a
    folder such as ``multi-user.target.wants`` states it. ``scope`` is ``user`` in units of a user's
    own manager. ``likely``: nobody knows whether it is there,
    but a package that this one needs has a name like the unit's.
    """

    at: Location
    name: str
    relation: str
    strength: Strength
    unit: str
    present: bool | Unknown = True
    provided: Provided = ""
    similar: tuple[str, ...] = ()
    renamed: str = ""
    impact: Impact = ""
    loses: str = ""
    by_link: bool = False
    scope: Scope = "system"
    likely: bool = False
    role: ScriptRole = "script"
    site_lines: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.name} {self.relation} {self.unit}"

    @property
    def lack(self) -> str:
        """Who lacks the unit, in words."""
        return _lack(self.present)

    @property
    def perhaps(self) -> str:
        """What may be meant instead, as a sentence; empty where nothing is near."""
        return _perhaps(self.similar, self.renamed)


class UnitProgram(NamedTuple):
    """A program that a unit file of the package runs (``ExecStart=``).

    ``path`` is the program's. ``shipped`` says that the package puts it there (unknown where
    another package of the same version may); ``system`` that it lies where the operating system
    keeps its programs. ``own_folder`` says that the package puts other files into the same tree.
    ``optional``: a failure to start it is ignored (``-``).
    """

    at: Location
    name: str
    key: str
    path: str
    shipped: bool | Unknown
    system: bool = False
    own_folder: bool = False
    optional: bool = False
    near: tuple[str, ...] = ()
    role: ScriptRole = "script"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.name} {self.key} {self.path}"

    @property
    def perhaps(self) -> str:
        """What may be meant instead, as a sentence; empty where nothing is near."""
        return _perhaps(self.near, "")
