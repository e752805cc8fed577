"""Fixtures of the command line's tests: the story's packages with a store, and a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fixtures.build import build

from .trusting import Terminal


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        name: build("story", tmp_path_factory.mktemp(name), "" if name == "story" else name)
        for name in ("story", "cross-signed")
    }


@pytest.fixture
def story(built: dict[str, Path], tmp_path: Path) -> tuple[str, str]:
    """The package, and a trust store of its own that holds the old root."""
    shutil.copytree(built["story"].parent / "trust", tmp_path / "trust")
    return str(built["story"]), str(tmp_path / "trust")


@pytest.fixture
def crossed(built: dict[str, Path], tmp_path: Path) -> tuple[str, str]:
    shutil.copytree(built["cross-signed"].parent / "trust", tmp_path / "trust")
    return str(built["cross-signed"]), str(tmp_path / "trust")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)
