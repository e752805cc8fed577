"""``dten-audit check``: audit packages and report."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import click

from dten_audit.cli.main import FOUND, NOT_OPENED, OK, USAGE, complain, near_command
from dten_audit.cli.options import build_options, knowledge_options, limit_options, wants_colour

if TYPE_CHECKING:
    from dten_audit.auditing import Progress
    from dten_audit.model.report import Report

FORMATS: Final = ("text", "json", "sarif")
_LEVELS: Final = ("critical", "high", "medium", "low", "info", "never")
_PROFILES: Final = {"gate": "medium", "review": "low", "everything": "info"}
_SILENCE: Final = 1.0
_WORST: Final = (OK, FOUND, NOT_OPENED, USAGE)
"""Exit statuses of a package; of several packages, the last of these counts."""


@click.command(name="check")
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
@click.option("-f", "--format", "form", type=click.Choice(FORMATS), default="text")
@click.option("-o", "--output", multiple=True, metavar="FMT=FILE", help="Also write this report.")
@knowledge_options
@click.option("--select", multiple=True, metavar="ID|FAMILY", help="Only these rules.")
@click.option("--ignore", multiple=True, metavar="ID|FAMILY", help="Not these rules.")
@click.option("--fail-on", type=click.Choice(_LEVELS), default="high", show_default=True)
@click.option(
    "--profile", type=click.Choice(list(_PROFILES)), default="review", show_default=True,
    help="How much to show; gate also fails on open questions.",
)  # fmt: skip
@limit_options
@click.option("--quiet", is_flag=True, help="Only the verdict and the coverage.")
@click.option("--verbose", is_flag=True, help="Also why, and every place.")
@click.option("--timings", is_flag=True, help="How long each stage took.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto")
def command(packages: tuple[str, ...], **values: Any) -> int:
    """Say what PACKAGEs would do to production: archives, folders, or - for standard input."""
    from dten_audit.auditing import audit
    from dten_audit.judge.loading import load_rules
    from dten_audit.model.rule import RuleError
    from dten_audit.options import OptionError
    from dten_audit.site.schema import SiteFileError

    if "" in packages:
        raise click.UsageError("the name of a package is empty: perhaps a variable is not set")
    outputs = _outputs(values["output"])
    options = build_options(values, select=values["select"], ignore=values["ignore"])
    try:
        report = audit(packages, options, _progress(values["quiet"]))
        rules = load_rules(options.rules) if _wants(values, outputs, "sarif") else ()
    except (RuleError, OptionError, SiteFileError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(_render(report, values["form"], values, rules), nl=False)
    for form, path in outputs:
        _write(path, _render(report, form, {**values, "color": "never"}, rules))
    return _status(report, values)


def _outputs(words: tuple[str, ...]) -> list[tuple[str, Path]]:
    found = []
    for word in words:
        form, equals, path = word.partition("=")
        if not equals or form not in FORMATS:
            message = f"--output takes FMT=FILE with FMT one of {', '.join(FORMATS)}: {word}"
            raise click.UsageError(message)
        found.append((form, Path(path)))
    return found


def _wants(values: dict[str, Any], outputs: list[tuple[str, Path]], form: str) -> bool:
    return values["form"] == form or any(name == form for name, _ in outputs)


def _render(report: Report, form: str, values: dict[str, Any], rules: Any) -> str:
    if form == "json":
        from dten_audit.report import as_json

        return as_json.render(report)
    if form == "sarif":
        from dten_audit.report import as_sarif

        return as_sarif.render(report, rules)
    from dten_audit.report import as_text

    floor: Any = _PROFILES[values["profile"]]
    style = as_text.Style(
        wants_colour(values["color"]), values["verbose"], values["quiet"], floor, values["timings"]
    )
    return as_text.render(report, style)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise click.UsageError(message) from None


def _status(report: Report, values: dict[str, Any]) -> int:
    """Return the exit status, the worst of all packages: 2 over 3 over 1 over 0."""
    from dten_audit.model.finding import severity_rank

    status = OK
    level = values["fail_on"]
    for package in report.packages:
        found = False
        for finding in package.findings:
            asked = values["profile"] == "gate" and finding.certainty == "unknown"
            bad = level != "never" and severity_rank(finding.severity) <= severity_rank(level)
            found |= finding.waived is None and (bad or asked)
        if package.error:
            near = near_command(package.path)
            ended = complain(f"{package.path}: {package.error}{near}", NOT_OPENED)
        elif package.coverage.bytes == 0 and not found:
            ended = complain(f"{package.path}: nothing to audit, it holds no bytes", USAGE)
        else:
            ended = FOUND if found else OK
        status = max(status, ended, key=_WORST.index)
    return status


def _progress(quiet: bool) -> Progress | None:
    """Return a progress line on stderr, for terminals, after the first second."""
    if quiet or not sys.stderr.isatty():
        return None
    from dten_audit.report.sanitise import for_terminal

    started = monotonic()
    shown = [started]

    def show(path: str, count: int) -> None:
        now = monotonic()
        if now - started > _SILENCE and now - shown[0] > 0.1:  # noqa: PLR2004 (ten times a second)
            shown[0] = now
            click.echo(
                f"\r\x1b[K{count} documents  {for_terminal(path)[:60]}\r", err=True, nl=False
            )

    return show
