"""Tests of the SQL reader."""
