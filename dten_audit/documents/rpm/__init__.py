"""RPM packages: their headers, the scripts that they run, and their files."""
