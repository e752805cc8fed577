"""What polkit's rules and the defaults of its actions let users do without being asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.derive.privilege.tables import polkit_action
from dten_audit.links.package import Package
from dten_audit.model.facts.polkit import PolkitAction, PolkitRule
from dten_audit.model.facts.privilege import AdminGrant

_ADMINISTRATORS: Final = frozenset((
    "unix-group:sudo", "unix-group:wheel", "unix-group:admin", "unix-user:root", "unix-user:0",
    "unix-group:root",
))  # fmt: skip
_MOST_SHOWN: Final = 6


def polkit_grants(package: Package) -> Iterator[tuple[str, AdminGrant]]:
    """Yield what is granted, each with the id of the document that says so."""
    for rule in package.of(PolkitRule):
        grant = _of_rule(rule)
        if grant is not None:
            yield rule.document, grant
    for action in package.of(PolkitAction):
        grant = _of_action(action)
        if grant is not None:
            yield action.document, grant


def _of_rule(rule: PolkitRule) -> AdminGrant | None:
    """Return what a rule grants; who is an administrator anyway may do it anyway."""
    who = tuple(name for name in rule.who if name not in _ADMINISTRATORS)
    if rule.who and not who:
        return None
    known = [found for name in rule.actions or ("*",) if (found := polkit_action(name))]
    scoped = any(text.startswith("where ") for text in rule.conditions)
    whys = [found.scoped or found.why if scoped else found.why for found in known]
    grant = AdminGrant(
        rule.at,
        "polkit",
        ", ".join(_spoken(name) for name in who) or "everybody",
        _shown(rule.actions) or "every action",
        nopasswd=True,
        unlimited=not rule.actions and not rule.conditions,
        as_root=any(found.root and not (scoped and found.scoped) for found in known),
        why="; ".join(dict.fromkeys(whys)),
        conditions=", ".join(rule.conditions),
        tool="polkit",
        path=rule.path,
        certainty=rule.certainty,
    )
    if not rule.administrators:
        return grant
    why = "their password is enough wherever an administrator's is asked for"
    return grant._replace(what="administrator", nopasswd=False, unlimited=True, why=why)


def _of_action(action: PolkitAction) -> AdminGrant | None:
    """Return what the defaults of an action grant: to everybody, or any program run as root."""
    everybody = action.any == "yes"
    if not everybody and not (action.program and "yes" in (action.active, action.inactive)):
        return None
    known = polkit_action(action.action)
    runs = f"to run {action.program} as root with pkexec" if action.program else ""
    return AdminGrant(
        action.at,
        "action",
        "everybody" if everybody else "whoever has a session on this host",
        action.action,
        nopasswd=True,
        as_root=bool(action.program) or (known is not None and known.root),
        why=runs or (known.why if known else ""),
        tool="polkit",
        path=action.path,
    )


def _spoken(name: str) -> str:
    kind, _, value = name.partition(":")
    return f"the group {value}" if kind == "unix-group" else value or kind


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_MOST_SHOWN]) + (", …" if len(names) > _MOST_SHOWN else "")
