"""Whether a value is one that an entry of a matrix speaks of: whole, or as one word of a list.

Of a value that a template computes, its literal default counts (``{{ x | default('off') }}``,
``${X:-off}``): another one is for whoever sets it to say.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dten_audit.model.facts.config import ConfigKey
from dten_audit.site.matrix import MatrixEntry

_TRUTH: Final = {
    "on": frozenset(("on", "1", "yes", "true")),
    "off": frozenset(("off", "0", "no", "false", "none", "")),
}
"""What ``On`` and ``Off`` of a matrix stand for."""
_TAKES_AWAY: Final = "-"
_ADDS: Final = "+^"


def same_value(key: ConfigKey, entry: MatrixEntry) -> bool | None:
    """Say whether an entry for one value is about this one; None where nobody can say.

    Of a list that is computed in part, the words that stand there count.
    """
    wanted = entry.only_if_value
    if wanted is None:
        return None
    if entry.separator:
        return wanted.lower() in _words(key.value, entry.separator)
    if wanted in ("On", "Off"):
        found = key.value.lower() in _TRUTH[wanted.lower()]
    else:
        found = key.value == wanted
    if found:
        return True
    return None if key.certainty == "computed" else False


@cache
def _defaults() -> re.Pattern[str]:
    """A literal default at the end of an expression of Jinja, of Go's templates, of the shell."""
    literal = r"(?:'([\w.+:-]{1,60})'|\"([\w.+:-]{1,60})\"|([0-9]{1,20}|[Tt]rue|[Ff]alse))"
    return re.compile(
        rf"\|\s*+(?:d|default)\(\s*+{literal}\s*+(?:,[^)]{{0,40}})?\)\s*+-?\}}\}}$"
        rf"|\|\s*+default\s++{literal}\s*+(?:\|\s*+quote\s*+)?-?\}}\}}$"
        r"|^\$\{\w{1,80}:?-([\w.+:-]{1,60})\}$"
    )


def _default(value: str) -> str:
    """Return what a computed value is where nobody sets it; empty where that is not literal."""
    found = _defaults().search(value.strip())
    return found[found.lastindex or 0] if found else ""


def outside(key: ConfigKey, entry: MatrixEntry) -> bool:
    """Say whether the value is one that is no longer taken; a computed one may be."""
    refused = {text.lower() for text in entry.refused}
    allowed = {text.lower() for text in entry.allowed}
    if entry.separator:
        words = _words(key.value, entry.separator)
        return bool(words & refused) or bool(allowed and words - allowed)
    value = key.value.lower()
    if key.certainty == "computed":
        value = _default(key.value).lower()
        if not value:
            return True
    return value in refused or bool(allowed and value not in allowed)


def _words(value: str, separator: str) -> frozenset[str]:
    """Return the words of a list, without the mark that adds one; those taken away set nothing.

    A list of OpenSSH that starts with ``-`` is taken away as a whole, one of httpd word by word.
    """
    if separator != " " and value.startswith(_TAKES_AWAY):
        return frozenset()
    words = value.lower().split(None if separator == " " else separator)
    return frozenset(
        word.strip().lstrip(_ADDS)
        for word in words
        if word.strip() and not word.startswith(_TAKES_AWAY)
    )
