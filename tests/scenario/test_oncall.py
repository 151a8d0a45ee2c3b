"""On call: see how things stand, stop everything, go on, stop one alert; and the figures add up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsbot import bootstrap
from newsbot.core.model import Address, Article, Story, Subscriber, Urgency
from newsbot.flows.alarm import Alarm
from tests.cast import DESK, GROUP, PLATFORMS, Cast, until

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
    await rae.sees("모든 주제의 알림을 켰습니다.")
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
    rae, olu = cast.on(platform, "Rae"), cast.on(platform, "Olu")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await cast.publish(site, "library", "예시군 새 도서관 개관", categories="사회")
    story = (await cast.story("도서관"))["id"]
    await cast.done(story)
    near = story[:-1] + ("2" if story[-1] != "2" else "3")
    for words, answer in (
        ("/cancel", "이렇게 보내 주십시오: " + olu.word("/cancel K7F3M")),
        (f"발송 중단 {story}", f"{story}번은 더 보낼 곳이 없습니다."),
        (f"/cancel {near}", f"가장 비슷한 번호: {story}"),
        ("/cancel QQQQQ\u202e<b>", "해당하는 알림이나 기사가 없습니다."),
    ):
        await olu.says(words)
        await olu.sees(answer)
    assert await cast.audit() == []


async def test_a_held_story_that_is_cancelled_never_goes_out_whatever_was_prepared(
    cast: Cast, site: Path, platform: str
) -> None:
    ed, olu = cast.on(platform, "Ed"), cast.on(platform, "Olu")
    await cast.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    story = await cast.held("옛 소식", "old")
    await ed.says(f"/push {story}")
    await ed.sees("보류 이유")
    await olu.says(f"/cancel {story}")
    await olu.sees(f"{story}번은 나가지 않습니다.")
    await ed.presses("보내기")
    await ed.sees("보내지 않았습니다.")
    assert (await cast.story("옛 소식"))["state"] == "cancelled"
    assert not await cast.stories(held=True)
    await olu.says(f"/cancel {story}")
    await olu.sees(f"{story}번은 더 보낼 곳이 없습니다.")
    assert [(e["who"], e["deed"]) for e in await cast.audit()] == [("Olu", "cancel")]


async def test_what_waits_for_its_page_is_cancelled_before_it_goes(cast: Cast, site: Path, platform: str) -> None:
    rae, olu = cast.on(platform, "Rae"), cast.on(platform, "Olu")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    stories, far = cast.process.kit.stories, 4e9
    article = Article(
        id="https://example.com/a", source="s", url="https://example.com/a.html", title="예시군 새 도서관"
    )
    # Without an address nobody looks: a look at a host that is not there would let it go, sooner or later than the cancel.
    story = Story(id="QQ234", article=article.id, urgency=Urgency.NORMAL, headline=article.title, live=False)
    assert (await stories.accept(article, story, (), gate=far))[0]
    await olu.says("/cancel qq234")
    await olu.sees("QQ234번은 나가지 않습니다. 아직 보낸 곳이 없습니다.")
    assert await stories.waiting() == []
    assert (await cast.story("도서관"))["state"] == "cancelled"


async def test_what_is_owed_and_not_planned_yet_is_cancelled_whole(cast: Cast, platform: str) -> None:
    rae, olu = cast.on(platform, "Rae"), cast.on(platform, "Olu")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await olu.says("/pause")
    await olu.sees("일시 멈춤")
    article = Article(id="/a", source="s", title="예시군 새 도서관")
    story = Story(id="QQ234", article="/a", urgency=Urgency.NORMAL, headline="예시군 새 도서관", accepted_at=1.8e9)
    await cast.process.kit.stories.accept(article, story, PLATFORMS)
    await olu.says("/cancel QQ234")
    await olu.sees("QQ234번 발송을 중단했습니다. 0곳에 이미 도착했고 1곳에는 보내지 않았습니다.")
    assert await cast.process.kit.stories.todo() == []
    await olu.says("/resume")
    await olu.sees("다시 보냅니다.")
    row = await cast.story("도서관")
    assert (row["state"], row["audience"], row["cancelled"]) == ("cancelled", 1, 1)
    assert not rae.has("도서관")


async def test_cancel_stops_the_edits_that_run_and_leaves_what_was_sent(cast: Cast, site: Path, platform: str) -> None:
    rae, olu = cast.on(platform, "Rae"), cast.on(platform, "Olu")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await cast.publish(site, "library", "예시군 새 도서관 개관", "예시군이 도서관을 연다.", categories="사회")
    story = (await cast.story("도서관"))["id"]
    await cast.done(story)
    await olu.says("/pause")
    await olu.sees("일시 멈춤")
    await cast.publish(site, "library", "예시군 새 도서관 개관", "예시군이 도서관을 연다. 넓다.", categories="사회")
    await until(lambda: _opened(cast, platform, f"{story}@2"))
    await olu.says(f"/cancel {story}")
    await olu.sees(f"{story}번을 고치는 일을 중단했습니다. 0곳은 이미 고쳤고 1곳은 고치지 않았습니다.")
    await olu.says("/resume")
    await olu.sees("다시 보냅니다.")
    kit = cast.process.kit
    found = await kit.stories.get(story)
    assert found is not None
    account = (await kit.report.story(found))["platforms"][platform]
    assert (account["state"], account["sent"], account["cancelled"]) == ("done", 1, 0)
    (edit,) = account["edits"]
    assert (edit["revision"], edit["state"], edit["cancelled"], edit["audience"]) == (2, "cancelled", 1, 1)
    (copy,) = rae.has("도서관")
    assert copy.edits == []


async def _opened(cast: Cast, platform: str, push: str) -> bool:
    return push in await cast.process.kit.ledger.open(platform)


async def test_status_names_the_oldest_that_waits_and_the_rate_that_is_allowed_now(
    cast: Cast, site: Path, platform: str
) -> None:
    await gather(cast, platform)
    olu = cast.on(platform, "Olu")
    await cast.publish(site, "library", "예시군 새 도서관 개관", categories="사회")
    await until(lambda: _sent(cast))
    await olu.says("/pause")
    await olu.sees("일시 멈춤")
    await olu.says("/status")
    text = (await olu.sees("진행 중 1건")).text
    assert "가장 오래 기다린 알림: " in text
    row = (await cast.process.kit.report.platforms(cast.process.kit.rates))[platform]
    assert (row["open"], row["cap"], row["rate"]) == (1, *2 * [cast.process.kit.rates[platform]])
    assert 0 < row["queued"] < CROWD
    assert (row["oldest"], row["oldest_doubt"]) == ((await cast.story("도서관"))["accepted_at"], None)
    assert f"/{row['cap']:g} (설정 {row['rate']:g}) · 대기 {row['queued']}" in text


async def _sent(cast: Cast) -> bool:
    return bool((await cast.story("도서관"))["sent"])


async def test_an_alarm_is_said_in_the_ops_chat_as_it_is_written(cast: Cast, platform: str) -> None:
    desk = cast.on(platform, "Olu", chat=GROUP if platform == "telegram" else DESK)
    kit = cast.process.kit
    alarm = Alarm(kit.platforms, [desk.address], kit.plain.words, kit.ledger, kit.stories, bootstrap.now, "w-1")
    for _ in range(2):
        await alarm.tell("refused", "K7F3M", platform=platform, story="K7F3M", why="<b>too long</b> & *more*")
    told = await desk.sees(f"{platform}: K7F3M번 발송을 멈췄습니다.")
    assert "<b>too long</b> & *more*" in told.text
    assert len(desk.has("K7F3M")) == 1


async def test_each_role_has_its_own_verbs(cast: Cast, site: Path, platform: str) -> None:
    ed, olu = cast.on(platform, "Ed"), cast.on(platform, "Olu")
    await cast.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    story = await cast.held("옛 소식", "old")
    for who, verbs in ((ed, ("status", "pause", "resume", f"cancel {story}")), (olu, (f"push {story}", "alerts"))):
        for verb in verbs:
            await who.says(f"/{verb}")
            await who.sees("이 명령은 여기서 쓸 수 없습니다.")
    assert (await cast.process.kit.ledger.gate(platform))["paused"] is None
    assert {entry["deed"] for entry in await cast.audit()} == {"refused"}
