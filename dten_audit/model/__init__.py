"""The nouns: locations, facts, rules, findings, reports. Imports nothing from the other stages."""
