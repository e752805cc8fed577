"""Reads migrations written in a language of their own, as the SQL that their runners send."""
