"""From SQL statements and their callers to changes of tables in use: sessions, locks, runners."""
