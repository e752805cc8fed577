"""Judge: rules over facts, in three-valued logic; what they hold against a fact is a finding."""
