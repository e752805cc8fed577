"""What the ending of a name promises, and what the content really is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.kinds import kind_of
from dten_audit.documents.promises import mismatch

ELF = b"\x7fELF\2\1\1" + bytes(60)
PE = b"MZ\x90\0" + bytes(60)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ZIP = b"PK\3\4" + bytes(30)
SHELL = b"#!/bin/sh\nset -e\n"
PYTHON = b"#!/usr/bin/env python3\nimport os\n"
BYTES = bytes(range(256))

UNLIKE: list[tuple[str, bytes, int | None, str]] = [
    # programs and archives in disguise
    ("a.png", ELF, None, "image"),
    ("logo.svgz/a.jpg", ZIP, None, "image"),
    ("a.txt", ELF, None, "text"),
    ("a.txt", ZIP, None, "text"),
    ("docs/manual.pdf", PE, None, "document"),
    ("docs/manual.docx", ELF, None, "document"),
    ("intro.mp4", ZIP, None, "recording"),
    ("a.png", SHELL, 0o755, "image"),
    ("a.woff2", ELF, None, "font"),
    # and what is none
    ("a.tar.gz", b"not packed\n", None, "archive"),
    ("a.zip", BYTES, None, "archive"),
    ("a.rpm", SHELL, None, "archive"),
    ("a.dll", ZIP, None, "program"),
    ("a.so", PNG, None, "program"),
    # scripts of another interpreter
    ("deploy.py", SHELL, None, "python"),
    ("deploy.PY", SHELL, 0o755, "python"),
    ("up.sh", PYTHON, None, "shell"),
    ("run.js", b"#!/usr/bin/perl\n", None, "javascript"),
    ("run.cmd", SHELL, None, "batch"),
    # scripts named as documents, that can be started
    ("readme.txt", SHELL, 0o755, "document"),
    ("data/table.csv", PYTHON, 0o744, "document"),
    ("settings.conf", SHELL, 0o755, "document"),
]
LIKE: list[tuple[str, bytes, int | None]] = [
    ("a.png", PNG, None),
    ("a.jpg", PNG, None),
    ("a.png", b"", None),
    ("a.png", BYTES, None),
    ("a.txt", BYTES, None),
    ("a.zip", ZIP, None),
    ("a.docx", ZIP, None),
    ("a.xls", b"<html><table>", None),
    ("a.pdf", b"%PDF-1.7\n", None),
    ("a.so", ELF, None),
    ("libc.so", b"/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n", None),
    ("setup.exe", PE, 0o755),
    ("setup.exe", b"version https://git-lfs.github.com/spec/v1\n", None),
    ("deploy.py", PYTHON, 0o755),
    ("deploy.py", b"import os\n", None),
    ("a.ts", b"#!/usr/bin/env node\n", None),
    ("a.pl", b"#!/usr/bin/perl -w\n", None),
    ("up.bash", SHELL, None),
    ("example.txt", SHELL, None),
    ("example.txt", b"import os\n", 0o755),
    ("site.yml", b"#!/usr/bin/env ansible-playbook\n", 0o755),
    ("tool.awk", b"#!/usr/bin/awk -f\n", 0o755),
    ("etc/cron.d/dten.py", SHELL, None),
    ("no-ending", SHELL, 0o755),
    ("a.t", SHELL, 0o755),
]


@pytest.mark.parametrize(("path", "head", "mode", "promised"), UNLIKE)
def test_content_other_than_the_name_promises(
    path: str, head: bytes, mode: int | None, promised: str
) -> None:
    assert mismatch(path, kind_of(path, head, mode), mode) == promised


@pytest.mark.parametrize(("path", "head", "mode"), LIKE)
def test_content_as_the_name_promises(path: str, head: bytes, mode: int | None) -> None:
    assert mismatch(path, kind_of(path, head, mode), mode) == ""


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=9), st.integers(0, 0o7777))
def test_any_name_is_judged(path: str, kind: str, mode: int) -> None:
    mismatch(path, kind, mode)
