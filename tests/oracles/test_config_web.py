"""Asks real nginx, httpd, sshd, ssh, php and systemd whether each row of their matrix is true.

A row says what a release makes of a key. Programs of four Debian releases are given the key: what
is gone must be refused or ignored as its effect says, what is not yet gone and what takes its place
must be taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from dten_audit.site.matrix import Matrix, MatrixEntry, shipped_matrix
from dten_audit.site.matrix_rows import phases
from dten_audit.site.versions import at_least
from tests.oracles import web_programs
from tests.oracles.servers import missing
from tests.oracles.web_programs import Answer, Asked

# ruff: noqa: T201 (how many keys and questions ran is printed)

pytestmark = pytest.mark.oracle
FEWEST: Final = 10
_REFUSED: Final = re.compile(
    r"unknown directive|invalid parameter|invalid event type|invalid value"
    r"|Invalid command|must be On or Off|no longer supported|Cannot load"
    r"|Bad configuration option|Bad SSH2|Bad key types|Unsupported KEX|no longer available"
)
_IGNORED: Final = re.compile(
    r"obsolete|has no effect|Deprecated option|Unsupported option|unknown$"
    r"|has been removed|Unknown (?:key|lvalue)|ignoring|Ignoring", re.MULTILINE,
)  # fmt: skip


class Product(NamedTuple):
    """A matrix, who is asked about it, and how its keys are written."""

    matrix: str
    program: Callable[[str, Path], Asked]
    form: str
    values: dict[str, str]
    places: dict[str, str]
    silent: frozenset[str] = frozenset()
    beyond: frozenset[str] = frozenset()


NGINX: Final = Product(
    "nginx", web_programs.nginx, "{key} {value}",
    {"limit_zone": "one $binary_remote_addr 1m", "listen": "8080", "http2_push": "/x",
     "http2_max_field_size": "4k", "http2_max_header_size": "16k", "ssl": "off",
     "http2_push_preload": "on", "proxy_redirect_errors": "on", "fastcgi_redirect_errors": "on",
     "optimize_server_names": "on", "spdy_streams_index_size": "32"},
    {"use": "events", "listen": "server", "ssl": "server", "http2_push": "server",
     "rtsig_signo": "main", "rtsig_overflow_events": "main", "rtsig_overflow_test": "main",
     "rtsig_overflow_threshold": "main", "": "http"},
)  # fmt: skip
HTTPD: Final = Product(
    "apache-httpd", web_programs.httpd, "{key} {value}",
    {"Order": "allow,deny", "Allow": "from all", "Deny": "from 192.0.2.1", "Satisfy": "any",
     "MaxClients": "150", "SSLCertificateChainFile": "/etc/passwd",
     "LoadModule": "{} /usr/lib/apache2/modules/mod_none.so"},
    dict.fromkeys(("Order", "Allow", "Deny", "Satisfy"), "directory"),
)  # fmt: skip
_ALGORITHMS: Final = {
    "PubkeyAcceptedKeyTypes": "ssh-ed25519", "PubkeyAcceptedAlgorithms": "ssh-ed25519",
    "HostbasedAcceptedKeyTypes": "ssh-ed25519", "HostbasedAcceptedAlgorithms": "ssh-ed25519",
    "HostbasedKeyTypes": "ssh-ed25519", "HostKeyAlgorithms": "ssh-ed25519",
    "CASignatureAlgorithms": "ssh-ed25519", "Ciphers": "aes128-ctr", "MACs": "hmac-sha2-256",
    "KexAlgorithms": "curve25519-sha256", "IPQoS": "af21",
}  # fmt: skip
SSHD: Final = Product(
    "openssh-server", web_programs.sshd, "{key} {value}",
    {**_ALGORITHMS, "ChallengeResponseAuthentication": "no"}, {}, frozenset(("Protocol", "IPQoS")),
)  # fmt: skip
SSH: Final = Product(
    "openssh-client", web_programs.ssh, "{key} {value}",
    {**_ALGORITHMS, "ChallengeResponseAuthentication": "no", "Cipher": "3des"}, {},
    frozenset(("Protocol", "Cipher")),
)  # fmt: skip
PHP: Final = Product(
    "php", web_programs.php, "{key}={value}", {
        "safe_mode_include_dir": "/srv",
        "safe_mode_exec_dir": "/srv",
        "safe_mode_allowed_env_vars": "PHP_",
        "safe_mode_protected_env_vars": "PATH",
        "highlight.bg": "#fff",
    }, {},
    beyond=frozenset(("mysqli.reconnect",)),
)  # fmt: skip
SYSTEMD: Final = Product(
    "systemd", web_programs.systemd, "{key}={value}",
    {"MemoryLimit": "1G", "BlockIODeviceWeight": "/dev/sda 100", "BlockIOWeight": "100",
     "BlockIOReadBandwidth": "/dev/sda 1M", "BlockIOWriteBandwidth": "/dev/sda 1M",
     "CPUShares": "100", "StartupCPUShares": "100", "StartupBlockIOWeight": "100",
     "InaccessibleDirectories": "/srv", "ReadOnlyDirectories": "/srv",
     "ReadWriteDirectories": "/srv", "RequiresOverridable": "basic.target",
     "RequisiteOverridable": "basic.target"},
    {"": "Service"},
)  # fmt: skip
"""``beyond``: what Debian builds otherwise. ``silent``: what is ignored without a word."""


class Question(NamedTuple):
    """A line that a release is given, and what the matrix expects of it."""

    key: str
    line: str
    place: str
    expected: str


@cache
def releases() -> tuple[tuple[str, Path], ...]:
    found = tuple(web_programs.roots())
    if not found:
        missing("no release of Debian can be had")
    return found


def sample(product: Product, entry: MatrixEntry) -> str:
    """Return a value that the key takes, or the one that the row is about."""
    plain = product.values.get(entry.key, "1")
    if entry.only_if_value is None:
        return plain
    if "{}" in plain:
        return plain.format(entry.only_if_value)
    if entry.key == "listen":
        return f"{plain} {entry.only_if_value}"
    return entry.only_if_value


def expected(entry: MatrixEntry, version: str, scheme: str) -> str:
    """Return what a row expects of a version: refused, ignored, warned of or taken."""
    for change, since in phases(entry):
        if at_least(version, since, scheme):
            if change == "deprecated":
                return "warned"
            return "refused" if entry.effect == "refuses-to-start" else "ignored"
    return "taken"


def questions(product: Product, matrix: Matrix, version: str) -> Iterator[Question]:
    for entry in matrix.entries:
        key, place = (
            entry.key,
            entry.section or product.places.get(entry.key, product.places.get("", "main")),
        )
        if entry.default_in or key in product.beyond:
            continue
        if entry.allowed_in:
            yield from _values(product, entry, version, matrix.scheme, place)
            continue
        line = product.form.format(key=key, value=sample(product, entry))
        yield Question(key, line, place, expected(entry, version, matrix.scheme))
        new = entry.renamed_to
        since = entry.replacement_since or entry.changed_in
        if new and at_least(version, since, matrix.scheme):
            line = product.form.format(key=new, value=sample(product, entry))
            yield Question(new, line, place, "taken")


def _values(
    product: Product, entry: MatrixEntry, version: str, scheme: str, place: str
) -> Iterator[Question]:
    gone = at_least(version, entry.allowed_in, scheme)
    bad = entry.refused or ("text/plain" if entry.key == "DefaultType" else "maybe",)
    effect = "refused" if entry.effect == "refuses-to-start" else "ignored"
    for value in bad:
        line = product.form.format(key=entry.key, value=value)
        yield Question(entry.key, line, place, effect if gone else "taken")
    for value in entry.allowed or (product.values.get(entry.key, ""),):
        if value:
            line = product.form.format(key=entry.key, value=value)
            yield Question(entry.key, line, place, "taken")


def verdict(answer: Answer) -> str:
    """Return what a program did."""
    if not answer.taken and _REFUSED.search(answer.said):
        return "refused"
    if _IGNORED.search(answer.said):
        return "ignored"
    return "taken" if answer.taken else f"neither: {answer.said.strip()[:200]}"


def agrees(product: Product, question: Question, found: str) -> bool:
    """Say whether what a program did is what the matrix says."""
    if question.expected == "warned" or (
        question.expected == "ignored" and question.key in product.silent
    ):
        return found in ("taken", "ignored")
    return found == question.expected


def knows(asked: Asked, product: Product, question: Question) -> bool:
    """Say whether a release of OpenSSH knows the key at all: names are younger than some."""
    plain = _ALGORITHMS.get(question.key)
    if plain is None or product.program not in (web_programs.sshd, web_programs.ssh):
        return True
    line = product.form.format(key=question.key, value=plain)
    return "Bad configuration option" not in asked.ask(line, question.place).said


def works(asked: Asked, product: Product) -> bool:
    """Say whether a program runs here: it then has something against a key that there never was."""
    place = product.places.get("", "main")
    answer = asked.ask(product.form.format(key="dten.none", value="1"), place)
    return bool(asked.version) and verdict(answer) in ("refused", "ignored")


@pytest.mark.parametrize(
    "product", [NGINX, HTTPD, SSHD, SSH, PHP, SYSTEMD], ids=lambda product: product.matrix
)
def test_programs_agree(product: Product) -> None:
    matrix = shipped_matrix(product.matrix)
    differences: list[str] = []
    keys: set[str] = set()
    ran, asked_of = 0, []
    for suite, root in releases():
        asked = product.program(suite, root)
        if not works(asked, product):
            continue
        asked_of.append(asked.version)
        for question in questions(product, matrix, asked.version):
            if not knows(asked, product, question):
                continue
            found = verdict(asked.ask(question.line, question.place))
            if not agrees(product, question, found):
                differences.append(
                    f"{asked.version}: {question.line}: {question.expected}, {found}"
                )
            keys.add(question.key)
            ran += 1
    print(f"{product.matrix} {', '.join(asked_of)}: {len(keys)} keys, {ran} questions")
    assert not differences, "\n".join(differences)
    assert len(keys) >= FEWEST
