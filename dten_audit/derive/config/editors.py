"""Keys that editors of configuration files set: crudini, yq, augtool, postconf, redis-cli, ….

Sources: the manual pages of the programs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.derive.arguments import split_arguments
from dten_audit.model.facts.commands import Command, Word

LONGEST: Final = 4096
"""How much of an expression of yq or sed is looked at."""


class Change(NamedTuple):
    """A key that a command sets in a file; ``kind`` is the file's format, empty: by its name."""

    file: str
    section: str
    key: str
    value: Word
    kind: str = ""


def _crudini(command: Command) -> Iterator[Change]:
    """``crudini --set FILE SECTION KEY VALUE``; openstack-config is the same program."""
    parts = split_arguments(command.argv[1:], ("--list-sep", "--format"))
    words = parts.operands
    if parts.has("--set") and len(words) > 2:  # noqa: PLR2004 (file, section, key)
        value = words[3] if len(words) > 3 else Word("")  # noqa: PLR2004
        yield Change(words[0].text, words[1].text, words[2].text, value, "ini")


def _iniset(command: Command) -> Iterator[Change]:
    """``iniset FILE SECTION KEY VALUE`` of DevStack."""
    words = command.argv[1:]
    if len(words) > 3:  # noqa: PLR2004
        yield Change(words[0].text, words[1].text, words[2].text, words[3], "ini")


def _postconf(command: Command) -> Iterator[Change]:
    """``postconf -e 'KEY = VALUE' …``; without -e the same."""
    parts = split_arguments(command.argv[1:], ("-c",))
    folder = parts.value("-c") or "/etc/postfix"
    if parts.has("-d", "-n", "-x", "-M", "-P", "-F", "-X", "-#"):
        return
    for word in parts.operands:
        key, equals, value = word.text.partition("=")
        if equals:
            yield Change(
                f"{folder}/main.cf", "", key.strip(), Word(value.strip(), word.certainty), "ini"
            )


def _pg_conftool(command: Command) -> Iterator[Change]:
    """``pg_conftool [VERSION CLUSTER] [FILE] set KEY VALUE``."""
    words = split_arguments(command.argv[1:]).operands
    for number, word in enumerate(words[:-2]):
        if word.text == "set":
            yield Change(
                "postgresql.conf", "", words[number + 1].text, words[number + 2], "properties"
            )
            return


@cache
def _assignment() -> re.Pattern[str]:
    return re.compile(r"\.([A-Za-z_][\w.\[\]-]*+)[ \t]*+=[ \t]*+(\S[^|]*+)")


def _yq(command: Command) -> Iterator[Change]:
    """``yq -i '.a.b = 1' FILE …`` (version 4)."""
    parts = split_arguments(command.argv[1:], ("-o", "-p", "--output-format", "--input-format"))
    words = [word for word in parts.operands if word.text not in ("e", "eval", "ea", "eval-all")]
    if not parts.has("-i", "--inplace") or len(words) < 2:  # noqa: PLR2004
        return
    for part in words[0].text[:LONGEST].split("|"):
        match = _assignment().fullmatch(part.strip())
        if match:
            value = Word(match[2].strip().strip('"'), words[0].certainty)
            for file in words[1:]:
                yield Change(file.text, "", match[1], value, "yaml")


def _redis_cli(command: Command) -> Iterator[Change]:
    """``redis-cli [OPTIONS] config set KEY VALUE [KEY VALUE …]``."""
    words = command.argv[1:]
    texts = [word.text.lower() for word in words]
    for number in range(len(texts) - 1):
        if texts[number : number + 2] == ["config", "set"]:
            pairs = words[number + 2 :]
            for key, value in zip(pairs[::2], pairs[1::2], strict=False):
                yield Change("redis.conf", "", key.text, value, "properties")
            return


def _kafka_configs(command: Command) -> Iterator[Change]:
    """``kafka-configs.sh --entity-type brokers --alter --add-config K=V,K=[V,V]``."""
    takes = ("--entity-type", "--add-config", "--entity-name", "--bootstrap-server")
    parts = split_arguments(command.argv[1:], takes)
    if parts.value("--entity-type") != "brokers" or not parts.has("--alter"):
        return
    for pair in _pairs().finditer(parts.value("--add-config")[:LONGEST]):
        yield Change("server.properties", "", pair[1], Word(pair[2].strip("[]")), "properties")


@cache
def _pairs() -> re.Pattern[str]:
    return re.compile(r"([\w.-]++)=(\[[^\]]*+\]?|[^,]*+)")


def _augtool(command: Command) -> Iterator[Change]:
    """``augtool set /files/etc/x.conf/SECTION/KEY VALUE``; only lenses of flat files are known."""
    words = split_arguments(command.argv[1:], ("-r", "-f", "-I", "-t")).operands
    if len(words) < 3 or words[0].text != "set":  # noqa: PLR2004 (verb, path, value)
        return
    path, _, key = words[1].text.removeprefix("/files").rpartition("/")
    if words[1].text.startswith("/files/") and key and "[" not in key:
        yield Change(path, "", key, words[2])


EDITORS: Final[dict[str, Callable[[Command], Iterator[Change]]]] = {
    "crudini": _crudini,
    "openstack-config": _crudini,
    "iniset": _iniset,
    "postconf": _postconf,
    "pg_conftool": _pg_conftool,
    "yq": _yq,
    "redis-cli": _redis_cli,
    "valkey-cli": _redis_cli,
    "keydb-cli": _redis_cli,
    "kafka-configs.sh": _kafka_configs,
    "kafka-configs": _kafka_configs,
    "augtool": _augtool,
}
