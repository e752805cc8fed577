"""What is a command and what is not; functions, pipelines, redirections, places."""

from __future__ import annotations

import pytest

from dten_audit.readers.shell.reader import definitions
from tests.readers.shell.helpers import commands, document, facts, shown

STRUCTURE = [
    # text is no command
    ("# sudo rm x\necho 'sudo rm x' # rm y\nlog \"run: sudo rm z\"", ["log run: sudo rm z"]),
    ("cat <<EOF\nsudo rm x\nEOF", ["cat"]),
    ("usage() { cat <<'EOF'\nUsage: sudo x\n  $(rm y)\nEOF\n}\nusage", ["cat"]),
    ("cat <<EOF\n$(rm x) `rm y` \\$(rm z)\nEOF", ["rm x", "rm y", "cat"]),
    ("apt-get install -y sudo", ["apt-get install -y sudo"]),
    ("x=rm\ny='rm z'", []),
    ("sed -i 's/rm x/y/' f", ["sed -i s/rm x/y/ f"]),
    # lists
    ("rm a; rm b & rm c && rm d || rm e", ["rm a", "rm b", "rm c", "rm d", "rm e"]),
    ("{ rm a; (rm b); }\n! rm c", ["rm a", "rm b", "rm c"]),
    (
        "if rm a; then rm b; elif rm c; then rm d; else rm e; fi",
        ["rm a", "rm b", "rm c", "rm d", "rm e"],
    ),
    ("while rm a; do rm b; done; until rm c\ndo\n rm d; done", ["rm a", "rm b", "rm c", "rm d"]),
    (
        "case x in\n a|b) rm a;;\n (c) rm b ;& # no\n *) rm c\nesac; rm d",
        ["rm a", "rm b", "rm c", "rm d"],
    ),
    ("for x; do rm a; done; for y in\ndo rm b; done", ["rm a", "rm b"]),
    ("select x in a b; do rm y; done", ["rm y"]),
    ("for ((i=0;i<2;i++)) { rm a; }", ["rm a"]),
    ("[[ $a =~ ^(x|y z)$ && -n $(rm a) ]] && rm b", ["rm a", "rm b"]),
    ("[[ ( -f a || -f b ) && c < d ]] || rm x", ["rm x"]),
    ("((a = $(rm x) + 1)) && rm y", ["rm x", "rm y"]),
    ("echo $((1 + $(rm a)))", ["rm a"]),
    (
        'rm "$(rm a "$(rm b)")" <(rm c) >(rm d)',
        ["rm b", "rm a ?$(rm b)", "rm c", "rm d", 'rm ?$(rm a "$(rm b)") ?<(rm c) ?>(rm d)'],
    ),
    ("x=(a $(rm b) # rm c\n d)", ["rm b"]),
    ("a[1]=x b[$i]=y rm z", ["rm z"]),
    ('rm "${x:-$(rm a)}"', ["rm a", "rm ?$(rm a)"]),
    ("echo a \\\n  b; rm \\\n  x", ["rm x"]),
    ("rm x 2>&1 >/dev/null </dev/null", ["rm x"]),
    ("coproc rm x", ["rm x"]),
    ("rm x;;\nrm y", ["rm x", "rm y"]),
    ("fi\nrm x\n}\nrm y )\nrm z", ["rm x", "rm y", "rm z"]),
    ("x() rm a\nx", ["rm a"]),
    ("function x { rm a; }\nfunction y() ( rm b )\nx; y", ["rm a", "rm b"]),
    ("x () # note\n{\n rm a\n}\nx", ["rm a"]),
    ("my-func.sh:x() { rm a; }\nmy-func.sh:x", ["rm a"]),
    ('echo "a\n# b\nrm x"; rm y', ["rm y"]),
    ("echo 'it'\\''s'; rm x", ["rm x"]),
    ("rm a?(b|c) !(d) x", ["rm a?(b|c) !(d) x"]),
    ("rm x>y", ["rm x"]),
    ("&>log rm x", ["rm x"]),
    ("> /etc/x", [""]),
    (". ./lib.sh; source /x", [". ./lib.sh", "source /x"]),
    ("if true\nthen rm x\nfi <<EOF\nrm y\nEOF", ["rm x"]),
    ("cat <<A; rm x; cat <<-B\nrm y\nA\n\trm z\n\tB\nrm w", ["cat", "rm x", "cat", "rm w"]),
    ('echo "${x:-a;b|c}" && rm y', ["rm y"]),
    ('echo "${x//\\"/}" ${y#\'}\'} && rm z', ["rm z"]),
    ("echo `rm \\`rm a\\``", ["rm a", "rm ?$(rm a)"]),
    # what runs only by name
    ("f() { rm x; }", ["rm x"]),
    ("exit 0\nrm x", ["rm x"]),
    ('exec tclsh "$0" "$@"\nproc a {b} {\n c }\n}\n', ["exec/plain | tclsh ?$0 ?$@"]),
]


@pytest.mark.parametrize(("script", "expected"), STRUCTURE)
def test_structure(script: str, expected: list[str]) -> None:
    assert [shown(command).strip() for command in commands(script)] == expected


def test_called() -> None:
    script = "f() { rm a; }\ng() { rm b; }\nf\nexit 0\nrm c"
    assert [(c.argv[1].text, c.called, c.function) for c in commands(script)] == [
        ("a", True, "f"),
        ("c", False, ""),
        ("b", False, "g"),
    ]


def test_dispatch_by_argument_calls_any_function() -> None:
    assert [c.called for c in commands('f() { rm a; }\n"$@"')] == [True, True]


def test_archive_behind_the_script() -> None:
    script = 'tail -n +4 "$0" | tar xz\nexit 0\n__ARCHIVE__\n\x1f\x8b(((\x00\'"`'
    stated, _, gaps = facts(script)
    assert [c.program for c in stated] == ["tail", "tar"]
    assert [(g.at.line, g.reason) for g in gaps] == [
        (3, "behind the script's end stands no shell text")
    ]


def test_other_shells_are_said() -> None:
    stated, _, gaps = facts("#!/bin/tcsh\nsudo rm x\n")
    assert not stated
    assert [g.reason for g in gaps] == ["written for tcsh, which is not read"]


def test_call_sites_and_inner_places() -> None:
    script = (
        "restart() {\n"
        '  systemctl restart "$1"\n'
        "  systemctl daemon-reload\n"
        "}\n"
        "both() {\n"
        '  restart "$1"\n'
        "}\n"
        "restart a\n"
        "both b\n"
    )
    assert [(c.at.line, [via.line for via in c.via], shown(c)) for c in commands(script)] == [
        (8, [2], "systemctl restart ~a"),
        (3, [], "systemctl daemon-reload"),
        (9, [6, 2], "systemctl restart ~b"),
    ]


def test_local_variables_end_with_their_function() -> None:
    script = "S=a\nf() { local S=b; rm $S; }\nf\nrm $S"
    assert [shown(c) for c in commands(script)] == ["rm ~b", "rm ~a"]


def test_globals_set_by_a_function() -> None:
    script = "f() { S=$1; }\nf x\nrm $S"
    assert [(c.at.line, shown(c)) for c in commands(script)] == [(3, "rm ~x")]


def test_subshells_keep_their_variables() -> None:
    script = "S=a\n( S=b; cd /x; rm $S )\nrm $S | S=c\nrm $S"
    assert [(shown(c), c.folder) for c in commands(script)] == [
        ("rm ~b", "/x"),
        ("rm ~a", ""),
        ("rm ~a", ""),
    ]


def test_folder() -> None:
    script = 'cd "$(dirname "$0")"\nrm a\ncd sql && rm b\ncd /opt/x/../y\nrm c\ncd "$X"\nrm d'
    assert [c.folder for c in commands(script)] == ["${0%/*}", "${0%/*}/sql", "/opt/y", ""]


def test_redirections() -> None:
    (command,) = commands("rm x > /a 2>> /b < /c 2>&1 &> /d 3<> /e")
    found = [(r.operator, r.target.text, r.descriptor) for r in command.redirections]
    assert found == [
        (">", "/a", -1),
        (">>", "/b", 2),
        ("<", "/c", -1),
        ("&>", "/d", -1),
        ("<>", "/e", 3),
    ]


def test_redirections_of_groups_and_functions() -> None:
    script = (
        "{ rm a; rm b >/y; } > /x 2>&1\nf() { rm c; }\nf >> /z\nwhile read -r l; do rm d; done < /w"
    )
    found = {
        c.argv[1].text: [(r.operator, r.target.text) for r in c.redirections]
        for c in commands(script)
    }
    assert found == {
        "a": [(">", "/x")],
        "b": [(">", "/y")],
        "c": [(">>", "/z")],
        "d": [("<", "/w")],
    }


def test_pipelines() -> None:
    script = "cat a | sed s/x/y/ | sudo tee /etc/x"
    tee = commands(script)[-1]
    assert shown(tee) == "sudo/privilege:root | tee /etc/x"
    assert [[word.text for word in feed] for feed in tee.feeds] == [["sed", "s/x/y/"], ["cat", "a"]]


def test_order_is_that_of_the_run() -> None:
    script = "f() { rm a; }\nrm b\nf\nrm c"
    assert [(c.argv[1].text, c.order) for c in commands(script)] == [("b", 0), ("a", 1), ("c", 2)]


def test_names_of_functions_do_not_run_through_sudo() -> None:
    assert [shown(c) for c in commands("f() { rm x; }\nsudo f")] == [
        "sudo/privilege:root | f",
        "rm x",
    ]


def test_prelude() -> None:
    library = document(
        'SVC=dten\nrestart() {\n  sudo systemctl restart "$1"\n  rm $SVC\n}\n', "lib.sh"
    )
    known = definitions(library)
    found = commands(". ./lib.sh\nrestart $SVC\n", (known,))
    assert [(c.at.path, c.at.line, shown(c), c.document) for c in found] == [
        ("p.zip!/scripts/upgrade.sh", 1, ". ./lib.sh", "p.zip!/scripts/upgrade.sh"),
        (
            "p.zip!/scripts/upgrade.sh",
            2,
            "sudo/privilege:root@restart | systemctl restart ~dten",
            "p.zip!/scripts/upgrade.sh",
        ),
        ("p.zip!/lib.sh", 4, "rm ~dten", "p.zip!/scripts/upgrade.sh"),
    ]


def test_prelude_of_tests_and_messages() -> None:
    library = document(
        'require_root() { [ "$(id -u)" -eq 0 ] || die "no"; }\ndie() { echo "$*"; exit 1; }\n',
        "lib.sh",
    )
    command = commands("require_root\nrm x || die x\n", (definitions(library),))[-1]
    assert [guard.kind for guard in command.guards] == ["root-check"]
    assert command.failure == "stops"


def test_places_in_texts() -> None:
    script = "su - a -c '\n  rm x\n  rm y; rm z'\nbash -c \"\n  rm $w\"\n"
    assert [(c.at.line, c.at.column) for c in commands(script)] == [(2, 3), (3, 3), (3, 9), (5, 3)]


def test_texts_in_variables_have_their_own_places() -> None:
    script = "CMD='rm x;\nrm y'\n\nssh db \"$CMD\"\n"
    assert [(c.at.line, c.at.column) for c in commands(script)] == [(1, 6), (2, 1)]


def test_texts_given_to_functions_stand_at_the_call() -> None:
    script = "q() { psql -q; }\nq <<A\nSELECT 1;\nA\nq <<B\nSELECT 2;\nB\necho 'SELECT 3' | q\n"
    found = [c for c in commands(script) if c.called]
    assert [(c.at.line, [via.line for via in c.via]) for c in found] == [
        (2, [1]), (5, [1]), (8, [1]),
    ]  # fmt: skip
    assert len({c.stdin for c in found}) == 3


def test_repeated_messages_are_one_echo_each() -> None:
    script = (
        '_log() {\n  local level=$1\n  shift\n  printf \'%s %s\\n\' "$level" "$*" >> $LOG_FILE\n}\n'
        'log() { _log INFO "$@"; }\nlog a\nlog "sudo rm b"\n'
    )
    found = [(c.at.line, [word.text for word in c.argv]) for c in facts(script)[0]]
    assert found == [
        (7, ["printf", "%s %s\\n", "INFO", "a"]),
        (8, ["echo", "sudo rm b"]),
    ]


def test_exclusive_values_keep_together() -> None:
    script = "if [ -f /a ]; then X=1 Y=1; else X=2 Y=2; fi\nrm $X $Y\n[ -f /a ] && rm z $X\n"
    assert [shown(c) for c in commands(script)] == ["rm ~1 ~1", "rm ~2 ~2", "rm z ~1"]
