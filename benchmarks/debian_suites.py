"""apt-get for suites of Debian that this machine does not install from."""

from __future__ import annotations

import atexit
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

_KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SECTIONS: Final = "main contrib non-free"


@cache
def apt_get(suite: str = "") -> tuple[str, ...]:
    """Return the call of apt-get that knows this machine's packages, or those of one suite only.

    The lists of a suite are fetched once a run, below a folder that goes away with it. Raises
    ``OSError`` where they cannot be had.
    """
    if not suite:
        return ("apt-get",)
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    place = Path(folder.name)
    for name in ("lists/partial", "cache/archives/partial"):
        (place / name).mkdir(parents=True)
    (place / "status").touch()
    source = f"deb [signed-by={_KEYS}] {_archive()} {suite} {_SECTIONS}\n"
    (place / "sources.list").write_text(source, encoding="utf-8")
    options = (
        f"Dir::Etc::sourcelist={place}/sources.list", "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={place}/lists", f"Dir::State::status={place}/status",
        f"Dir::Cache={place}/cache", "APT::Sandbox::User=root", "Acquire::Languages=none",
    )  # fmt: skip
    call = ("apt-get", *(word for option in options for word in ("-o", option)))
    done = subprocess.run([*call, "-qq", "update"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"no list of {suite}: {done.stderr.strip()}")
    return call


def _archive() -> str:
    """Return where this machine gets its Debian packages from."""
    asked = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian")
    found = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.split()
    if not found:
        raise OSError("this machine has no archive of Debian")
    return found[0]
