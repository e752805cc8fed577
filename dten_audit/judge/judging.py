"""Judge: each rule over the facts it names; sharper rules silence blunter ones; repeats bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from dten_audit.judge.candidates import Candidates
from dten_audit.judge.conditions import compile_condition
from dten_audit.judge.fields import values
from dten_audit.judge.fingerprints import fingerprinted
from dten_audit.judge.logic import Condition, Tri
from dten_audit.judge.plain import plain_fact
from dten_audit.judge.templates import as_text, fill
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.finding import Confidence, Finding, Related, Severity, severity_rank
from dten_audit.model.location import Location
from dten_audit.model.rule import Rule
from dten_audit.site.estate import Estate

COMPUTED = "package.value"
_RELATED: Final = 500
"""So many further places of a finding are named; its message says how many there are."""
MOST_APART: Final = 500
"""So many findings of a rule in one file are told apart; the rest are one finding."""


class Verdict(NamedTuple):
    """A rule that speaks of a fact. ``needs`` is empty where it is certain."""

    rule: Rule
    fact: Fact
    severity: Severity
    needs: frozenset[str]

    @property
    def order(self) -> tuple[int, str, int, int, str]:
        at = self.fact.at
        return (severity_rank(self.severity), at.path, at.line or 0, at.column or 0, self.rule.id)


class Compiled(NamedTuple):
    """A rule with its conditions as closures."""

    rule: Rule
    condition: Condition
    cases: tuple[tuple[Condition | None, Severity], ...]
    judges_certainty: bool


def judge(package: Package, rules: Sequence[Rule], estate: Estate) -> tuple[Finding, ...]:
    """Return what ``rules`` hold against the facts of a package, worst first."""
    said = verdicts(package, rules, estate)
    bundles = sorted(_bundles(said), key=lambda bundle: bundle.verdicts[0].order)
    found = ((_finding(bundle), bundle.verdicts[0].fact.subject) for bundle in bundles)
    return tuple(fingerprinted(found))


def verdicts(package: Package, rules: Sequence[Rule], estate: Estate) -> list[Verdict]:
    """Return which rules speak of which facts, without those that a sharper rule silences."""
    candidates = Candidates(package)
    spoken = [v for rule in rules for v in _verdicts(candidates.of(rule), rule, estate)]
    return list(_superseded(spoken))


def compile_rule(rule: Rule, estate: Estate) -> Compiled:
    """Compile a rule's conditions, which may ask what the site lists."""
    cases = tuple(
        (compile_condition(case.when, estate) if case.when else None, case.severity)
        for case in rule.severity
    )
    asks = "certainty" in rule.when
    return Compiled(rule, compile_condition(rule.when, estate), cases, asks)


def _verdicts(facts: Sequence[Fact], rule: Rule, estate: Estate) -> Iterator[Verdict]:
    if not facts:
        return
    compiled = compile_rule(rule, estate)
    condition = compiled.condition
    for fact in facts:
        held = condition(fact)
        verdict = None if held is False else _verdict(compiled, fact, held)
        if verdict is not None:
            yield verdict


def _verdict(compiled: Compiled, fact: Fact, held: Tri) -> Verdict | None:
    needs: frozenset[str] = frozenset() if isinstance(held, bool) else held
    if fact.certainty == "computed" and not compiled.judges_certainty:
        needs |= {COMPUTED}
    severity = _severity(compiled, fact)
    if not needs:
        return Verdict(compiled.rule, fact, severity, needs)
    ceiling = compiled.rule.when_unknown
    if ceiling is None:
        return None
    return Verdict(compiled.rule, fact, max(severity, ceiling, key=severity_rank), needs)


def _severity(compiled: Compiled, fact: Fact) -> Severity:
    """Return the severity of the first case that certainly holds; the last case always does."""
    for condition, severity in compiled.cases:
        if condition is None or condition(fact) is True:
            return severity
    raise AssertionError(compiled.rule.id)


def _superseded(spoken: Sequence[Verdict]) -> Iterator[Verdict]:
    """Drop what a sharper rule says of the same subject. A question silences no certainty."""
    silenced: dict[tuple[str, str], bool] = {}
    for verdict in spoken:
        for rule in verdict.rule.supersedes:
            key = (rule, verdict.fact.subject)
            silenced[key] = silenced.get(key, False) or not verdict.needs
    for verdict in spoken:
        certain = silenced.get((verdict.rule.id, verdict.fact.subject))
        if certain is None or (not certain and not verdict.needs):
            yield verdict


class Bundle(NamedTuple):
    """Verdicts that make one finding, the worst first.

    ``mixed``: they have nothing in common but rule and file, beyond ``MOST_APART``.
    """

    verdicts: list[Verdict]
    mixed: bool


class _File(NamedTuple):
    """What a rule says of one file, certain or not."""

    rule: str
    path: str
    certain: bool


def _bundles(said: Iterable[Verdict]) -> Iterator[Bundle]:
    """Bundle repeats: by a rule's ``group_by``, else by place and message.

    The worst ``MOST_APART`` that a rule says of one file are told apart; the rest is one bundle.
    """
    bundles: dict[object, Bundle] = {}
    apart: Counter[_File] = Counter()
    lines: set[object] = set()
    for verdict in sorted(said, key=lambda verdict: verdict.order):
        rule, at = verdict.rule, verdict.fact.at
        file = _File(rule.id, at.path, not verdict.needs)
        line = rule.id, at.path, at.line
        if apart[file] >= MOST_APART and not rule.group_by and line not in lines:
            key: object = file
        else:
            key = _bundle_key(verdict)
            if key not in bundles:
                apart[file] += 1
                lines.add(line)
                key = file if apart[file] > MOST_APART else key
        bundle = bundles.setdefault(key, Bundle([], mixed=type(key) is _File))
        bundle.verdicts.append(verdict)
    yield from bundles.values()


def _bundle_key(verdict: Verdict) -> object:
    """Return what repeats of a verdict have in common with it."""
    rule, fact = verdict.rule, verdict.fact
    if not rule.group_by:
        return rule.id, fact.at.path, fact.at.line, fill(rule.message, fact, {"count": 1})
    parts = [tuple(map(as_text, values(fact, tuple(p.split("."))))) for p in rule.group_by]
    return rule.id, tuple(parts), not verdict.needs


def _finding(bundle: Bundle) -> Finding:
    first = bundle.verdicts[0]
    rule, fact = first.rule, first.fact
    extra = {"count": len({verdict.fact.at for verdict in bundle.verdicts})}
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=first.severity,
        confidence=_confidence(rule, fact),
        certainty="unknown" if first.needs else "certain",
        needs=tuple(sorted({need for verdict in bundle.verdicts for need in verdict.needs})),
        message=fill(rule.message, fact, extra) + (_not_apart(bundle) if bundle.mixed else ""),
        why=fill(rule.why, fact, extra),
        fix=fill(rule.fix, fact, extra),
        question=fill(rule.question, fact, extra),
        at=fact.at,
        related=tuple(_related(rule, fact, bundle.verdicts, extra)),
        facts=plain_fact(fact),
    )


_CONFIDENCES: Final[tuple[Confidence, ...]] = ("high", "medium", "low")


def _not_apart(bundle: Bundle) -> str:
    others = len(bundle.verdicts) - 1
    places = "place" if others == 1 else "places"
    verb = "is" if others == 1 else "are"
    return f" ({others} more {places} of this file {verb} not told apart)" if others else ""


def _confidence(rule: Rule, fact: Fact) -> Confidence:
    """A fact that is less sure than its rule says so in a field of its own."""
    own: Confidence = getattr(fact, "confidence", "high")
    return max(rule.confidence, own, key=_CONFIDENCES.index)


def _related(
    rule: Rule, fact: Fact, bundle: Sequence[Verdict], extra: Mapping[str, object]
) -> Iterator[Related]:
    for field, text in rule.related:
        for place in _places(values(fact, tuple(field.split(".")))):
            inside = "!/" in place.path or place.path == fact.at.path
            yield Related("package" if inside else "site", place, fill(text, fact, extra))
    usual = "" if rule.repeat else fill(rule.message, fact, extra)
    seen = {fact.at}
    for verdict in bundle:
        if verdict.fact.at not in seen and len(seen) <= _RELATED:
            seen.add(verdict.fact.at)
            message = usual or fill(rule.repeat, verdict.fact, extra)
            yield Related("package", verdict.fact.at, message)


def _places(found: Iterable[object]) -> Iterator[Location]:
    for value in found:
        if isinstance(value, Location):
            yield value
        elif isinstance(value, tuple) and not hasattr(value, "_fields"):
            yield from _places(value)
