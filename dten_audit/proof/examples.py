"""Runs a rule's examples: builds the little package, audits it, compares the places reported."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, cast

import yaml

from dten_audit.auditing import read_package
from dten_audit.derive.deriving import ordered
from dten_audit.derive.registry import DERIVERS
from dten_audit.documents.budget import Limits
from dten_audit.examples import BUILDERS
from dten_audit.judge.judging import Verdict, verdicts
from dten_audit.links.package import Package
from dten_audit.links.relinking import link_package
from dten_audit.model.facts.base import fact_type
from dten_audit.model.rule import Rule
from dten_audit.options import Options, parse_moment, parse_window
from dten_audit.proof.folders import DEEP, deep_folder, write_member
from dten_audit.site.estate import Estate

AT: Final = "2026-11-21T03:00:00Z"
"""The moment that examples are judged as of, if they name none."""
BESIDE: Final = ("trust", "advisories")
"""Members below ``@trust/`` and ``@advisories/`` are the user's, not the package's."""
PACKAGE: Final = "@package"
THOROUGH: Final = ("CRON", "UNIT", "PRIV", "DDL")
"""Families whose rules have at least ``FEWEST`` bad and ``FEWEST`` good examples; others two."""
FEWEST: Final = 3
Example = Mapping[str, object]


class Prepared(NamedTuple):
    """An example whose facts have been stated: any rule can be judged on it."""

    package: Package
    estate: Estate


class Outcome(NamedTuple):
    """What a rule said of an example: places as ``path:line``, whether it asked, how bad."""

    places: tuple[str, ...]
    unknown: bool
    severities: tuple[str, ...]


class Failure(NamedTuple):
    """An example that did not hold."""

    rule: str
    example: str
    reason: str


def prepare(example: Example) -> Prepared:
    """Build the package of an example in a temporary folder and state its facts."""
    with tempfile.TemporaryDirectory(prefix="dten-example-") as folder:
        base = Path(folder)
        root = _write(example, base)
        options = _options(example, base)
        estate = options.estate()
        reading, _ = read_package(root, options, estate)
        package = link_package(root, reading, options.budget)
        _derive(package, estate)
    return Prepared(package, estate)


def _derive(package: Package, estate: Estate) -> None:
    """Ask all derivers, also those that an audit would not: these have nothing to say, or lie.

    Raises ``LookupError`` for one that concludes something from facts that are not its subjects.
    """
    for deriver in ordered(DERIVERS):
        facts = list(deriver.load()(package, estate))
        if facts and not deriver.concerns(package):
            given = fact_type(type(facts[0]))
            message = f"{deriver.name}: states {given} of a package without its subjects"
            raise LookupError(message)
        package.add(facts)


def _write(example: Example, base: Path) -> Path:
    """Write an example's files; return the package."""
    members = _members(example)
    if DEEP in members:
        return deep_folder(base, members)
    root = base / "package"
    root.mkdir()
    for path, data in members.items():
        if path == PACKAGE:
            packed = base / str(
                cast("Mapping[str, object]", example.get("with", {})).get("name", "package.zip")
            )
            packed.write_bytes(data)
            return packed
        beside = next((name for name in BESIDE if path.startswith(f"@{name}/")), "")
        if beside:
            write_member(base / beside, path.removeprefix(f"@{beside}/"), data)
            continue
        target = write_member(root, path, data)
        if "mode" in example:
            target.chmod(int(str(example["mode"]), 8))
    return root


def _members(example: Example) -> dict[str, bytes]:
    if "build" in example:
        module, _, name = BUILDERS[str(example["build"])].partition(":")
        build = getattr(import_module(module), name)
        members: dict[str, bytes] = build(dict(cast("Example", example.get("with", {}))))
        return members
    if "file" in example:
        return {str(example["file"]): str(example.get("text", "")).encode()}
    tree = cast("Mapping[str, object]", example["tree"])
    return {path: str(text).encode() for path, text in tree.items()}


def _options(example: Example, base: Path) -> Options:
    def own(key: str) -> Path | None:
        if key not in example:
            return None
        path = base / f"{key}.yaml"
        path.write_text(yaml.safe_dump(example[key], sort_keys=False), encoding="utf-8")
        return path

    matrix = own("matrix")
    limits = cast("Mapping[str, int]", example.get("limits", {}))
    trust, advisories = (base / name for name in BESIDE)
    return Options(
        site=own("site"),
        trust=trust if trust.is_dir() else None,
        matrices=(matrix,) if matrix else (),
        advisories=(advisories,) if advisories.is_dir() else (),
        at=parse_moment(str(example.get("at", AT))),
        window=parse_window(str(example["window"])) if "window" in example else None,
        limits=Limits()._replace(**limits),
    )


def outcome(prepared: Prepared, rule: Rule, rules: Sequence[Rule]) -> Outcome:
    """Return what ``rule`` says of an example when all of ``rules`` are judged."""
    said = [v for v in verdicts(prepared.package, rules, prepared.estate) if v.rule.id == rule.id]
    places = sorted({_place(verdict) for verdict in said})
    return Outcome(
        tuple(places),
        any(verdict.needs for verdict in said),
        tuple(sorted({verdict.severity for verdict in said})),
    )


def _place(verdict: Verdict) -> str:
    at = verdict.fact.at
    return f"{at.member}:{at.line}" if at.line is not None else at.member


def too_few(rule: Rule) -> Iterator[Failure]:
    """Yield the kinds of examples of which a rule has fewer than its family needs."""
    for kind, examples in rule.examples:
        if rule.family in THOROUGH and len(examples) < FEWEST:
            reason = f"has {len(examples)} {kind} examples; rules of {rule.family} have {FEWEST}"
            yield Failure(rule.id, "it", reason)


def failures(rule: Rule, rules: Sequence[Rule]) -> Iterator[Failure]:
    """Yield the examples of ``rule`` that do not hold."""
    for kind, examples in rule.examples:
        for number, example in enumerate(examples, 1):
            name = f"{kind} example {number}"
            try:
                found = outcome(prepare(example), rule, rules)
            except (ValueError, OSError, KeyError) as error:
                yield Failure(rule.id, name, f"cannot be run: {error}")
                continue
            reason = _mismatch(kind, example, found)
            if reason:
                yield Failure(rule.id, name, reason)


def _mismatch(kind: str, example: Example, found: Outcome) -> str:
    wanted = expected_places(example) if kind == "bad" else ()
    if found.places != wanted:
        return f"reports {_listed(found.places)} instead of {_listed(wanted)}"
    if kind == "bad" and found.unknown != bool(example.get("unknown", False)):
        return "asks" if found.unknown else "is certain where it should ask"
    if "severity" in example and found.severities != (example["severity"],):
        return f"is {_listed(found.severities)} instead of {example['severity']}"
    return ""


def expected_places(example: Example) -> tuple[str, ...]:
    """Return where a bad example must be reported, as ``path:line`` or ``path``."""
    path = str(example.get("file", ""))
    lines = cast("Sequence[object]", example["lines"])
    return tuple(
        sorted({f"{path}:{line}" if isinstance(line, int) else str(line) for line in lines})
    )


def _listed(places: Sequence[str]) -> str:
    return ", ".join(place or "the package" for place in places) or "nothing"
