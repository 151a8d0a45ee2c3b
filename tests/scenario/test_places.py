"""Groups, forum threads and channels: their admins decide; the bot comes, goes, and moves along."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsbot.core.commands import VERBS
from newsbot.core.model import Role, Urgency
from tests.cast import CHANNEL, FORUM, GROUP, NEWS, PLATFORMS, Actor, Cast, until

PLACES = [
    pytest.param("telegram", GROUP, None, "이 그룹의 관리자만", id="telegram group"),
    pytest.param("telegram", FORUM, 7, "이 그룹의 관리자만", id="telegram forum thread"),
    pytest.param("slack", NEWS, None, "채널을 만든 분만", id="slack channel"),
]


def toasts(cast: Cast) -> list[tuple[str, bool]]:
    """How each press on Telegram was answered: words, and whether they stay until they are closed."""
    return [(one["text"], one["alert"]) for one in cast.sandbox.world.record.notes if one["kind"] == "answer"]


async def became(place: Actor, state: str) -> None:
    """Until the subscription of this place is in that state."""

    async def look() -> bool:
        stored = await place.subscriber()
        return stored is not None and stored.state == state

    await until(look, f"{place.address} {state}")


@pytest.mark.parametrize(("platform", "chat", "thread", "refusal"), PLACES)
async def test_a_place_obeys_its_admin_alone(
    cast: Cast, site: Path, platform: str, chat: str, thread: int | None, refusal: str
) -> None:
    sam, rae = cast.on(platform, "Sam", chat, thread), cast.on(platform, "Rae", chat, thread)
    await sam.says("/subscribe all")
    await sam.sees("Only admins of this group" if platform == "telegram" else refusal)  # his app speaks English
    assert await rae.subscriber() is None
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await sam.says("/unsubscribe")
    await sam.sees(refusal)
    await cast.publish(site, "speaker", "예시 국회, 새 의장 선출", categories="정치")
    await until(lambda: rae.has("새 의장 선출"))
    if thread:
        assert not cast.on(platform, "Rae", chat, 8).has("의장")
        assert not cast.on(platform, "Rae", chat).has("의장")


async def test_buttons_in_a_group_are_its_admins(cast: Cast) -> None:
    rae, sam = cast.on("telegram", "Rae", GROUP), cast.on("telegram", "Sam", GROUP)
    await rae.says("/start")
    welcome = await rae.sees("속보 알림입니다.")
    for _ in range(7):  # every tap is answered, and nobody else sees it
        await sam.presses("모두 받기", welcome)
    await until(lambda: len(toasts(cast)) == 7)
    assert set(toasts(cast)) == {("Only admins of this group can change this.", True)}
    await sam.sends("nonsense", welcome)
    await until(lambda: toasts(cast)[7:] == [("This button is out of date. Open the settings again.", True)])
    await rae.presses("속보만", welcome)
    await until(lambda: toasts(cast)[8:] == [("", False)])
    assert (await until(rae.subscriber)).urgency is Urgency.BREAKING
    assert not sam.has("관리자만")
    assert not sam.has("Only admins")


async def test_a_channel_is_run_by_its_posts(cast: Cast, site: Path) -> None:
    rae = cast.on("telegram", "Rae", CHANNEL)
    await rae.says("/subscribe breaking en")
    answer = await rae.sees("All topics are on. Breaking news and flashes only.")
    assert not answer.view.get("buttons")
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    alert = (await until(lambda: rae.has("예시군 앞바다")))[0]
    # Any reader of the channel may press anything; the bot must not write there for them.
    sam = cast.on("telegram", "Sam", CHANNEL)
    for data in ("unsubscribe", "topics", "start", "latest", "push K7F3M"):
        await sam.sends(data, alert)
    await rae.says("/topics")
    topics = await rae.sees("◐ Politics · politics")
    assert [m.text.splitlines()[0] for m in rae.messages()] == [
        answer.text,
        alert.text.splitlines()[0],
        topics.text.splitlines()[0],
    ]
    stored = await rae.subscriber()
    assert stored is not None
    assert stored.state == "active"


async def test_a_channel_post_signed_by_another_channel_changes_nothing(cast: Cast) -> None:
    rae = cast.on("telegram", "Rae", CHANNEL)
    await rae.says("/subscribe all", forwarded=True)
    await rae.says("/topics")
    await rae.sees("○ 정치")
    assert await rae.subscriber() is None


async def test_slack_guests_and_strangers_never(cast: Cast) -> None:
    rae, gus, ext = (cast.on("slack", name, NEWS) for name in ("Rae", "Gus", "Ext"))
    await gus.says("/subscribe all")
    await gus.sees("채널을 만든 분만")
    answer = await ext.says("/subscribe all")
    assert answer == answer | {"acked": True, "reply": None}
    assert await rae.subscriber() is None
    # Ed is no admin of the workspace, but #desk is his.
    ed = cast.on("slack", "Ed", "C0DESK")
    await ed.says("/subscribe all")
    await ed.sees("모든 주제의 알림을 켰습니다.")


@pytest.mark.parametrize(("chat", "thread"), [(GROUP, None), (CHANNEL, None), (FORUM, 7)])
async def test_thrown_out_and_added_again_on_telegram(cast: Cast, site: Path, chat: str, thread: int | None) -> None:
    rae = cast.on("telegram", "Rae", chat, thread)
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    before = await rae.subscriber()
    await cast.control("/telegram/member", user="Rae", chat=int(chat), status="kicked")
    await became(rae, "quarantined")
    await cast.publish(site, "one", "예시 국회, 새 의장 선출", categories="정치")
    await cast.done((await cast.story("의장"))["id"])
    await cast.control("/telegram/member", user="Rae", chat=int(chat), status="administrator")
    await became(rae, "active")
    assert await rae.subscriber() == before
    await cast.publish(site, "two", "예시 국회, 첫 본회의", categories="정치")
    await until(lambda: rae.has("첫 본회의"))
    assert not rae.has("의장")


@pytest.mark.parametrize("how", [{"user": "bot", "joined": False}, {"archived": True}])
async def test_thrown_out_and_invited_again_on_slack(cast: Cast, site: Path, how: dict[str, object]) -> None:
    rae = cast.on("slack", "Rae", NEWS)
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    before = await rae.subscriber()
    await cast.control("/slack/member", channel=NEWS, **how)
    await became(rae, "quarantined")
    await cast.publish(site, "one", "예시 국회, 새 의장 선출", categories="정치")
    await cast.done((await cast.story("의장"))["id"])
    if "archived" in how:
        await cast.control("/slack/member", channel=NEWS, archived=False)
    await cast.control("/slack/member", channel=NEWS, user="bot", joined=True)
    await became(rae, "active")
    assert await rae.subscriber() == before
    await cast.publish(site, "two", "예시 국회, 첫 본회의", categories="정치")
    await until(lambda: rae.has("첫 본회의"))
    assert not rae.has("의장")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_who_unsubscribed_is_not_brought_back_by_coming_and_going(cast: Cast, platform: str) -> None:
    chat = GROUP if platform == "telegram" else NEWS
    rae = cast.on(platform, "Rae", chat)
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("/unsubscribe")
    await rae.sees("알림을 모두 껐습니다.")
    if platform == "telegram":
        await cast.control("/telegram/member", user="Rae", chat=int(chat), status="kicked")
        await cast.control("/telegram/member", user="Rae", chat=int(chat), status="member")
    else:
        await cast.control("/slack/member", channel=chat, user="bot", joined=False)
        await cast.control("/slack/member", channel=chat, user="bot", joined=True)
    await rae.says("/topics")
    await rae.offers("○ 정치")
    await became(rae, "stopped")


async def test_added_to_a_group_it_says_how_to_begin(cast: Cast) -> None:
    rae = cast.on("telegram", "Rae", GROUP)
    await cast.control("/telegram/member", user="Rae", chat=int(GROUP), status="left")
    await cast.control("/telegram/member", user="Rae", chat=int(GROUP), status="member")
    await rae.sees("이곳의 관리자가 알림을 시작합니다: /subscribe")


async def test_blocked_and_unblocked_in_private(cast: Cast, site: Path) -> None:
    rae = cast.on("telegram", "Rae")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await cast.control("/telegram/member", user="Rae", status="kicked")
    await became(rae, "stopped")
    await cast.publish(site, "one", "예시 국회, 새 의장 선출", categories="정치")
    await cast.done((await cast.story("의장"))["id"])
    await rae.says("/start")  # which ends the block
    await rae.sees("속보 알림입니다.")
    await rae.presses("이전대로 받기")
    await rae.sees("이전대로 다시 보내 드립니다. 지금 받는 알림: 정치.")
    await cast.publish(site, "two", "예시 국회, 첫 본회의", categories="정치")
    await rae.sees("첫 본회의")
    assert not rae.has("의장")


async def test_a_group_that_becomes_a_supergroup_keeps_its_settings(cast: Cast, site: Path) -> None:
    rae = cast.on("telegram", "Rae", GROUP)
    await rae.says("/subscribe politics breaking en")
    await rae.sees("Alerts are on for: Politics.")
    before = await rae.subscriber()
    assert before is not None
    to = (await cast.control("/telegram/migrate", chat=int(GROUP)))["to"]
    there = cast.on("telegram", "Rae", str(to))
    await became(there, "active")
    after = await there.subscriber()
    assert after is not None
    assert (after.topics, after.urgency, after.language, after.index) == (
        before.topics,
        before.urgency,
        before.language,
        before.index,
    )
    assert await rae.subscriber() is None
    await cast.publish(site, "quake", "[속보] 예시 국회 해산", categories="정치")
    await until(lambda: there.has("예시 국회 해산"))


async def test_the_talk_of_a_group_is_none_of_the_bots_business(cast: Cast) -> None:
    rae = cast.on("telegram", "Rae", FORUM, 7)  # the bot is an administrator there and reads everything
    for words in ("구독 정치", "안녕하세요", "/subscribe@other_bot all", "/frobnicate", "help"):
        await rae.says(words)
    await rae.says("/topics@sandbox_news_bot")
    await rae.offers("○ 정치")
    assert len(rae.messages()) == 1
    assert await rae.subscriber() is None


CHANGING = [verb.name for verb in VERBS if verb.role is Role.READER and verb.changes and not verb.button_only]
WORDS = {
    "keyword": "AI",
    "exclude": "golf",
    "quiet": "23-7",
    "mute": "2h",
    "digest": "8",
    "cap": "8",
    "zone": "Asia/Tokyo",
}
WORDS |= {"form": "headline", "sound": "off", "language": "en", "level": "breaking", "subscribe": "all"}

# Who has no say in a place, and how they speak there: an ordinary member, the copy of a channel's post in the group that is
# linked to it, somebody who writes as a channel, a guest, and somebody of another workspace.
NOBODIES = [
    pytest.param("telegram", "Sam", GROUP, None, {}, "Only admins of this group", id="member"),
    pytest.param("telegram", "Sam", FORUM, 7, {}, "Only admins of this group", id="member of a topic"),
    pytest.param("telegram", "Sam", GROUP, None, {"linked": True}, "", id="linked channel"),
    pytest.param("telegram", "Rae", GROUP, None, {"sender_channel": "@example_news_flash"}, "", id="as a channel"),
    pytest.param("telegram", "Rae", GROUP, None, {"forwarded": True}, "", id="forwarded"),
    pytest.param("slack", "Sam", NEWS, None, {}, "채널을 만든 분만", id="slack member"),
    pytest.param("slack", "Gus", NEWS, None, {}, "채널을 만든 분만", id="slack guest"),
    pytest.param("slack", "Ext", NEWS, None, {}, "", id="slack connect"),
]


@pytest.mark.parametrize(("platform", "name", "chat", "thread", "how", "answer"), NOBODIES)
async def test_nobody_else_changes_a_place(
    cast: Cast, platform: str, name: str, chat: str, thread: int | None, how: dict[str, object], answer: str
) -> None:
    rae, other = cast.on(platform, "Rae", chat, thread), cast.on(platform, name, chat, thread)
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    before = await rae.subscriber()
    if answer and platform == "telegram":
        answer = "이 그룹의 관리자만"  # the place speaks Korean by now
    for verb in CHANGING:
        await other.says(f"/{verb} {WORDS.get(verb, '')}".strip(), **how)
    if answer:
        await until(lambda: len(other.has(answer)) == 5, "five refusals, then silence")
    await rae.says("/why")
    await until(rae.news, "everything before is handled")
    assert len(rae.news()) == 1
    assert not answer or len(other.has(answer)) == 5
    assert await rae.subscriber() == before


async def test_an_anonymous_admin_runs_the_group_and_is_nobody_at_the_desk(cast: Cast) -> None:
    """Telegram says that an admin of this very group spoke, and not who it was."""
    rae = cast.on("telegram", "Rae", GROUP)
    await rae.says("/subscribe politics", anonymous=True)
    await rae.sees("정치 알림을 켰습니다.")
    found = await rae.subscriber()
    assert found is not None
    assert found.topics == {"politics"}
    await rae.says("/quiet 23-7", anonymous=True)
    await rae.sees("23:00-07:00")
    for words in ("/pause", "/push K7F3M", "/status"):
        await rae.says(words, anonymous=True)
    await rae.says("/stop", anonymous=True)
    await rae.sees("알림을 모두 껐습니다.")
    assert (await cast.process.kit.ledger.gate("telegram"))["paused"] is None
    assert not rae.has("여기서 쓸 수 없습니다")


ELSEWHERE = [("telegram", CHANNEL, "@example_news_flash"), ("slack", NEWS, "#news")]


@pytest.mark.parametrize(("platform", "chat", "name"), ELSEWHERE)
async def test_a_channel_is_run_from_its_admins_private_chat(cast: Cast, platform: str, chat: str, name: str) -> None:
    rae, sam, there = cast.on(platform, "Rae"), cast.on(platform, "Sam"), cast.on(platform, "Rae", chat)
    await sam.says(f"/subscribe politics {name}")
    await until(sam.news, "an answer")
    assert await there.subscriber() is None
    await rae.says(f"/subscribe politics {name}")
    answer = await rae.sees("정치 알림을 켰습니다.")
    found = await there.subscriber()
    assert found is not None
    assert found.topics == {"politics"}
    assert await rae.subscriber() is None
    assert not there.messages(), "nothing is said in the channel itself"
    await rae.says(f"조용히 {name} 23-7")  # named first or last
    hours = await rae.sees("23:00-07:00")
    title = {"telegram": "예시뉴스 속보", "slack": "#news"}[platform]
    assert answer.text.startswith(f"{title}\n")
    assert hours.text.startswith(f"{title}\n")
    await rae.says("되돌리기")  # the last change is the channel's
    await rae.sees("조용한 시간을 껐습니다.")
    await rae.presses("되돌리기", answer)
    await rae.sees("되돌렸습니다. 이곳에는 알림을 보내지 않습니다.")  # as it was before, it can be undone before that
    await became(there, "stopped")


@pytest.mark.parametrize(("platform", "chat", "name"), ELSEWHERE)
async def test_a_question_about_a_channel_is_answered_for_the_channel(
    cast: Cast, platform: str, chat: str, name: str
) -> None:
    rae, there = cast.on(platform, "Rae"), cast.on(platform, "Rae", chat)
    for words in ("/subscribe politics", f"/subscribe politics {name}", f"/quiet {name}"):
        await rae.says(words)
        await until(rae.news)
    await rae.says("22-07")
    await rae.sees("22:00-07:00")

    async def quiet() -> bool:
        found = await there.subscriber()
        return found is not None and str(found.choices.quiet) == "22:00-07:00"

    await until(quiet)
    mine = await rae.subscriber()
    assert mine is not None
    assert mine.choices.quiet is None
