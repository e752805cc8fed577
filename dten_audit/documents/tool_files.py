"""Files in which auditing tools look for what to leave out. Found in a package, they are told.

Collected on 2026-11-21 from the tools' manuals; names only. What a tool reads only where its user
names it is left out, and so are tools that check style alone.
"""

from __future__ import annotations

from typing import Final

TOOL_FILES: Final = frozenset(
    (
        # infrastructure and containers
        ".checkov.yaml .checkov.yml .checkov.baseline .dockle.yaml .dockleignore .hadolint.yaml"
        " .hadolint.yml hadolint.yaml .kics.config kics.config .kube-linter.yaml .kube-linter.yml"
        " .regula.yaml .terrascan.toml .tflint.hcl .cfnlintrc .cfnlintrc.yaml"
        " .cfnlintrc.yml .ansible-lint .ansible-lint.yml .ansible-lint.yaml .ansible-lint-ignore"
        " .yamllint .yamllint.yaml .yamllint.yml zizmor.yml zizmor.yaml .zizmor.yml"
        # vulnerabilities and dependencies
        " .grype.yaml .grype.yml .nancy-ignore .nsprc .osv-scanner.toml osv-scanner.toml"
        " .safety-policy.yml .snyk .syft.yaml .trivyignore .trivyignore.yaml"
        " trivy.yaml .whitesource .bundler-audit.yml audit-ci.json audit-ci.jsonc"
        " deny.toml dependency-check-suppressions.xml dependency-check-suppression.xml"
        " owasp-suppressions.xml"
        # secrets
        " .secrets.baseline .gitguardian.yaml .gitguardian.yml .gitleaks.toml gitleaks.toml"
        " .gitleaksignore .talismanrc .trufflehogignore trivy-secret.yaml .whispers.yml"
        # code
        " .bandit bandit.yaml bandit.yml .semgrepignore .semgrep.yml .semgrep.yaml .shellcheckrc"
        " shellcheckrc .sqlfluff .sqlfluffignore .squawk.toml .tsqllintrc sonar-project.properties"
        " .sonarcloud.properties .lgtm.yml lgtm.yml codeql-config.yml codeql-config.yaml"
        " brakeman.ignore bearer.yml bearer.ignore .bearer.yml .njsscan .mobsf .deepsource.toml"
        " horusec-config.json .ash.yaml .ash.yml spotbugs-exclude.xml"
        " findbugs-exclude.xml PSScriptAnalyzerSettings.psd1"
        # this tool
        " .dten-audit.yaml .dten-audit.yml .dten-audit.toml dten-waivers.yaml"
    ).split()
)
"""Names that mean the same in any folder."""
TOOL_PATHS: Final = frozenset(
    (
        ".tfsec/config.json .tfsec/config.yml .tfsec/config.yaml .cargo/audit.toml .zap/rules.tsv"
        " .semgrep/settings.yml .config/ansible-lint.yml"
    ).split()
)
"""Names that mean it in one folder only."""
_BELOW: Final = frozenset(path.rpartition("/")[2] for path in TOOL_PATHS)
TOOL_NAMES: Final = TOOL_FILES | _BELOW
"""The last components of all of them."""


def is_tool_file(path: str) -> bool:
    """Tell whether a path is that of an auditing tool's settings."""
    folder, _, name = path.rpartition("/")
    if name in TOOL_FILES:
        return True
    return name in _BELOW and f"{folder.rpartition('/')[2]}/{name}" in TOOL_PATHS
