"""Texts that a script decodes before it runs them or writes them to a file."""

from __future__ import annotations

import base64
import bz2
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.model.facts.encoded import EncodedText
from dten_audit.readers.shell.decoding import FILTERS, encoding, filtered
from dten_audit.readers.shell.reader import read
from dten_audit.readers.shell.values import Field, plain
from tests.readers.shell.helpers import commands, document, embedded, shown

STOP = "systemctl stop dten\n"
B64 = base64.b64encode(STOP.encode()).decode()
HEX = STOP.encode().hex()
GZIP = base64.b64encode(gzip.compress(STOP.encode(), mtime=0)).decode()
BZIP2 = base64.b64encode(bz2.compress(STOP.encode())).decode()
ROT = "flfgrzpgy fgbc qgra\n"
TWICE = base64.b64encode(f"echo {B64} | base64 -d | sh\n".encode()).decode()
SQL = base64.b64encode(b"DROP TABLE sessions;\n").decode()
JOB = base64.b64encode(b"0 3 * * * root /opt/dten/import\n").decode()
ARCHIVE = base64.b64encode(gzip.compress(bytes(range(256)), mtime=0)).decode()


def encoded(text: str) -> list[EncodedText]:
    return [fact for fact in read(document(text)) if isinstance(fact, EncodedText)]


def brief(fact: EncodedText) -> str:
    start = fact.start if fact.certainty == "exact" else "?"
    return f"{fact.encoding} {fact.kind} {fact.use}: {start}"


RUNS: list[tuple[str, str]] = [
    (f"echo {B64} | base64 -d | sh", "base64 shell run by sh"),
    (f"echo {B64} | /usr/bin/base64 --decode | bash -s -- x", "base64 shell run by bash"),
    (f"base64 -d <<< {B64} | sh", "base64 shell run by sh"),
    (f"base64 -di <<'EOF' | sh\n{B64[:8]}\n{B64[8:]}\nEOF", "base64 shell run by sh"),
    (f"printf %s {B64} | openssl enc -base64 -d -A | sh", "base64 shell run by sh"),
    (f"printf %s {B64} | openssl base64 -d | sh", "base64 shell run by sh"),
    (f"printf %s {B64} | busybox base64 -d | sh", "base64 shell run by sh"),
    (f"printf %s {B64} | basenc --base64 -d | sh", "base64 shell run by sh"),
    (f'X={B64}\necho "$X" | base64 -d | sudo sh', "base64 shell run by sh"),
    (f'X=$(echo {B64} | base64 -d)\nsh -c "$X"', "base64 shell run by sh"),
    (f'eval "$(base64 -d <<< {B64})"', "base64 shell run by eval"),
    (f"$(echo {B64} | base64 -d)", "base64 shell run by the shell"),
    (f"bash <(base64 -d <<< {B64})", "base64 shell run by bash"),
    (f"source <(base64 -d <<< {B64})", "base64 shell run by source"),
    (f"bash < <(echo {B64} | base64 -d)", "base64 shell run by bash"),
    (f'. /dev/stdin <<< "$(base64 -d <<< {B64})"', "base64 shell run by ."),
    (f"echo {B64} | base64 -d | ssh root@db", "base64 shell run by ssh"),
    (f"echo {B64[::-1]} | rev | base64 -d | sh", "reversal, base64 shell run by sh"),
    (f"echo {HEX} | xxd -r -p | sh", "hex shell run by sh"),
    (f"echo {GZIP} | base64 -d | gunzip | sh", "base64, gzip shell run by sh"),
    (f"echo {GZIP} | base64 -d | zcat | sh", "base64, gzip shell run by sh"),
    (f"echo {BZIP2} | base64 -d | bzip2 -dc | sh", "base64, bzip2 shell run by sh"),
    (f"echo '{ROT}' | tr 'A-Za-z' 'N-ZA-Mn-za-m' | sh", "rot13 shell run by sh"),
    (f"echo {'_'.join(B64)} | tr -d '_' | base64 -d | sh", "base64 shell run by sh"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "use"), RUNS)
def test_what_is_decoded_and_run_is_found(text: str, use: str) -> None:
    assert [brief(fact) for fact in encoded(text)] == [f"{use}: {STOP.strip()}"]
    walked = [shown(command) for command in commands(text)]
    texts = [part.text.strip() for part in embedded(text) if part.kind == "shell"]
    assert STOP.strip() in texts or any("systemctl" in words for words in walked)


OTHERS: list[tuple[str, list[str]]] = [
    (f"echo {SQL} | base64 -d | psql", ["base64 sql run by psql: DROP TABLE sessions;"]),
    (f'psql -c "$(base64 -d <<< {SQL})"', ["base64 sql run by psql: DROP TABLE sessions;"]),
    (
        f"echo {JOB} | base64 -d > /etc/cron.d/x",
        ["base64 cron written to /etc/cron.d/x: 0 3 * * * root /opt/dten/import"],
    ),
    (
        f"echo {JOB} | base64 -d | sudo tee /etc/cron.d/x",
        ["base64 cron written to /etc/cron.d/x: 0 3 * * * root /opt/dten/import"],
    ),
    (f"echo {TWICE} | base64 -d | sh", [f"base64 shell run by sh: echo {B64} | base64 -d | sh"]),
    # not known
    ("curl x | base64 -d | sh", ["base64 shell run by sh: ?"]),
    ("base64 -d payload.txt | gunzip | bash", ["base64, gzip shell run by bash: ?"]),
    ('X=$(curl x | base64 -d)\neval "$X"', ["base64 shell run by eval: ?"]),
    ('eval "$(echo "$1" | xxd -r -p)"', ["hex shell run by eval: ?"]),
    # archives and programs are no texts
    (f"echo {ARCHIVE} | base64 -d > x.gz", []),
    (f"echo {ARCHIVE} | base64 -d | gunzip > x", []),
    (f"echo {ARCHIVE} | base64 -d | tar xz", []),
    # nothing is run
    ("kubectl get secret x | base64 -d", []),
    ('P=$(kubectl get secret x | base64 -d)\npsql -c "SET x = $P"', []),
    (f"echo {B64} | base64 | sh", []),
    (f"# echo {B64} | base64 -d | sh", []),
    (f"echo 'echo {B64} | base64 -d | sh'", []),
    ("zcat dump.sql.gz | psql", []),
    ("gunzip < x.gz | sh", []),
    ("tr -d '\\r' < x.sh | sh", []),
    ("echo SELECT | tr A-Z a-z | psql", []),
    (f"openssl enc -d -aes-256-cbc -a -k x <<< {B64} | sh", []),
]


@pytest.mark.parametrize(("text", "found"), OTHERS)
def test_what_is_no_hidden_shell_text(text: str, found: list[str]) -> None:
    assert [brief(fact) for fact in encoded(text)] == found


def test_a_decoded_text_stands_where_its_code_stands() -> None:
    script = f"#!/bin/sh\nset -e\necho {TWICE} | \\\n  base64 -d | sh\n"
    (part,) = embedded(script)
    assert (part.lines, part.kind) == ((3,), "shell")
    inner = document(script).embed(part)
    (nested,) = [x for x in read(inner) if not isinstance(x, tuple) or hasattr(x, "text")][-1:]
    assert getattr(nested, "text", "") == STOP
    (fact,) = encoded(script)
    assert fact.at.line == 4
    lines = document(f'cat > /etc/cron.d/x <<< "$(base64 -d <<< {JOB})"\n')
    jobs = [x for x in read(lines) if getattr(x, "path", "") == "/etc/cron.d/x"]
    assert getattr(jobs[0], "kind", "") == "cron"


def test_unpacking_ends() -> None:
    bomb = base64.b64encode(gzip.compress(bytes(50 << 20), mtime=0)).decode()
    assert embedded(f"echo {bomb} | base64 -d | gunzip | sh") == []
    line = (
        f"echo {base64.b64encode(gzip.compress(b'#' * 900_000)).decode()} | base64 -d | zcat | sh\n"
    )
    assert sum(len(part.text) for part in embedded(line * 300)) < 16 * 300 * len(line) + 1_500_000


ARGUMENTS = st.lists(
    st.sampled_from(["-d", "--decode", "-r", "-p", "-i", "a-z", "A-Z", "z-a", "\\", "-", "[:x:]"]),
    max_size=4,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(FILTERS)), ARGUMENTS, st.text(max_size=60))
def test_any_filter_and_any_text(name: str, arguments: list[str], text: str) -> None:
    argv = [plain(name), *map(plain, arguments)]
    encoding(argv)
    found = filtered(argv, Field(text.encode("utf-8", "replace").decode()))
    assert found is None or found.certainty == "resolved"


@given(st.binary(max_size=80))
def test_decoding_undoes_encoding(data: bytes) -> None:
    for name, arguments, text in (
        ("base64", ["-d"], base64.b64encode(data).decode()),
        ("base32", ["-d"], base64.b32encode(data).decode()),
        ("xxd", ["-r", "-p"], data.hex()),
    ):
        found = filtered([plain(name), *map(plain, arguments)], plain(text))
        assert found is not None
        assert found.text.encode("utf-8", "surrogateescape") == data
