"""Compares what the ending of a name promises with what the content is."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from dten_audit.documents.kind_tables import EXTENSIONS, FAMILIES, KIND_FAMILIES, words

_EXECUTABLE: Final = 0o111
_LANGUAGES: Final = {
    **{kind: kind for kind in words("shell python ruby php perl powershell batch")},
    "javascript": "javascript",
    "typescript": "javascript",
}
"""Kinds that an interpreter runs, by the language: TypeScript runs where JavaScript does."""
_DATA: Final = words(
    "txt md rst adoc log csv tsv json xml html htm css toml yml yaml ini cfg conf properties"
)
"""Endings of what nobody starts."""
_FURTHER: Final = {
    **dict.fromkeys(words("exe dll sys so dylib pyd ko efi scr"), "program"),
    **dict.fromkeys(words("pdf doc xls ppt docx xlsx pptx odt ods odp rtf"), "document"),
    **dict.fromkeys(words("mp3 mp4 m4a wav ogg avi mkv mov webm flac"), "recording"),
}
"""What more endings promise than ``FAMILIES`` knows."""
_ACCEPTED: Final = {
    "archive": words("archive"),
    "program": words("program text opaque"),  # linker scripts; placeholders of other systems
    "document": words("document archive text opaque image"),
    "recording": words("recording text opaque"),
}
"""What content an ending is known to have besides its own family."""
_PROMISES: Final = {**FAMILIES, **_FURTHER}


def mismatch(path: str, kind: str, mode: int | None = None) -> str:
    """Return what the ending of a name promises, where the content is something else.

    Only promises whose breach means something: a program named as a picture, an archive that is
    none, a script that another interpreter runs than its name says, an executable script (``mode``)
    that is named as a document. Empty where the content is what the name says.
    """
    return _breach(path.rpartition(".")[2], kind, mode is not None and mode & _EXECUTABLE)


@lru_cache(maxsize=1024)
def _breach(end: str, kind: str, started: int) -> str:
    """Compare an ending with a kind; packages have few pairs of them."""
    end = end.lower()
    promised = _PROMISES.get(end)
    if promised is None or kind == "empty":
        return ""
    found = KIND_FAMILIES.get(kind, "text")
    if found == "text" == promised:
        return _other_language(end, kind, started) if kind in _LANGUAGES else ""
    if found == promised or found in _ACCEPTED.get(promised, _OPAQUE):
        return ""
    return promised


_OPAQUE: Final = words("opaque")


def _other_language(end: str, kind: str, started: int) -> str:
    """Return the language, or ``document``, that a script's ending promises wrongly."""
    promised = EXTENSIONS.get(end, "")
    language = _LANGUAGES.get(promised)
    if language is not None:
        return "" if language == _LANGUAGES[kind] else promised
    return "document" if started and end in _DATA else ""
