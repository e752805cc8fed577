"""Reads sh, bash, ksh and dash scripts: what they run, through what, under which tests."""
