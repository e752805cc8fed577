"""Finds the programs that an RPM package runs: scriptlets, triggers and file triggers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from dten_audit.documents.rpm.header import RpmHeader
from dten_audit.documents.source import path_text

_SCRIPTLETS: Final = {
    "pre": (1023, 1085), "post": (1024, 1086), "preun": (1025, 1087), "postun": (1026, 1088),
    "verify": (1079, 1091), "pretrans": (1151, 1153), "posttrans": (1152, 1154),
    "preuntrans": (5104, 5106), "postuntrans": (5105, 5107),
}  # fmt: skip
"""Name of a scriptlet: the tags of its text and of the program that runs it (rpmtag.h)."""
_TRIGGERS: Final = {
    "trigger": (1065, 1092, 1069, 1068),
    "filetrigger": (5066, 5067, 5070, 5072),
    "transfiletrigger": (5076, 5077, 5080, 5082),
}
"""Tags of texts, programs, and of each condition the number of its text and its flags."""
_MOMENTS: Final = {1 << 16: "in", 1 << 17: "un", 1 << 18: "postun", 1 << 25: "prein"}
"""Flags of a trigger's condition that say when it runs (rpmds.h)."""
_ENDINGS: Final = {
    "sh": "sh", "bash": "sh", "dash": "sh", "ksh": "sh", "python": "py", "perl": "pl", "lua": "lua",
    "ruby": "rb", "php": "php", "node": "js",
}  # fmt: skip
_SHELL: Final = b"/bin/sh"


def scripts(header: RpmHeader) -> Iterator[tuple[str, bytes]]:
    """Yield a name whose ending tells the language, and the text, of all that rpm may run.

    A program without a text is run by itself: its command line is the text. Raises
    ``OverLimitError``.
    """
    for name, (text_tag, program_tag) in _SCRIPTLETS.items():
        program = header.strings(program_tag)
        if text_tag in header:
            yield f"{name}.{_ending(program)}", header.string(text_tag)
        elif program:
            words = [path_text(word) for word in program]
            yield f"{name}.sh", shlex.join(words).encode() + b"\n"
    for name, (text_tag, program_tag, number_tag, flags_tag) in _TRIGGERS.items():
        moments = {}
        numbers, flags = header.numbers(number_tag), header.numbers(flags_tag)
        for number, flag in zip(numbers, flags, strict=False):
            moments[number] = next((m for bit, m in _MOMENTS.items() if flag & bit), "")
        texts, programs = header.strings(text_tag), header.strings(program_tag)
        pairs = zip_longest(texts, programs[: len(texts)], fillvalue=_SHELL)
        for number, (text, runner) in enumerate(pairs):
            stem = f"{name}{moments.get(number, '')}-{number + 1}"
            if text:
                yield f"{stem}.{_ending([runner])}", text
            elif runner != _SHELL:
                yield f"{stem}.sh", runner + b"\n"


def _ending(program: list[bytes]) -> str:
    """Return the ending of a file that this program would run."""
    name = path_text(program[0] if program else _SHELL).strip("<>").rpartition("/")[2]
    return _ENDINGS.get(name.rstrip("0123456789.") or name, name) or "sh"
