"""Derives what signatures prove: chains to roots, lists of digests, keys that leaked."""
