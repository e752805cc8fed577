"""Reads 7z archives (7zFormat.txt): headers by own code, content by the standard library."""
