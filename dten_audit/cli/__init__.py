"""The command line: one module a command. Thin; whatever it can do, the Python API can."""
