"""Recognises commands that control services of Windows: sc, net, PowerShell's cmdlets, nssm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, cast

from dten_audit.derive.arguments import elsewhere
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.units import Impact
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.windows.parameters import parameter, positional

PROVIDES: Final = "provides"
"""The verb of commands that make a service."""
_WHERE: Final = re.compile(r"""(?i)\bname\s?=\s?\\?["']([^"'\\]{1,200})""")
_LOCAL: Final = frozenset((".", "localhost", "127.0.0.1", "${env:computername}", "%computername%"))
_SHORTEST: Final = 3


class ServiceCall(NamedTuple):
    """What a command does to one service. ``verb`` is systemctl's; ``now`` what it does besides."""

    verb: str
    name: Word
    now: str = ""
    elsewhere: str = ""


class Shared(NamedTuple):
    """A service that more than one product stands on, and what they lose while it is down."""

    impact: Impact
    loses: str


@from_tables
def _table() -> dict[str, object]:
    return cast("dict[str, object]", knowledge("windows_services"))


@from_tables
def _verbs(section: str) -> dict[str, str]:
    return cast("dict[str, str]", _table()[section])


@from_tables
def is_base(name: str) -> bool:
    """Say whether every host with Windows has a service."""
    return name.lower() in cast("list[str]", _table()["base"])


@from_tables
def shared(name: str) -> Shared:
    """Return what others lose while a service is down."""
    for row in cast("list[dict[str, object]]", _table()["shared"]):
        if name.lower() in cast("list[str]", row["names"]):
            return Shared(cast("Impact", row["impact"]), str(row["loses"]))
    return Shared("", "")


def service_calls(command: Command) -> Iterator[ServiceCall]:
    """Yield what a command does to services of Windows."""
    program, words = command.program, command.argv
    found: Iterator[ServiceCall] = iter(())
    if program == "sc":
        found = _sc(words)
    elif program in ("net", "net1", "nssm"):
        found = _net(program.rstrip("1"), words)
    elif program == "iisreset":
        found = _iisreset(words)
    elif program == "wmic":
        found = _wmic(words)
    elif program.endswith("-service") and program in _CMDLETS:
        found = _cmdlet(command)
    for call in found:
        yield call._replace(elsewhere=call.elsewhere or elsewhere(command))


_CMDLETS: Final = frozenset((
    "start-service", "stop-service", "restart-service", "suspend-service", "resume-service",
    "remove-service", "set-service", "new-service",
))  # fmt: skip


def _sc(words: Sequence[Word]) -> Iterator[ServiceCall]:
    r"""Read ``sc [\\HOST] VERB NAME [start= TYPE]``."""
    rest = list(words[1:])
    where = ""
    if rest and rest[0].text.startswith("\\\\"):
        host = rest.pop(0).text.strip("\\")
        where = "" if host.lower() in _LOCAL else f"host {host}"
    if len(rest) < 2:  # noqa: PLR2004 - a verb and a name
        return
    verb, name = rest[0].text.lower(), rest[1]
    if verb == "create":
        yield ServiceCall(PROVIDES, name, elsewhere=where)
    elif verb == "config":
        kind = _after(rest, "start=")
        if kind in _verbs("start_types"):
            yield ServiceCall(_verbs("start_types")[kind], name, elsewhere=where)
    elif verb in _verbs("sc"):
        yield ServiceCall(_verbs("sc")[verb], name, elsewhere=where)


def _after(words: Sequence[Word], key: str) -> str:
    """Return the value behind ``key``, as its own word or glued to it."""
    for number, word in enumerate(words):
        text = word.text.lower()
        if text == key and number + 1 < len(words):
            return words[number + 1].text.lower()
        if text.startswith(key) and len(text) > len(key):
            return text.removeprefix(key)
    return ""


def _net(program: str, words: Sequence[Word]) -> Iterator[ServiceCall]:
    """Read ``net VERB NAME [/y]`` and ``nssm VERB NAME``."""
    if len(words) < _SHORTEST:
        return
    verb = words[1].text.lower()
    if program == "nssm" and verb == "install":
        yield ServiceCall(PROVIDES, words[2])
    elif verb in _verbs(program):
        names = [word for word in words[2:] if not word.text.startswith("/")]
        if program == "net" and len(names) > 1:  # net takes words without quotes as one name
            sure = all(word.certainty != "computed" for word in names)
            text = " ".join(word.text for word in names)
            names = [Word(text, names[0].certainty if sure else "computed")]
        for name in names[:1]:
            yield ServiceCall(_verbs(program)[verb], name)


def _iisreset(words: Sequence[Word]) -> Iterator[ServiceCall]:
    options = {word.text.lower().lstrip("/-") for word in words[1:]}
    if options & {"status", "?", "enable", "disable"}:
        return
    verb = "stop" if "stop" in options else "start" if "start" in options else "restart"
    hosts = [word.text for word in words[1:] if not word.text.startswith(("/", "-"))]
    where = f"host {hosts[0]}" if hosts and hosts[0].lower() not in _LOCAL else ""
    yield ServiceCall(verb, Word("W3SVC"), elsewhere=where)


def _wmic(words: Sequence[Word]) -> Iterator[ServiceCall]:
    """Read ``wmic service where "name='X'" call startservice``."""
    text = " ".join(word.text for word in words[1:])
    name = _WHERE.search(text)
    if name is None or not text.lower().startswith("service"):
        return
    verb = next((v for key, v in _verbs("wmic").items() if f"call {key}" in text.lower()), "")
    if "changestartmode" in text.lower():
        verb = "disable" if "disabled" in text.lower() else "enable"
    if verb:
        sure = all(word.certainty != "computed" for word in words)
        yield ServiceCall(verb, Word(name[1], "resolved" if sure else "computed"))


def _cmdlet(command: Command) -> Iterator[ServiceCall]:
    program, words = command.program, command.argv
    where = _host(words)
    names = _named(words) or _piped(command)
    if program == "new-service":
        verb, now = PROVIDES, ""
    elif program == "set-service":
        kind = parameter(words, "startuptype", ("startmode",))
        status = parameter(words, "status")
        now = {"running": "start", "stopped": "stop"}.get(status.text.lower(), "") if status else ""
        verb = _verbs("start_types").get(kind.text.lower(), "") if kind else ""
        verb, now = (verb, now) if verb else (now, "")
    else:
        verb, now = _verbs("cmdlets")[program], ""
    if verb:
        for name in names:
            yield ServiceCall(verb, name, now, where)


def _host(words: Sequence[Word]) -> str:
    host = parameter(words, "computername", ("cn",))
    return f"host {host.text}" if host and host.text.lower() not in _LOCAL else ""


def _named(words: Sequence[Word]) -> list[Word]:
    """Return the names given with ``-Name`` or without a parameter, several in a row too."""
    first = parameter(words, "name", ("servicename",)) or parameter(words, "displayname")
    if first is None:
        first = positional(words, 0)
    if first is None or parameter(words, "inputobject") is not None:
        return []
    number = next(n for n, word in enumerate(words) if word is first)
    names = []
    for word in words[number:]:
        if word.text.startswith("-"):
            break
        names.append(word)
    return [word for word in names if word.text]


def _piped(command: Command) -> list[Word]:
    """Return what ``Get-Service NAME | …`` names."""
    if not command.feeds or len(command.argv) > 6:  # noqa: PLR2004 - options only
        return []
    feed = command.feeds[0]
    if feed and feed[0].text.lower() in ("get-service", "gsv"):
        return _named(feed)
    if feed and feed[0].text == "write-output":
        return [word for word in feed[1:] if word.text]
    return []
