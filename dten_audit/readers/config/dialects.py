"""Which files are read in a way of their own, whatever their bytes look like: by their names."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_NAMES: Final = {
    "ssh": r"sshd?_config|sshd?_config\.d/[^/]+\.conf|ssh/[^/]+_config|\.ssh/config",
    "redis": r"(?:redis|valkey|keydb|sentinel|redis-[\w.-]+|redis-stack)\.conf"
    r"|redis/[^/]+\.conf|valkey/[^/]+\.conf",
    "ruby": r"gitlab\.rb",
    "cli": r"jvm[\w-]*\.options|jvm\.options\.d/[^/]+\.options|[^/]+\.vmoptions|jvm\.config",
    "hcl": r"[^/]+\.(?:hcl|nomad|tf|tfvars)",
    "xml": r"[^/]+\.(?:xml|config)",
}
DIALECTS: Final = tuple(_NAMES)
_ENDS: Final = (
    r"(?:\.(?:in|j2|jinja2?|erb|tmpl|tpl|template|default|example|sample|dist|orig|new))?"
)


@cache
def _pattern() -> re.Pattern[str]:
    parts = (rf"(?P<{name}>{pattern})" for name, pattern in _NAMES.items())
    return re.compile(rf"(?:.*/)?(?:{'|'.join(parts)}){_ENDS}", re.DOTALL)


def dialect_of(path: str) -> str:
    """Return the language of a settings file that its name tells; empty where it tells none."""
    found = _pattern().fullmatch(path)
    return (found.lastgroup or "") if found else ""
