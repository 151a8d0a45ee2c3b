"""The other rows: F10, F26, F27, F29, F30, F31, F33."""

from __future__ import annotations

from tests.chaos.row import Row

ROWS: list[Row] = []
