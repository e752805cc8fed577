"""What words become: quoting tricks, constants, defaults, arrays, loops, parameters."""

from __future__ import annotations

import pytest

from tests.readers.shell.helpers import commands, facts, shown

WORDS = [
    # quoting does not hide a program
    ("su''do c\\rontab -r", ["sudo/privilege:root | crontab -r"]),
    ("'systemctl' \"stop\" $'dten\\x2eservice'", ["systemctl stop dten.service"]),
    ("system\\\nctl stop \\\n  x", ["systemctl stop x"]),
    ("\\rm -rf /var/lib/x", ["rm -rf /var/lib/x"]),
    ("$'\\162\\155' -f x", ["rm -f x"]),
    # constants
    ("SVC=dten\nsystemctl restart $SVC", ["systemctl restart ~dten"]),
    ("SVC=dten; systemctl restart ${SVC}.service", ["systemctl restart ~dten.service"]),
    ("APP=/opt/dten BIN=$APP/bin\n$BIN/dtenctl migrate", ["~/opt/dten/bin/dtenctl migrate"]),
    ("A=x\nA=y\nrm $A", ["rm ~y"]),
    ("A+=x\nA=y\nA+=z\nrm $A", ["rm ~yz"]),
    ("UNITS='a b'\nsystemctl stop $UNITS", ["systemctl stop ~a ~b"]),
    ("UNITS='a b'\nsystemctl stop \"$UNITS\"", ["systemctl stop ~a b"]),
    ("readonly A=x; export B=$A.y; rm $A $B", ["rm ~x ~x.y"]),
    ("declare -r A=x\nrm $A", ["rm ~x"]),
    ("printf -v A '%s-%s' a b\nrm $A", ["rm ~a-b"]),
    ("read -r A <<< x\nrm $A", ["rm ~x"]),
    ("unset A\nrm $A", ["rm ?${A}"]),
    # unknown
    ("systemctl restart $SVC", ["systemctl restart ?${SVC}"]),
    ("A=$(date +%F)\ncp x /backup/$A", ["date +%F", "cp x ?/backup/${A}"]),
    ("A=/opt/$APP\nrm -rf $A/cache", ["rm -rf ?/opt/${APP}/cache"]),
    ('rm -rf "$1" `mktemp`', ["mktemp", "rm -rf ?$1 ?$(mktemp)"]),
    ("read -r A\nrm $A", ["rm ?${A}"]),
    ("for ((i=0; i<3; i++)); do rm x$i; done", ["rm ?x${i}"]),
    ("((A = 1))\nA=2\n((A++))\nrm $A", ["rm ?${A}"]),
    # defaults and operators
    ("rm ${A:-x} ${B-y}", ["rm ~x ~y"]),
    ("A=z\nrm ${A:-x} ${A:+w}", ["rm ~z ~w"]),
    ("A=$1\nrm ${A:-x}", ["rm ?$1"]),
    (": ${A:=x}\nrm $A", ["rm ~x"]),
    (": ${A:=}\nrm $A", ["rm ?${A:=}"]),
    ("rm ${A:+-v} x", ["rm x"]),
    ("A=$1\n${A:+runuser -u $A --} psql", ["runuser/privilege:$1 | psql"]),
    (
        "A=a/b.tar.gz\nrm ${A##*/} ${A%.*} ${A%%.*} ${A#a/}",
        ["rm ~b.tar.gz ~a/b.tar ~a/b ~b.tar.gz"],
    ),
    ("A=abc\nrm ${A/b/x} ${A^^} ${A:1} ${A:0:2} ${#A}", ["rm ~axc ~ABC ~bc ~ab ~3"]),
    ("A=B B=x\nrm ${!A}", ["rm ~x"]),
    ("P=$(command -v psql)\n$P -l", ["command -v psql", "~psql -l"]),
    ('P=`which psql`\n"$P" -l', ["which psql", "~psql -l"]),
    # the script's own folder
    ('D="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\n. "$D/lib.sh"', [". ~${0%/*}/lib.sh"]),
    ("D=$(dirname $(readlink -f $0))\nbash $D/x.sh", ["readlink -f ?$0", "bash ~${0%/*}/x.sh"]),
    ('sh "${0%/*}/../x.sh"', ["sh ~${0%/*}/../x.sh"]),
    ("A=$(basename /a/b.sh .sh)\nrm $A", ["basename /a/b.sh .sh", "rm ~b"]),
    ("A=$(echo x)\nrm $A", ["rm ~x"]),
    # arrays and lists
    ('A=(a b)\nrm "${A[@]}" ${A[1]}', ["rm ~a ~b ~b"]),
    ("A=(a)\nA+=(b 'c d')\nrm \"${A[@]}\"", ["rm ~a ~b ~c d"]),
    ("rm {a,b}.log x{1..3}", ["rm a.log b.log x1 x2 x3"]),
    ('set -- a b\nrm "$@" $# $2', ["rm ~a ~b ~2 ~b"]),
    ("set -- a b c\nshift\nrm $1 ${@:2}", ["rm ~b ~c"]),
    # loops over literals
    ("for s in a b; do systemctl stop $s; done", ["systemctl stop ~a", "systemctl stop ~b"]),
    ("L='a b'\nfor s in $L; do rm $s; done", ["rm ~a", "rm ~b"]),
    ('A=(a b)\nfor s in "${A[@]}"; do rm $s; date; done', ["rm ~a", "date", "rm ~b"]),
    ("for f in *.sql; do psql -f $f; done", ["psql -f ~*.sql"]),
    ("for s in $LIST; do rm $s; done", ["rm ?${s}"]),
    ("while read -r s; do rm $s; done < list", ["rm ?${s}"]),
    ("A=x\nwhile true; do rm $A; A=$(next); done", ["rm ?${A}", "next"]),
    # variables set in exclusive branches
    (
        "if [ -f /etc/debian_version ]; then S=apache2; else S=httpd; fi\nsystemctl stop $S",
        ["systemctl stop ~apache2", "systemctl stop ~httpd"],
    ),
    ("case $1 in a) S=x ;; b) S=y ;; esac\nrm $S", ["rm ~x", "rm ~y"]),
    ("S=x\nwhile getopts s: o; do S=$OPTARG; done\nrm $S", ["getopts s: o", "rm ~x"]),
    ('[ -z "$S" ] && S=x\nrm $S', ["rm ~x"]),
    # an unknown first word may be nothing
    ("$STD systemctl enable x", ["${STD}/plain | systemctl enable x"]),
    ('"$TOOL" enable x', ["?${TOOL} enable x"]),
    ("$PSQL -c x", ["?${PSQL} -c x"]),
]


@pytest.mark.parametrize(("script", "expected"), WORDS)
def test_words(script: str, expected: list[str]) -> None:
    assert [shown(command) for command in commands(script)] == expected


def test_branch_values_keep_their_tests() -> None:
    script = "if [ -f /etc/debian_version ]; then S=a; else S=b; fi\nsystemctl stop $S"
    guards = [[(g.kind, g.subject, g.holds) for g in c.guards] for c in commands(script)]
    assert guards == [
        [("path-exists", "/etc/debian_version", True)],
        [("path-exists", "/etc/debian_version", False)],
    ]


OPTIONAL = [
    ('SUDO=\nif [ "$(id -u)" -ne 0 ]; then SUDO=sudo; fi', [("root-check", "root", False)]),
    ("[ $EUID -eq 0 ] || SUDO=sudo", [("root-check", "root", False)]),
    ("command -v sudo >/dev/null && SUDO='sudo -n'", [("command-exists", "sudo", True)]),
    ("if [ $EUID -eq 0 ]; then SUDO=; else SUDO=sudo; fi", [("root-check", "root", False)]),
    ("SUDO=sudo", []),
    ("SUDO=$(which sudo)", []),
]


@pytest.mark.parametrize(("script", "expected"), OPTIONAL)
def test_optional_wrapper_keeps_its_tests(
    script: str, expected: list[tuple[str, str, bool]]
) -> None:
    command = commands(script + "\n$SUDO systemctl stop x")[-1]
    assert shown(command) == "sudo/privilege:root | systemctl stop x"
    assert command.guards == ()
    assert [(g.kind, g.subject, g.holds) for g in command.layers[0].guards] == expected


CERTAINTY = [
    ("rm $X", "exact"),
    ("T=rm\n$T x", "resolved"),
    ("$STD rm x", "computed"),
    ('"$T" x', "computed"),
]


@pytest.mark.parametrize(("script", "expected"), CERTAINTY)
def test_certainty(script: str, expected: str) -> None:
    (command,) = commands(script)
    assert command.certainty == expected


READ = [
    ("while read -r s; do rm $s; done <<E\na\nb\nE", ["rm a", "rm b"]),
    ("printf '%s\\n' a b | while IFS= read -r s; do rm \"$s\"; done", ["rm a", "rm b"]),
    ("while read u v; do systemctl $v $u; done <<< 'x stop now'", ["systemctl stop now x"]),
    ("while IFS=: read a b; do rm $a; done <<< x:y", ["rm ${a}"]),
    ("while read -r s; do rm $s; done < list", ["rm ${s}"]),
    ('IFS=, read -ra l <<< a,b\nfor s in "${l[@]}"; do rm $s; done', ["rm a", "rm b"]),
    ("read -r -a l <<< 'a b'\nrm \"${l[@]}\"", ["rm a b"]),
    ("read -r a b <<< 'x y z'\nrm $a $b", ["rm x y z"]),
    ('IFS=$S read -ra l <<< a,b\nrm "${l[@]}"', ["rm ${l}"]),
]


@pytest.mark.parametrize(("script", "expected"), READ)
def test_read_of_known_text(script: str, expected: list[str]) -> None:
    found = [" ".join(word.text for word in c.argv) for c in commands(script)]
    programs = ("printf", "read")
    assert [text for text in found if not text.startswith(programs)] == expected


ARRAYS = [
    ('a[0]=x; a[1]=y\nrm "${a[@]}" ${a[1]}', ["rm x y y"]),
    ("a=(x y)\na[1]=z\na[2]=q\nrm ${a[@]}", ["rm x z q"]),
    ("a=(x y)\na[9]=z\nrm ${a[0]}", ["rm ${a}"]),
    ("a=(x y)\na[$i]=z\nrm ${a[0]}", ["rm ${a}"]),
    (
        "declare -A m=([web]=nginx ['db']=pg)\nrm ${m[web]} \"${m[db]}\" ${m[no]}",
        ["rm nginx pg ${m}"],
    ),
    ("declare -A m\nm[web]=nginx\nm[web]=apache2\nrm ${m[web]} ${#m[@]}", ["rm apache2 1"]),
    ('m=([a]=x [b]=y)\nfor k in "${!m[@]}"; do rm $k "${m[$k]}"; done', ["rm a x", "rm b y"]),
    ("a=(x y)\nfor i in ${!a[@]}; do rm ${a[$i]}; done", ["rm x", "rm y"]),
    ("m=([a]=x)\nm+=([b]=y)\nrm ${m[b]}", ["rm y"]),
    ("m=([a]=x)\nm+=(y)\nrm ${m[a]}", ["rm ${m}"]),
]


@pytest.mark.parametrize(("script", "expected"), ARRAYS)
def test_elements_of_arrays(script: str, expected: list[str]) -> None:
    found = [" ".join(word.text for word in c.argv) for c in commands(script)]
    assert found == expected


OUTPUT = [
    ("d=$(echo no >&2; echo /srv/a)\nrm $d", ["rm /srv/a"]),
    ("d=$(echo no 1>&2; echo /srv/a 2>&1)\nrm $d", ["rm /srv/a"]),
    ("d=$({ echo no; } >&2; echo /srv/a)\nrm $d", ["rm /srv/a"]),
    ("d=$(echo no >&-; echo /srv/a >&1)\nrm $d", ["rm /srv/a"]),
    ("f() { echo no >&2; echo $1; }\nd=$(f /srv/a)\nrm $d", ["rm /srv/a"]),
    ("echo /srv/a >&2 | xargs rm", ["rm"]),
]


@pytest.mark.parametrize(("script", "expected"), OUTPUT)
def test_output_that_goes_elsewhere_is_not_captured(script: str, expected: list[str]) -> None:
    found = [" ".join(word.text for word in c.argv) for c in commands(script)]
    assert found == expected


SYNTAX = [
    ("x=$[1 << 16]\nrm a", ["rm a"]),
    ("x=$[($(stat f) + 1) / 2]", ["stat f"]),
    ('a["$(b "c d")"]=$(e)', ["b c d", "e"]),
    ('echo ${a["$(b "c d")"]}', ["b c d", 'echo ${a["$(b "c d")"]}']),
    ("a[ b\nrm x", ["a[ b", "rm x"]),
    ("case $x in (a) rm a ;| b) rm b ;& *) rm c ;;& esac\nrm d", ["rm a", "rm b", "rm c", "rm d"]),
    ("case $x {\n(a) rm a ;;\n(b) { rm b; } ;;\n}\nrm c", ["rm a", "rm b", "rm c"]),
    ("a=\\\n(\n 'b c'\n)\nrm x", ["rm x"]),
    ('x="`b \\"c\\" \\\\"d\\\\"`"', ['b c "d"']),
    ('cat <<E\n`b \\"c\\"`\nE', ['b "c"', "cat"]),
    ("rm a\u00a0b", ["rm a\u00a0b"]),
]


@pytest.mark.parametrize(("script", "expected"), SYNTAX)
def test_rare_syntax(script: str, expected: list[str]) -> None:
    stated = facts(script)[0]
    assert [" ".join(word.text for word in command.argv) for command in stated] == expected
