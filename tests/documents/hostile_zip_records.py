"""ZIPs whose records lie: end records, 64-bit forms, extra fields, descriptors, comments."""

from __future__ import annotations

from .zip_cases import Case

RECORDS: list[Case] = []
