"""Readers of manifests: YAML and JSON files that say what is to be run, and where."""
