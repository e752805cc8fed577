"""Facts about commands: what a script runs, through which wrappers, under which guards."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.location import Location

LayerKind = Literal["privilege", "plain", "shell", "remote", "container", "lock", "deferred"]
GuardKind = Literal[
    "command-exists", "root-check", "unit-exists", "path-exists", "systemd-running", "other"
]
Failure = Literal["default", "stops", "ignored"]

SCRIPT_FOLDER: Final = "${0%/*}"
"""How the script's own folder stands in a word, however the script spells it."""


class Word(NamedTuple):
    """One argument. Where ``certainty`` is computed, ``text`` holds the source (``${NAME}``)."""

    text: str
    certainty: Certainty = "exact"


class Guard(NamedTuple):
    """A test that must hold for the command to run.

    ``holds`` is False where the command runs when the test fails (an ``else`` branch).
    ``subject`` is what is tested: the command's name, the unit, the path; ``root`` for the user;
    the test's own text for ``other``.
    """

    kind: GuardKind
    subject: str
    line: int | None
    holds: bool = True


class Layer(NamedTuple):
    """A wrapper peeled off a command: ``sudo -u postgres``, ``ssh host``, ``docker exec web``.

    ``target`` is the user, host, container or lock file that the wrapper names, else empty.
    ``function`` is the shell function that the wrapper hides in (``run_as_root``), else empty.
    ``arguments`` are the wrapper's own words, its name first. ``guards`` are tests under which the
    wrapper is used at all (``$SUDO``, set only where the user is not root); empty: always.
    """

    tool: str
    kind: LayerKind
    arguments: tuple[Word, ...] = ()
    target: str = ""
    function: str = ""
    line: int | None = None
    guards: tuple[Guard, ...] = ()


class Redirection(NamedTuple):
    """``operator`` is one of ``> >> < <> >| &> &>>``; ``descriptor`` the number before it or -1."""

    operator: str
    target: Word
    descriptor: int = -1


class Command(NamedTuple):
    """A command that a script runs, wrappers peeled off, words resolved as far as can be known.

    ``at`` is the outermost place where its words stand: the call site, if the command itself stands
    in a function whose parameters it needs; ``via`` are the inner places, the command's own last.
    ``program`` is the base name of the first word, empty when computed. ``document`` is the id of
    the document that runs it, ``order`` its rank there as the script runs, functions where they are
    first called. ``function`` is the function in which it stands; ``called`` is False in functions
    that the document only defines, and after a final ``exit``. ``environment`` are variables known
    to be exported, then assignments in force only for this command. ``stdin`` is the id of the
    embedded document that it reads, or empty; ``documents`` are the ids of those in its arguments
    (``-c`` strings) and of the texts that it writes to files. ``feeds`` holds the commands that
    pipe into it, nearest first. ``folder`` is the working folder as far as the script sets it
    (``/opt/app``, ``${0%/*}/sql``), else empty. ``deferred`` says that it runs later: in a trap, a
    timer or at a set time.
    """

    at: Location
    document: str
    order: int
    program: str
    argv: tuple[Word, ...]
    layers: tuple[Layer, ...] = ()
    guards: tuple[Guard, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    environment: tuple[tuple[str, Word], ...] = ()
    function: str = ""
    called: bool = True
    failure: Failure = "default"
    deferred: bool = False
    stdin: str = ""
    documents: tuple[str, ...] = ()
    feeds: tuple[tuple[Word, ...], ...] = ()
    folder: str = ""
    via: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {' '.join(word.text for word in self.argv)}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The texts of the words after the program's name."""
        return tuple(word.text for word in self.argv[1:])


class LibraryCommand(NamedTuple):
    """A command that library code could run; nothing in the package is seen to come there.

    ``document`` is the id of the file, ``layers`` the wrappers peeled off the command.
    """

    at: Location
    document: str
    program: str
    argv: tuple[Word, ...]
    layers: tuple[Layer, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {' '.join(word.text for word in self.argv)}"


class MainGuard(NamedTuple):
    """A program says itself what to do when it is started (``if __name__ == "__main__"``)."""

    at: Location
    document: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} main"


class LibraryUse(NamedTuple):
    """Library code runs commands of a family. ``topic`` is a row of ``gate.yaml``.

    ``program`` is the first such command, ``kind`` the language of its file, ``role`` what that is
    for: ``script`` where it is started, but does not come to this function.
    """

    at: Location
    topic: str
    program: str
    kind: str
    certainty: Certainty = "exact"
    role: ScriptRole = "library"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.topic}"
