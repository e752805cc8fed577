"""Settings of auditing tools are known by their paths."""

from __future__ import annotations

import pytest

from dten_audit.documents.tool_files import TOOL_FILES, TOOL_PATHS, is_tool_file

TOOLS = (
    "checkov trivy grype semgrep bandit gitleaks secrets snyk kics tfsec hadolint shellcheck"
    " sqlfluff squawk zizmor codeql sonar ansible-lint yamllint osv-scanner dten-audit"
)


@pytest.mark.parametrize("tool", TOOLS.split())
def test_each_tool_has_its_files(tool: str) -> None:
    assert any(tool in path for path in (*TOOL_FILES, *TOOL_PATHS))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".trivyignore", True),
        ("deploy/terraform/.checkov.yaml", True),
        ("infra/.tfsec/config.yml", True),
        (".tfsec/config.yml", True),
        ("app/config.yml", False),
        ("my.tfsec/config.yml", False),
        (".cargo/audit.toml", True),
        ("etc/audit.toml", False),
        ("docs/trivyignore.md", False),
        (".trivyignore/readme", False),
        ("", False),
    ],
)
def test_a_path_is_told_by_name_and_folder(path: str, expected: bool) -> None:
    assert is_tool_file(path) is expected
