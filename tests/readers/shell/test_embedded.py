"""Documents inside scripts: what they are, where they stand, who reads them."""

from __future__ import annotations

import pytest

from dten_audit.documents.document import Embedded
from tests.readers.shell.helpers import commands, document, embedded, facts


def brief(part: Embedded) -> tuple[str, str, str]:
    return part.kind, part.path, part.text


def sql(text: str) -> list[tuple[str, str, str]]:
    return [("sql", "", text)]


EMBEDDED = [
    # into clients
    (
        "psql -U x db <<'EOF'\nALTER TABLE a\n  ADD b int;\nEOF",
        sql("ALTER TABLE a\n  ADD b int;\n"),
    ),
    ("psql <<-EOF\n\tSELECT 1;\n\t  SELECT 2;\n\tEOF", sql("SELECT 1;\n  SELECT 2;\n")),
    (
        "T=users\npsql <<EOF\nALTER TABLE $T ADD x int; -- \\$y ${z}\nEOF",
        sql("ALTER TABLE users ADD x int; -- $y ${z}\n"),
    ),
    ("psql <<< 'SELECT 1'", sql("SELECT 1\n")),
    ("psql -qAtc 'SELECT 1'", sql("SELECT 1")),
    ("psql -c'SELECT 1' --command='SELECT 2'", [*sql("SELECT 1"), *sql("SELECT 2")]),
    ("psql -f x.sql <<EOF\nSELECT 1;\nEOF", [("text", "", "SELECT 1;\n")]),
    ("psql -f - <<EOF\nSELECT 1;\nEOF", sql("SELECT 1;\n")),
    ('mysql -uroot -e "DROP TABLE $T" db', sql("DROP TABLE ${T}")),
    ("mysql --execute='DROP TABLE x'", sql("DROP TABLE x")),
    ("sqlite3 /x.db 'DROP TABLE x'", sql("DROP TABLE x")),
    ("sqlcmd -S . -Q 'DROP TABLE x'", sql("DROP TABLE x")),
    ("sqlplus -s / as sysdba <<EOF\nDROP TABLE x;\nEOF", sql("DROP TABLE x;\n")),
    ("echo 'SELECT 1' | psql", sql("SELECT 1\n")),
    (
        "printf '%s;\\n' 'SELECT 1' 'SELECT 2' | sudo -u postgres psql",
        sql("SELECT 1;\nSELECT 2;\n"),
    ),
    ("cat <<EOF | psql\nSELECT 1;\nEOF", sql("SELECT 1;\n")),
    ("{ echo 'BEGIN;'; cat up.sql; echo 'COMMIT;'; } | psql", sql("BEGIN;\nCOMMIT;\n")),
    ("Q='SELECT 1'\npsql -c \"$Q\"", sql("SELECT 1")),
    ("Q=$(cat <<'EOF'\nSELECT 1;\nEOF\n)\npsql -c \"$Q\"", sql("SELECT 1;")),
    ("read -r -d '' Q <<'EOF'\nSELECT 1;\nEOF\npsql -c \"$Q\"", sql("SELECT 1;\n")),
    ("q() { psql -c \"$1\"; }\nq 'SELECT 1'\nq 'SELECT 2'", [*sql("SELECT 1"), *sql("SELECT 2")]),
    (
        'for t in a b; do psql -c "DROP TABLE $t"; done',
        [*sql("DROP TABLE a"), *sql("DROP TABLE b")],
    ),
    ("docker exec -i db psql <<EOF\nSELECT 1;\nEOF", sql("SELECT 1;\n")),
    ("su - postgres -c psql <<EOF\nSELECT 1;\nEOF", sql("SELECT 1;\n")),
    ('run() { psql "$@"; }\nrun -q <<EOF\nSELECT 1;\nEOF', sql("SELECT 1;\n")),
    ("python3 - <<EOF\nimport os\nEOF", [("python", "", "import os\n")]),
    ("python3 -c 'import os'", [("python", "", "import os")]),
    ("python3 x.py <<EOF\nyes\nEOF", [("text", "", "yes\n")]),
    ("perl -pe 's/a/b/' f", [("perl", "", "s/a/b/")]),
    ("kubectl apply -f - <<EOF\nkind: CronJob\nEOF", [("yaml", "", "kind: CronJob\n")]),
    # into shells
    ("sudo bash <<'EOF'\nrm x\nEOF", [("shell", "", "rm x\n")]),
    ("bash -s -- a <<'EOF'\nrm x\nEOF", [("shell", "", "rm x\n")]),
    ("ssh -T root@db <<EOF\nrm x\nEOF", [("shell", "", "rm x\n")]),
    ("ssh db bash -s <<EOF\nrm x\nEOF", [("shell", "", "rm x\n")]),
    ("su - postgres <<EOF\nrm x\nEOF", [("shell", "", "rm x\n")]),
    ("at now + 1 minute <<EOF\nrm x\nEOF", [("shell", "", "rm x\n")]),
    ("echo 'rm x' | at 03:00", [("shell", "", "rm x\n")]),
    ("echo cm0gLXJmIC9vcHQveAo= | base64 -d | sh", [("shell", "", "rm -rf /opt/x\n")]),
    ("bash x.sh <<EOF\nyes\nEOF", [("text", "", "yes\n")]),
    # crontabs
    ("crontab - <<EOF\n0 3 * * * x\nEOF", [("crontab", "", "0 3 * * * x\n")]),
    ("echo '0 3 * * * x' | crontab -", [("crontab", "", "0 3 * * * x\n")]),
    (
        "(crontab -l 2>/dev/null; echo '0 3 * * * x') | crontab -u app -",
        [("crontab", "", "0 3 * * * x\n")],
    ),
    ("crontab -l | { cat; echo '0 3 * * * x'; } | crontab -", [("crontab", "", "0 3 * * * x\n")]),
    ("crontab <<< '0 3 * * * x'", [("crontab", "", "0 3 * * * x\n")]),
    ("crontab jobs.txt", []),
    # into files
    (
        "cat > /etc/cron.d/x <<EOF\n0 3 * * * root x\nEOF",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    (
        "cat <<EOF >/etc/systemd/system/x.service\n[Unit]\nEOF",
        [("systemd-unit", "/etc/systemd/system/x.service", "[Unit]\n")],
    ),
    (
        "sudo tee /etc/systemd/system/x.timer >/dev/null <<EOF\n[Timer]\nEOF",
        [("systemd-unit", "/etc/systemd/system/x.timer", "[Timer]\n")],
    ),
    (
        "cat <<EOF | sudo tee -a /etc/cron.d/x\n0 3 * * * root x\nEOF",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    ("echo '0 3 * * * root x' >> /etc/cron.d/x", [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")]),
    (
        "echo '0 3 * * * root x' | sudo tee /etc/cron.d/x",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    (
        "printf '0 3 * * * root x\\n' > /etc/cron.d/x",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    (
        "echo -e 'A=b\\n0 3 * * * root x' > /etc/cron.d/x",
        [("cron", "/etc/cron.d/x", "A=b\n0 3 * * * root x\n")],
    ),
    (
        "{ echo A=b; echo '0 3 * * * root x'; } > /etc/cron.d/x",
        [("cron", "/etc/cron.d/x", "A=b\n0 3 * * * root x\n")],
    ),
    (
        "D=/etc/cron.d\ncd $D\necho '0 3 * * * root x' > x",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    (
        "F=/etc/cron.d/x\ncat > $F <<'EOF'\n0 3 * * * root $x\nEOF",
        [("cron", "/etc/cron.d/x", "0 3 * * * root $x\n")],
    ),
    (
        "sudo sh -c 'cat > /etc/cron.d/x' <<EOF\n0 3 * * * root x\nEOF",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    (
        "sudo sh -c \"echo '0 3 * * * root x' > /etc/cron.d/x\"",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    (
        "dd of=/etc/cron.d/x <<EOF\n0 3 * * * root x\nEOF",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    (
        "install -m 644 /dev/stdin /etc/cron.d/x <<EOF\n0 3 * * * root x\nEOF",
        [("cron", "/etc/cron.d/x", "0 3 * * * root x\n")],
    ),
    ("cat > up.sql <<EOF\nDROP TABLE x;\nEOF", [("sql", "up.sql", "DROP TABLE x;\n")]),
    # text
    ("cat <<EOF\nUsage: sudo x\nEOF", [("text", "", "Usage: sudo x\n")]),
    ("while read -r l; do :; done <<EOF\na\nEOF", [("text", "", "a\n")]),
    ("echo done >> /var/log/x.log", []),
    ("fdisk /dev/sda <<EOF\nw\nEOF", [("text", "", "w\n")]),
    (": <<'EOF'\nrm x\nEOF", []),
]


@pytest.mark.parametrize(("script", "expected"), EMBEDDED)
def test_embedded(script: str, expected: list[tuple[str, str, str]]) -> None:
    assert [brief(part) for part in embedded(script)] == expected


HINTS = [
    ("psql -1 -c x", {"client": "psql", "single_transaction": "yes"}),
    (
        "psql --single-transaction -v ON_ERROR_STOP=1 -c x",
        {"client": "psql", "single_transaction": "yes", "on_error_stop": "yes"},
    ),
    ("psql --set=ON_ERROR_STOP=on -c x", {"client": "psql", "on_error_stop": "yes"}),
    ("psql -v ON_ERROR_STOP=0 -c x", {"client": "psql"}),
    (
        "PGOPTIONS='-c lock_timeout=5s' psql -c x",
        {"client": "psql", "pgoptions": "-c lock_timeout=5s"},
    ),
    (
        "export PGOPTIONS='-c lock_timeout=5s'\npsql -c x",
        {"client": "psql", "pgoptions": "-c lock_timeout=5s"},
    ),
    (
        "sudo -u postgres env PGOPTIONS=-clock_timeout=5s psql -c x",
        {"client": "psql", "pgoptions": "-clock_timeout=5s"},
    ),
    ("mariadb -e x", {"client": "mariadb"}),
    ("echo x | crontab -u app -", {"client": "crontab", "user": "app"}),
]


@pytest.mark.parametrize(("script", "expected"), HINTS)
def test_hints(script: str, expected: dict[str, str]) -> None:
    (part,) = embedded(script)
    assert dict(part.hints) == expected


PLACES = [
    ("\n\npsql <<EOF\nSELECT 1;\nEOF", (4,), 1),
    ("\npsql \\\n  -c 'SELECT\n1'", (3,), 7),
    ('A=\'x\'\nQ="SELECT\n1"\npsql -c "$Q"', (2,), 4),
    ('Q=\'SELECT 1\'\nq() {\n  psql -c "$1"\n}\n\nq "$Q"', (1,), 4),
    ("{\n echo A\n echo '0 3 * * * root x'\n} > /etc/cron.d/x", (2, 3), 2),
    ("psql <<-EOF\n\tSELECT 1;\n\tSELECT 2;\nEOF\n", (2, 3), 2),
    ("su - a -c \"\npsql -c 'SELECT 1'\"", (2,), 10),
]


@pytest.mark.parametrize(("script", "lines", "column"), PLACES)
def test_places(script: str, lines: tuple[int, ...], column: int) -> None:
    (part,) = embedded(script)
    assert (part.lines, part.column) == (lines, column)


def test_commands_know_their_documents() -> None:
    script = (
        "psql -c 'SELECT 1' -c 'SELECT 2'\npsql <<EOF\nSELECT 3;\nEOF\necho x > /etc/cron.d/x\n"
    )
    stated, parts, _ = facts(script)
    host = document(script)
    ids = [host.embed(part).id for part in parts]
    assert len(set(ids)) == len(ids) == 4
    assert [(c.program, c.documents, c.stdin) for c in stated] == [
        ("psql", (ids[0], ids[1]), ""),
        ("psql", (), ids[2]),
        ("echo", (ids[3],), ""),
    ]


def test_texts_of_a_loop_have_names_of_their_own() -> None:
    script = 'for t in a b; do psql -c "DROP TABLE $t"; done'
    host = document(script)
    parts = embedded(script)
    ids = [host.embed(part).id for part in parts]
    assert ids == ["p.zip!/scripts/upgrade.sh#L1C27", "p.zip!/scripts/upgrade.sh#L1C27.1"]
    assert [c.documents for c in commands(script)] == [(ids[0],), (ids[1],)]


def test_the_same_text_is_stated_once() -> None:
    script = 'Q=\'SELECT 1\'\npsql -c "$Q"\npsql -c "$Q"\n'
    assert len(embedded(script)) == 1
    first, second = (command.documents for command in commands(script))
    assert first == second


def test_embedded_scripts_point_into_the_host() -> None:
    script = "#!/bin/sh\n\nssh db <<'EOF'\ncd /\nrm x\nEOF\n"
    host = document(script)
    (part,) = embedded(script)
    inner = host.embed(part)
    from dten_audit.model.facts.commands import Command
    from dten_audit.readers.shell.reader import read

    found = [fact for fact in read(inner) if isinstance(fact, Command)]
    assert [(c.at.path, c.at.line, c.program, c.document) for c in found] == [
        ("p.zip!/scripts/upgrade.sh", 4, "cd", inner.id),
        ("p.zip!/scripts/upgrade.sh", 5, "rm", inner.id),
    ]
    assert found[1].at.snippet == "rm x"


def test_deferred() -> None:
    script = "at 03:00 <<EOF\nrm x\nEOF\ntrap 'rm y' EXIT\nsystemd-run --on-active=1h rm z\nrm w\n"
    assert [(c.program, c.deferred) for c in commands(script)] == [
        ("at", True),
        ("rm", True),
        ("rm", True),
        ("rm", False),
    ]


def test_what_is_appended_to_a_file_joins_its_text() -> None:
    script = (
        "F=/etc/systemd/system/x.service\n"
        "echo '[Unit]' > $F\n"
        "cat >> $F <<EOF\n"
        "Description=x\n"
        "\n"
        "EOF\n"
        "echo '[Service]' | sudo tee -a $F\n"
        'for n in A B; do echo "Environment=$n=1" >> $F; done\n'
        "echo '[Unit]' > /etc/systemd/system/y.service\n"
    )
    one, other = embedded(script)
    assert one.text == ("[Unit]\nDescription=x\n\n[Service]\nEnvironment=A=1\nEnvironment=B=1\n")
    assert one.lines == (2, 4, 5, 7, 8, 8)
    assert (other.path, other.lines) == ("/etc/systemd/system/y.service", (9,))
    name = document(script).embedded_id(one)
    stated = facts(script)[0]
    assert {c.stdin or c.documents[0] for c in stated[:4] if c.program != "echo"} == {name}


def test_shell_texts_say_who_runs_them() -> None:
    ssh, su = embedded("ssh root@db <<EOF\nrm x\nEOF\nsu - app <<EOF\nrm y\nEOF\n")
    assert dict(ssh.hints) == {"client": "ssh", "layer": "remote", "target": "root@db"}
    assert dict(su.hints) == {"client": "su", "layer": "privilege", "target": "app"}
