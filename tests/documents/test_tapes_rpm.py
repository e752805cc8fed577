"""RPM packages: what they run, what their header says of the payload, and what it promises."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from backports import zstd

from . import tape_writers as w
from .opening import Opening, open_bytes, open_path
from .zip_cases import CANARY, Case

FILE: Final = 0o100644
CPIO: Final = w.newc(("./opt/a.sql", FILE, CANARY), ("./opt/l", 0o120777, b"a.sql"))
LIST: Final[dict[int, w.Value]] = {
    1028: [len(CANARY), 5], 1030: [FILE, 0o120777], 1036: [b"", b"a.sql"], 1037: [0, 0],
    1095: [1, 1], 1096: [1, 2], 1116: [0, 0], 1117: [b"a.sql", b"l"], 1118: [b"/opt/"],
}  # fmt: skip
PACKED: Final = gzip.compress(CPIO, mtime=0)
PACKAGE: Final = w.rpm(PACKED, LIST, CPIO)


def listed(tags: dict[int, w.Value], payload: bytes = CPIO) -> bytes:
    return w.rpm(payload, {**LIST, **tags})


CASES: Final = [
    Case("as rpmbuild writes it", lambda: PACKAGE, ""),
    Case("gzip", lambda: w.rpm(PACKED, LIST), ""),
    Case("bzip2", lambda: w.rpm(bz2.compress(CPIO), LIST), ""),
    Case("xz", lambda: w.rpm(lzma.compress(CPIO), LIST), ""),
    Case("lzma", lambda: w.rpm(lzma.compress(CPIO, lzma.FORMAT_ALONE), LIST), ""),
    Case("zstd", lambda: w.rpm(zstd.compress(CPIO), LIST), ""),
    Case("not packed", lambda: w.rpm(CPIO, LIST), ""),
    Case(
        "payload of another package",
        lambda: w.rpm(PACKED, {**LIST, 5092: [hashlib.sha256(b"x").hexdigest().encode()]}),
        "checksum-mismatch",
    ),
    Case("payload, unpacked", lambda: w.rpm(PACKED, LIST, CPIO + b"x"), "checksum-mismatch"),
    Case(
        "header changed",
        lambda: PACKAGE.replace(b"/opt/\0", b"/0pt/\0"),
        "checksum-mismatch header-mismatch member-missing",
        "missing",
    ),
    Case("bytes behind", lambda: PACKAGE + CANARY, "appended-data", found="opt/a.sql @trailer"),
    Case("cut", lambda: PACKAGE[:-30], "truncated-stream checksum-mismatch", "truncated"),
    Case(
        "room for signatures",
        lambda: PACKAGE[:96] + w.rpm_header({1008: [7]}) + bytes(4) + w.rpm_header({}) + CPIO,
        "hidden-data",
    ),
    Case("mode", lambda: listed({1030: [0o104755, 0o120777]}), "header-mismatch mode-setuid"),
    Case("target", lambda: listed({1036: [b"", b"/etc/shadow"]}), "header-mismatch"),
    Case("capabilities", lambda: listed({5010: [b"cap_net_raw=ep", b""]}), "mode-capability"),
    Case(
        "not in the list",
        lambda: listed(
            {},
            w.newc(
                ("./opt/a.sql", FILE, CANARY),
                ("./opt/l", 0o120777, b"a.sql"),
                ("./etc/x", FILE, b"x"),
            ),
        ),
        "header-mismatch",
    ),
    Case(
        "not in the payload",
        lambda: listed({1037: [0, 0]}, w.newc(("./opt/a.sql", FILE, CANARY))),
        "member-missing",
        "missing",
    ),
    Case("ghost", lambda: listed({1037: [0, 64]}, w.newc(("./opt/a.sql", FILE, CANARY))), ""),
    Case(
        "numbers instead of names", lambda: listed({}, w.stripped((0, CANARY), (1, b"a.sql"))), ""
    ),
    Case(
        "numbers, hard links",
        lambda: listed(
            {1030: [FILE, FILE], 1096: [1, 1], 1028: [len(CANARY)] * 2},
            w.stripped((0, b""), (1, CANARY)),
        ),
        "",
        found="opt/l",
    ),
    Case(
        "number of no file",
        lambda: listed({1023: b"x"}, w.stripped((9, b""))),
        "corrupt-archive",
        "corrupt",
        "",
    ),
    Case(
        "several archives",
        lambda: listed({}, CPIO + w.newc(("./x", FILE, CANARY))),
        "several-archives header-mismatch",
        found="opt/a.sql x",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_promise_is_kept_or_told(case: Case, tmp_path: Path) -> None:
    opening = open_bytes(case.data(), tmp_path, "package")
    assert opening.names == set(case.issues.split())
    assert opening.reasons == set(case.gaps.split())
    found = {path for path, data in opening.tree.items() if CANARY in data}
    assert found == set(case.found.replace("a.sql", "opt/a.sql").replace("opt/opt", "opt").split())


def scriptlets(opening: Opening) -> dict[str, str]:
    start = "@scriptlets/"
    found = opening.tree.items()
    return {path[len(start) :]: text.decode() for path, text in found if path.startswith(start)}


def test_everything_that_rpm_runs(tmp_path: Path) -> None:
    tags: dict[int, w.Value] = {
        1023: b"one", 1085: [b"/bin/sh", b"-e"], 1086: [b"/sbin/ldconfig"], 1151: b"two",
        1153: b"<lua>", 1154: [b"/usr/bin/tool", b"a b"], 1079: b"three",
        1091: b"/usr/bin/python3.9", 5104: b"four", 1065: [b"five", b"six", b""],
        1092: [b"/bin/sh", b"/usr/bin/perl", b"/bin/x"],
        1069: [0, 1, 2], 1068: [1 << 16, 1 << 18, 1 << 25], 5066: [b"seven"], 5067: [b"<lua>"],
        5070: [0], 5072: [1 << 17], 5076: [b"eight"], 5080: [0], 5082: [1 << 16],
    }  # fmt: skip
    assert scriptlets(open_bytes(w.rpm(CPIO, tags), tmp_path, "package")) == {
        "pre.sh": "one",
        "post.sh": "/sbin/ldconfig\n",
        "pretrans.lua": "two",
        "posttrans.sh": "/usr/bin/tool 'a b'\n",
        "verify.py": "three",
        "preuntrans.sh": "four",
        "triggerin-1.sh": "five",
        "triggerpostun-2.pl": "six",
        "triggerprein-3.sh": "/bin/x\n",
        "filetriggerun-1.lua": "seven",
        "transfiletriggerin-1.sh": "eight",
    }


SPEC: Final = """
Name: dten
Version: 9.4
Release: 1
Summary: x
License: x
BuildArch: noarch
%define _binary_payload PAYLOAD
%description
x
%install
mkdir -p %{buildroot}/opt/dten
echo a=1 > %{buildroot}/opt/dten/a.conf
ln %{buildroot}/opt/dten/a.conf %{buildroot}/opt/dten/b.conf
ln -s a.conf %{buildroot}/opt/dten/l
%files
%dir /opt/dten
%config(noreplace) /opt/dten/a.conf
/opt/dten/b.conf
/opt/dten/l
%ghost /var/log/dten.log
%pre
getent passwd dten
%postun -p /sbin/ldconfig
%triggerun -p /usr/bin/perl -- openssl
print 1;
%filetriggerin -p <lua> -- /usr/lib
print(1)
%transfiletriggerpostun -- /usr/share
true
"""


@pytest.mark.parametrize("payload", ["w9.gzdio", "w3.zstdio", "w.ufdio"])
def test_real_packages(payload: str, tmp_path: Path) -> None:
    if not shutil.which("rpmbuild"):
        pytest.skip("no rpmbuild here")
    (tmp_path / "x.spec").write_text(SPEC.replace("PAYLOAD", payload))
    command = ["rpmbuild", "-bb", "--define", f"_topdir {tmp_path}", "x.spec"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"rpmbuild here cannot: {done.stderr[-80:]!r}")
    (package,) = tmp_path.rglob("*.noarch.rpm")
    opening = open_path(package)
    assert not opening.issues
    assert not opening.gaps
    assert scriptlets(opening) == {
        "pre.sh": "getent passwd dten",
        "postun.sh": "/sbin/ldconfig\n",
        "triggerun-1.pl": "print 1;",
        "filetriggerin-1.lua": "print(1)",
        "transfiletriggerpostun-1.sh": "true",
    }
    files = {path for path in opening.tree if not path.startswith("@")}
    assert len(files) == 1
    assert files < {"opt/dten/a.conf", "opt/dten/b.conf"}
