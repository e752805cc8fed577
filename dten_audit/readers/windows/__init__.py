"""Reads what runs on Windows: PowerShell, batch files, tasks, manifests, registry files."""
