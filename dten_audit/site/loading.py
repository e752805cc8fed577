"""Loads a site file (dten-site/1): every section optional, short forms accepted, no key unknown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast, get_args

from dten_audit.model.suggestion import suggestion
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.site.schema import SiteFileError, Table, read_documents
from dten_audit.site.site import (
    ConfigRecord,
    PackageRecord,
    RetiredHost,
    Site,
    SudoPolicy,
    SudoRule,
    SudoUse,
    TableRecord,
    UnitRecord,
)

SCHEMA: Final = "dten-site/1"
SECTIONS: Final = (
    "schema", "site", "packages", "units", "cron", "sudo", "users", "hosts", "trust", "config",
    "flags", "snapshots", "windows", "tables", "databases", "contacts",
)  # fmt: skip
_SITE_KEYS: Final = ("name", "collected", "collector", "root", "complete", "timezone")
_UNIT_KEYS: Final = ("name", "state", "alias_of", "path", "exec", "manager")
_UNIT_STATES: Final = (
    "enabled", "disabled", "static", "masked", "sysv-generated", "generated", "indirect", "linked",
    "alias", "transient", "enabled-runtime", "bad",
)  # fmt: skip
_HOST_KEYS: Final = ("allowed", "retired", "default")
_RETIRED_KEYS: Final = ("match", "since", "replaced_by", "reason")
_CONFIG_KEYS: Final = ("path", "component", "sha256", "keys")
_LEAF: Final = frozenset(("value", "line"))
_TABLE_KEYS: Final = ("name", "rows", "bytes")
_SUDO_KEYS: Final = ("policy", "rules")
_SUDO_RULE_KEYS: Final = ("who", "runas", "nopasswd", "commands")
_SUDO_POLICIES: Final = get_args(SudoUse)


def load_site(path: Path) -> Site:
    """Load a site file. Raises ``SiteFileError`` with the line of what is wrong."""
    nodes = list(read_documents(path, "site file"))
    if len(nodes) != 1:
        raise SiteFileError(str(path), 1, "a site file holds one mapping")
    return site_from(nodes[0], str(path))


def site_from(node: Node, path: str) -> Site:
    """Make a site of a parsed file."""
    top = Table(path, node, SECTIONS, "a site file")
    if top.text("schema", SCHEMA) != SCHEMA:
        line = top.nodes["schema"].line
        raise SiteFileError(path, line, f"the schema is {SCHEMA}")
    about = top.table("site", _SITE_KEYS)
    complete = about.texts("complete") if about else ()
    for section in complete:
        if section not in (*SECTIONS, "ca", "files", "logrotate"):
            hint = suggestion(section, SECTIONS)
            line = about.nodes["complete"].line if about else 1
            raise SiteFileError(path, line, f"complete: there is no section {section}{hint}")
    hosts = top.table("hosts", _HOST_KEYS)
    databases = top.table("databases", ())
    return Site(
        path=path,
        name=about.text("name") if about else "",
        complete=frozenset(complete),
        units=tuple(_units(top)),
        packages=tuple(_packages(top)),
        tables=tuple(_tables(top)),
        retired_hosts=tuple(_retired(hosts)) if hosts else (),
        allowed_hosts=hosts.texts("allowed") if hosts else (),
        users=tuple(_names(top, "users")),
        timezone=about.text("timezone") if about else "",
        databases=tuple((name, databases.text(name)) for name in databases.nodes)
        if databases
        else (),
        sudo=_sudo(top),
        config=tuple(_config(top)),
    )


def _names(top: Table, key: str) -> Iterator[str]:
    for node in top.items(key):
        yield node.text if node.kind == "scalar" else Table(top.path, node, (), key).text("name")


def _units(top: Table) -> Iterator[UnitRecord]:
    for node in top.items("units"):
        if node.kind == "scalar":
            yield UnitRecord(_unit_name(node.text), line=node.line)
            continue
        unit = Table(top.path, node, _UNIT_KEYS, "a unit")
        state = unit.text("state")
        if state and state not in _UNIT_STATES:
            line = unit.nodes["state"].line
            hint = suggestion(state, _UNIT_STATES)
            raise SiteFileError(top.path, line, f"a unit is never {state}{hint}")
        alias, manager = unit.text("alias_of"), unit.text("manager")
        if manager == "windows":
            yield UnitRecord(unit.text("name"), state, alias, node.line, manager)
            continue
        if manager not in ("", "systemd"):
            line = unit.nodes["manager"].line
            raise SiteFileError(top.path, line, "the manager of a unit is systemd or windows")
        yield UnitRecord(_unit_name(unit.text("name")), state, _unit_name(alias), node.line)


def _unit_name(name: str) -> str:
    return f"{name}.service" if name and "." not in name else name


def _packages(top: Table) -> Iterator[PackageRecord]:
    for node in top.items("packages"):
        if node.kind == "scalar":
            purl = node.text
        else:
            purl = Table(top.path, node, ("purl", "from"), "a package").text("purl")
        base, _, version = purl.partition("?")[0].rpartition("@")
        if not base.startswith("pkg:") or not version:
            raise SiteFileError(top.path, node.line, "a package is a purl: pkg:TYPE/NAME@VERSION")
        yield PackageRecord(base, version, node.line)


def _tables(top: Table) -> Iterator[TableRecord]:
    for node in top.items("tables"):
        if node.kind == "scalar":
            yield TableRecord(node.text, line=node.line)
            continue
        table = Table(top.path, node, _TABLE_KEYS, "a table")
        yield TableRecord(
            table.text("name"), table.number("rows"), table.number("bytes"), node.line
        )


def _retired(hosts: Table) -> Iterator[RetiredHost]:
    for node in hosts.items("retired"):
        if node.kind == "scalar":
            yield RetiredHost(node.text, line=node.line)
            continue
        host = Table(hosts.path, node, _RETIRED_KEYS, "a retired host")
        if not host.text("match"):
            raise SiteFileError(hosts.path, node.line, "a retired host has a match")
        match, since, replaced_by, reason = (host.text(key) for key in _RETIRED_KEYS)
        yield RetiredHost(match, since, replaced_by, reason, node.line)


def _sudo(top: Table) -> SudoPolicy | None:
    sudo = top.table("sudo", _SUDO_KEYS)
    if sudo is None:
        return None
    policy = sudo.text("policy", "listed")
    if policy not in _SUDO_POLICIES:
        line = sudo.nodes["policy"].line
        raise SiteFileError(top.path, line, f"the policy is one of {', '.join(_SUDO_POLICIES)}")
    rules = tuple(_sudo_rule(top.path, node) for node in sudo.items("rules"))
    return SudoPolicy(cast("SudoUse", policy), rules, sudo.line)


def _sudo_rule(path: str, node: Node) -> SudoRule:
    rule = Table(path, node, _SUDO_RULE_KEYS, "a rule of sudo")
    nopasswd = rule.text("nopasswd", "false") == "true"
    commands = rule.texts("commands")
    return SudoRule(rule.text("who"), rule.text("runas", "root"), nopasswd, commands, node.line)


def _config(top: Table) -> Iterator[ConfigRecord]:
    for node in top.items("config"):
        file = Table(top.path, node, _CONFIG_KEYS, "a configuration file")
        path, component = file.text("path"), file.text("component")
        if not path:
            raise SiteFileError(top.path, node.line, "a configuration file has a path")
        keys = file.table("keys", ())
        for name, value in keys.nodes.items() if keys else ():
            if value.kind == "mapping" and not {key.text for key, _ in value.pairs} <= _LEAF:
                section = Table(top.path, value, (), name)
                for key, leaf in section.nodes.items():
                    yield _config_key(top.path, ConfigRecord(path, component, name, key), leaf)
            else:
                yield _config_key(top.path, ConfigRecord(path, component, "", name), value)


def _config_key(path: str, record: ConfigRecord, leaf: Node) -> ConfigRecord:
    """Return a key with its value, which is a text or ``{value: …, line: …}``."""
    if leaf.kind == "scalar":
        return record._replace(value=leaf.text, line=leaf.line)
    value = Table(path, leaf, tuple(_LEAF), record.key).text("value")
    return record._replace(value=value, line=leaf.line)
