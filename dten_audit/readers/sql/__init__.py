"""SQL in five dialects: statements, actions and locks, told from tokens, without a full grammar.

A statement that is not understood costs that statement only, and is said.
"""
