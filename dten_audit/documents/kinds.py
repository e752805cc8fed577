"""Tells what a document is: first bytes, then path and name, then ``#!``, then content."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from dten_audit.documents import kind_sniff as sniff
from dten_audit.documents.foreign import FIRST_BYTES, foreign_kind, marked_kind
from dten_audit.documents.kind_tables import (
    EXTENSIONS,
    FAMILIES,
    MAGIC,
    MAGIC_TWO,
    NAMES,
    PARENTS,
    PATH_ENDS,
    SNIFF,
    SUFFIXES_TO_DROP,
    UNIT_TYPES,
    words,
)
from dten_audit.documents.text import encoding_of

SAMPLE = 4096
"""How much of a document's start is ever looked at."""

_TAR_MAGIC = slice(257, 262)
_BLOCK = 512
_CERTIFICATE_ENDS = words("crt cer key cert csr crl der ca asc sig sign signature")
_SETTINGS_ENDS = words("conf cfg config")

_CLOUD_CONFIG = re.compile(rb"(?:## *template: *jinja[^\n]*\n)?#cloud-config(?:\s|\Z)")
"""How user-data of cloud-init starts, whatever the file is called (cloudinit.readthedocs.io)."""

CONTAINERS = words(
    "zip tar gzip bzip2 xz lzma zstd ar cpio rpm 7z rar cab msi iso dmg xar squashfs lz4 lzop lzip"
    " compress arj lzh ace wim vhd vhdx vmdk vdi qcow2 disk ext xfs btrfs erofs cramfs romfs ubi"
    " uimage android-image luks salted flatpak asar stuffit installshield-cab lrzip bzip3 zpaq nsis"
)
"""Kinds that hold other documents, whether or not a reader for them exists."""
SEALED = words("cab msi")
"""Those of them that carry a signature of their own, and so are documents besides."""


def kind_of(path: str, head: bytes, mode: int | None = None) -> str:
    """Return the kind of the document at ``path`` that starts with ``head``.

    ``head`` may be the whole document; only its first 4 KiB are looked at. ``mode`` is the Unix
    mode, if known: an executable text without ``#!`` is run by the shell (execvp(3)).
    """
    if not head:
        return "empty"
    if head[:2] in _MAGIC_STARTS or head[0] == _SEQUENCE:
        found = _by_magic(path, head, MAGIC.get(head[:4]) or MAGIC_TWO.get(head[:2]))
        if found:
            return found
    if head[_TAR_MAGIC] == b"ustar":
        return "tar"
    if head[2:5] == b"-lh" or head[4:6] == b"\xef\xbe" or head[7:9] == b"**":
        found = marked_kind(head)
        if found:
            return found
    if head[:2] in (b"#c", b"##") and _CLOUD_CONFIG.match(head):
        return "yaml"
    folder, _, name = path.rpartition("/")
    lower = name.lower()
    if folder and _speaks(folder) and (kind := _by_folder(folder, lower)):
        return kind
    if head[:2] == b"#!" and (kind := sniff.shebang_kind(head)):
        return kind
    named = NAMES.get(lower) or EXTENSIONS.get(lower.rpartition(".")[2] if "." in lower else "")
    if named is not None and named != SNIFF:
        return _settled(named, head) if named in _SHARED else named
    return _by_content(folder, lower, head, mode)


def kind_by_name(path: str) -> str:
    """Return the kind that a document's name promises; ``unknown`` where it promises none."""
    name = path.rpartition("/")[2].lower()
    end = name.rpartition(".")[2] if "." in name else ""
    if FAMILIES.get(end) == "archive":
        return "archive"
    kind = kind_of(path, b"\n")
    if kind != "text" or FAMILIES.get(end) == "text" or EXTENSIONS.get(end) == "text":
        return kind
    return "unknown"


_SEQUENCE = 0x30
_MAGIC_STARTS = (
    frozenset(magic[:2] for magic in (*MAGIC, *MAGIC_TWO))
    | {b"BZ", b"MZ", b"\xca\xfe", b"]\0", b"RI", b"\0\1", b"tr"}
    | {bytes((first, 0x2A)) for first in range(0x50, 0x60)}
    | FIRST_BYTES
)
"""How all that ``_by_magic`` knows begins, but for DER, whose second byte is a length."""


def _by_magic(path: str, head: bytes, kind: str | None) -> str:
    """Settle first bytes that need a second look; empty where they tell nothing."""
    if kind == "cpio":
        return "cpio" if head[4:6] in (b"01", b"02", b"07") or sniff.is_binary_cpio(head) else ""
    if kind == "ar":
        return "ar" if head.startswith((b"!<arch>\n", b"!<thin>\n")) else ""
    if kind == "ole":
        return "msi" if path.lower().endswith((".msi", ".msp")) else "binary"
    if kind is not None:
        return "" if kind == SNIFF else kind
    start = head[:16]
    if start.startswith(b"BZh") and start[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if start.startswith(b"MZ"):
        return "pe" if b"\0" in head[:128] else ""
    if start.startswith(b"\xca\xfe\xba\xbe"):
        return "class" if int.from_bytes(start[6:8], "big") >= 45 else "macho"  # noqa: PLR2004
    if start.startswith(b"\x5d\0\0") and len(head) > 13 and head[12] in (0, 255):  # noqa: PLR2004
        return "lzma"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "image"
    if start.startswith((b"\0\1\0\0\0", b"true\0")):
        return "font"
    if start[1:4] == b"\x2a\x4d\x18" and 0x50 <= start[0] <= 0x5F:  # noqa: PLR2004
        return "zstd"
    return foreign_kind(head) or sniff.der_kind(head)


@lru_cache(maxsize=256)
def _speaks(folder: str) -> bool:
    """Tell whether the place of a file may say what it is."""
    parent = folder.rpartition("/")[2]
    named = parent in PARENTS or parent in _END_PARENTS or parent == "default"
    return named or parent.endswith(".d") or parent in _COOKBOOK


def _by_folder(folder: str, name: str) -> str:
    """Return the kind that the place of a file gives it; empty where it gives none."""
    parent = folder.rpartition("/")[2]
    kind = PARENTS.get(parent)
    if kind is not None:
        return "" if name.startswith(("readme", ".placeholder")) else kind
    if parent[-2:] == ".d" and name.endswith(".conf"):
        stem = parent[:-2].rpartition(".")[2]
        return "systemd-unit" if stem in UNIT_TYPES else ""
    if parent == "default" and folder.endswith("etc/default"):
        return "env"
    if name.endswith((".rules", ".policy", ".pkla")) and "polkit-1" in folder:
        return "polkit"
    if name.endswith(".rb") and (parent == "recipes" or "cookbooks" in folder):
        return "chef"
    return PATH_ENDS.get(f"{parent}/{name}", "") if parent in _END_PARENTS else ""


_VALUE = 512
"""Bytes of the longest bare signature value: RSA with 4096 bits."""
_END_PARENTS = frozenset(end.partition("/")[0] for end in PATH_ENDS)
_COOKBOOK = words("recipes resources providers")
"""Folders of a Chef cookbook that hold resources (Chef Infra, "About cookbooks")."""
_SHARED = words("systemd-unit typescript pem pgp cms keystore")


def _settled(kind: str, head: bytes) -> str:
    """Correct the few names that two kinds share."""
    if kind == "systemd-unit" and b"[D-BUS Service]" in head[:SAMPLE]:
        return "ini"
    if kind == "typescript" and head[:SAMPLE].lstrip()[:5] in (b"<?xml", b"<!DOC"):
        return "xml"
    if kind in ("pem", "pgp", "cms"):
        return sniff.armoured_kind(head) or kind
    if kind == "keystore":
        return sniff.der_kind(head) or kind
    return kind


def _by_content(folder: str, name: str, head: bytes, mode: int | None) -> str:
    """Return the kind of a document whose name leaves it open."""
    end = name.rpartition(".")[2] if "." in name else ""
    if end in SUFFIXES_TO_DROP and name != end:
        return kind_of(f"{folder}/{name[: -len(end) - 1]}" if folder else name[: -len(end) - 1],
                       head, mode)  # fmt: skip
    sample = head[:SAMPLE]
    kind = _special(folder, name, end, sample)
    if kind:
        return kind
    encoding = encoding_of(sample, cut=len(sample) == SAMPLE)
    if not encoding or (encoding == "latin-1" and dense_in_controls(sample)):
        return _binary(sample)
    text = sample.decode(encoding, "replace").removeprefix("\ufeff")
    if sniff.is_manual(text):
        return "prose"
    if "crontab" in name or end in ("cron", "cronjob") or name.endswith(".cron.d"):
        return _cron(text, end)
    kind = sniff.armoured_kind(sample)
    if kind:
        return kind
    if end in _SETTINGS_ENDS:
        return _settings(end, text)
    if name.startswith(".env."):
        return "env"
    kind = sniff.text_kind(text)
    if kind == "text" and mode is not None and mode & 0o111 and not end:
        return "shell"
    return kind


_CRON_ENDS: Final = frozenset((
    "", "cron", "crontab", "cronjob", "d", "txt", "tab", "example", "sample", "dist", "in", "tmpl",
    "j2", "erb", "epp",
))  # fmt: skip
"""Of files named as cron tables, the extensions that say nothing of another language."""


def _cron(text: str, end: str) -> str:
    """Return the kind of a file that is named as a cron table."""
    flavour = sniff.cron_flavour(text)
    if not flavour and sniff.is_shell(text):
        return "shell"
    if not flavour and end not in _CRON_ENDS:
        return sniff.text_kind(text)  # a program about crontabs, in whatever language
    return flavour or ("cron" if end in ("cron", "d") else "crontab")


def _settings(end: str, text: str) -> str:
    """Return the kind of a ``.conf``, ``.cfg`` or ``.config`` file."""
    if text.lstrip()[:1] in ("<", "{"):
        kind = sniff.text_kind(text)
        if kind in ("json", "xml"):
            return kind
    kind = sniff.settings_kind(text)
    if end == "cfg" and kind == "text":
        return "ini"
    return "properties" if kind == "env" else kind


def _special(folder: str, name: str, end: str, sample: bytes) -> str:
    """Return the kind of names that need one more word: units, variants, signatures."""
    if end in UNIT_TYPES and (sniff.is_unit(sample) or "systemd" in folder):
        return "systemd-unit"
    if name.startswith(("dockerfile.", "dockerfile-", "containerfile.")):
        return "dockerfile"
    if name in ("_gpgorigin", "_gpgmaint", "_gpgarchive", "_gpgbuilder"):
        return "pgp"
    if name == "@signed":
        return "binary"
    if name.startswith("makefile."):
        return "makefile"
    if name.startswith("jenkinsfile"):
        return "groovy"
    if end in ("rules", "policy") and (b"polkit.add" in sample or b"<policyconfig" in sample):
        return "polkit"
    stem = name.partition(".")[0]
    if NAMES.get(stem) == "prose" and (end in ("", "gz", "en", "debian") or stem == "readme"):
        return "prose"
    if end in _CERTIFICATE_ENDS:
        return _certificate(end, sample)
    if end in ("rsa", "dsa", "ec") and folder.endswith("META-INF"):
        return "cms"
    if folder.endswith("META-INF") and (end in ("mf", "sf")):
        return "properties"
    if folder.endswith(("/spool/cron", "/cron/tabs")) or folder == "spool/cron":
        return "crontab"
    return ""


def _certificate(end: str, sample: bytes) -> str:
    """Return the kind of a certificate, key or signature file, armoured or not."""
    kind = sniff.armoured_kind(sample) or sniff.der_kind(sample)
    if kind:
        return kind
    if sample.startswith(b"untrusted comment:"):
        return "minisign"
    if end in ("sig", "sign", "signature", "asc") and sample[0] & 0x80:
        return "pgp"
    if end in ("sig", "sign", "signature") and len(sample) <= _VALUE and not _is_utf8(sample):
        return "pgp"
    if end in ("crt", "cer", "der", "crl", "csr") and sample[0] == 0x30:  # noqa: PLR2004
        return "der"
    return ""


def _is_utf8(sample: bytes) -> bool:
    try:
        sample.decode()
    except UnicodeDecodeError:
        return False
    return True


def dense_in_controls(sample: bytes) -> bool:
    """Tell bytes from text in a legacy encoding: text holds few control characters."""
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls * 20 > len(sample)


_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\f\r\x1b")


def _binary(sample: bytes) -> str:
    """Return the kind of bytes that are no text: an old tar has no magic but a checksum."""
    if sample[_TAR_MAGIC] == b"ustar" or is_tar_block(sample):
        return "tar"
    return "binary"


def is_tar_block(block: bytes) -> bool:
    """Tell whether a 512-byte block is a tar header by its checksum (POSIX.1-1988, ustar)."""
    if len(block) < _BLOCK or not block[0]:
        return False
    field = block[148:156].strip(b" \0")
    if not field.isdigit() or len(field) > 7:  # noqa: PLR2004 - seven octal digits at most
        return False
    stated = sum((digit - 48) << 3 * place for place, digit in enumerate(reversed(field)))
    return stated == sum(block[:148]) + 8 * 32 + sum(block[156:_BLOCK])
