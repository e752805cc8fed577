"""Builders of binary rule examples: archives and signed trees, made by code."""

from __future__ import annotations

BUILDERS: dict[str, str] = {
    "zip": "dten_audit.examples.archives:zip_package",
    "tar": "dten_audit.examples.archives:tar_package",
    "signed-tree": "dten_audit.examples.signed_tree:signed_tree",
}
"""Name in a rule file → ``module:function``; the function takes the example's ``with:`` mapping."""
