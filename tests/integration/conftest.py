"""What tests of digests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsbot.store.redis import Redis
from tests.contract.store_kit import SetClock
from tests.integration.digest_kit import Room


@pytest.fixture
async def room(redis: Redis, tmp_path: Path) -> AsyncIterator[Room]:
    """Friday 2027-01-15, 17:00 in Seoul."""
    made = Room(SetClock(redis.url), tmp_path / "journal")
    await made.office.round()
    yield made
    made.close()
    await made.clock.close()
