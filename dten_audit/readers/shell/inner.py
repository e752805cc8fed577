"""Commands in texts of other languages, and arguments that a command gets from its input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.readers.shell.values import Field, cut
from dten_audit.readers.shell.wrappers import MAX_LISTED, Peeled, filled

_TCL: Final = re.compile(
    r"(?:^|;)[ \t]*+(?:spawn|exec|system)[ \t]++"
    r"(?:-(?:noecho|nottycopy|keepnewline|ignorestderr|--)[ \t]++)*+"
    r"((?:[^\n;\"{]++|\"(?:[^\"\\\n]++|\\.)*+\"|\{[^{}\n]*+\}|[\"{])++)",
    re.MULTILINE,
)
_TCL_CALL: Final = re.compile(r"\[[^\[\]\n]*+\]")
_AWK: Final = re.compile(r'\bsystem[ \t]*+\([ \t]*+"((?:[^"\\\n]++|\\.)*+)"[ \t]*+\)')
_MOST: Final = 100
_WORD: Final = re.compile(r"[^ \t\n]++")
_LINE: Final = re.compile(r"[^\n]++")
_ITEM: Final = re.compile(r"[^\0]++")
_ANY_QUOTE: Final = frozenset("\"'\\")


def commands_in(language: str, argv: list[Field], stdin: Field | None) -> Iterator[Field]:
    """Yield the shell texts that a program runs whose text is among its words or on its input.

    ``tcl``: lines of ``spawn``, ``exec`` and ``system``. ``awk``: ``system`` of a literal.
    """
    pattern = _TCL if language == "tcl" else _AWK
    texts = [field for field in argv[1:] if field.known and len(field.text) > 8]  # noqa: PLR2004 (shorter ones run nothing)
    if stdin is not None and stdin.known and language == "tcl":
        texts.append(stdin)
    left = _MOST
    for text in texts:
        for match in pattern.finditer(text.text):
            if left == 0:
                return
            left -= 1
            found = cut(text, match.start(1), match.end(1))
            yield _from_tcl(found) if language == "tcl" else _from_awk(found)


def _from_tcl(field: Field) -> Field:
    """Return a command of Tcl as the shell would write it: braces quote, ``[…]`` is computed."""
    text = field.text.rstrip("; \t")
    if "'" not in text:
        text = text.replace("{", "'").replace("}", "'")
    return field._replace(text=_TCL_CALL.sub("${argument}", text))


def _from_awk(field: Field) -> Field:
    return field._replace(text=field.text.replace('\\"', '"'))


def fed(peeled: Peeled, text: Field | None) -> Peeled:
    """Return what ``xargs`` runs for a known input: its words behind the command's own."""
    if text is None or not text.known or not peeled.rest:
        return peeled
    hole, pattern, once = "", _WORD, True
    for number, word in enumerate(peeled.used):
        option = word.text
        if option[:2] in ("-I", "-i") and option != "-ignore":
            following = peeled.used[number + 1].text if number + 1 < len(peeled.used) else ""
            hole = option[2:] or (following if option == "-I" else "{}")
            pattern = _LINE
        elif option in {"-0", "--null"} or re.fullmatch(r"-[rt]*0[rt]*", option):
            pattern = _ITEM
        elif option[:2] in ("-n", "-L") or option.startswith("--max-args"):
            once = False
    if pattern is _WORD and _ANY_QUOTE & set(text.text):
        return peeled
    items = [cut(text, *match.span()).resolved for match in pattern.finditer(text.text)]
    if not 0 < len(items) <= MAX_LISTED:
        return peeled
    if hole:
        turns = [[filled(f, hole, item) if hole in f.text else f for f in peeled.rest]
                 for item in items]  # fmt: skip
    elif once:
        turns = [[*peeled.rest, *items]]
    else:
        turns = [[*peeled.rest, item] for item in items]
    return peeled._replace(rest=turns[0], more=tuple(turns[1:]))
