"""Reads the shell texts of Packer templates and Terraform modules (HCL2).

Sources: developer.hashicorp.com, "HCL native syntax"; Packer, "Shell provisioner"; Terraform,
"local-exec", "remote-exec"; read 2026-11-21. Only strings and here-documents are read; what an
expression computes is known only when it is applied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.kinds import kind_of

_TOKEN: Final = re.compile(
    r"(?P<string>\"(?:[^\"\\\n]|\\.)*+\"?)|<<-?(?P<heredoc>[A-Za-z_]\w*+)[ \t]*+\n"
    r"|#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?"
    r"|(?P<mark>[{}\[\]])|(?P<key>[A-Za-z_][\w-]*+)(?P<set>[ \t]*+=(?![=>]))?"
)
_TEXTS: Final = frozenset(("user_data", "custom_data", "metadata_startup_script", "startup_script"))
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_ESCAPE: Final = re.compile(r"\\(.)")
_EXPRESSION: Final = re.compile(r"(?<!\$)\$\{([^{}\n]*+)\}|%\{[^{}\n]*+\}")
_SAMPLE: Final = 4096
_MOST: Final = 2_000
_WORTH: Final = (b"provisioner", b"user_data", b"startup_script", b"custom_data")


class Text(NamedTuple):
    """A string or here-document: its text, its first line, and whether its lines follow on."""

    text: str
    line: int
    column: int
    follows: bool


def worth_reading(document: Document) -> bool:
    """Say whether a text is HCL that may hold scripts."""
    if not document.name.endswith((".tf", ".hcl")):
        return False
    return any(word in document.data for word in _WORTH)


def read(document: Document) -> Iterator[Embedded]:
    """State the scripts of provisioners, and those that new machines start with."""
    reader = _Reader(document)
    yield from reader.read()


class _Reader:
    """Goes through the tokens; ``blocks`` are the words before each open brace."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.blocks: list[tuple[str, ...]] = []
        self.words: list[str] = []
        self.key = ""
        self.listed: list[Text] | None = None
        self.endless: set[str] = set()

    def read(self) -> Iterator[Embedded]:
        source = self.document.text
        at = count = 0
        while count < _MOST and (match := _TOKEN.search(source, at)) is not None:
            at = match.end()
            if match["mark"]:
                found = self._mark(match["mark"])
            elif match["key"]:
                self.key = match["key"] if match["set"] else self.key
                self.words.append(match["key"])
                del self.words[:-3]
                continue
            elif match["heredoc"] or match["string"]:
                text, at = self._text(match)
                self.words.append(text.text[:100])
                found = self._value(text)
            else:
                continue
            for part in found:
                count += 1
                yield part

    def _mark(self, mark: str) -> list[Embedded]:
        if mark == "{":
            self.blocks.append(tuple(self.words[-3:]))
            self.words = []
        elif mark == "}" and self.blocks:
            self.blocks.pop()
            self.words = []
        elif mark == "[" and self.key == "inline":
            self.listed = []
        elif mark == "]" and self.listed is not None:
            texts, self.listed, self.key = self.listed, None, ""
            return self._script(texts) if texts else []
        return []

    def _text(self, match: re.Match[str]) -> tuple[Text, int]:
        """Return the text of a token, and where the tokens go on."""
        index = self.document.index
        name = match["heredoc"]
        if not name:
            line, column = index.position(match.start())
            raw = match["string"][1:].removesuffix('"')
            text = _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]), raw)
            return Text(text, line, column + 1, follows=False), match.end()
        line, _ = index.position(match.end())
        end = None
        if name not in self.endless:
            end = re.compile(rf"(?m)^[ \t]*+{name}[ \t]*+$").search(self.document.text, match.end())
        if end is None:
            self.endless.add(name)
            return Text("", line, 1, follows=True), match.end()
        return Text(self.document.text[match.end() : end.start()], line, 1, follows=True), end.end()

    def _value(self, text: Text) -> list[Embedded]:
        if self.listed is not None:
            self.listed.append(text)
            return []
        block = next((words for words in reversed(self.blocks) if words[:1]), ())
        if self.key in _TEXTS or (self.key == "command" and "local-exec" in block):
            self.key = ""
            return self._script([text])
        return []

    def _script(self, texts: list[Text]) -> list[Embedded]:
        lines: list[int] = []
        for text in texts:
            count = text.text.removesuffix("\n").count("\n") + 1
            lines += range(text.line, text.line + count) if text.follows else [text.line] * count
        whole = "".join(f"{_shell(text.text).removesuffix(chr(10))}\n" for text in texts)
        if not whole.strip():
            return []
        kind = kind_of("", whole[:_SAMPLE].encode("utf-8", "replace"))
        kind = kind if whole.startswith("#") and kind != "text" else "shell"
        return [Embedded(kind, whole, tuple(lines), texts[0].column, hints=self._hints())]

    def _hints(self) -> tuple[tuple[str, str], ...]:
        block = next((words for words in reversed(self.blocks) if "provisioner" in words), ())
        if ".pkr." in self.document.name:
            return ("role", "container-build"), ("user", "root")
        if "remote-exec" in block:
            return ("client", "terraform"), ("layer", "remote")
        return () if "local-exec" in block else (("user", "root"),)


def _shell(text: str) -> str:
    """Return a template's text for the shell: what it computes becomes a variable."""

    def variable(match: re.Match[str]) -> str:
        name = re.sub(r"[^A-Za-z0-9_]+", "_", match[1] or "template").strip("_")
        return f"${{{name or 'value'}}}"

    return _EXPRESSION.sub(variable, text).replace("$${", "${").replace("%%{", "%{")
