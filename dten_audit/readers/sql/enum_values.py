"""Where a file uses a value that it has just added to an enum, also in an INSERT."""

from __future__ import annotations

from typing import Final

from dten_audit.readers.sql.draft import Draft

MAX_VALUES: Final = 50
MAX_LOOKS: Final = 2_000


class EnumValues:
    """The values that ``ALTER TYPE … ADD VALUE`` has added so far, and who names them.

    Only the next 2,000 statements are looked at: no transaction of a migration is longer.
    """

    def __init__(self) -> None:
        self._types: dict[str, str] = {}
        self._left = MAX_LOOKS

    def with_uses(self, drafts: list[Draft], text: str, start: int, end: int) -> list[Draft]:
        """Return the drafts of a statement, and one for each value that it names."""
        found = drafts
        if self._types and self._left:
            self._left -= 1
            uses = [
                Draft("use_enum_value", start, end, name=kind, value=value)
                for value, kind in self._types.items()
                if text.find(f"'{value}'", start, end) >= 0
            ]
            found = drafts if _names_only(drafts) else drafts + uses
        for draft in drafts:
            if draft.verb == "add_enum_value" and draft.value and len(self._types) < MAX_VALUES:
                self._types[draft.value] = draft.name
        return found


def _names_only(drafts: list[Draft]) -> bool:
    """``ADD VALUE 'b' AFTER 'a'`` names a value without using it."""
    return any(draft.verb in ("add_enum_value", "rename_enum_value") for draft in drafts)
