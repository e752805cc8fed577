"""What is found in every document: comments to auditing tools, encoded texts, words."""

from __future__ import annotations

import base64
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.blobs import GATE
from dten_audit.documents.document import Document
from dten_audit.model.facts.mentions import Mention
from dten_audit.model.facts.suppressions import Suppression
from dten_audit.readers.reading import Reading
from dten_audit.readers.registry import READERS
from dten_audit.readers.scanning import Scanner, markers
from tests.documents.test_blobs import CARRIED

SCANNER = Scanner()


def scan(text: str | bytes, kind: str = "python") -> list[Suppression | Mention]:
    data = text if isinstance(text, bytes) else text.encode()
    facts, _ = SCANNER.scan(Document("p.zip!/a", "a", kind, data), read=False)
    return [fact for fact in facts if isinstance(fact, (Suppression, Mention))]


def silenced(text: str | bytes, kind: str = "python") -> list[tuple[str, int | None, str]]:
    return [(f.tool, f.at.line, f.text) for f in scan(text, kind) if isinstance(f, Suppression)]


COMMENTS: list[tuple[str, str, tuple[str, int, str]]] = [
    ("x = 1\ny()  # nosec B602", "python", ("bandit", 2, "nosec B602")),
    ("y()  #nosec", "go", ("bandit", 1, "nosec")),
    ("y() # noqa: E501, S603", "python", ("flake8-bandit and ruff", 1, "noqa: E501, S603")),
    ("y() # noqa:S603", "python", ("flake8-bandit and ruff", 1, "noqa:S603")),
    ("// nosemgrep: rule", "javascript", ("semgrep", 1, "nosemgrep: rule")),
    ("/* nosem */", "java", ("semgrep", 1, "nosem */")),
    ("# checkov:skip=CKV_1: why", "text", ("checkov", 1, "checkov:skip=CKV_1: why")),
    ("b = 1 #tfsec:ignore:aws-1", "text", ("tfsec", 1, "tfsec:ignore:aws-1")),
    ("# trivy:ignore:AVD-1", "text", ("trivy", 1, "trivy:ignore:AVD-1")),
    ("# kics-scan ignore", "yaml", ("kics", 1, "kics-scan ignore")),
    ("#ts:skip=AC_1", "text", ("terrascan", 1, "ts:skip=AC_1")),
    ("# hadolint ignore=DL3008", "dockerfile", ("hadolint", 1, "hadolint ignore=DL3008")),
    ("# shellcheck disable=SC2086", "shell", ("shellcheck", 1, "shellcheck disable=SC2086")),
    ("-- squawk-ignore prefer-robust", "sql", ("squawk", 1, "squawk-ignore prefer-robust")),
    ("SELECT 1; -- noqa: disable=all", "sql", ("sqlfluff", 1, "noqa: disable=all")),
    ("k = 'x'  # gitleaks:allow", "python", ("gitleaks", 1, "gitleaks:allow")),
    ("k: x  # trufflehog:ignore", "yaml", ("trufflehog", 1, "trufflehog:ignore")),
    ("k: x # pragma: allowlist secret", "yaml", ("detect-secrets", 1, "pragma: allowlist secret")),
    ("f(); // NOSONAR", "java", ("sonar", 1, "NOSONAR")),
    ("f(); // lgtm [js/x]", "javascript", ("codeql", 1, "lgtm [js/x]")),
    ("# codeql[py/x]", "python", ("codeql", 1, "codeql[py/x]")),
    ("- uses: x # zizmor: ignore[a]", "yaml", ("zizmor", 1, "zizmor: ignore[a]")),
    ("- shell: x # noqa risky-shell-pipe", "yaml", ("ansible-lint", 1, "noqa risky-shell-pipe")),
    ("<!-- nosemgrep -->", "html", ("semgrep", 1, "nosemgrep -->")),
    (" * NOSONAR", "java", ("sonar", 1, "NOSONAR")),
    ("# dten-audit: ignore CRON001", "shell", ("dten-audit", 1, "dten-audit: ignore CRON001")),
    ("  ignore-check.kube-linter.io/x: y", "yaml",
     ("kube-linter", 1, "ignore-check.kube-linter.io/x: y")),
    ("a\r\nb\r\n# nosec\r\n", "python", ("bandit", 3, "nosec")),
    ("a\rb\r# nosec\r", "python", ("bandit", 3, "nosec")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "found"), COMMENTS)
def test_comments_to_tools_are_found(text: str, kind: str, found: tuple[str, int, str]) -> None:
    assert silenced(text, kind) == [found]
    line = found[1] + 1
    shifted = silenced(f"\n{text}".encode("utf-16"), kind)
    assert shifted == [(found[0], line, found[2])]


@pytest.mark.parametrize(
    "text",
    [
        "MARKERS = ('# nosec', \"// NOSONAR\")",
        "the nosec comment, and NOSONAR",
        "x = '#nosec'",
        "# noqa",
        "# noqa: E501",
        "# pragma: no cover",
        "run --skip=1 # checkov",
        "# hadolint and shellcheck are run in CI",
        "url = 'https://nosec.example'",
        "# nosecond",
        "# eslint-disable no-console",
    ],
)
def test_what_is_no_such_comment(text: str) -> None:
    assert silenced(text) == []


def test_the_first_comment_of_each_tool_counts() -> None:
    text = "'# nosec'\n" * 50 + "# nosec 1\n# nosec 2\n# nosemgrep\n"
    assert silenced(text) == [("bandit", 51, "nosec 1"), ("semgrep", 53, "nosemgrep")]


def test_each_marker_holds_its_word() -> None:
    for marker in markers():
        assert re.compile(marker.pattern)
        literal = re.sub(rb"\\(.)", rb"\1", marker.pattern)
        assert marker.word.rstrip(b"\\") in literal or marker.word in (b"nosem", b":skip=")


@pytest.mark.parametrize(("path", "text", "_address"), CARRIED)
def test_the_gate_sees_each_encoded_text(path: str, text: str, _address: str) -> None:
    assert any(word in text.encode() for word in GATE), path
    reading = Reading(READERS)
    kind = {"up.py": "python", "up.js": "javascript", "up.json": "json", "up.yaml": "yaml"}
    if path in kind:
        document = Document(f"p.zip!/{path}", path, kind[path], text.encode())
        reading.add(document)
        assert reading.carries(document)


def test_a_decoded_script_is_read_once() -> None:
    script = "#!/bin/sh\nsudo systemctl stop dten\n"
    code = base64.b64encode(script.encode()).decode()
    host = Document("p.zip!/up.sh", "up.sh", "shell", f"echo {code} | base64 -d | sh\n".encode())
    same = Document("p.zip!/up.sh!/@base64/1", "@base64/1", "shell", script.encode())
    other = Document("p.zip!/up.sh!/@base64/2", "@base64/2", "shell", script.encode() + b"sudo x\n")
    reading = Reading(READERS)
    for document in (host, same, other):
        reading.add(document)
    lines = {(fact.at.path, fact.at.line) for fact in reading.facts}
    assert ("p.zip!/up.sh", 1) in lines
    assert not any(path.endswith("@base64/1") for path, _ in lines)
    assert ("p.zip!/up.sh!/@base64/2", 3) in lines
    assert [tally.how for tally in reading.tallies] == ["parsed"] * 3


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_scanned(data: bytes) -> None:
    for kind in ("python", "text", "shell"):
        scan(data, kind)


@pytest.mark.parametrize(
    "text",
    [
        "'# nosec'" * 60_000,
        "'# nosec'\n" * 60_000,
        "# " + "nosec" * 100_000,
        "noqa: " + "E501, " * 80_000,
        "eslint-disable " * 30_000,
        "eslint-disable" + "-" * 400_000,
        "H4sI" * 100_000,
    ],
)
def test_hostile_text_is_quick(text: str) -> None:
    start = time.process_time()
    scan(text)
    assert time.process_time() - start < 1
