"""Facts about configuration: which keys are set where, and what a version makes of them."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.finding import Side
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

Change = Literal[
    "removed", "renamed", "moved", "deprecated", "default-changed", "value-not-allowed"
]
Effect = Literal[
    "refuses-to-start", "ignored", "warns", "silently-different", "still-bound", "unspecified"
]
Role = Literal["live", "example"]

_CONSEQUENCES: Final[dict[Effect, str]] = {
    "refuses-to-start": "refuses to start with it",
    "ignored": "ignores it",
    "warns": "only warns of it",
    "silently-different": "behaves differently without saying so",
    "still-bound": "still reads the old name",
    "unspecified": "may refuse it or ignore it",
}
_REFUSED: Final = {
    "kubernetes": "no longer takes such objects",
    "ansible": "fails at the task that calls it",
}
"""What refusing means where keys are no lines of a file of the product's own, by their format."""


class ConfigKey(NamedTuple):
    """A key that a configuration file, or a command of a script, sets. Comments set nothing.

    ``format`` is the file's kind (``yaml``, ``json``, ``toml``, ``ini``, ``properties``, ``env``).
    ``path`` is where the file stands in its container, or where it lands. ``section`` is the INI
    section; ``key`` the full dotted path elsewhere, entries of lists as ``[0]``. ``value`` is text,
    cut after 500 characters; where ``certainty`` is computed it holds the template (``${NAME}``,
    ``{{ name }}``). ``setter`` is the program of a command that sets the key (``sed``,
    ``crudini``), empty for a file. ``condition`` is what the condition of a template or script is
    about under which it stands: a ``version``, something ``other``, or nothing. Only the filled-in
    file tells then whether it is set. ``image``: a program reads it that a container's image
    brings, in whatever version.
    """

    at: Location
    format: str
    path: str
    section: str
    key: str
    value: str
    certainty: Certainty = "exact"
    setter: str = ""
    condition: Literal["", "version", "other", "image"] = ""

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.path} [{self.section}] {self.key}"


class ConfigInclude(NamedTuple):
    """A configuration file has its program read another one of the package.

    ``path`` is the file that includes, ``file`` the id of the included one, ``included`` its path.
    """

    at: Location
    path: str
    file: str
    included: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} includes {self.included}"


class ConfigChange(NamedTuple):
    """What a config matrix says of a key that is set (or, for a default, is not set).

    ``side`` is ``site`` for a key of a live file that the site file lists; ``at`` is then its line.
    ``component`` is the purl of the product that reads the key, ``product`` its name. ``since`` is
    the version from which the change holds. ``applies`` says whether it holds in the version that
    the package brings or, where it brings none, in the one that the site runs: ``in_force``.
    ``installed`` is the site's version; None where the product is certainly not there.
    ``replacement`` is the key to use instead, ``replacement_known`` whether the version that the
    site runs now knows it already; ``setting`` is the whole line where it can be worked out,
    ``transform`` how the value changes. ``replacement_at`` is where the same file sets that key as
    well. ``default_from`` and ``default_to`` are the defaults of a key that no file of the product
    sets; ``allowed`` the values that are left. ``role`` is ``example`` for samples and
    documentation, which no program reads. ``source`` is the matrix and its line. ``only_value`` is
    the one value that the change is about, where the key itself stays.
    """

    at: Location
    component: str
    product: str
    key: str
    section: str
    value: str
    change: Change
    since: str
    effect: Effect
    applies: bool | Unknown
    in_force: str | Unknown
    installed: str | Unknown | None = None
    replacement: str = ""
    replacement_known: bool | Unknown = False
    setting: str = ""
    transform: str = ""
    replacement_at: Location | None = None
    allowed: tuple[str, ...] = ()
    default_from: str = ""
    default_to: str = ""
    path: str = ""
    role: Role = "live"
    side: Side = "package"
    setter: str = ""
    note: str = ""
    source: str = ""
    use: str = ""
    only_value: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        file = self.at.member if self.side == "package" else f"site {self.path}"
        return f"{file} {self.component} [{self.section}] {self.key}"

    @property
    def name(self) -> str:
        """The key with its section, as a reader looks for it, and the value that it is about."""
        key = f"[{self.section}] {self.key}" if self.section else self.key
        return f"{key} with {self.only_value}" if self.only_value else key

    @property
    def where(self) -> str:
        """The file, and the program of the command that sets the key in it, if one does."""
        return f"{self.path}, where {self.setter} puts it" if self.setter else self.path

    @property
    def consequence(self) -> str:
        """What the product does with the key from ``since`` on."""
        refused = _REFUSED.get(self.use) if self.effect == "refuses-to-start" else None
        return refused or _CONSEQUENCES[self.effect]

    @property
    def instead(self) -> str:
        """The line to write, or the key to use where the value cannot be worked out."""
        if self.setting or not self.transform:
            return self.setting or self.replacement
        return f"{self.replacement}, with the value changed: {self.transform}"

    @property
    def choices(self) -> str:
        """The values that are left, in words."""
        return f"one of {', '.join(self.allowed)}" if self.allowed else "another value"


class UnreadableConfig(NamedTuple):
    """A configuration file of a product that a matrix speaks of, and that breaks off at ``at``.

    ``language`` is the format, ``reason`` what is wrong with it. The subject is that of the
    ``Unreadable`` fact which this one sharpens.
    """

    at: Location
    component: str
    product: str
    path: str
    language: str
    reason: str
    role: Role = "live"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.language} {self.reason}"
