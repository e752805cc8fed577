"""Proof of rules: their examples run as tests, and each condition is shown to matter."""
