"""The command ``dten-audit``: finds the sub-command, and turns every end into one exit status."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from dten_audit import __version__
from dten_audit.model.suggestion import suggestion

OK, FOUND, USAGE, NOT_OPENED, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 130

COMMANDS: Final = {
    "check": "Say what packages would do to production (the default command)",
    "facts": "Show what was read in a package",
    "cat": "Print the bytes behind an address",
    "explain": "Explain a rule, with examples",
    "rules": "List, test and describe the rules",
    "keys": "List config keys that versions renamed, removed or read differently",
    "inventory": "Write a site file with just the questions of a package",
    "trust": "Say whom you trust to sign packages, with evidence, written down",
}


class Commands(click.Group):
    """Imports a sub-command when it is called; a first word that is none means ``check``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"dten_audit.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``check`` in front of what does not start with a command."""
        if args and args[0] not in COMMANDS and args[0] not in ("--help", "-h", "--version"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.command(
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="dten-audit PACKAGE is short for dten-audit check PACKAGE. Exit status: 0 nothing at or "
    "above --fail-on, 1 something is, 2 usage or configuration error, 3 a package could not be "
    "opened, 4 internal error, 130 interrupted.",
)
@click.version_option(__version__, message="dten-audit %(version)s")
def cli() -> None:
    """Say what a vendor's upgrade package would do to production, without running any of it."""


def run() -> None:
    """Run the command line and exit with its status."""
    sys.exit(main())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status. Errors end as one line on stderr."""
    try:
        status = cli.main(arguments, prog_name="dten-audit", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return USAGE
    except click.ClickException as error:
        return complain(error.format_message(), USAGE)
    except (click.Abort, KeyboardInterrupt):
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if os.environ.get("DTEN_AUDIT_DEBUG"):
            raise
        return complain(_internal(error), INTERNAL)
    return status if isinstance(status, int) else OK


def _internal(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    kind = type(error).__name__
    return (
        f"internal error ({kind} at {where}: {error}); please report it. "
        "With DTEN_AUDIT_DEBUG=1 the traceback is shown"
    )


def complain(message: str, status: int) -> int:
    """Print one line on stderr and return ``status``."""
    from dten_audit.report.sanitise import for_terminal

    click.echo(f"dten-audit: {for_terminal(' '.join(message.split()))}", err=True)
    return status


def near_command(name: str) -> str:
    """Return ``; did you mean …?`` for a package name that looks like a mistyped command."""
    return suggestion(name, COMMANDS) if "/" not in name and "." not in name else ""
