"""Has Python seldom look for reference cycles while a package is audited."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 100_000
"""So many objects more are taken up between two searches: some 10 MB of what is garbage."""
_OLDER: Final = (4, 2)
"""What has outlived so many searches is looked through as well: trees of scripts read before."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Search for cycles after many more new objects than usual, as before afterwards.

    Megabytes of a script become a million objects that all live until it has been read: looking
    through them again and again took a quarter of the time of an audit.
    """
    before = gc.get_threshold()
    if 0 < before[0] < _YOUNG:
        gc.set_threshold(_YOUNG, *_OLDER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
