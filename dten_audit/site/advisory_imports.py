"""Takes an advisory into the user's folder, and writes down who did so, when, and on what grounds.

Beside the advisory ``a.json`` lies ``a.json.import``: what it is, its digest, and what vouched for
it. A file that was changed since is refused when advisories are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from dten_audit.readers.config.yaml_nodes import YamlError, parse_yaml
from dten_audit.site.advisory import Advisory, AdvisoryError
from dten_audit.site.schema import Table
from dten_audit.site.trust_text import fields
from dten_audit.site.trust_writing import replace_file

ENDING: Final = ".import"
_KEYS: Final = ("schema", "id", "sha256", "by", "at", "source", "signed_by", "pinned")


class Grounds(NamedTuple):
    """Who took an advisory in, when (RFC 3339), where it came from, and what vouched for it.

    ``signed_by`` names a known key; else its digest was given from outside (``pinned``).
    """

    by: str
    at: str
    source: str = ""
    signed_by: str = ""
    pinned: bool = False


def take_in(file: Path, own: Advisory, folder: Path, grounds: Grounds) -> Path:
    """Copy an advisory with its signatures into a folder. Raises ``AdvisoryError``.

    Another file of that name is never replaced.
    """
    place = folder / file.name
    if place.exists() and place.read_bytes() != own.data:
        raise AdvisoryError(str(place), 1, "is another advisory of that name: nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for beside in own.signatures:
        raw = (file.parent / beside.name).read_bytes()
        replace_file(folder / beside.name, raw, folder)
    stated: dict[str, object] = {"schema": 1, "id": own.told.id, "sha256": own.sha256}
    stated |= {key: value for key, value in grounds._asdict().items() if value}
    replace_file(place, own.data, folder)
    text = "\n".join(fields(stated)) + "\n"
    replace_file(place.with_name(place.name + ENDING), text.encode(), folder)
    return place


def taken_in(file: Path, own: Advisory) -> str:
    """Return who took an advisory in, in words; empty where nobody wrote it down.

    Raises ``AdvisoryError`` where the file is not what was taken in.
    """
    note = file.with_name(file.name + ENDING)
    if not note.is_file():
        return ""
    stated = _stated(note)
    if stated.get("sha256") != own.sha256:
        reason = f"was changed since {stated.get('by', 'somebody')} took it in: see {note.name}"
        raise AdvisoryError(str(file), 1, reason)
    how = "its digest came from elsewhere" if "pinned" in stated else ""
    when = stated.get("at", "")[:10]
    words = f"taken in by {stated.get('by', 'somebody')}{f' on {when}' if when else ''}"
    return f"{words}, {how}" if how else words


def _stated(note: Path) -> Mapping[str, str]:
    try:
        (node,) = parse_yaml(note.read_text(encoding="utf-8"))
    except (YamlError, ValueError, OSError):
        raise AdvisoryError(str(note), 1, "cannot be read: take the advisory in again") from None
    table = Table(str(note), node, _KEYS, "an import note")
    return {key: table.text(key) for key in _KEYS if key in table.nodes}
