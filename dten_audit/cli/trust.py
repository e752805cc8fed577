"""``dten-audit trust``: whom you trust to sign packages, decided by people and written down."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "show": ("trust_show", "Show who signed a package, and what to ask the vendor"),
    "add-root": ("trust_add", "Record a root, once the vendor has read out its fingerprint"),
    "rotate": ("trust_rotate", "Record a new root for which a trusted one vouches"),
    "list": ("trust_list", "List the roots of a trust store"),
    "retire": ("trust_state", "Accept a root no more, or only up to a day"),
    "revoke": ("trust_state", "Refuse a root and all below it for good"),
    "diff": ("trust_diff", "Say what came, went and changed between two states of a store"),
    "import-advisory": ("trust_import", "Take a signed or pinned advisory into your folder"),
    "check": ("trust_check", "Say what is due: dates, reviews, approvals, versions"),
}


class TrustCommands(click.Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"dten_audit.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


@click.command(
    name="trust",
    cls=TrustCommands,
    epilog="A trust store is a folder (--trust DIR): roots as PEM or DER, or vendor records with "
    "evidence and approvals. docs/trust.md leads from an unknown root to a recorded decision.",
)
def command() -> None:
    """Say whom you trust to sign packages: by people, with evidence, written down."""
