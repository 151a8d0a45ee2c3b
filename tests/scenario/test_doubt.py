"""Deliveries nobody knows the end of: on-call sees them, sends them once more or leaves them; never a third copy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from newsbot.sandbox.serve import Running
from newsbot.store import keys
from newsbot.store.redis import Redis
from tests.cast import PLATFORMS, Cast, until
from tests.conftest import newsbot

pytestmark = pytest.mark.parametrize("platform", PLATFORMS)

HEADLINE = "예시군 앞바다 규모 5.1 지진"
METHOD = {"telegram": "sendMessage", "slack": "chat.postMessage"}


@pytest.fixture
async def held(sandbox: Running, redis: Redis, site: Path, tmp_path: Path) -> AsyncIterator[Cast]:
    """A newsbot that leaves every doubt to a person."""
    held = {f"NEWSBOT_{name.upper()}__DOUBT_BREAKING": "hold" for name in PLATFORMS}
    async with newsbot(sandbox, redis, tmp_path / "data", site, **held) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        await cast.control("/limits", on=False)
        yield cast


async def doubtful(cast: Cast, site: Path, platform: str, times: int = 1) -> str:
    """A story whose only delivery is in doubt: the platform answered with an error, and showed nothing, so often."""
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    fault = {"kind": "5xx", "platform": platform, "method": METHOD[platform], "chat": rae.chat, "times": times}
    await cast.control("/faults", **fault)
    await cast.publish(site, "quake", f"[속보] {HEADLINE}", categories="재난")
    await until(lambda: in_doubt(cast), "a doubt")
    return str((await cast.story(HEADLINE))["id"])


async def in_doubt(cast: Cast) -> bool:
    row = await cast.story(HEADLINE)
    return bool(row["doubt"]) and row["state"] == "done"


async def account(cast: Cast, story: str, platform: str) -> dict[str, Any]:
    kit = cast.process.kit
    found = await kit.stories.get(story)
    assert found is not None
    row: dict[str, Any] = (await kit.report.story(found))["platforms"][platform]
    return row


async def deeds(cast: Cast) -> list[tuple[str, str, str, str]]:
    return [(one["who"], one["deed"], one["target"], one.get("detail", "")) for one in await cast.audit()]


async def test_a_doubt_is_listed_with_its_reason_and_what_becomes_of_it(held: Cast, site: Path, platform: str) -> None:
    story = await doubtful(held, site, platform)
    olu = held.on(platform, "Olu")
    await held.process.kit.doubts().once()  # the round that comes every five seconds
    await olu.says(f"/doubt {story.lower()}")
    answer = await olu.sees(f"{story}번의 도착 확인 중 1곳")
    row = await account(held, story, platform)
    (doubt,) = row["doubts"]
    assert (doubt["number"], doubt["then"]) == (1, "held by policy")
    assert doubt["reason"] in answer.text
    assert f"{platform} 도착 확인 중 1곳" in answer.text
    assert "정책에 따라 그대로 둠" in answer.text
    assert olu.word(f"/doubt {story} resend") in answer.text
    assert list(row["reasons"]) == ["doubt"]
    assert await deeds(held) == []
    why = await held.process.kit.report.why(await found(held, story), held.on(platform, "Rae").address)
    assert (why["state"], why["reason"]) == ("doubt", f"{doubt['reason']}; held by policy")


async def found(cast: Cast, story: str) -> Any:
    return await cast.process.kit.stories.get(story)


async def test_on_call_sends_it_once_more_without_sound(held: Cast, site: Path, platform: str) -> None:
    story = await doubtful(held, site, platform)
    rae, olu = held.on(platform, "Rae"), held.on(platform, "Olu")
    assert not rae.has(HEADLINE)
    await olu.says(f"/doubt {story} resend")
    await olu.sees(f"{story}번을 1곳에 소리 없이 한 번 더 보냅니다.")
    (copy,) = await until(lambda: rae.has(HEADLINE))
    if platform == "telegram":
        assert copy.payload["disable_notification"] is True
    row = await held.done(story)
    assert (row["sent"], row["doubt"], row["audience"]) == (1, 0, 1)
    await olu.says(f"도착 확인 {story} 재발송")
    await olu.sees(f"{story}번에는 도착 확인 중인 곳이 없습니다.")
    assert await deeds(held) == [("Olu", "doubt", story, "resend")]


async def test_what_is_in_doubt_again_is_not_sent_a_third_time(held: Cast, site: Path, platform: str) -> None:
    story = await doubtful(held, site, platform, times=2)
    olu = held.on(platform, "Olu")
    await olu.says(f"/doubt {story} resend")
    await olu.sees("한 번 더 보냅니다.")

    assert await until(lambda: in_doubt(held))
    await held.process.kit.doubts().once()
    assert [row["then"] for row in (await account(held, story, platform))["doubts"]] == ["held: sent once more already"]
    await olu.says(f"/doubt {story} resend")
    await olu.sees(f"{story}번은 이미 한 번 더 보냈습니다. 세 번은 보내지 않습니다.")
    assert not held.on(platform, "Rae").has(HEADLINE)
    assert await deeds(held) == [("Olu", "doubt", story, "resend")]


async def test_on_call_leaves_it_and_that_is_written_beside_it(held: Cast, site: Path, platform: str) -> None:
    story = await doubtful(held, site, platform)
    olu = held.on(platform, "Olu")
    await olu.says(f"/doubt {story} 그대로")
    await olu.sees(f"{story}번의 도착 확인 중 1곳은 그대로 둡니다.")
    row = await account(held, story, platform)
    assert row["doubt"] == 1
    assert "held by Olu" in [doubt["then"] for doubt in row["doubts"]]
    assert await held.process.kit.ledger.doubts(platform, 10) == []
    await olu.says(f"/doubt {story}")
    await olu.sees("그대로 둠 (Olu)")
    assert await deeds(held) == [("Olu", "doubt", story, "hold")]


async def test_what_cannot_be_done_is_one_line_and_no_deed(held: Cast, site: Path, platform: str) -> None:
    story = await doubtful(held, site, platform)
    olu, ed = held.on(platform, "Olu"), held.on(platform, "Ed")
    for words, answer in (
        ("/doubt", "이렇게 보내 주십시오: " + olu.word("/doubt K7F3M")),
        (f"/doubt {story} twice", "이렇게 보내 주십시오"),
        (f"/doubt {story} resend now", "이렇게 보내 주십시오"),
        ("/doubt QQQQQ", "해당하는 알림이나 기사가 없습니다."),
    ):
        await olu.says(words)
        await olu.sees(answer)
    await ed.says(f"/doubt {story} resend")
    await ed.sees("이 명령은 여기서 쓸 수 없습니다.")
    assert {deed for _, deed, _, _ in await deeds(held)} == {"refused"}
    assert (await account(held, story, platform))["doubt"] == 1


async def test_a_stopped_story_is_not_sent_again(held: Cast, site: Path, platform: str) -> None:
    story = await doubtful(held, site, platform)
    olu = held.on(platform, "Olu")
    await held.process.kit.redis.call("HSET", keys.push(platform, story), "state", "cancelled")
    await olu.says(f"/doubt {story} resend")
    await olu.sees(f"{story}번은 발송을 중단한 알림이라 다시 보내지 않습니다.")
    assert await deeds(held) == []


async def test_a_story_of_yesterday_is_too_old_to_be_sent_again(held: Cast, site: Path, platform: str) -> None:
    story = await doubtful(held, site, platform)
    olu = held.on(platform, "Olu")
    await held.process.kit.redis.call("HSET", keys.push(platform, story), "ends", "1")
    await olu.says(f"/doubt {story} resend")
    await olu.sees(f"{story}번은 다시 보내기에는 너무 오래되었습니다.")
    assert (await account(held, story, platform))["doubt"] == 1
