"""Options that several commands share, and how their values become ``Options``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from dten_audit.documents.budget import Limits
    from dten_audit.options import Options

C = TypeVar("C", bound=Callable[..., Any])
_LIMITS: Final = ("total", "member", "ratio", "entries", "depth", "seconds")
_FURTHER: Final = (
    "memory", "ratio_from", "name", "component", "link", "directory", "names", "extended_header",
    "dictionary",
)  # fmt: skip
_FILE = click.Path(path_type=Path)


def knowledge_options(command: C) -> C:
    """Add the options that say what the user knows."""
    for option in (
        click.option("--window", metavar="START/DURATION", help="The change window."),
        click.option("--at", metavar="TIME", help="Judge as of this moment (default: now)."),
        click.option("--rules", type=_FILE, multiple=True, help="A folder of further rules."),
        click.option("--matrix", type=_FILE, multiple=True, help="A config matrix."),
        click.option(
            "--advisories",
            type=_FILE,
            multiple=True,
            help="A folder of advisories: CSAF, OSV, OpenVEX, dten-advisory/1.",
        ),
        click.option("--trust", type=_FILE, help="A folder of trusted roots."),
        click.option("--site", type=_FILE, help="What there is at the site (dten-site/1)."),
    ):
        command = option(command)
    return command


def limit_options(command: C) -> C:
    """Add the options of opening: further formats, and the budget."""
    for option in (
        click.option(
            "--plugin",
            multiple=True,
            metavar="NAME",
            help="An installed plugin that reads a further format; none is used unasked.",
        ),
        click.option(
            "--limit",
            multiple=True,
            metavar="NAME=VALUE",
            help=f"Any limit of the budget: {', '.join(_FURTHER)}, or one of the above.",
        ),
        click.option("--max-seconds", type=int, help="Stop after this time; the backstop."),
        click.option("--max-depth", type=int, help="How deep archives may nest."),
        click.option("--max-entries", type=int, help="How many members all archives may have."),
        click.option("--max-ratio", type=int, help="How far a member may inflate, out/in."),
        click.option("--max-member", metavar="SIZE", help="How large one member may get."),
        click.option("--max-total", metavar="SIZE", help="How much all archives may inflate to."),
    ):
        command = option(command)
    return command


def build_options(values: dict[str, Any], **extra: Any) -> Options:
    """Return ``Options`` of what click parsed. Raises ``click.UsageError``."""
    from dten_audit.options import OptionError, Options, parse_moment, parse_window

    try:
        options = Options(
            site=values.get("site"),
            trust=values.get("trust"),
            matrices=tuple(values.get("matrix") or ()),
            rules=tuple(values.get("rules") or ()),
            advisories=tuple(values.get("advisories") or ()),
            at=parse_moment(values["at"]) if values.get("at") else None,
            window=parse_window(values["window"]) if values.get("window") else None,
            limits=_limits(values),
            plugins=tuple(values.get("plugin") or ()),
            **extra,
        )
        options.budget()
    except OptionError as error:
        raise click.UsageError(str(error)) from None
    return options


def _limits(values: dict[str, Any]) -> Limits:
    from dten_audit.documents.budget import Limits
    from dten_audit.judge.conditions import quantity
    from dten_audit.options import OptionError

    given = {name: values.get(f"max_{name}") for name in _LIMITS}
    given |= _named_limits(values.get("limit") or ())
    try:
        numbers = {name: int(quantity(value)) for name, value in given.items() if value is not None}
    except ValueError as error:
        raise OptionError(str(error)) from None
    return Limits()._replace(**numbers)


def _named_limits(words: tuple[str, ...]) -> dict[str, str]:
    """Return what ``--limit NAME=VALUE`` says. Raises ``OptionError``."""
    from dten_audit.model.suggestion import suggestion
    from dten_audit.options import OptionError

    found = {}
    known = sorted((*_LIMITS, *_FURTHER))
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in known:
            message = f"no limit such as {word}{suggestion(name, known)}"
            raise OptionError(message)
        found[name] = value.strip()
    return found


def wants_colour(choice: str) -> bool:
    """Decide on colour: the option, then NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, then the terminal.

    See no-color.org and force-color.org; click by itself honours neither.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
