"""The fact types: what documents state and what follows. One module a field."""
