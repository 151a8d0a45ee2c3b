"""Rows about trouble of the platforms: F16 to F25, F34."""

from __future__ import annotations

from tests.chaos.row import Row

ROWS: list[Row] = []
