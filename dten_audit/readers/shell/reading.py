"""What the builtin ``read`` makes of a line."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.shell.nodes import Node, Simple
from dten_audit.readers.shell.values import Field, cut

_WORD: Final = re.compile(r"[^ \t\n]++")


def names_read(node: Node) -> list[str]:
    """Return the variables that a plain ``read NAME…`` sets; nothing for any other command.

    ``IFS=`` in front and the option ``-r`` change nothing here; other options and values of ``IFS``
    do.
    """
    if not isinstance(node, Simple) or node.name != "read" or node.redirects:
        return []
    names = [shape.text or "" for shape in node.words[1:]]
    if names[:1] == ["-r"]:
        names = names[1:]
    blank = all(item.name == "IFS" and not item.value.source for item in node.assignments)
    if not names or not all(name.isidentifier() for name in names):
        return []
    return names if not node.assignments or (blank and len(names) == 1) else []


def shared_out(line: Field, names: list[str]) -> list[tuple[str, Field]]:
    """Return what each variable gets of a line: one word, the last one the rest."""
    words = list(_WORD.finditer(line.text))
    found: list[tuple[str, Field]] = []
    end = len(line.text.rstrip(" \t\n"))
    for number, name in enumerate(names):
        if number >= len(words):
            found.append((name, Field("")))
        elif number == len(names) - 1:
            found.append((name, cut(line, words[number].start(), end)))
        else:
            found.append((name, cut(line, *words[number].span())))
    return found


def items_read(words: list[str], line: Field, separators: str) -> list[Field] | None:
    """Return the elements that ``read -a`` makes of a line; None where it is not asked to."""
    letters = [word for word in words if word.startswith("-") and len(word) > 1]
    if not any("a" in word.partition("d")[0] for word in letters):
        return None
    wanted = re.compile(f"[^{re.escape(separators)}\\n]++")
    return [cut(line, *match.span()) for match in wanted.finditer(line.text)]
