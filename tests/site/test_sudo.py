"""What a site file says of sudo."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.site.loading import load_site
from dten_audit.site.schema import SiteFileError
from dten_audit.site.site import SudoPolicy, SudoRule


def load(tmp_path: Path, text: str) -> SudoPolicy | None:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    return load_site(path).sudo


def test_the_policy_and_its_rules_are_read(tmp_path: Path) -> None:
    text = (
        "sudo:\n  policy: listed\n  rules:\n"
        "    - {who: dten, nopasswd: true, commands: [/usr/bin/systemctl restart dten*]}\n"
        "    - {who: '%ops', runas: ALL}\n"
    )
    assert load(tmp_path, text) == SudoPolicy(
        "listed",
        (
            SudoRule("dten", "root", True, ("/usr/bin/systemctl restart dten*",), 4),
            SudoRule("%ops", "ALL", False, (), 5),
        ),
        2,
    )
    assert load(tmp_path, "sudo: {policy: none}\n") == SudoPolicy("none", (), 1)
    assert load(tmp_path, "users: [root]\n") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sudo: {policy: maybe}\n", "the policy is one of none, listed, nopasswd"),
        ("sudo: {rule: []}\n", "sudo has no key rule; did you mean rules?"),
        ("sudo: {rules: [{whom: a}]}\n", "a rule of sudo has no key whom; did you mean who?"),
    ],
)
def test_a_wrong_policy_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SiteFileError, match=reason.replace("?", r"\?")):
        load(tmp_path, text)
