"""Without signatures and keys, the library that verifies them is not even imported."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dten_audit.examples.signed_tree import signed_tree

PROGRAM = """
import sys
from dten_audit.cli.main import main
main([sys.argv[1], "--format", "json"])
print("cryptography" in {name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize(("sign", "imported"), [("none", "False"), ("SHA256SUMS", "True")])
def test_cryptography_is_imported_for_signatures_only(
    tmp_path: Path, sign: str, imported: str
) -> None:
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for path, data in signed_tree({"sign": sign, "store": "none"}).items():
            archive.writestr(path, data)
        archive.writestr("etc/cron.d/acme", "*/5 * * * * acme /opt/dten/bin/sync\n")
        archive.writestr("SHA256SUMS.txt", f"{'0' * 64}  install/upgrade.sh\n")
    command = [sys.executable, "-c", PROGRAM, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.splitlines()[-1] == imported
    assert done.stdout.startswith("{")
