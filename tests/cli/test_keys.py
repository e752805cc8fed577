"""``dten-audit keys``, the one grep, and ``rules stale``, which says what to read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dten_audit.cli.main import main
from dten_audit.site.ages import tables
from dten_audit.site.matrix import shipped_matrices

MATRIX = """
component: pkg:generic/dten
files: ['etc/dten/*.conf']
source: {url: 'https://docs.dten.example/keys', retrieved: 2025-03-01}
entries:
  - {key: sftp.strict, removed: '9.3', effect: refuses-to-start}
  - {key: queue.url, retrieved: 2026-01-02,
     renamed: {to: broker.url, in: '9.10', transform: 'amqp:'}}
  - {key: idle, default: {from: 60s, to: 15s, in: '9.1'}}
  - {key: auth, values: {allowed: [ldap, oidc], in: '10.0'}}
  - {key: old.name, deprecated: '9.2', removed: '10.1', only_if_value: 'x|y'}
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "dten.yaml"
    path.write_text(MATRIX, encoding="utf-8")
    return str(path)


def lines(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> list[str]:
    assert main(list(arguments)) == status
    return capsys.readouterr().out.splitlines()


def test_a_line_says_all_of_a_change(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, "keys", "dten", "--matrix", own) == [
        "dten 9.1  default-changed  idle  60s → 15s",
        "dten 9.2  deprecated  old.name  if x|y  still-bound",
        "dten 9.3  removed  sftp.strict  refuses-to-start",
        "dten 9.10  renamed  queue.url  -> broker.url (amqp:)",
        "dten 10.0  value-not-allowed  auth  only ldap, oidc",
        "dten 10.1  removed  old.name  if x|y",
    ]


@pytest.mark.parametrize(
    ("bounds", "versions"),
    [
        (("--from", "9.3"), ["9.10", "10.0", "10.1"]),
        (("--to", "9.3"), ["9.1", "9.2", "9.3"]),
        (("--from", "9.2", "--to", "9.10"), ["9.3", "9.10"]),
        (("--from", "10.1"), []),
    ],
)
def test_bounds_are_those_of_an_upgrade(
    own: str, capsys: pytest.CaptureFixture[str], bounds: tuple[str, ...], versions: list[str]
) -> None:
    found = lines(capsys, "keys", "dten", "--matrix", own, *bounds)
    assert [line.split()[1] for line in found] == versions


def test_json_and_markdown_hold_the_same_rows(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads("\n".join(lines(capsys, "keys", "dten", "--matrix", own, "-f", "json")))
    assert rows["schema"] == "dten-keys/1"
    assert {row["retrieved"] for row in rows["rows"]} == {"2025-03-01", "2026-01-02"}
    assert rows["rows"][0]["place"].endswith("dten.yaml:9")
    table = lines(capsys, "keys", "dten", "--matrix", own, "-f", "markdown")
    assert len(table) == len(rows["rows"]) + 2
    assert r"if x\|y" in table[3]


def test_without_a_product_every_matrix_is_searched(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, "keys")
    products = {line.split()[0] for line in found}
    assert products == {matrix.product for matrix in shipped_matrices()}
    assert any("expire_logs_days" in line for line in found)
    assert len(lines(capsys, "keys", "--products")) == len(shipped_matrices())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("postgrsql",), "no matrix speaks of postgrsql; did you mean postgresql?"),
        (("--from", "9"), "name it"),
        (("postgresql", "--to", "newest"), "newest is no version"),
        (("--matrix", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_is_not_there_is_said(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    assert main(["keys", *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_stale_rows(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("rules", "stale", "--matrix", own, "--before")
    assert lines(capsys, *command, "2025-03-01") == []
    old = lines(capsys, *command, "2025-12-31", status=1)
    assert [line.split()[2] for line in old] == ["sftp.strict", "idle", "auth", "old.name"]
    assert old[0].startswith("2025-03-01")
    assert f"{own}:6" in old[0]
    everything = lines(capsys, *command, "2999-01-01", status=1)
    assert len(everything) > sum(len(matrix.entries) for matrix in shipped_matrices())


def test_all_shipped_data_is_dated() -> None:
    undated = [
        matrix.path for matrix in shipped_matrices() for e in matrix.entries if not e.retrieved
    ]
    assert undated == []
    assert [table.place for table in tables() if not table.day] == []
