"""Readers of certificates, keys, signatures and checksum files, and what verifies them."""
