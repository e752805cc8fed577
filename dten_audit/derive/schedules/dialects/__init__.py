"""How schedulers write times: each dialect read into recurrences by one function."""
