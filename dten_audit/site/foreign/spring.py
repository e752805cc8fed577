"""Spring Boot's configuration metadata, as every jar of a starter or an application carries it.

Source: Spring Boot 3.3, "Configuration Metadata": ``level: error`` is not bound any more,
``warning`` still is; ``deprecated: true`` without more is a warning. ``since`` is when a property
was deprecated; when it went is not said, but it is gone in the version that says so.
"""

from __future__ import annotations

from typing import Final

from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.site.foreign.told import Told, fields, is_true, text
from dten_audit.site.matrix import Matrix, MatrixEntry, Normalise, shipped_headers

PATH: Final = r"META-INF/(?:additional-)?spring-configuration-metadata\.json"
_BOOT: Final = "spring-boot"


def matrix(root: Node, told: Told) -> Matrix | None:
    """Return the deprecated properties; None where the text is no such metadata."""
    properties = fields(root).get("properties")
    if properties is None or properties.kind != "sequence":
        return None
    entries = tuple(filter(None, (_entry(item, told) for item in properties.items)))
    boot = next(head for name, head in shipped_headers() if name == _BOOT)
    return Matrix(
        component=f"pkg:maven/{told.product or 'application'}",
        scheme="generic",
        files=boot.files,
        normalise=Normalise(dash_underscore=True, camel_case=True),
        env=boot.env,
        entries=entries,
        path=told.path,
        source=told.path,
    )


def _entry(item: Node, told: Told) -> MatrixEntry | None:
    own = fields(item)
    how = fields(own.get("deprecation"))
    if not how and not is_true(own.get("deprecated")):
        return None
    since = text(how.get("since"))
    new = text(how.get("replacement"))
    gone = text(how.get("level")) == "error"
    return MatrixEntry(
        text(own.get("name")),
        deprecated=since or ("" if gone else told.version),
        removed=(told.version or since) if gone else "",
        changed_in=since or told.version,
        renamed_to=new,
        effect="ignored" if gone else "still-bound",
        note=text(how.get("reason")),
        source=told.path,
        line=item.line,
    )
