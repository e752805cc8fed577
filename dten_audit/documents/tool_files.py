"""Files in which auditing tools look for what to leave out. Found in a package, they are told.

Collected on 2026-11-21 from each tool's own manual; names only.
"""

from __future__ import annotations

from typing import Final

TOOL_FILES: Final = frozenset(
    (
        ".bandit .checkov.yaml .checkov.yml .clamav-exclude .dockle.yaml .dockleignore"
        " .dten-audit.yaml .dten-audit.yml .dten-audit.toml .gitguardian.yaml .gitguardian.yml"
        " .gitleaks.toml .gitleaksignore .grype.yaml .grype.yml .hadolint.yaml .hadolint.yml"
        " .kics.config .ls-lint.yml .malcontent.yaml .nancy-ignore .npm-audit.json .nsprc"
        " .osv-scanner.toml osv-scanner.toml .polaris.yaml .safety-policy.yml .secrets.baseline"
        " .semgrepignore .shellcheckrc .snyk .sqlfluff .sqlfluffignore .squawk.toml .syft.yaml"
        " .talismanrc .terrascan.toml .tfsec.yaml .tfsec.yml .tflint.hcl .trivyignore"
        " .trivyignore.yaml .trufflehogignore .whitesource dten-waivers.yaml"
    ).split()
)
