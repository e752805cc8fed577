from __future__ import annotations

import gzip
import lzma
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.kinds import kind_by_name, kind_of

from .hostile_tars import PAYLOAD, ar, header, info, tar

SHA = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DER_CERTIFICATE = bytes.fromhex("308203a230820 28aa003020102".replace(" ", "")) + bytes(20)
CMS = bytes.fromhex("3082 0a10 0609 2a864886f70d010702 a082".replace(" ", "")) + bytes(20)
P12 = bytes.fromhex("3082 0a10 020103 3082 09d6 0609 2a864886f70d010701".replace(" ", "")) + bytes(
    9
)
UNIT = b"[Unit]\nDescription=x\n[Service]\nExecStart=/bin/x\n"
SYSTEM_JOB = b"# import\nSHELL=/bin/sh\n0 3 * * * root /opt/dten/bin/import\n"
USER_JOB = b"MAILTO=ops\n*/5 * * * * /opt/dten/bin/import --all\n"

KINDS: list[tuple[str, bytes, str]] = [
    ("x.zip", b"", "empty"),
    # programs that look like shell
    ("include/hangman", b"if (irc) {\n  reset()\n}\nrun()\n", "text"),
    ("ci/Jenkinsfile.release", b"node {\n  sh('make')\ndone\n}\n", "groovy"),
    ("dten.spec", b"Name: dten\n%post\nif [ $1 -eq 1 ]; then\nfi\n", "spec"),
    # schedules
    ("etc/cron.d/dten", SYSTEM_JOB, "cron"),
    ("etc/cron.d/dten", b"#!/bin/sh\n", "cron"),
    ("cron.d/README", b"about", "prose"),
    ("etc/crontab", SYSTEM_JOB, "cron"),
    ("deploy/crontab", USER_JOB, "crontab"),
    ("deploy/crontab", SYSTEM_JOB, "cron"),
    ("deploy/crontab.example", USER_JOB, "crontab"),
    ("sheets/.weight", b"1 1 1 1 1 1 1 0 0 0\n1 1 1 1 1 1 1 1\n", "text"),
    ("adm/crontab.proc", b"!if $oldcrontab!=$empty and $line notin $oldcrontab\n !exit\n", "text"),
    ("files/dten.cron", SYSTEM_JOB, "cron"),
    ("files/dten.cron", USER_JOB, "crontab"),
    ("files/dten.cron", b"0 3 * * * php /var/www/cron.php\n", "cron"),
    ("debian/dten.cron.d", SYSTEM_JOB, "cron"),
    ("etc/cron.daily/dten", b"#!/bin/sh\nset -e\n", "shell"),
    ("var/spool/cron/crontabs/root", USER_JOB, "crontab"),
    ("var/spool/cron/oracle", USER_JOB, "crontab"),
    ("files/jobs", USER_JOB, "crontab"),
    ("files/jobs", SYSTEM_JOB, "cron"),
    ("etc/ssh/moduli", b"20220714110357 2 6 100 2047 2 DD\n", "text"),
    ("completions/crontab", b"_crontab()\n{\n  x\n}\n", "shell"),
    ("completions/_busctl", b"#compdef busctl\nfoo() {\n}\n", "text"),
    ("data/matrix", b"1 2 3 4 5 six\n7 8 9 10 11 x\nno\n", "text"),
    ("etc/anacrontab", b"1 5 cron.daily run-parts /etc/cron.daily\n", "anacrontab"),
    # services and system files
    ("lib/systemd/system/dten.service", UNIT, "systemd-unit"),
    ("dten@.service", UNIT, "systemd-unit"),
    ("dten.service.in", UNIT, "systemd-unit"),
    ("dten.timer", b"[Timer]\nOnCalendar=daily\n", "systemd-unit"),
    ("dten.mount", b"[Unit]\n[Mount]\nWhat=/dev/x\n", "systemd-unit"),
    ("data.path", b"/usr/bin:/bin\n", "text"),
    ("etc/systemd/system/dten.service.d/limits.conf", b"[Service]\n", "systemd-unit"),
    ("etc/systemd/journald.conf.d/x.conf", b"[Journal]\nStorage=none\n", "ini"),
    ("usr/share/dbus-1/services/x.service", b"[D-BUS Service]\nName=x\n", "ini"),
    ("unit", UNIT, "systemd-unit"),
    ("etc/sudoers", b"root ALL=(ALL) ALL\n", "sudoers"),
    ("etc/sudoers.d/dten", b"dten ALL=(ALL) NOPASSWD: ALL\n", "sudoers"),
    ("etc/logrotate.d/dten", b"/var/log/x {\n}\n", "logrotate"),
    (
        "etc/apparmor.d/usr.lib.firefox.firefox.sh",
        b"/usr/lib/firefox/firefox.sh {\n  /usr/bin/** r,\n}\n",
        "text",
    ),
    (
        "usr/share/apparmor/extra-profiles/etc.cron.daily.slocate.cron",
        b"/etc/cron.daily/slocate.cron {\n}\n",
        "text",
    ),
    ("etc/default/dten", b"A=1\n", "env"),
    ("etc/sysconfig/dten", b"A=1\n", "env"),
    # scripts
    ("install.sh", b"echo\n", "shell"),
    ("bin/tool", b"#!/usr/bin/env -S bash -e\n", "shell"),
    ("bin/tool", b"#!/usr/bin/python3.11\n", "python"),
    ("bin/tool", b"#! /usr/bin/perl -w\n", "perl"),
    ("bin/tool", b"#!/usr/bin/awk -f\n", "text"),
    ("bin/tool.sh", b"#!/usr/bin/env python3\n", "python"),
    ("up.sql", b"#!/usr/bin/psql -f\n", "sql"),
    # in two languages
    ("x.py", b"#!/bin/sh\n'''exec' /opt/a b/bin/python3 \"$0\" \"$@\"\n' '''\n", "python"),
    ("bin/x", b'#!/bin/sh\n"exec" "`dirname $0`/python" "$0" "$@"\n', "python"),
    ("bin/x", b"#! /bin/sh\n# -*- perl -*-\neval 'exec perl -w -S $0 ${1+\"$@\"}'\n", "perl"),
    ("bin/x", b'#!/bin/sh\n":" //# comment; exec /usr/bin/env node "$0"\n', "javascript"),
    ("bin/x", b'#!/bin/sh\nexec python3 -m dten "$@"\n', "shell"),
    ("bin/x", b"#!/bin/sh\n': exec perl'\n", "shell"),
    ("lib/functions", b"log() {\n  echo x\n}\n", "shell"),
    ("postinst", b"set -e\n", "shell"),
    ("DEBIAN/postinst", b"#!/bin/sh\n", "shell"),
    ("Makefile", b"all:\n", "makefile"),
    ("Makefile.am", b"all:\n", "makefile"),
    ("Dockerfile", b"FROM x\n", "dockerfile"),
    ("docker/Dockerfile.prod", b"FROM x\n", "dockerfile"),
    ("a.py", b"\n", "python"),
    ("a.php", b"<?php", "php"),
    ("page.inc", b"<?php echo 1;", "php"),
    ("a.ts", b"import x", "typescript"),
    ("a.ts", b"<?xml version='1.0'?><TS/>", "xml"),
    ("run.cmd", b"@echo off", "batch"),
    ("a.ps1", b"Get-Item", "powershell"),
    # data and settings
    ("up.sql", b"\n", "sql"),
    ("migrate", b"-- first\nALTER TABLE t ADD c int;\n", "sql"),
    ("schema", b"CREATE TABLE t (id int);\n", "sql"),
    ("a.yml", b"a: 1\n", "yaml"),
    ("playbook", b"---\n- hosts: all\n", "yaml"),
    ("a.json", b"{}", "json"),
    ("policy", b'{"a": 1}', "json"),
    ("a.toml", b"", "empty"),
    ("Cargo.lock", b"[[package]]\n", "toml"),
    ("my.cnf", b"[mysqld]\n", "ini"),
    ("a.conf", b"# x\n[main]\na=1\n", "ini"),
    ("postgresql.conf", b"# x\nmax_connections = 100\nshared_buffers = 1GB\n", "properties"),
    ("nginx.conf", b"http {\n  server {\n    listen 80;\n  }\n}\n", "text"),
    ("web.config", b"<?xml version='1.0'?>", "xml"),
    ("app.config", b'{"a": 1}', "json"),
    ("app.properties", b"a.b=1\n", "properties"),
    (".env", b"A=1\n", "env"),
    (".env.production", b"A=1\n", "env"),
    ("etc/environment", b"A=1\n", "env"),
    ("settings", b"A=1\nexport B=2\n", "env"),
    ("a.xml", b"<a/>", "xml"),
    ("feed", b"<?xml version='1.0'?><a/>", "xml"),
    ("index", b"<!DOCTYPE html><html>", "html"),
    ("a.csv", b"1,2", "csv"),
    # keys and signatures
    ("ca.crt", CERTIFICATE, "pem"),
    ("ca", b"subject=x\n" + CERTIFICATE, "pem"),
    ("server.key", b"-----BEGIN PRIVATE KEY-----\n", "pem"),
    ("id_rsa", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "pem"),
    ("ca.cer", DER_CERTIFICATE, "der"),
    ("ca", DER_CERTIFICATE, "der"),
    ("x.p7s", CMS, "cms"),
    ("x", CMS, "cms"),
    ("x.pem", b"-----BEGIN PKCS7-----\n", "cms"),
    ("META-INF/VENDOR.RSA", CMS, "cms"),
    ("META-INF/VENDOR.RSA", b"\x30\x80\x06\x09" + bytes(20), "cms"),
    ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n", "properties"),
    ("store.p12", P12, "pkcs12"),
    ("store", P12, "pkcs12"),
    ("store.jks", b"\xfe\xed\xfe\xed\0\0\0\2", "keystore"),
    ("truststore", b"\xfe\xed\xfe\xed\0\0\0\2", "keystore"),
    ("x.asc", b"-----BEGIN PGP SIGNATURE-----\n", "pgp"),
    ("x.sig", b"\x89\x02\x33\x04\x00", "pgp"),
    ("x.sig", b"untrusted comment: x\n", "minisign"),
    ("x.minisig", b"untrusted comment: x\n", "minisign"),
    ("SHA256SUMS", SHA + b"  a\n", "checksums"),
    ("a.zip.sha256", SHA, "checksums"),
    ("sums", SHA + b" *a\n", "checksums"),
    ("sums", b"SHA256 (a) = " + SHA, "checksums"),
    # prose
    ("README", b"hi", "prose"),
    ("out/README.fixed", b"Then build it:\n\n  make\n  sudo make install\n", "prose"),
    ("README.md", b"hi", "markdown"),
    ("CHANGES", b"1.0\n", "prose"),
    ("docs/notes.txt", b"[x]\n", "prose"),
    ("docs/readme.en", b"hi", "prose"),
    ("doc/x.rst", b"hi", "prose"),
    ("man/crontab.5", b'.\\" cron\n.TH CRONTAB 5\n* * * * * x y\n', "prose"),
    ("man/x.8", b"'\\\" t\n.TH X 8\n[Unit]\n", "prose"),
    ("licenses/GPL-1", b"The\nsource code and (the\nset -of terms)\n", "text"),
    ("note", b"A word to the operator.\n", "text"),
    # containers and binaries, whatever they are named
    ("x.txt", b"PK\3\4" + bytes(30), "zip"),
    ("x.jar", b"PK\5\6" + bytes(30), "zip"),
    ("x.txt", tar((info("a"), b"")), "tar"),
    ("x", header(b"a")[:257] + bytes(255), "binary"),
    ("x", gzip.compress(b"x", mtime=0), "gzip"),
    ("x", b"BZh91AY&SY", "bzip2"),
    ("x", b"BZh is not bzip2\n", "text"),
    ("x", lzma.compress(b"x"), "xz"),
    ("x", lzma.compress(b"x", lzma.FORMAT_ALONE), "lzma"),
    ("x", b"\x28\xb5\x2f\xfd\0", "zstd"),
    ("x.deb", ar((b"a", b"")), "ar"),
    ("x", b"!<ar text", "text"),
    ("x", PAYLOAD, "cpio"),
    ("x", b"0707 is a number\n", "text"),
    ("x", b"\xed\xab\xee\xdb\3\0", "rpm"),
    ("x.7z", b"7z\xbc\xaf\x27\x1c", "7z"),
    ("x.msi", b"\xd0\xcf\x11\xe0" + bytes(9), "msi"),
    ("x.doc", b"\xd0\xcf\x11\xe0" + bytes(9), "binary"),
    ("x.iso", bytes(4096), "iso"),
    ("x.service", b"\x7fELF" + bytes(60), "elf"),
    ("x", b"MZ\x90\0" + bytes(60), "pe"),
    ("x", b"MZ is a text\n", "text"),
    ("x", b"\xca\xfe\xba\xbe\0\0\0\x41", "class"),
    ("x", b"\xca\xfe\xba\xbe\0\0\0\2", "macho"),
    ("x", b"\x89PNG\r\n", "image"),
    ("x", b"\xff\xd8\xff\xe0", "image"),
    ("x.ttf", b"\0\1\0\0\0\x10", "font"),
    ("x.bin", bytes(range(256)), "binary"),
    ("x.gz", b"not packed at all\n", "text"),
    # encodings
    ("job", "Größe: ja\n".encode("latin-1"), "yaml"),
    ("job", "0 3 * * * root /bin/x\n".encode("utf-16"), "cron"),
    ("job", b"\xef\xbb\xbf[Unit]\n", "systemd-unit"),
]


@pytest.mark.parametrize(("path", "head", "kind"), KINDS)
def test_a_kind_is_told_by_bytes_place_name_and_content(path: str, head: bytes, kind: str) -> None:
    assert kind_of(path, head) == kind


def test_an_executable_text_without_interpreter_is_a_shell_script() -> None:
    assert kind_of("bin/start", b"exec java -jar x.jar\n", 0o755) == "shell"
    assert kind_of("bin/start", b"exec java -jar x.jar\n", 0o644) == "text"


@settings(deadline=None)
@given(st.text(max_size=40), st.binary(max_size=600), st.one_of(st.none(), st.integers(0, 0o7777)))
def test_any_bytes_have_a_kind(path: str, head: bytes, mode: int | None) -> None:
    assert kind_of(path, head, mode)
    assert kind_by_name(path)


HEADS = [
    b"#" * 9000,
    b"*" * 9000,
    b"1 " * 4500,
    b"<" * 9000,
    b"a=" * 4500,
    b"(" * 9000,
    b" " * 9000,
]


@pytest.mark.parametrize("head", [*HEADS, *(b"\n".join([h[:80]] * 110) for h in HEADS)])
def test_strange_heads_are_quick(head: bytes) -> None:
    start = time.process_time()
    for name in ("x", "x.conf", "crontab", "x.path", "x.key"):
        kind_of(name, head)
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("bin/up.sh", "shell"),
        ("x/secret.7z", "archive"),
        ("logo.png", "image"),
        ("etc/cron.d/x", "cron"),
        ("data/blob", "unknown"),
        ("a.c", "text"),
    ],
)
def test_a_name_promises_a_kind(path: str, kind: str) -> None:
    assert kind_by_name(path) == kind
