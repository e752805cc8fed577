"""Configuration files: YAML, TOML, JSON, INI, properties, env. Key path → line."""
