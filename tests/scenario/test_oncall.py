"""On call: see how things stand, stop everything, go on, stop one alert; and the figures add up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsbot.core.model import Address, Subscriber
from tests.cast import PLATFORMS, Cast, until

pytestmark = pytest.mark.parametrize("platform", PLATFORMS)

CROWD = 200


async def gather(cast: Cast, platform: str) -> None:
    """Two hundred subscribed chats."""
    if platform == "telegram":
        made = await cast.control("/telegram/chats", count=CROWD)
        chats = [str(chat) for chat in range(made["first_id"], made["last_id"] + 1)]
    else:
        chats = (await cast.control("/slack/channels", count=CROWD))["channels"]
    for chat in chats:
        await cast.process.kit.subscribers.put(Subscriber(Address(platform, chat)))


async def test_pause_stops_everything_and_names_who_did_it(cast: Cast, site: Path, platform: str) -> None:
    rae, olu = cast.on(platform, "Rae"), cast.on(platform, "Olu")
    await rae.says("/subscribe all")
    await rae.sees("모든 알림을 켰습니다.")
    await olu.says("/resume")
    await olu.sees("멈춰 있지 않았습니다.")
    await olu.says("일시 멈춤")
    await olu.sees("일시 멈춤: 새로 보내는 알림이 없습니다. 다시 보내기: " + olu.word("/resume"))
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    await cast.story("예시군 앞바다")
    await olu.says("상태")
    status = await olu.sees("진행 중 1건, 보류 0건")
    for bot in PLATFORMS:
        assert f"{bot}: 일시 멈춤 (Olu)" in status.text
    assert ": 정상" in status.text
    assert not rae.has("지진")
    await olu.says("다시 보내기")
    await olu.sees("다시 보냅니다.")
    await until(lambda: rae.has("예시군 앞바다"))
    await olu.says("/status")
    status = await olu.sees(f"{platform}: 보내는 중")
    assert "일시 멈춤" not in status.text
    assert [(entry["who"], entry["deed"]) for entry in await cast.audit()] == [
        ("Olu", "resume"),
        ("Olu", "pause"),
        ("Olu", "resume"),
    ]


async def test_cancel_ends_a_running_fan_out_and_accounts_for_every_chat(cast: Cast, site: Path, platform: str) -> None:
    await gather(cast, platform)
    olu = cast.on(platform, "Olu")
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    story = (await cast.story("예시군 앞바다"))["id"]
    record = cast.sandbox.world.record

    def arrived() -> int:
        return sum("지진" in message.text for message in record.messages(platform))

    await until(lambda: arrived() >= 3)
    await olu.says(f"/cancel {story.lower()}")
    answer = (await olu.sees(f"{story}번 발송을 중단했습니다.")).text
    landed = arrived()
    figures = [int(number) for number in re.findall(r"(\d+)곳", answer)]
    assert sum(figures) == CROWD, answer
    assert 0 < figures[0] < CROWD
    row = await cast.story("예시군 앞바다")
    assert row["state"] == "cancelled"
    await until(lambda: _settled(cast, story))
    row = await cast.story("예시군 앞바다")
    assert row["sent"] + row["cancelled"] == row["audience"] == CROWD
    # Nothing more began: what is on the wire when `cancel` answers is all that may still land.
    assert row["sent"] == arrived() <= landed + (figures[2] if len(figures) > 2 else 0)
    await olu.says(f"/cancel {story}")
    await olu.sees(f"{story}번은 더 보낼 곳이 없습니다.")
    assert [(e["who"], e["deed"], e["target"]) for e in await cast.audit()] == [("Olu", "cancel", story)]


async def _settled(cast: Cast, story: str) -> bool:
    rows = await cast.stories()
    return all(row["sending"] == 0 for row in rows if row["id"] == story)


async def test_what_cannot_be_cancelled_says_why(cast: Cast, site: Path, platform: str) -> None:
    olu = cast.on(platform, "Olu")
    await cast.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    story = await cast.held("옛 소식", "old")
    near = story[:-1] + ("2" if story[-1] != "2" else "3")
    for words, answer in (
        ("/cancel", "이렇게 보내 주십시오: " + olu.word("/cancel K7F3M")),
        (f"발송 중단 {story}", f"{story}번은 아직 나가지 않은 알림입니다."),
        (f"/cancel {near}", f"가장 비슷한 번호: {story}"),
        ("/cancel QQQQQ\u202e<b>", "해당하는 알림이나 기사가 없습니다."),
    ):
        await olu.says(words)
        await olu.sees(answer)
    assert await cast.audit() == []


async def test_each_role_has_its_own_verbs(cast: Cast, site: Path, platform: str) -> None:
    ed, olu = cast.on(platform, "Ed"), cast.on(platform, "Olu")
    await cast.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    story = await cast.held("옛 소식", "old")
    for who, verbs in ((ed, ("status", "pause", "resume", f"cancel {story}")), (olu, (f"push {story}", "alerts"))):
        for verb in verbs:
            await who.says(f"/{verb}")
            await who.sees("여기서 쓸 수 없는 명령입니다.")
    assert (await cast.process.kit.ledger.gate(platform))["paused"] is None
    assert {entry["deed"] for entry in await cast.audit()} == {"refused"}
