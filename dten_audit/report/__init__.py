"""Report: one module a format, and the one place where package text is made safe for a sink."""
