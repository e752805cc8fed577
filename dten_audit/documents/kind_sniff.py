"""Tells a document's kind from its content, where neither name nor first bytes settle it."""

from __future__ import annotations

import re
import struct
from functools import cache, lru_cache

from dten_audit.documents.kind_tables import CRON_USERS, INTERPRETERS

_SAMPLE = 4096
_BINARY_CPIO = 26
_PEM = re.compile(rb"(?m)^[ \t]*-----BEGIN ([A-Z0-9 ]{3,40})-----")
_CRON_PART = r"(?:\*|\d{1,2}(?:[-~]\d{1,2})?)(?:/\d{1,2})?"
_CRON_TIME = rf"{_CRON_PART}(?:,{_CRON_PART})*[ \t]+"
_CRON_WORD = r"[^\sA-Za-z$%{]*[A-Za-z$%{]\S*"
"""A user or a program; a number is none."""
_CRON_MONTH = rf"(?:{_CRON_TIME}|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\S*[ \t]+)"
_CRON_DAY = rf"(?:{_CRON_TIME}|(?i:sun|mon|tue|wed|thu|fri|sat)\S*[ \t]+)"
_FIRST = 1024
_FIRST_LINES = 8
_TWO_LANGUAGES = (
    b"'''",
    b'"exec"',
    b'"":"',
    b"eval 'exec",
    b'eval "exec',
    b"':'",
    b'":"',
    b"eval '(exit",
)
_NICK = r"@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly|every_minute)"
_OID_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_OID_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
_DER_STARTS = (
    b"\x30\x82",  # certificate: SEQUENCE { SEQUENCE { [0] version …
    b"\x02\x01",  # key: SEQUENCE { INTEGER version …
    b"\x30\x81",
    b"\x30\x2a",
    b"\x30\x59",
    b"\x30\x0d",
)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Line patterns, compiled on first use."""
    time = rf"(?:(?:{_CRON_TIME}){{3}}{_CRON_MONTH}{_CRON_DAY}|{_NICK}[ \t]+)"
    return {
        "cron": re.compile(rf"(?m)^[ \t]*-?{time}({_CRON_WORD})(?:[ \t]+(\S+))?"),
        "unit": re.compile(
            r"(?m)^\[(Unit|Install|Service|Timer|Socket|Path|Mount|Automount|Swap|Slice|Scope)\]"
        ),
        "section": re.compile(r"(?m)^[ \t]*\[[^\]\n]{1,200}\][ \t]*(?:[#;].*)?$"),
        "checksums": re.compile(
            r"\A(?:[#;].*\n)*(?:(?:SHA\d+|MD5) \(|(?:[0-9a-fA-F]{32,128})[ \t]+[*]?\S)"
        ),
        "env": re.compile(r"^(?:export[ \t]+)?[A-Z_][A-Z0-9_]*=[^\n]*$"),
        "properties": re.compile(r"^[A-Za-z_][\w.\-]*(?:[ \t]*=|:[ \t])[^\n]*$"),
        "yaml": re.compile(
            r"\A(?:[ \t]*#[^\n]*\n|[ \t]*\n)*"
            r"(?:---|[A-Za-z_][\w.\-]*:(?:[ \t]|\n))"
        ),
        "sql": re.compile(
            r"(?i)\A(?:\s|--[^\n]*\n)*(?:"
            r"(?:create|alter|drop|lock|truncate)\s+(?:or\s+replace\s+)?(?:unique\s+|temp\w*\s+)?"
            r"(?:table|index|view|schema|database|function|procedure|trigger|type|sequence|role|user|"
            r"extension|materialized|policy|event)\b|insert\s+into\b|update\s+\S+\s+set\b|"
            r"delete\s+from\b|select\s[^\n]*\bfrom\b|begin\s*;|begin\s+work|start\s+transaction\b|"
            r"set\s+\w+\s*(?:=|to)\s|grant\s+\w+|use\s+\w+\s*;|\\(?:set|connect|c|i|ir)\s)"
        ),
        "shell": re.compile(
            r"(?m)^[ \t]*(?:set -[a-zA-Z]+(?: pipefail| posix)?[ \t]*$|if \[|export \w+=|"
            r"\w+[ \t]*\(\)\s*\{|source [/.$\"]|\. [/.$\"]\S|fi$|esac$|done$)"
        ),
        "manual": re.compile(r"\A(?:[.']\\\"|\.TH |\.Dd )"),
        "completion": re.compile(r"\A#(?:compdef|autoload)\b"),
        "php": re.compile(r"<\?php"),
    }


def is_binary_cpio(head: bytes) -> bool:
    """Tell whether a header of cpio's old binary form (cpio(5)) has a type and a name."""
    if len(head) < _BINARY_CPIO or head[:2] not in (b"\xc7\x71", b"\x71\xc7"):
        return False
    mode, size = struct.unpack_from("<6xH12xH" if head[0] > head[1] else ">6xH12xH", head)
    kind, end = mode >> 12, _BINARY_CPIO + size
    return kind in (1, 2, 4, 6, 8, 10, 12) and size > 1 and head[end - 1 : end] == b"\0"


def der_kind(head: bytes) -> str:
    """Return ``cms``, ``pkcs12`` or ``der`` for ASN.1 DER of that shape, else an empty string."""
    if len(head) < 16 or head[0] != 0x30:  # noqa: PLR2004 - SEQUENCE
        return ""
    length = head[1]
    body = 2 if length < 0x80 else 2 + (length & 0x7F)  # noqa: PLR2004 - long form (X.690 8.1.3)
    if length == 0xFF or body > 6:  # noqa: PLR2004
        return ""
    start = head[body : body + 40]
    if start.startswith(_OID_SIGNED_DATA):
        return "cms"
    if start.startswith(b"\x02\x01\x03\x30") and _OID_DATA in start:
        return "pkcs12"
    if length >= 0x80 and start.startswith(_DER_STARTS):  # noqa: PLR2004
        return "der"
    return ""


def armoured_kind(head: bytes) -> str:
    """Return ``pem``, ``cms`` or ``pgp`` where the head holds such a block, else nothing."""
    match = _PEM.search(head, 0, _SAMPLE)
    if match is None:
        return ""
    label = match[1]
    if label.startswith(b"PGP "):
        return "pgp"
    return "cms" if label in (b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA") else "pem"


def cron_flavour(text: str) -> str:
    """Return ``cron`` (with a user field), ``crontab`` (without), or nothing without a job."""
    match = _patterns()["cron"].search(text)
    if match is None:
        return ""
    word, following = match[1], match[2] or ""
    if word in CRON_USERS:
        return "cron"
    plain = re.fullmatch(r"[a-z_][a-z0-9_-]*", word) is not None
    return "cron" if plain and following.startswith(("/", "[", "test")) else "crontab"


def shebang_kind(head: bytes) -> str:
    """Return the kind of the interpreter that ``#!`` names; ``text`` for an unknown one.

    Empty where it names ``env`` and nothing to look up: then the file is started by other means.
    A shell script whose first command hands it on to another interpreter is of that one's kind, as
    pip, uv, Perl and Tcl write it where the interpreter's path is long.
    """
    end = head.find(b"\n", 2, _FIRST)
    kind = _interpreter(head[2 : end if end >= 0 else _FIRST])
    return (_handed_on(head[end + 1 : _FIRST]) or kind) if kind == "shell" and end >= 0 else kind


def _handed_on(rest: bytes) -> str:
    """Return the kind of the interpreter to which a file in two languages hands itself on."""
    lines = rest.split(b"\n", _FIRST_LINES)[:_FIRST_LINES]
    code = [line for line in lines if line.strip() and not line.startswith(b"#")]
    if not code or not code[0].startswith(_TWO_LANGUAGES):
        return ""
    match = re.search(rb"\bexec\b.*?[/ \"'](python|perl|ruby|node|php|tclsh|wish)[\d.]*\b", code[0])
    return INTERPRETERS[match[1].decode()] if match is not None else ""


@lru_cache(maxsize=256)
def _interpreter(line: bytes) -> str:
    words = line.decode("latin-1").split()
    if words and words[0].rpartition("/")[2] == "env":
        words = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
        if not words:
            return ""
    if not words:
        return "shell"
    name = words[0].rpartition("/")[2]
    bare = name.rstrip("0123456789.") or name
    return INTERPRETERS.get(name) or INTERPRETERS.get(bare) or "text"


def is_unit(head: bytes) -> bool:
    """Tell whether the head holds a section that only unit files have."""
    return _patterns()["unit"].search(head[:_SAMPLE].decode("latin-1")) is not None


def _lines(text: str) -> list[str]:
    """The lines that are neither blank nor comments; without the last one, which may be cut."""
    found = text.split("\n")
    if len(text) >= _SAMPLE:
        found.pop()
    return [s for line in found if (s := line.strip()) and s[0] not in "#;!"]


def is_manual(text: str) -> bool:
    """Tell whether a text is a manual page in roff (man(7), mdoc(7))."""
    return _patterns()["manual"].match(text) is not None


def is_shell(text: str) -> bool:
    """Tell whether a text has lines that only shell scripts have."""
    return _patterns()["shell"].search(text) is not None


def settings_kind(text: str) -> str:
    """Return ``ini``, ``env``, ``properties``, or ``text`` for a configuration file's text."""
    patterns = _patterns()
    lines = _lines(text)
    if not lines:
        return "text"
    if patterns["section"].match(lines[0]):
        return "ini"
    env = patterns["env"].match
    if all(env(line) for line in lines):
        return "env"
    setting = patterns["properties"].match
    count = sum(1 for line in lines if setting(line))
    if patterns["section"].search(text) and count * 2 > len(lines):
        return "ini"
    braces = text.count("{") + text.count(";\n")
    return "properties" if count * 10 >= len(lines) * 8 and braces * 4 < len(lines) else "text"


def text_kind(text: str) -> str:
    """Return the kind of a text whose name tells nothing; ``text`` if the content does not."""
    patterns = _patterns()
    if patterns["completion"].match(text):
        return "text"
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] == "<":
        lower = start[:200].lower()
        if lower.startswith("<?php"):
            return "php"
        return "html" if lower.startswith(("<!doctype html", "<html")) else "xml"
    if start.startswith(("{", "[")) and _looks_like_json(start):
        return "json"
    if patterns["unit"].search(text):
        return "systemd-unit"
    if start.startswith("untrusted comment:"):
        return "minisign"
    for kind in ("checksums", "sql"):
        if patterns[kind].search(text):
            return kind
    flavour = cron_flavour(text)
    if flavour and _only_jobs(text):
        return flavour
    settings = settings_kind(text)
    if settings != "text":
        return "yaml" if settings == "properties" and patterns["yaml"].match(text) else settings
    for kind in ("yaml", "shell", "php"):
        if patterns[kind].search(text):
            return kind
    return "text"


def _only_jobs(text: str) -> bool:
    """Tell whether every line is a cron job or a variable, so that rows of numbers are none."""
    job, variable = _patterns()["cron"].match, re.compile(r"[A-Za-z_]\w*[ \t]*=").match
    return all(job(line) or variable(line) for line in _lines(text))


def _looks_like_json(start: str) -> bool:
    following = start[1:].lstrip()[:1]
    if start[0] == "{":
        return following in ('"', "}")
    return following in tuple('"{[]-0123456789') and not re.match(r"\[[A-Za-z]", start)
