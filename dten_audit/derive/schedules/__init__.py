"""Schedules: every job that a package makes run by itself, when it runs next, and what it does."""
