"""Derive: from linked local facts and the estate to sharper facts. One module a deriver."""
