"""What scripts carry as encoded text is judged, with an address and a line to follow."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from dten_audit import audit

from .test_blobs import TAR, b64, zipped

SUDO = "#!/bin/sh\nset -e\nsudo systemctl restart dten\n"
SQL = "psql dten <<'Q'\nDROP TABLE sessions;\nQ\n"
JOB = "0 3 * * * root /opt/dten/bin/import\n"


def code(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CASES: list[tuple[str, str, set[str]]] = [
    (
        "up.sh",
        f"#!/bin/sh\nset -e\necho {code(SUDO)} | base64 -d | sh\n",
        {"ARC022 up.sh:3", "PRIV001 up.sh:3"},
    ),
    (
        "up.sh",
        f"#!/bin/sh\nbase64 -d <<'EOF' | bash\n{b64(SQL.encode(), 64)}\nEOF\n",
        {"ARC022 up.sh:2", "DDL040 up.sh:3"},
    ),
    (
        "up.sh",
        f"#!/bin/sh\necho '{code(JOB)}' \\\n  | base64 --decode > /etc/cron.d/dten\n",
        {"ARC022 up.sh:3", "CRON002 up.sh:2"},
    ),
    (
        "up.sh",
        f"#!/bin/sh\n\n\necho {b64(TAR)} | base64 -d | tar xz -C /\n",
        {"CRON001 up.sh!/@base64/4!/etc/cron.d/dten:1"},
    ),
    (
        "setup.py",
        f'import os\nPAYLOAD = """\n{b64(TAR, 76)}\n"""\n',
        {"CRON001 setup.py!/@base64/3!/etc/cron.d/dten:1"},
    ),
    (
        "up.sh",
        f"#!/bin/sh\nX={code(f'{SUDO}echo {b64(TAR)} | base64 -d | tar xz -C /')}\nrun $X\n",
        {
            "PRIV001 up.sh!/@base64/2:3",
            "CRON001 up.sh!/@base64/2!/@base64/4!/etc/cron.d/dten:1",
        },
    ),
]


@pytest.mark.parametrize(("path", "text", "expected"), CASES)
def test_what_is_hidden_is_judged(path: str, text: str, expected: set[str], tmp_path: Path) -> None:
    package = tmp_path / "p.zip"
    package.write_bytes(zipped({path: text.encode()}))
    (report,) = audit([package]).packages
    found = {f"{finding.rule} {finding.at.member}:{finding.at.line}" for finding in report.findings}
    assert found >= expected


def test_certificates_keys_and_pictures_are_silent(tmp_path: Path) -> None:
    files = {
        "etc/ssl/ca.pem": f"-----BEGIN CERTIFICATE-----\n{b64(bytes(700), 64)}\n"
        "-----END CERTIFICATE-----\n",
        "index.html": f"<img src='data:image/png;base64,{b64(bytes(range(256)) * 9)}'>\n",
        "keys/authorized_keys": f"ssh-ed25519 {b64(bytes(51))} ops@vendor\n",
        "tests/data.py": f'GZIP = "{b64(TAR)[:60]}"\nSHA = "{"1f8b08" + "0" * 58}"\n',
        "lib/vectors.py": f'TEXT = "{code("#! an odd text that is no script, but long enough")}"\n',
    }
    package = tmp_path / "p.zip"
    package.write_bytes(zipped({path: text.encode() for path, text in files.items()}))
    (report,) = audit([package]).packages
    assert [f.rule for f in report.findings if f.rule.startswith("ARC")] == []
    assert report.coverage.members == len(files) + 1
