"""An editor releases a held story: what was shown is what goes out, once, by the one who saw it."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsbot.sandbox.record import Message
from newsbot.store import keys
from tests.cast import GROUP, NEWS, PLATFORMS, Actor, Cast, labels, until

pytestmark = pytest.mark.parametrize("platform", PLATFORMS)

HEADLINE = "예시군 <옛> & 새 소식"
OLD = "2026-01-02"
OWN = re.compile(r"(hush|more|settings) ")


def shown(message: Message) -> dict[str, Any]:
    """What of a message its sender chose, without the place it goes to, what only posting has, and a reader's own buttons."""
    only_posting = {"chat_id", "channel", "token", "metadata", "unfurl_links", "unfurl_media", "response_type"}
    chosen = {k: v for k, v in message.payload.items() if k not in only_posting | {"replace_original"}}
    found: dict[str, Any] = others(chosen)
    return found


def others(part: Any) -> Any:
    """This part of a payload without what a reader may press there: it stands under what came to somebody alone."""
    if isinstance(part, dict):
        return {name: others(value) for name, value in part.items()}
    if not isinstance(part, list):
        return part
    kept = [others(one) for one in part if not isinstance(one, dict) or not OWN.match(pressed(one))]
    return [one for one in kept if one != [] and not (isinstance(one, dict) and one.get("elements") == [])]


def pressed(button: dict[str, Any]) -> str:
    """What pressing it says, or ""."""
    return str(button.get("callback_data") or button.get("value") or "")


async def held(cast: Cast, site: Path, excerpt: str = "옛 소식의 첫 문장이다.") -> str:
    """A story that waits because of its date."""
    await cast.publish(site, "story", HEADLINE, excerpt, day=OLD, categories="정치")
    return await cast.held(HEADLINE, "old")


async def previewed(editor: Actor, target: str) -> Message:
    """The editor asks for the story; the card with the button."""
    await editor.says(f"/push {target}")
    card = await editor.sees("위 그대로 나갑니다.")
    assert labels(card) == ["보내기", "닫기"]
    return card


async def subscribed(reader: Actor, words: str = "/subscribe all") -> Actor:
    """This reader, listening."""
    await reader.says(words)
    await reader.sees("알림을 켰습니다.")
    return reader


async def test_what_is_shown_is_what_goes_out(cast: Cast, site: Path, platform: str) -> None:
    rae, ed = await subscribed(cast.on(platform, "Rae")), cast.on(platform, "Ed")
    story = await held(cast, site)
    card = await previewed(ed, story)
    preview, told = ed.news()
    assert told.key == card.key
    assert f"알림 번호 {story} · 일반 · 보류 이유: 오래된 날짜" in card.text
    assert f"{platform} 1" in card.text
    assert HEADLINE in preview.text
    assert not rae.has("예시군")
    await ed.presses("보내기")
    await ed.sees(f"{story}번을 보내기 시작했습니다.")
    alert = (await until(lambda: rae.has("예시군")))[0]
    assert shown(alert) == shown(preview)
    row = await cast.done(story)
    assert (row["sent"], row["audience"]) == (1, 1)
    deeds = [(entry["who"], entry["deed"], entry["target"]) for entry in await cast.audit()]
    assert deeds == [("Ed", "push", story)]


async def test_what_waited_overnight_is_shown_as_of_today(cast: Cast, site: Path, platform: str) -> None:
    rae, ed = await subscribed(cast.on(platform, "Rae")), cast.on(platform, "Ed")
    # Older than a normal alert lives, at any hour of the day; before seven it is of yesterday.
    earlier = datetime.now(ZoneInfo("Asia/Seoul")) - timedelta(hours=7)
    await cast.publish(site, "story", HEADLINE, date=repr(f"{earlier:%Y-%m-%d %H:%M}"), day="2026-01-02")
    row = await cast.story(HEADLINE)
    found = await cast.process.kit.stories.get(row["id"])
    assert found is not None
    assert found.held == "old"
    earlier_still = found.model_copy(update={"accepted_at": found.accepted_at - 2 * 86400})
    assert await cast.process.kit.stories.advance(found, earlier_still)
    await previewed(ed, row["id"])
    preview = ed.news()[0]
    await ed.presses("보내기")
    alert = (await until(lambda: rae.has("예시군")))[0]
    assert shown(alert) == shown(preview)


async def test_by_the_articles_address_and_louder(cast: Cast, site: Path, platform: str) -> None:
    rae, ed = await subscribed(cast.on(platform, "Rae"), "/subscribe breaking"), cast.on(platform, "Ed")
    await held(cast, site)
    url = (await cast.story(HEADLINE))["url"]
    for spelling in (url, f"{url}?utm_source=x#top", url.replace("/2026/", "/%32026/")):
        await ed.says(f"/push {spelling} 속보")
        await ed.sees("· 속보 ·")
    await ed.presses("보내기")
    assert (await until(lambda: rae.has("예시군")))[0].text.startswith("[속보] ")


async def test_an_article_of_the_first_day_can_be_pushed(cast: Cast, platform: str) -> None:
    rae, ed = await subscribed(cast.on(platform, "Rae")), cast.on(platform, "Ed")
    await previewed(ed, "https://example.com/2026/01/05/old.html")
    assert ed.has("보류 이유: 편집자 요청")
    await ed.presses("보내기")
    await until(lambda: rae.has("예시군 새해 첫 회의"))


async def test_a_double_tap_sends_once(cast: Cast, site: Path, platform: str) -> None:
    rae, ed = await subscribed(cast.on(platform, "Rae")), cast.on(platform, "Ed")
    story = await held(cast, site)
    card = await previewed(ed, story)
    send = _buttons(card)[0]
    taps = [ed.sends(send, card) if platform == "telegram" else ed.presses("보내기") for _ in range(3)]
    await asyncio.gather(*taps, return_exceptions=True)
    await until(lambda: rae.has("예시군"))
    await cast.done(story)
    assert len(rae.has("예시군")) == 1
    assert [entry["deed"] for entry in await cast.audit()] == ["push"]
    await ed.says(f"/push {story}")
    await ed.sees(f"{story}번은 이미 나간 알림입니다.")


async def test_another_editor_has_to_look_first(cast: Cast, site: Path, platform: str) -> None:
    rae, ed = await subscribed(cast.on(platform, "Rae")), cast.on(platform, "Ed")
    story = await held(cast, site)
    card = await previewed(ed, story)
    send = _buttons(card)[0]
    eve = cast.on(platform, "Eve")
    if platform == "telegram":
        other = await previewed(eve, story)
        await eve.sends(send, other)
        await eve.sees("미리 본 사람(Ed)만 보낼 수 있습니다.")
        assert labels(eve.news()[-1]) == ["보내기", "닫기"]  # still there for Ed, were this their common chat
        await eve.presses("닫기")
        await eve.sees("미리 본 사람(Ed)만")
    await previewed(eve, story)
    await eve.presses("보내기")
    await eve.sees("보내기 시작했습니다")
    await until(lambda: rae.has("예시군"))
    await ed.presses("보내기", card)
    await ed.sees("그사이 바뀌었거나 이미 나갔습니다.")
    await cast.done(story)
    assert len(rae.has("예시군")) == 1


async def test_after_ten_minutes_the_button_is_void(cast: Cast, site: Path, platform: str) -> None:
    ed = cast.on(platform, "Ed")
    story = await held(cast, site)
    card = await previewed(ed, story)
    nonce = _buttons(card)[0].split()[2]
    redis = cast.process.kit.redis
    assert 590 < await redis.call("TTL", keys.approval(nonce)) <= 600
    await redis.call("DEL", keys.approval(nonce))
    await ed.presses("보내기")
    await ed.sees("10분이 지났습니다")
    assert await cast.held(HEADLINE, "old") == story


async def test_closed_is_closed(cast: Cast, site: Path, platform: str) -> None:
    ed = cast.on(platform, "Ed")
    story = await held(cast, site)
    card = await previewed(ed, story)
    send, close = _buttons(card)
    assert send.split()[1:] == close.split()[1:]
    await ed.presses("닫기")
    await ed.sees("닫았습니다. 보내지 않았습니다.")
    if platform == "telegram":
        await ed.sends(send, card)
        await ed.sees("이미 쓰였거나")
    assert await cast.held(HEADLINE, "old") == story


async def test_a_text_that_changed_is_shown_again_first(cast: Cast, site: Path, platform: str) -> None:
    rae, ed = await subscribed(cast.on(platform, "Rae")), cast.on(platform, "Ed")
    story = await held(cast, site)
    card = await previewed(ed, story)
    await cast.publish(site, "story", HEADLINE, "고친 첫 문장이다.", day=OLD, categories="정치")

    async def renewed() -> bool:
        found = await cast.process.kit.stories.get(story)
        return found is not None and found.excerpt.startswith("고친")

    await until(renewed)
    await ed.presses("보내기", card)
    await ed.sees("그사이 바뀌었거나 이미 나갔습니다.")
    assert await cast.held(HEADLINE, "old") == story
    await previewed(ed, story)
    await ed.presses("보내기")
    assert "고친 첫 문장" in (await until(lambda: rae.has("예시군")))[0].text


async def test_a_breaking_alert_can_be_sent_a_second_after_it_was_shown(cast: Cast, site: Path, platform: str) -> None:
    """Of a source that gives a date alone it names the time at which it goes out, to the second."""
    rae, ed = await subscribed(cast.on(platform, "Rae")), cast.on(platform, "Ed")
    before = await cast.publish(
        site, "story", f"[속보] {HEADLINE}", "옛 소식의 첫 문장이다.", day=OLD, categories="정치"
    )
    story = await cast.held(HEADLINE, "old")
    today = datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()
    before.rename(before.with_name(f"{today}-story.md"))

    async def moved() -> bool:
        found = await cast.process.kit.stories.get(story)
        return found is not None and (found.published_at or "").startswith(today)

    await until(moved)
    await ed.says(f"/push {story}")
    await ed.sees("위 그대로 나갑니다.")
    shown = int(time.time())
    await until(lambda: int(time.time()) > shown + 1)
    await ed.presses("보내기")
    await ed.sees("보내기 시작했습니다")
    await until(lambda: rae.has("예시군"))


async def test_a_piece_taken_off_the_site_is_not_sent(cast: Cast, site: Path, platform: str) -> None:
    ed = cast.on(platform, "Ed")
    story = await held(cast, site)
    card = await previewed(ed, story)
    await cast.publish(site, "story", HEADLINE, "옛 소식의 첫 문장이다.", day=OLD, published="false")

    async def unpublished() -> bool:
        article = await cast.process.kit.stories.article("https://example.com/2026/01/02/story.html")
        return article is not None and article.state == "unpublished"

    await until(unpublished)
    await ed.presses("보내기", card)
    await ed.sees("사이트가 공개하지 않은 글")
    await ed.says(f"/push {story}")
    await ed.sees("사이트가 공개하지 않은 글")
    assert await cast.held(HEADLINE, "old") == story


async def test_what_cannot_be_pushed_says_why(cast: Cast, site: Path, platform: str) -> None:
    ed = cast.on(platform, "Ed")
    story = await held(cast, site)
    near = story[:-1] + ("2" if story[-1] != "2" else "3")
    for words, answer in (
        ("/push", "이렇게 보내 주십시오: " + ed.word("/push")),
        (f"/push {story} 크게", "이렇게 보내 주십시오"),
        (f"/push {story} 긴급", "긴급은 두 사람의 승인이 필요"),
        (f"/push {near}", f"가장 비슷한 번호: {story}"),
        ("/push https://example.com/nothing.html", "해당하는 알림이나 기사가 없습니다"),
        (f"/push {story.lower()}", "위 그대로 나갑니다."),
    ):
        await ed.says(words)
        await ed.sees(answer)
    assert await cast.held(HEADLINE, "old") == story


async def test_advertising_is_not_news_whoever_asks(cast: Cast, site: Path, platform: str) -> None:
    path = site / "_posts" / f"{OLD}-advert.md"
    ed = cast.on(platform, "Ed")
    await cast.publish(site, "advert", HEADLINE, day=OLD)
    story = await cast.held(HEADLINE, "old")
    path.write_text(path.read_text("utf-8").replace(HEADLINE, "[광고] " + HEADLINE), "utf-8")

    async def changed() -> bool:
        article = await cast.process.kit.stories.article("https://example.com/2026/01/02/advert.html")
        return article is not None and "광고" in article.title

    await until(changed)
    await ed.says(f"/push {story}")
    await ed.sees("뉴스로 보낼 수 없는 글입니다: 광고")


async def test_alerts_shows_what_waits_and_what_went_out(cast: Cast, site: Path, platform: str) -> None:
    await subscribed(cast.on(platform, "Rae"))
    ed = cast.on(platform, "Ed")
    await ed.says("/alerts")
    await ed.sees("아직 보낸 알림이 없습니다.")
    waiting = await held(cast, site)
    await cast.publish(site, "speaker", "예시 국회, 새 의장 선출", categories="정치")
    sent = (await cast.story("의장"))["id"]
    await cast.done(sent)
    await ed.says("/alerts")
    answer = await ed.sees("보류 중")
    lines = answer.text.splitlines()
    assert lines[1] == f"{waiting} · 오래된 날짜 · {HEADLINE}"
    assert lines[3] == f"{sent} · 끝남 · 1/1 · 예시 국회, 새 의장 선출"


async def test_not_in_a_place_that_others_read(cast: Cast, site: Path, platform: str) -> None:
    story = await held(cast, site)
    ed = cast.on(platform, "Ed", GROUP if platform == "telegram" else NEWS)
    await ed.says(f"/push {story}")
    if platform == "telegram":
        await ed.sees("이 명령은 여기서 쓸 수 없습니다.")
    else:
        card = await ed.sees("위 그대로 나갑니다.")
        assert card.ephemeral
    assert not cast.on(platform, "Sam", ed.chat).has(HEADLINE)


def _buttons(card: Message) -> list[str]:
    """What the buttons under a card say."""
    if card.platform == "slack":
        return [button["value"] for button in card.view["buttons"]]
    return [button["callback_data"] for row in card.view["buttons"] for button in row]
