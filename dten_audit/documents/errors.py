"""The errors of the open stage. Only ``PackageError`` ever leaves it."""

from __future__ import annotations


class PackageError(Exception):
    """A package, or an address in it, that cannot be opened at all.

    The text is one plain line that says why; it does not repeat the package's name.
    """


class BrokenError(Exception):
    """A container or member that cannot be read any further.

    ``issue`` is a name of ``issues.py``; it is the reason of the coverage gap as well.
    """

    def __init__(self, issue: str, detail: str = "") -> None:
        super().__init__(issue, detail)
        self.issue = issue
        self.detail = detail


class OverLimitError(Exception):
    """A limit of the budget was hit. ``final``: nothing more is opened in this audit."""

    def __init__(self, issue: str, detail: str, *, final: bool = False) -> None:
        super().__init__(issue, detail)
        self.issue = issue
        self.detail = detail
        self.final = final
