"""Open: from a package to documents, under one budget. Formats know containers and no language."""
