"""Reads scheduled jobs in XML: Quartz and Spring beans, Jenkins' jobs, launchd's property lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.readers.cron.stating import looks_like_cron, shell_text
from dten_audit.readers.xml_nodes import XmlError, XmlNode, parse_xml

_WORDS: Final = (b"cron", b"Interval<", b"Trigger", b"fixed-")
_MILLISECONDS: Final = 1000


def fits(document: Document) -> bool:
    """Say whether an XML document speaks of times at all."""
    data = document.data
    return any(word in data for word in _WORDS)


def read(document: Document) -> Iterator[ScheduledEntry | Unreadable]:
    """State the jobs of an XML document."""
    try:
        root = parse_xml(document.text)
    except XmlError as error:
        if "StartCalendarInterval" in document.text[:100_000]:
            yield Unreadable(document.location(error.line), "cron", error.reason)
        return
    if root.name == "plist":
        yield from _launchd(document, root)
        return
    for node in root.walk():
        yield from _element(document, node)


def _element(document: Document, node: XmlNode) -> Iterator[ScheduledEntry]:
    """State what one element of Quartz, Spring or Jenkins schedules."""
    if node.name == "cron":
        yield from _quartz(document, node)
    elif node.name == "bean":
        yield from _bean(document, node)
    elif node.name == "scheduled":
        yield from _task(document, node)
    elif node.name.endswith(("TimerTrigger", "SCMTrigger")) and node.child("spec"):
        yield from _jenkins(document, node)


@cache
def _placeholder() -> re.Pattern[str]:
    return re.compile(r"[$#@]\{|\{\{")


def _entry(
    document: Document, line: int, notation: Notation, text: str, scheduler: str, name: str
) -> ScheduledEntry:
    computed = _placeholder().search(text) is not None
    return ScheduledEntry(
        document.location(line), document.id, scheduler, notation, text, name,
        certainty="computed" if computed else "exact",
    )  # fmt: skip


def _quartz(document: Document, node: XmlNode) -> Iterator[ScheduledEntry]:
    """State a ``<cron>`` trigger of Quartz' job scheduling data."""
    expression = node.child("cron-expression")
    if expression is not None and expression.text:
        name = node.value("name")
        entry = _entry(document, expression.text_line, "quartz", expression.text, "quartz", name)
        yield entry._replace(command=node.value("job-name"), zone=node.value("time-zone"))


def _bean(document: Document, node: XmlNode) -> Iterator[ScheduledEntry]:
    """State a CronTrigger bean of Spring, by its property or constructor argument."""
    if "Cron" not in node.attributes.get("class", ""):
        return
    name = node.attributes.get("id") or node.attributes.get("name", "")
    for child in node.children:
        if child.attributes.get("name") != "cronExpression" and child.name != "constructor-arg":
            continue
        inner = child.child("value")
        text = child.attributes.get("value") or (inner.text if inner else child.text)
        if looks_like_cron(text, 6) or _placeholder().search(text):
            line = inner.text_line if inner else child.line
            yield _entry(document, line, "quartz", text, "quartz", name)


def _task(document: Document, node: XmlNode) -> Iterator[ScheduledEntry]:
    """State a ``<task:scheduled>`` of Spring."""
    attributes = node.attributes
    name = f"{attributes.get('ref', '')}.{attributes.get('method', '')}".strip(".")
    if not name:
        return
    if "cron" in attributes:
        yield _entry(document, node.line, "spring", attributes["cron"], "spring", name)
    for key in ("fixed-rate", "fixed-delay"):
        if key in attributes:
            yield _entry(document, node.line, "rate", milliseconds(attributes[key]), "spring", name)


def milliseconds(text: str) -> str:
    """Return a number of milliseconds as a time span in seconds; other text as it is."""
    number = text.replace("_", "").rstrip("lL")
    return f"{int(number) / _MILLISECONDS:g} s" if number.isdecimal() else text


def _jenkins(document: Document, node: XmlNode) -> Iterator[ScheduledEntry]:
    """State a timer of a Jenkins job's config.xml."""
    spec = node.child("spec")
    if spec is not None and spec.text:
        folder = document.path.rpartition("/")[0].rpartition("/")[2]
        yield _entry(document, spec.text_line, "jenkins", spec.text, "jenkins", folder)


def _launchd(document: Document, root: XmlNode) -> Iterator[ScheduledEntry]:
    """State the job of a property list for launchd."""
    top = root.child("dict")
    keys = _dictionary(top) if top is not None else {}
    interval, calendar = keys.get("StartInterval"), keys.get("StartCalendarInterval")
    when = calendar or interval
    if when is None or "Label" not in keys:
        return
    if calendar is not None:
        text = "; ".join(_interval(item) for item in _calendars(calendar))
    else:
        text = f"StartInterval={when.text}"
    disabled = keys.get("Disabled")
    words = _program(keys)
    agent = "/launchagents/" in f"/{document.path.lower()}"
    user = keys["UserName"].text if "UserName" in keys else "" if agent else "root"
    yield ScheduledEntry(
        document.location(when.line),
        document.id,
        "launchd",
        "launchd",
        text,
        keys["Label"].text,
        shell_text(words) if words else "",
        shell=bool(words),
        user=user,
        enabled=not (disabled is not None and disabled.name == "true"),
        catches_up=calendar is not None,
    )


def _program(keys: dict[str, XmlNode]) -> list[str]:
    """Return the words that launchd runs."""
    if "ProgramArguments" in keys:
        return [node.text for node in keys["ProgramArguments"].children]
    return [keys["Program"].text] if "Program" in keys else []


def _dictionary(node: XmlNode) -> dict[str, XmlNode]:
    """Return a property list's dictionary: each ``<key>`` with the element behind it."""
    found: dict[str, XmlNode] = {}
    children = iter(node.children)
    for child in children:
        if child.name == "key":
            value = next(children, None)
            if value is not None:
                found[child.text] = value
    return found


def _calendars(node: XmlNode) -> list[XmlNode]:
    if node.name != "array":
        return [node]
    return [child for child in node.children if child.name == "dict"]


def _interval(node: XmlNode) -> str:
    return ", ".join(f"{key}={value.text}" for key, value in _dictionary(node).items())
