"""The languages that are read.

Sources: Python reference 2.4 and 8.7, ECMA-262 2024 12.9, PHP manual "Strings", Ruby 3.3
doc/syntax/literals, perlop and perlsub, JLS 21 3.10, Kotlin and Groovy grammars, Go specification,
C# 12 6.4.5.
"""

from __future__ import annotations

from typing import Final

from dten_audit.readers.programs.languages import Language, Quote

_HASH: Final = (r"\#[^\n]*+",)
_SLASHES: Final = (r"//[^\n]*+", r"/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)")
_NO_NAME: Final = (
    r"(?!"
    r""
    r""
    r""
    r"(?:if|for|while|switch|catch|return|foreach|using|lock|new|synchronized|else|do|elif|elsif|unless|until|with|await|throw|typeof|case|when|super"
    r")\b)"
)
_PARAMETERS: Final = r"\((?P<parameters>[^()]*+(?:\([^()]*+\)[^()]*+)*+)\)"
_CONSTRUCTORS: Final = frozenset(
    "__init__ __enter__ __call__ constructor initialize __construct".split()
)
_RAW: Final[dict[str, object]] = {"escape": "raw"}
_FORMATTED: Final[dict[str, object]] = {"holes": "{"}
_BOTH: Final[dict[str, object]] = {"escape": "raw", "holes": "{"}
_DOUBLE: Final = Quote('"', '"')
_SINGLE: Final = Quote("'", "'")

PYTHON: Final = Language(
    "python",
    (
        Quote('"""', '"""', lines=True),
        Quote("'''", "'''", lines=True),
        _DOUBLE,
        _SINGLE,
    ),
    _HASH,
    r"(?m)^(?P<indent>[ \t]*+)(?:async[ \t]++)?+def[ \t]++(?P<name>\w++)[^(\n]*+\("
    r"(?P<parameters>[^)]*+)",
    "indent",
    r"(?m)^[ \t]*+(?P<name>[A-Za-z_]\w*+)(?:[ \t]*+:[^=\n]*+)?[ \t]*+(?P<operator>"
    r"[-+*/|&%@]?)=(?!=)",
    prefixes={
        **dict.fromkeys(("r", "br", "rb"), _RAW),
        **{key: {} for key in ("b", "u")},
        "f": _FORMATTED,
        **dict.fromkeys(("fr", "rf"), _BOTH),
    },
    roots=_CONSTRUCTORS,
    adjacent=True,
    imports=(
        r"(?m)^[ \t]*+(?:from[ \t]++[\w.]++[ \t]++import[ \t]*+(?:\([^)]*+\)|[^\n]*+)|import"
        r"[ \t][^\n]*+)"
    ),
    guard=r"(?m)^if\s+__name__\s*==",
)

_RUBY_TEXT: Final = Quote('"', '"', holes="#{", lines=True, nested=True)
RUBY: Final = Language(
    "ruby",
    (
        _RUBY_TEXT,
        Quote("'", "'", "quote", lines=True),
        Quote("`", "`", holes="#{", runs=True, nested=True, lines=True),
    ),
    (*_HASH, r"(?m:^=begin\b(?:.|\n)*?(?:^=end\b[^\n]*+|\Z))", r"(?m:^__END__$)(?:.|\n)*+"),
    r"(?m)^(?P<indent>[ \t]*+)def[ \t]++(?:self\.)?(?P<name>\w++[?!]?)(?:[ \t]*+\("
    r"(?P<parameters>[^)]*+)|[^\n]*+)",
    "indent",
    r"(?m)^[ \t]*+(?P<name>[@$]{0,2}[A-Za-z_]\w*+)[ \t]*+(?P<operator>(?:[-+*/|&%]|\|\||<<)?"
    r")=(?![=~>])",
    special=r"<<[-~]?[\"'`]?[A-Za-z_]|%[qQwWiIxr]?[(\[{<|!/]|/|\?[\"'`#](?!\w)|\$[\"'`]",
    roots=_CONSTRUCTORS,
    bare=True,
    adjacent=True,
    sigils="@$",
    guard=r"(?m)^if\s+(?:__FILE__\s*==\s*\$0|\$0\s*==\s*__FILE__|\$PROGRAM_NAME\s*==)",
)

PHP: Final = Language(
    "php",
    (
        Quote('"', '"', holes="{$", names=True, lines=True),
        Quote("'", "'", "quote", lines=True),
        Quote("`", "`", holes="{$", names=True, lines=True, runs=True),
    ),
    (r"\#(?!\[)(?:(?!\?>)[^\n])*+", r"//(?:(?!\?>)[^\n])*+", _SLASHES[1]),
    r"(?mi)^(?P<indent>[ \t]*+)(?:"
    r"(?:public|private|protected|static|final|abstract)[ \t]++)*+function[ \t]++&?"
    r"(?P<name>\w++)[ \t]*+" + _PARAMETERS,
    "brace",
    r"(?m)^[ \t]*+(?:(?:const|public|private|protected|static|readonly|var|\??\w++)"
    r"[ \t]++)*+(?P<name>\$?[A-Za-z_]\w*+|\$this->\w++|self::\$?\w++)[ \t]*+"
    r"(?P<operator>(?:[-+*/|&%.]|\?\?)?)=(?![=>])",
    special=r"<<<[ \t]*+[\"']?[A-Za-z_]",
    page=(r"<\?(?:php\b|=)", "?>"),
    roots=_CONSTRUCTORS,
    joins=".",
    sigils="$",
)

_TEMPLATE: Final = Quote("`", "`", holes="${", lines=True, nested=True)
_JS_FUNCTIONS: Final = (
    r"(?m)(?P<indent>^[ \t]*+)(?:export[ \t]++)?(?:default[ \t]++)?(?:(?:"
    r"(?:public|private|protected|static|async|get|set|readonly)[ \t]++)*+"
    r"(?:function[ \t]*+\*?[ \t]*+)?" + _NO_NAME + r"(?P<name>[#\w$]++)[ \t]*+(?:<[^>\n]*+>)?"
    r"|(?:const|let|var|this\.|exports\.|module\.exports\.)[ \t]*+(?P<variable>"
    r"[\w$]++)[ \t]*+(?::[^=\n]{1,200}+)?=[ \t]*+(?:async[ \t]*+)?(?:function[ \t]*+\w*+"
    r"[ \t]*+)?"
    r"|(?P<key>[\w$]++)[ \t]*+:[ \t]*+(?:async[ \t]*+)?(?:function[ \t]*+\w*+[ \t]*+)?)"
    + _PARAMETERS
    + r"(?:[ \t]*+:[^={\n]++)?[ \t]*+(?:=>[ \t]*+)?(?=\{)"
)
JAVASCRIPT: Final = Language(
    "javascript",
    (_TEMPLATE, _DOUBLE, _SINGLE),
    (r"\A\#![^\n]*+", *_SLASHES),
    _JS_FUNCTIONS,
    "brace",
    r"(?m)^[ \t]*+(?:"
    r"(?:export|const|let|var|static|readonly|private|public|protected)[ \t]++)*+"
    r"(?P<name>[A-Za-z_$][\w$]*+|this\.\w++)(?:[ \t]*+:[^=\n]*+)?[ \t]*+"
    r"(?P<operator>(?:[-+*/|&%]|\?\?|\|\|)?)=(?![=>])",
    special=r"/",
    roots=_CONSTRUCTORS,
    guard=r"require\.main\s*===?\s*module",
)
TYPESCRIPT: Final = JAVASCRIPT._replace(name="typescript")

_METHOD: Final = (
    r"(?m)^(?P<indent>[ \t]*+)(?:@\w++(?:\([^)\n]*+\))?\s++)*+(?:"
    r""
    r""
    r""
    r"(?:public|private|protected|internal|static|final|abstract|synchronized|override|virtual|sealed|async|partial|unsafe|extern|suspend|open|inline|def|fun|native|default"
    r")[ \t]++)*+"
    r"(?:<[^>\n]*+>[ \t]*+)?(?:[\w.]++(?:<[^(){};=\n]*+>)?(?:\[\])*+\??[ \t]++)??"
    + _NO_NAME
    + r"(?P<name>\w++)[ \t]*+"
    + _PARAMETERS
    + r"(?:[ \t]*+:[^={\n]++)?(?:\s*+throws[\w\s.,]++)?\s*+(?=\{)"
)
_FIELD: Final = (
    r"(?m)^[ \t]*+(?:"
    r""
    r""
    r""
    r"(?:public|private|protected|internal|static|final|const|val|var|def|readonly|override|volatile"
    r")[ \t]++)*+"
    r"(?:[A-Za-z_][\w.<>,\[\]?]*+[ \t]++)??(?P<name>[A-Za-z_]\w*+)(?:[ \t]*+:"
    r"[^=\n]*+)?[ \t]*+(?P<operator>[-+*/|&%]?)=(?![=>])"
)
JAVA: Final = Language(
    "java",
    (Quote('"""', '"""', lines=True, indented=True), _DOUBLE, _SINGLE),
    _SLASHES,
    _METHOD,
    "brace",
    _FIELD,
    roots=frozenset(("main",)),
    guard=r"\bstatic\s+(?:public\s+)?void\s+main\s*\(",
)
KOTLIN: Final = JAVA._replace(
    name="kotlin",
    quotes=(
        Quote('"""', '"""', "none", holes="${", names=True, lines=True, nested=True),
        Quote('"', '"', holes="${", names=True, nested=True),
        _SINGLE,
    ),
    guard=r"(?m)^fun\s+main\s*\(",
)
GROOVY: Final = JAVA._replace(
    name="groovy",
    quotes=(
        Quote('"""', '"""', holes="${", names=True, lines=True, nested=True),
        Quote("'''", "'''", lines=True),
        Quote('"', '"', holes="${", names=True, nested=True),
        _SINGLE,
    ),
    bare=True,
    guard=r"\A",
)

GO: Final = Language(
    "go",
    (Quote("`", "`", "none", lines=True), _DOUBLE, _SINGLE),
    _SLASHES,
    r"(?m)^(?P<indent>)func[ \t]++(?:\([^)]*+\)[ \t]*+)?(?P<name>\w++)(?:\[[^\]]*+\])?"
    + _PARAMETERS
    + r"[^{\n]*+(?=\{)",
    "brace",
    r"(?m)^[ \t]*+(?:(?:const|var)[ \t]++)?(?P<name>[A-Za-z_]\w*+)(?:[ \t]++"
    r"[\w.\[\]*]++)?[ \t]*+(?P<operator>[-+*/|&%:]?)=(?!=)",
    roots=frozenset(("main", "init")),
    guard=r"(?m)^func\s+main\s*\(",
)

_VERBATIM_HOLES: Final[dict[str, object]] = {
    "escape": "doubled", "lines": True, "holes": "{", "nested": True,
}  # fmt: skip
CSHARP: Final = Language(
    "csharp",
    (Quote('"""', '"""', "none", lines=True, indented=True), _DOUBLE, _SINGLE),
    _SLASHES,
    _METHOD,
    "brace",
    _FIELD,
    prefixes={
        "@": {"escape": "doubled", "lines": True},
        "$": {"holes": "{", "nested": True},
        "$@": _VERBATIM_HOLES,
        "@$": _VERBATIM_HOLES,
    },
    roots=frozenset(("Main",)),
    guard=r"\bstatic\s+(?:async\s+)?[\w<>]+\s+Main\s*\(",
)

PERL: Final = Language(
    "perl",
    (
        Quote('"', '"', names=True, lines=True),
        Quote("'", "'", "quote", lines=True),
        Quote("`", "`", names=True, lines=True, runs=True),
    ),
    (
        *_HASH,
        r"(?m:^=[a-zA-Z]\w*+(?:.|\n)*?(?:^=cut\b[^\n]*+|\Z))",
        r"(?m:^__(?:END|DATA)__$)(?:.|\n)*+",
    ),
    r"(?m)^(?P<indent>[ \t]*+)sub[ \t]++(?P<name>\w++)(?P<parameters>)[^{;]*+(?=\{)",
    "brace",
    r"(?m)^[ \t]*+(?:(?:my|our|local)[ \t]++)?\(?(?P<name>[$@%]\w++)\)?[ \t]*+"
    r"(?P<operator>(?:[-+*/|&%.x]|\|\||//)?)=(?![=~])",
    special=(
        r"<<~?(?:\"[^\"\n]*+\"|'[^'\n]*+'|[A-Za-z_]\w*+)|\b(?:q[qwxr]?|m|s|tr|y)\b(?=\s*+"
        r"[^\s\w,;=)]|[ \t]+\w)(?!\s*+=>)|/|\$[#\"'`&](?!\w)|\$\#"
    ),
    bare=True,
    joins=".",
    sigils="$@%",
    guard=r"\A",
)

LANGUAGES: Final[dict[str, Language]] = {
    language.name: language
    for language in (
        PYTHON, RUBY, PHP, JAVASCRIPT, TYPESCRIPT, JAVA, KOTLIN, GROOVY, GO, CSHARP, PERL,
    )
}  # fmt: skip
"""By the kind of document."""
