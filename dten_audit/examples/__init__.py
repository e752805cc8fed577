"""Builders of binary rule examples: archives and signed trees, made by code."""

from __future__ import annotations

BUILDERS: dict[str, str] = {
    "signed-tree": "dten_audit.examples.signed_tree:signed_tree",
}
"""Name in a rule file → ``module:function``; the function takes the example's ``with:`` mapping."""
