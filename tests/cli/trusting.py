"""What tests of the trust commands share: a terminal, the commands, the answers typed."""

from __future__ import annotations

import json
import re
from typing import Any

import click
import pytest

from dten_audit.cli.main import main
from dten_audit.readers.signing.certificates import grouped

AT = ["--at", "2026-11-21T03:00:00Z"]
NEW = "CN=DTEN Root CA 2026,O=DTEN Systems GmbH"


class Terminal:
    """Runs commands and remembers what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        status = main([*arguments])
        self.out, self.err = self._capsys.readouterr()
        return status

    def findings(self, package: str, store: str, *more: str) -> dict[str, Any]:
        """Audit; return the findings of SIGN by rule."""
        self("check", package, "--trust", store, "--select", "SIGN", "-f", "json", *more, *AT)
        report = json.loads(self.out)
        return {own["rule"]: own for own in report["packages"][0]["findings"]}


def root_of(run: Terminal, package: str) -> str:
    assert run("trust", "show", package, "-f", "json", *AT) == 0
    return str(json.loads(run.out)["signatures"][0]["chain"][0]["sha256"])


def add(package: str, store: str, who: str, *more: str) -> list[str]:
    return ["trust", "add-root", package, "--trust", store, "--vendor", "DTEN Systems",
            "--evidence", "phone", "--by", who, *more, *AT]  # fmt: skip


def hearing(monkeypatch: pytest.MonkeyPatch, sha256: str) -> list[str]:
    """Answer questions for groups as a vendor with that root reads them out."""
    asked: list[str] = []

    def answer(text: str, **_: Any) -> str:
        asked.append(text)
        return grouped(sha256).split()[int(re.findall(r"\d+", text)[0]) - 1].lower()

    monkeypatch.setattr(click, "prompt", answer)
    return asked
