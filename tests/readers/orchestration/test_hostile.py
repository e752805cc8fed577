"""Any text is read: no exception, no more than linear time, bounded depth."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .reading import stated

KINDS = [
    ("yaml", "roles/a/tasks/main.yml"),
    ("yaml", "site.yml"),
    ("puppet", "a.pp"),
    ("salt", "a.sls"),
    ("chef", "recipes/a.rb"),
]
PIECES = st.sampled_from(
    [
        "- ",
        "hosts: a\n",
        "tasks:\n",
        "  ",
        "\n",
        "shell: |\n",
        "{{ x",
        " }}",
        "{% if a %}",
        "{#",
        "become: ",
        "block:\n",
        "when: a.rc == 0\n",
        "vars:\n",
        "loop: [1]\n",
        "{ 'a': ",
        "=> ",
        "service ",
        "@(EOT)",
        "| EOT",
        "do\n",
        "end\n",
        "<<-EOH\n",
        "#{",
        "'",
        '"',
        "\\",
        "[",
        "]",
        "{",
        "}",
        "$x",
        "x:\n",
        "cmd.run:\n",
        "name: ",
        "cron: {job: a, minute: '{{ m }}'}\n",
        "register: r\n",
        "\x00",
        "é",
        "&a ",
        "*a",
        "<<: ",
        "!vault |\n",
    ]
)


@pytest.mark.parametrize(("kind", "path"), KINDS)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_is_read(kind: str, path: str, text: str) -> None:
    stated(text, path, kind)


@pytest.mark.parametrize(("kind", "path"), KINDS)
@given(st.text(max_size=300))
def test_random_text_is_read(kind: str, path: str, text: str) -> None:
    stated(text, path, kind)


LONG = 100_000
HOSTILE = [
    "{" * LONG,
    "(" * LONG,
    "[" * LONG,
    "'" * LONG,
    '"\\' * LONG,
    "a { " * (LONG // 4),
    "a { 'b" * (LONG // 6),
    "@(EOT)\n" * (LONG // 7),
    "file { 'a': content => @(X)\n" * (LONG // 28),
    "/*" * (LONG // 2),
    '- shell: "' + "{{ a " * (LONG // 5) + '"',
    '- command: "' + "{% " * (LONG // 3) + '"',
    '- command: a\n  when: "' + "a and " * (LONG // 6) + '"',
    "- service: " + "a=b " * (LONG // 4),
    '- command: a\n  when: "a' + " " * LONG + 'b"',
    "x:\n  cmd.run:\n    - name: " + "{{" * (LONG // 2),
    "- block:\n" * 3,
    "".join(f"{'  ' * n}- block:\n" for n in range(90)),
    "- &a [1]\n" + "- *a\n" * (LONG // 5),
    "execute <<-A\n" * (LONG // 13),
    "if a\n" * (LONG // 5),
    "execute '" + "#{" * (LONG // 2) + "'",
    'service "' + "#{a{b}" * (LONG // 6),
    "package [" + "'a'," * (LONG // 4),
    "service 'a' do\n" * (LONG // 15),
    'exec { "' + "${a" * (LONG // 3),
    "$a = 'b' " * (LONG // 9),
    "- hosts: a\n  vars: {a: '{{ a }}', b: '{{ a }}{{ a }}'}\n  tasks: [{command: '{{ b }}'}]",
    "- hosts: a\n  vars:\n"
    + "".join(f"    v{n}: '{{{{ v{n + 1} }}}}{{{{ v{n + 1} }}}}'\n" for n in range(60))
    + "    v60: x\n  tasks: [{command: '{{ v0 }}'}]",
    '- ansible.builtin.command: "' + "a=" * (LONG // 2) + '"',
    "ansible_become_pass" * (LONG // 19),
    "-" * LONG,
    "x=" * LONG,
]


@pytest.mark.parametrize(("kind", "path"), KINDS)
def test_hostile_texts_take_no_time(kind: str, path: str) -> None:
    for text in HOSTILE:
        before = time.process_time()
        stated(text, path, kind)
        assert time.process_time() - before < 1.5, text[:40]
