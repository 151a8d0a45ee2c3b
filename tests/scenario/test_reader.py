"""A reader subscribes and receives, on both platforms, with the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import Cast

pytestmark = pytest.mark.parametrize("platform", ["telegram", "slack"])


async def test_subscribes_and_receives_what_was_asked_for(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    await cast.publish(site, "budget", "예시 국회, 예산안 처리", categories="정치")
    await rae.sees("예시 국회, 예산안 처리")
    assert not [m for m in rae.messages() if "지진" in m.text]
