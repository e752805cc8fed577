"""Readers of build files: Dockerfile, Makefile, RPM spec."""
