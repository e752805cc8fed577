"""What programs run: wrappers, options, tests, constants, and what they must not be taken for."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.commands import Guard
from dten_audit.readers.programs.language_tables import LANGUAGES
from dten_audit.readers.programs.lexing import Lexer
from dten_audit.readers.programs.reader import read
from tests.readers.programs.test_languages import SUFFIXES, commands, embedded, fixture, told

PYTHON = "import os, subprocess, shlex, shutil\nfrom pathlib import Path\n"
STATED = [
    ('subprocess.run(["systemctl", "restart", "a.service"])', "systemctl restart a.service"),
    ('subprocess.run(args=["systemctl", "stop", "a"])', "systemctl stop a"),
    ('subprocess.call("systemctl stop a", shell=True)', "systemctl stop a"),
    ('subprocess.call("systemctl " "stop" " a", shell=True)', "systemctl stop a"),
    ("subprocess.run(shlex.split(\"systemctl stop 'a b'\"))", "systemctl stop a b"),
    ('subprocess.run("systemctl stop a".split())', "systemctl stop a"),
    ('subprocess.run(["sudo", "-u", "db", "psql", "-l"])', "[sudo]psql -l"),
    ('subprocess.run(["sh", "-c", "crontab -r"])', "[sh]crontab -r"),
    ('UNIT = "a"\nos.system(f"systemctl stop {UNIT}")', "systemctl stop a"),
    ('UNIT = "a"\nos.system("systemctl stop %s" % UNIT)', "systemctl stop a"),
    ('UNIT = "a"\nos.system("systemctl stop {}".format(UNIT))', "systemctl stop a"),
    ('os.system("systemctl stop {u}".format(u="a"))', "systemctl stop a"),
    ('cmd = ["systemctl", "stop"]\nsubprocess.run(cmd + ["a"])', "systemctl stop a"),
    ('cmd = ["systemctl", "stop"]\nsubprocess.run([*cmd, "a"])', "systemctl stop a"),
    (
        'cmd = ["systemctl"]\ncmd.append("stop")\ncmd += ["a"]\nsubprocess.run(cmd)',
        "systemctl stop a",
    ),
    ('c = ["crontab"]\nif u:\n    c.append(u)\nsubprocess.run(c)', "crontab ?${rest}"),
    ('c = ["b"]\nc.insert(0, "sudo")\nsubprocess.run(c)', ""),
    ('c = "systemctl stop"\nc += " a"\nos.system(c)', ""),
    ("os.execvp('systemctl', ['systemctl', 'stop', 'a'])", "systemctl stop a"),
    ("os.execlp('systemctl', 'systemctl', 'stop', 'a')", "systemctl stop a"),
    ('os.symlink("/opt/a", "/etc/a")', "ln -s /opt/a /etc/a"),
    ('os.chmod("/opt/a", stat.S_ISUID | stat.S_IRWXU)', "chmod 4700 /opt/a"),
    ('os.chmod("/opt/a", 2541)', "chmod 4755 /opt/a"),
    ('os.remove(os.path.join("/etc", "cron.d", "a"))', "rm /etc/cron.d/a"),
    ('Path("/etc/cron.d/a").write_text("x")', "write_text /etc/cron.d/a >/etc/cron.d/a"),
    ('(Path("/etc") / "a").write_text("x")', "write_text /etc/a >/etc/a"),
    ('open("/etc/a", mode="a").write("x")', "open /etc/a >>/etc/a"),
    ("os.system(r'''systemctl stop a''')", "systemctl stop a"),
    ('os.system("systemctl \\x73top a")', "systemctl stop a"),
    ("os.system(cmd := 'systemctl stop a')", ""),
    ('os.system(f"systemctl stop {name}")', "systemctl stop ?${name}"),
    ('subprocess.run(["systemctl", verb, "a"])', "systemctl ?${verb} a"),
    ('subprocess.run(["psql", "-c", f"DROP TABLE {table}"])', "psql -c ?DROP TABLE ${table}"),
    ("subprocess.run(command)", ""),
    ('subprocess.run("systemctl stop a")', ""),
    ('# os.system("systemctl stop a")', ""),
    ("print(\"os.system('systemctl stop a')\")", ""),
    ('"""os.system("systemctl stop a")"""', ""),
    ('self.system("systemctl stop a")', ""),
    ('def system(x): pass\nsystem("systemctl stop a")', ""),
    ('open("/etc/a")', ""),
    ('open("/etc/a", "rb")', ""),
    ('open("/dev/null", "w")', ""),
    (
        'a = "x"\na = "y"\ndef f():\n    os.system("systemctl stop " + a)\nf()',
        "systemctl stop ?${a}",
    ),
    ('if x:\n    a = "x"\nelse:\n    a = "y"\nos.system("echo " + a)', "echo ?${a}"),
    ('a = "x"\nos.system("echo " + a)\na = "y"', "echo x"),
]


@pytest.mark.parametrize(("text", "expected"), STATED)
def test_what_a_line_of_python_runs(text: str, expected: str) -> None:
    found = [told(command).partition(" ")[2] for command in commands("python", PYTHON + text)]
    assert found == ([expected] if expected else [])


def test_lines_are_those_of_the_words() -> None:
    text = PYTHON + 'os.system("""\n  systemctl stop a\n  crontab -r\n""")\n'
    assert [told(c) for c in commands("python", text)] == ["4 systemctl stop a", "5 crontab -r"]


def test_a_function_that_hands_on_a_command_is_followed() -> None:
    text = PYTHON + (
        "def sh(cmd):\n    print(cmd)\n    subprocess.run(cmd, shell=True, check=True)\n"
        "def twice(text):\n    sh(text)\n"
        'sh("systemctl stop a")\ntwice("crontab -r")\n'
    )
    assert [told(c) for c in commands("python", text)] == ["8 systemctl stop a", "9 crontab -r"]


def test_options_of_a_call() -> None:
    text = PYTHON + (
        'subprocess.run(["make"], cwd="/opt/a", env={"A": "b"}, check=True)\n'
        'subprocess.run(["crontab", "-"], input="0 3 * * * /opt/a\\n")\n'
    )
    make, crontab = commands("python", text)
    assert (make.folder, make.failure) == ("/opt/a", "stops")
    assert [(name, word.text) for name, word in make.environment] == [("A", "b")]
    parts = {part.kind: part.text for part in embedded("python", text)}
    assert parts == {"crontab": "0 3 * * * /opt/a\n"}
    assert crontab.stdin


def test_tests_around_a_command() -> None:
    text = PYTHON + (
        "def main():\n"
        "    if os.geteuid() != 0:\n        raise SystemExit(1)\n"
        '    if shutil.which("systemctl"):\n        os.system("systemctl stop a")\n'
        '    elif not os.path.exists("/etc/init.d/a"):\n        os.system("service a stop")\n'
        "    else:\n        os.system('b')\n"
        "main()\n"
    )
    root = Guard("root-check", "root", 4)
    which = Guard("command-exists", "systemctl", 6)
    exists = Guard("path-exists", "/etc/init.d/a", 8, holds=False)
    assert [command.guards for command in commands("python", text)] == [
        (root, which),
        (root, which._replace(holds=False), exists),
        (root, which._replace(holds=False), exists._replace(holds=True)),
    ]


def test_a_loop_of_text_is_not_exact_where_the_program_fills_it_in() -> None:
    text = "#!/usr/bin/perl\nmy $o = `systemctl stop -- '$unit'`;\n"
    (command,) = commands("perl", text)
    assert command.argv[-1] == ("${unit}", "computed")


def test_order_is_that_of_the_calls() -> None:
    text = PYTHON + (
        "def start():\n    os.system('systemctl start a')\n"
        "def stop():\n    os.system('systemctl stop a')\n"
        "stop()\nstart()\n"
    )
    assert [told(c) for c in commands("python", text)] == [
        "6 systemctl stop a",
        "4 systemctl start a",
    ]


KINDS = st.sampled_from(sorted(LANGUAGES))
TOKENS = (
    "\" ' ` \"\"\" ''' { } ( ) [ ] ${ #{ {$ <<EOS <<~EOS <<<EOT EOS q{ qw( s/ %w[ // /* */ # \\ \n"
    " system( subprocess.run( exec( = , ; + . % => : f r $x @y __END__ =pod <?php ?> `ls`"
    " os.system( Process.Start( new ProcessBuilder( .execute() open( '/etc/cron.d/x' 'w'"
)
PIECES = st.sampled_from(TOKENS.split(" "))


@given(KINDS, st.lists(PIECES, max_size=60))
def test_any_text_is_read(kind: str, pieces: list[str]) -> None:
    text = " ".join(pieces)
    lexer = Lexer(text, LANGUAGES[kind])
    assert len(lexer.code) == len(text)
    document = Document("p!/x", "x", kind, text.encode())
    for fact in read(document):
        assert fact is not None


@given(KINDS, st.integers(0, 600), st.integers(0, 600), st.sampled_from("\"'`{}()\\\n#/"))
def test_a_program_that_is_cut_or_changed_is_read(kind: str, at: int, to: int, put: str) -> None:
    text = fixture(kind)
    text = text[:at] + put + text[to:]
    document = Document("p!/x", "x", kind, text.encode())
    for fact in read(document):
        assert isinstance(fact, Embedded) or fact.at.line


HOSTILE = [
    "(", "[", "{", '"', "'", "`", "system(", "f(g(", "q{", "<<EOS\n", "${", '"${', "if x:\n ",
    "def f():\n", "a = a + ", "/[", "%w[", "os.system(a+", "{a:", "sub f {", "-", "s/", "=pod\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("kind", ["python", "javascript", "perl", "ruby", "php", "java"])
def test_hostile_text_costs_linear_time(kind: str, piece: str) -> None:
    text = "subprocess child_process system(x) ProcessBuilder exec(\n" + piece * (
        60_000 // len(piece)
    )
    if kind == "php":
        text = "<?php " + text
    document = Document("p!/x", "x", kind, text.encode())
    start = time.process_time()
    list(read(document))
    assert time.process_time() - start < 1.5


def test_all_languages_are_tried() -> None:
    assert set(SUFFIXES) == set(LANGUAGES)
