"""Lines of templates that stand under conditions, and which of these are about versions."""

from __future__ import annotations

import pytest

from dten_audit.readers.config.templates import asks_version, conditional_lines


@pytest.mark.parametrize(
    ("text", "every", "versions"),
    [
        ("{% if x %}\na = 1\n{% endif %}\n", [(1, 3)], []),
        ("{% if pg_version < 12 %}\na = 1\n{% else %}\nb = 1\n{% endif %}\n", [(1, 5)], [(1, 5)]),
        ("{% if x %}\na\n{% elif pg_major < 12 %}\nb\n{% endif %}\n", [(1, 5)], [(3, 5)]),
        ("{% if x %}\nversion = 1\n{% endif %}\n", [(1, 3)], []),
        ("{% if x %}version = 1\nb = 2\n{% endif %}\n", [(1, 3)], []),
        ("<% case @java_ver %>\n<% when 8 %>\na\n<% end %>\n", [(1, 4)], [(1, 4)]),
        ("<% if @a %>\na\n<% elsif @version %>\nb\n<% end %>\n", [(1, 5)], [(3, 5)]),
        ('{{ if .x }}\na\n{{ else if semverCompare "<1" .v }}\nb\n{{ end }}\n', [(1, 5)], [(3, 5)]),
        ("{{ range .versions }}\na\n{{ end }}\n", [], []),
        ("{% for version in versions %}\na\n{% endfor %}\n", [], []),
        ("{% if version %}\na\n", [(1, 3)], [(1, 3)]),
        ("a = 1\nversion = 2\n", [], []),
    ],
)
def test_lines(text: str, every: list[tuple[int, int]], versions: list[tuple[int, int]]) -> None:
    assert conditional_lines(text) == every
    assert conditional_lines(text, versions=True) == versions


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("[ $PGVERSION -lt 120 ]", True),
        ('[ "$JAVA_VER_NUM" -lt 9 ]', True),
        ('[ "$JAVA_MAJOR" = 8 ]', True),
        ('[ "$(lsb_release -cs)" = xenial ]', True),
        ("ansible_distribution_release == 'stretch'", True),
        ('[ "$SERVER" = db1 ]', False),
        ('[ "$VERBOSE" = 1 ]', False),
        ("[ -n $MAJORDOMO ]", False),
        ('[ "$DRIVER" = tcp ]', False),
    ],
)
def test_words(test: str, expected: bool) -> None:
    assert asks_version(test) is expected
