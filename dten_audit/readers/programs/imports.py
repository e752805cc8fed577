"""What a program imports, under which names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from dten_audit.readers.programs.lexing import Lexer
from dten_audit.readers.programs.literals import Texts

_PY_IMPORT: Final = re.compile(r"(?m)^[ \t]*+import[ \t]++([\w. \t,]++)")
_PY_FROM: Final = re.compile(
    r"(?m)^[ \t]*+from[ \t]++(\.*+[\w.]*+)[ \t]++import[ \t]*+(?:\(([^)]*+)\)|((?:"
    r"[^\n\\;]|\\\n)++))"
)
_JS_REQUIRE: Final = re.compile(
    r"(?:require|import)[ \t]*+\([ \t]*+(\x02\x01*+)[ \t]*+\)(?:\.(\w++))?"
)
_JS_GIVEN_TO: Final = re.compile(
    r"(?:([\w$]++)|\{([^{}]*+)\})[ \t]*+(?::[^=\n]{1,200}+)?=[ \t]*+(?:await[ \t]++)?\Z"
)
_JS_IMPORT: Final = re.compile(
    r"(?m)^[ \t]*+import[ \t]++(?:type[ \t]++)?(?:([\w$]++)[ \t]*+,?[ \t]*+)?(?:\*"
    r"[ \t]++as[ \t]++([\w$]++)|\{([^{}]*+)\})?[ \t\n]*+from[ \t]*+(\x02\x01*+)"
)
_JS_BARE: Final = (
    re.compile(r"require\b(?<=\brequire)[ \t]*+\([ \t]*+(\x02\x01*+)"),
    re.compile(r"(?m)^[ \t]*+import\b[ \t]*+(\x02\x01*+)"),
    re.compile(r"from(?<=\bfrom)[ \t]*+(\x02\x01*+)"),
)
"""One by one: a search for a word is quick, one for several words is not."""
_JS_PROMISED: Final = re.compile(r"promisify[ \t]*+\([ \t]*+([\w$.]++)[ \t]*+\)")
_JS_PROMISE: Final = re.compile(r"([\w$]++)[ \t]*+=[ \t]*+(?:[\w$]++\.)?\Z")
_LOOK: Final = 300
_LONG: Final = 4096
_GO_IMPORT: Final = re.compile(
    r"(?m)(?:^[ \t]*+import[ \t]++|^[ \t]++)(?:([\w.]++)[ \t]++)?(\x02\x01*+)[ \t]*+$"
)
_RUBY: Final = re.compile(
    r"(?m)^[ \t]*+(require_relative|require|load)[ \t(]++"
    r"(?:File\.\w++\(|__dir__[ \t]*+\+[ \t]*+)?(\x02\x01*+)"
)
_PHP: Final = re.compile(
    r"(?m)\b(?:require|include)(?:_once)?[ \t(]++"
    r"(?:(?:__DIR__|dirname\(__FILE__\))[ \t]*+\.[ \t]*+)?(\x02\x01*+)"
)
_PHP_USE: Final = re.compile(
    r"(?m)^[ \t]*+use[ \t]++(?:function[ \t]++)?\\?([\w\\]++)(?:[ \t]++as[ \t]++(\w++))?[ \t]*+;"
)
_PERL: Final = re.compile(r"(?m)^[ \t]*+(?:use|require)[ \t]++([A-Z][\w:]++|\x02\x01*+)")


class Imports(NamedTuple):
    """``names`` maps a name in the program to what it is elsewhere (``sp`` → ``subprocess``).

    ``modules`` are the modules that it imports, as written; ``stars`` those of which it takes all
    names.
    """

    names: dict[str, str]
    modules: tuple[str, ...]
    stars: tuple[str, ...] = ()


def imports(lexer: Lexer, texts: Texts) -> Imports:
    """Return what a program imports."""
    read = _READERS.get(lexer.language.name)
    return Imports({}, ()) if read is None else read(lexer, texts)


def _python(lexer: Lexer, _: Texts) -> Imports:
    names: dict[str, str] = {}
    modules: dict[str, None] = {}
    stars: list[str] = []
    for match in _PY_IMPORT.finditer(lexer.code):
        for part in match[1].split(","):
            words = part.split()
            if not words:
                continue
            modules[words[0]] = None
            alias = words[2] if len(words) > 2 and words[1] == "as" else ""  # noqa: PLR2004 (as, a name)
            first = words[0].partition(".")[0]
            names[alias or first] = words[0] if alias else first
    for match in _PY_FROM.finditer(lexer.code):
        module = match[1]
        modules[module] = None
        for part in (match[2] or match[3] or "").replace("\\\n", " ").split(","):
            words = part.split()
            if words == ["*"]:
                stars.append(module)
            elif words:
                dot = "" if module.endswith(".") or not module else "."
                target = f"{module}{dot}{words[0]}"
                modules[target] = None
                names[words[-1] if "as" in words else words[0]] = target
    return Imports(names, tuple(modules), tuple(stars))


def _javascript(lexer: Lexer, texts: Texts) -> Imports:
    names: dict[str, str] = {}
    code = lexer.code

    def text(match: re.Match[str], group: int) -> str:
        literal = lexer.literal_at(match.start(group))
        return "" if literal is None else texts.field(literal).text.removeprefix("node:")

    for match in _JS_REQUIRE.finditer(code):
        given = _given_to(code, match.start())
        if given is None:
            continue
        module = text(match, 1) + (f".{match[2]}" if match[2] else "")
        if given[1]:
            names[given[1]] = module
        _parts(names, given[2] or "", module, ":")
    for match in _JS_IMPORT.finditer(code):
        module = text(match, 4)
        for group in (1, 2):
            if match[group]:
                names[match[group]] = module
        _parts(names, match[3] or "", module, " as ")
    for match in _JS_PROMISED.finditer(code):
        promise = _JS_PROMISE.search(code, max(0, match.start() - _LOOK), match.start())
        if promise is not None:
            first, _, rest = match[1].partition(".")
            target = names.get(first, first)
            names[promise[1]] = f"{target}.{rest}" if rest else target
    bare = (match for pattern in _JS_BARE for match in pattern.finditer(code))
    modules = dict.fromkeys(text(match, 1) for match in sorted(bare, key=re.Match.start))
    return Imports(names, tuple(modules))


def _given_to(code: str, at: int) -> re.Match[str] | None:
    """Return what the value at an offset is given to: a name, or names in braces."""
    first = max(0, at - _LOOK)
    brace = code.rfind("}", first, at)
    opening = code.rfind("{", max(0, brace - _LONG), brace) if brace >= 0 else -1
    given = _JS_GIVEN_TO.match(code, opening, at) if opening >= 0 else None
    return given or _JS_GIVEN_TO.search(code, first, at)


def _parts(names: dict[str, str], inside: str, module: str, between: str) -> None:
    for part in inside.split(","):
        name, _, alias = part.partition(between)
        if name.strip():
            names[alias.strip() or name.strip()] = f"{module}.{name.strip()}"


def _go(lexer: Lexer, texts: Texts) -> Imports:
    names: dict[str, str] = {}
    for match in _GO_IMPORT.finditer(lexer.code):
        literal = lexer.literal_at(match.start(2))
        if literal is not None:
            path = texts.field(literal).text
            names[match[1] or path.rpartition("/")[2]] = path
    return Imports(names, tuple(names.values()))


def _by_path(pattern: re.Pattern[str], group: int) -> Callable[[Lexer, Texts], Imports]:
    def read(lexer: Lexer, texts: Texts) -> Imports:
        modules: dict[str, None] = {}
        for match in pattern.finditer(lexer.code):
            literal = lexer.literal_at(match.start(group))
            text = match[group] if literal is None else texts.field(literal).text
            relative = literal is not None and match[0].lstrip().startswith("require_relative")
            modules["./" + text if relative else text] = None
        return Imports({}, tuple(modules))

    return read


def _php(lexer: Lexer, texts: Texts) -> Imports:
    found = _by_path(_PHP, 1)(lexer, texts)
    for match in _PHP_USE.finditer(lexer.code):
        name = match[2] or match[1].rpartition("\\")[2]
        found.names[name] = match[1].replace("\\", ".")
    return found


_READERS: Final[dict[str, Callable[[Lexer, Texts], Imports]]] = {
    "python": _python,
    "javascript": _javascript,
    "typescript": _javascript,
    "go": _go,
    "ruby": _by_path(_RUBY, 2),
    "php": _php,
    "perl": _by_path(_PERL, 1),
}
