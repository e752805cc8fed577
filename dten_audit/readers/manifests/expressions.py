"""Makes the expressions of CI systems and templates readable to a shell: each becomes a variable.

What ``${{ matrix.os }}`` holds is known only when the job runs, as is what ``$matrix_os`` holds, so
a shell reader that sees ``${matrix_os}`` says the right thing of it. Line ends are kept.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_MARKS: Final = ("{{", "{%", "<%", "<<", "$[[", "$(", "$$")


@cache
def _templates() -> re.Pattern[str]:
    inside = r"[^{}%\n]*+"
    return re.compile(
        rf"\$?\{{\{{(?P<a>[^{{}}\n]*+)\}}\}}|\{{%{inside}%\}}|<%[^%\n]*+%>"
        r"|\$\[\[(?P<b>[^\[\]\n]*+)\]\]"
    )


@cache
def _circle() -> re.Pattern[str]:
    return re.compile(r"<<[ \t]*+((?:parameters|pipeline|matrix|inputs)\.[\w.-]++)[ \t]*+>>")


@cache
def _azure() -> re.Pattern[str]:
    """Return the pattern of a macro: a dotted name is no command that anybody has."""
    return re.compile(r"\$\(([A-Za-z_]\w*+(?:\.\w++)++)\)")


def _variable(text: str) -> str:
    name = re.sub(r"\W+", "_", text.strip(), flags=re.ASCII).strip("_")
    return f"${{{name or 'expression'}}}" if not name[:1].isdigit() else f"${{_{name}}}"


def as_shell(text: str, system: str = "") -> str:
    """Return a text in which every expression is a shell variable.

    ``system``: ``circleci`` and ``azure`` have expressions that are valid shell elsewhere; in
    ``drone`` and ``compose`` two dollar signs stand for one.
    """
    if not any(mark in text for mark in _MARKS):
        return text
    text = _templates().sub(lambda match: _variable(match["a"] or match["b"] or ""), text)
    if system == "circleci":
        text = _circle().sub(lambda match: _variable(match[1]), text)
    elif system == "azure":
        text = _azure().sub(lambda match: _variable(match[1]), text)
    elif system in ("drone", "compose"):
        text = text.replace("$$", "$")
    return text
