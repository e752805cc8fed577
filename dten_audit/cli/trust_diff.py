"""``dten-audit trust diff``: what became of a trust store, for whoever reviews a change of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from dten_audit.cli.main import FOUND, OK
from dten_audit.cli.trust_reading import FORMAT, say

if TYPE_CHECKING:
    import tarfile

    from dten_audit.site.trust import TrustStore
    from dten_audit.site.trust_diff import Change

_MARKS: Final = {"came": "+", "went": "-", "changed": "~"}
_SECONDS: Final = 60


@click.command(name="diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@FORMAT
def diff_command(old: str, new: str, form: str) -> int:
    """Say which roots, keys and records of a trust store came, went and changed; exit 1 for any.

    OLD and NEW are folders, or REVISION:FOLDER of the git repository that you are in, such as
    HEAD~1:trust.
    """
    from dten_audit.site.schema import SiteFileError
    from dten_audit.site.trust_diff import changes

    try:
        places: dict[str, str] = {}
        found = changes(_load(old, places), _load(new, places))
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        plain = [_plain(own, places) for own in found]
        click.echo(json.dumps(plain, indent=1, ensure_ascii=False))
    else:
        for own in found:
            say(*_lines(own))
        say(f"{len(found)} differences" if found else "no difference")
    return FOUND if found else OK


def _load(place: str, places: dict[str, str]) -> TrustStore:
    """Load a store; ``places`` notes where a revision's was put, to name it as the user did."""
    from dten_audit.site.trust_loading import load_trust

    path = Path(place)
    if path.exists() or ":" not in place:
        return load_trust(path)
    with _of_revision(place) as folder:
        places[str(folder)] = place
        return load_trust(folder)


@contextmanager
def _of_revision(place: str) -> Iterator[Path]:
    """Give the folder that a revision of the git repository here has, for as long as it is read."""
    import subprocess
    import tarfile

    command = ["git", "archive", "--format=tar", place]
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as stream:
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and git takes a tree's name only
                command, stdout=stream, stderr=subprocess.PIPE, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"{place}: git cannot be asked: {error}"
            raise click.UsageError(message) from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            message = f"{place}: no folder, and git says: {said[0] if said else 'nothing'}"
            raise click.UsageError(message)
        stream.seek(0)
        folder = Path(name).resolve()
        with tarfile.open(fileobj=stream) as archive:
            for own in archive:
                _put(archive, own, folder, place)
        yield folder


def _put(archive: tarfile.TarFile, own: tarfile.TarInfo, folder: Path, place: str) -> None:
    """Write a file of a revision; links lead nowhere and have no place in a trust store."""
    target = (folder / own.name).resolve()
    if own.issym() or own.islnk() or not target.is_relative_to(folder):
        message = f"{place}: {own.name} is a link, which no trust store has"
        raise click.UsageError(message)
    stream = archive.extractfile(own) if own.isfile() else None
    if stream is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(stream.read())


def _lines(own: Change) -> Iterator[str]:
    who = " ".join(part for part in (own.vendor or "(no record)", own.what, own.name) if part)
    yield f"{_MARKS[own.how]} {who}{f': {own.words}' if own.words else ''}"
    if own.id:
        yield f"  {own.id}"


def _plain(own: Change, places: dict[str, str]) -> dict[str, object]:
    path = own.at.path
    for folder, place in places.items():
        if path.startswith(folder):
            path = place + path[len(folder) :]
    return {**own._asdict(), "at": {"path": path, "line": own.at.line}}
