"""The account of a story: every chat of its audience is somewhere, with its reason; in chat, and on a terminal as it runs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import pty
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from newsbot.cli.follow import follow
from newsbot.core.model import Address, Subscriber
from newsbot.flows.report import COUNTS
from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import PLATFORMS, Cast, until
from tests.conftest import environment, newsbot

TITLE, TEXT = "예시군 새 도서관 개관", "예시군이 도서관을 연다."
CROWD = 60
METHOD = {"telegram": "sendMessage", "slack": "chat.postMessage"}
LOSS = {"telegram": ("blocked", "bot was blocked by the user"), "slack": ("archived", "is_archived")}

platforms = pytest.mark.parametrize("platform", PLATFORMS)


@pytest.fixture
async def cast(sandbox: Running, redis: Redis, site: Path, tmp_path: Path) -> AsyncIterator[Cast]:
    """A newsbot that may send a hundred a second."""
    rates = {f"NEWSBOT_{name.upper()}__RATE": "100" for name in PLATFORMS}
    async with newsbot(sandbox, redis, tmp_path / "data", site, **rates) as process:
        made = Cast(sandbox, process)
        await made.ready(sources=1)
        await made.control("/limits", on=False)
        yield made


@pytest.fixture
async def crowd(cast: Cast, platform: str) -> list[str]:
    """Sixty chats that want everything, and nothing goes out yet."""
    if platform == "telegram":
        made = await cast.control("/telegram/chats", count=CROWD)
        chats = [str(chat) for chat in range(made["first_id"], made["last_id"] + 1)]
    else:
        chats = (await cast.control("/slack/channels", count=CROWD))["channels"]
    for chat in chats:
        await cast.process.kit.subscribers.put(Subscriber(Address(platform, chat)))
    await cast.process.kit.deeds.pause("Olu")
    return chats


async def account(cast: Cast, story: str) -> dict[str, Any]:
    """The row of `stories show`, after every sum in it was checked."""
    found = await cast.process.kit.stories.get(story)
    assert found is not None
    row = await cast.process.kit.report.story(found)
    for place in row["platforms"].values():
        for one in (place, *place["edits"]):
            assert sum(one[name] for name in COUNTS if name != "audience") == one["audience"]
            for state, whys in one["reasons"].items():
                assert sum(whys.values()) == one[state], (state, one)
    for name in COUNTS:
        assert row[name] == sum(place[name] for place in row["platforms"].values())
    return row


@platforms
async def test_every_chat_is_accounted_for_by_state_and_reason(
    cast: Cast, site: Path, platform: str, crowd: list[str]
) -> None:
    kind, why = LOSS[platform]
    left, lost, doubtful = crowd[3], crowd[5], crowd[7]
    await cast.publish(site, "library", TITLE, TEXT, categories="사회")
    story = (await cast.story(TITLE))["id"]
    await until(lambda: planned(cast, story, platform))
    await cast.process.kit.subscribers.set_state(Address(platform, left), "stopped")
    await cast.control("/faults", kind=kind, platform=platform, chat=lost, method=METHOD[platform])
    await cast.control("/faults", kind="5xx", platform=platform, chat=doubtful, method=METHOD[platform])
    await cast.process.kit.deeds.resume("Olu")
    await cast.done(story)
    place = (await account(cast, story))["platforms"][platform]
    assert (place["sent"], place["dead"], place["skipped"], place["doubt"]) == (CROWD - 3, 1, 1, 1)
    assert set(place["reasons"]) == {"dead", "skipped", "doubt"}
    assert place["reasons"]["skipped"] == {"unsubscribed": 1}
    assert any(why in reason for reason in place["reasons"]["dead"])
    assert sum(row["number"] for row in place["doubts"]) == 1
    ed = cast.on(platform, "Ed")
    await ed.says(f"/alerts {story.lower()}")
    text = (await ed.sees(f"{story}번 · 끝남 · {TITLE}")).text
    assert "대상 60곳 = 도착 57 + 보내지 못함 1 + 건너뜀 1 + 도착 확인 중 1" in text
    assert f"{platform} 건너뜀: 그사이 해지함 1" in text
    assert why in text
    assert f"{platform} 도착 확인 중 1곳: " in text


async def planned(cast: Cast, story: str, platform: str) -> bool:
    return story in await cast.process.kit.ledger.open(platform)


@platforms
async def test_the_edit_of_a_story_has_an_account_of_its_own(
    cast: Cast, site: Path, platform: str, crowd: list[str]
) -> None:
    kind, _ = LOSS[platform]
    await cast.control("/faults", kind=kind, platform=platform, chat=crowd[5], method=METHOD[platform])
    await cast.publish(site, "library", TITLE, TEXT, categories="사회")
    await cast.process.kit.deeds.resume("Olu")
    story = (await cast.story(TITLE))["id"]
    await cast.done(story)
    await cast.publish(site, "library", TITLE, TEXT + " 넓다.", categories="사회")

    async def edited() -> bool:
        edit = await cast.process.kit.ledger.tally(platform, f"{story}@2")
        return edit is not None and edit.state == "done"

    await until(edited, "the edit is done")
    place = (await account(cast, story))["platforms"][platform]
    (edit,) = place["edits"]
    assert (place["sent"], place["dead"]) == (CROWD - 1, 1)
    assert (edit["revision"], edit["sent"], edit["skipped"]) == (2, CROWD - 1, 1)
    assert edit["reasons"] == {"skipped": {"not there to edit": 1}}
    ed = cast.on(platform, "Ed")
    await ed.says(f"알림 {story}")
    text = (await ed.sees(f"{story}번")).text
    assert f"고침 2판 {platform}: 60 = 도착 59 + 건너뜀 1" in text
    assert "고칠 메시지가 없음 1" in text


@platforms
async def test_what_alerts_cannot_answer_is_one_line(cast: Cast, platform: str) -> None:
    ed = cast.on(platform, "Ed")
    await ed.says("/alerts QQQQQ now")
    await ed.sees("이렇게 보내 주십시오: " + ed.word("/alerts"))
    await ed.says("/alerts QQQQQ")
    await ed.sees("해당하는 알림이나 기사가 없습니다.")


@platforms
async def test_a_terminal_follows_a_story_until_it_is_done_and_says_what_keeps_it(
    cast: Cast, site: Path, platform: str, crowd: list[str]
) -> None:
    await cast.publish(site, "library", TITLE, TEXT, categories="사회")
    story = (await cast.story(TITLE))["id"]
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    watching = asyncio.create_task(follow(cast.process.kit, story, console, "en", look=0.01))
    await until(lambda: "0/60 · paused by Olu" in plain(screen))
    await cast.process.kit.deeds.resume("Ed")
    await asyncio.wait_for(watching, 10)
    shown = plain(screen)
    halfway = [int(done) for done in re.findall(r"(\d+)/60 ·", shown)]
    assert halfway == sorted(halfway)
    assert halfway[-1] == CROWD
    assert "60/60 · done" in shown


def plain(screen: io.StringIO) -> str:
    """What was drawn, without the terminal's control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())


async def test_a_terminal_waits_for_what_is_not_planned_and_ends_at_once_for_what_is_held(
    cast: Cast, site: Path
) -> None:
    await cast.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    held = await cast.held("옛 소식", "old")
    screen = io.StringIO()
    await asyncio.wait_for(follow(cast.process.kit, held, Console(file=screen, force_terminal=True), "ko"), 5)
    kit = cast.process.kit
    story = await kit.stories.get(held)
    assert story is not None
    waits = story.model_copy(update={"held": None})
    assert await kit.stories.advance(story, waits, gate=4e9)
    watching = asyncio.create_task(follow(kit, held, Console(file=screen, force_terminal=True, width=99), "ko", 0.01))
    await until(lambda: "아직 시작하지 않음" in plain(screen))
    await kit.deeds.cancel(held, "Olu")
    await asyncio.wait_for(watching, 5)


@platforms
async def test_the_time_left_counts_what_is_open_before_it(
    cast: Cast, site: Path, platform: str, crowd: list[str]
) -> None:
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    await cast.publish(site, "library", TITLE, TEXT, categories="사회")
    kit = cast.process.kit
    first, second = [(await cast.story(words))["id"] for words in ("앞바다", TITLE)]
    await until(lambda: planned(cast, second, platform))
    await until(lambda: planned(cast, first, platform))
    assert [leg.left for leg in await legs(cast, second)] == [None]  # paused: nobody can tell
    await kit.ledger.resume(platform)
    rate = kit.rates[platform]
    await kit.ledger.pause(platform, "Olu")
    tallies = [await kit.ledger.tally(platform, story) for story in (first, second)]
    before = sum(tally.pending for tally in tallies if tally)
    await kit.ledger.resume(platform)
    (leg,) = [leg for leg in await legs(cast, second) if leg.platform == platform]
    assert leg.left is not None
    assert 0 < leg.left <= before / rate
    assert leg.left > leg.tally.pending / rate or leg.over


async def legs(cast: Cast, story: str) -> Any:
    found = await cast.process.kit.stories.get(story)
    assert found is not None
    return await cast.process.kit.report.legs(found, cast.process.kit.rates)


@dataclass
class Screen:
    """A real terminal with `newsbot stories show` in it, speaking English."""

    process: asyncio.subprocess.Process
    master: int
    shown: bytes = b""

    @property
    def text(self) -> str:
        """What was drawn so far, without control sequences."""
        with contextlib.suppress(BlockingIOError, OSError):  # nothing new; at its end Linux says EIO
            while some := os.read(self.master, 65536):
                self.shown += some
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown.decode(errors="replace"))


@pytest.fixture
async def terminal(
    cast: Cast, sandbox: Running, redis: Redis, tmp_path: Path
) -> AsyncIterator[Callable[[str], Awaitable[Screen]]]:
    """Opens terminals that show a story; closed at the end."""
    opened: list[Screen] = []

    async def show(story: str) -> Screen:
        master, slave = pty.openpty()
        os.set_blocking(master, False)
        env = {**environment(sandbox, tmp_path / "data", REDIS_URL=redis.url), "PATH": os.environ["PATH"]}
        env |= {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", "LC_ALL": "C.UTF-8"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "newsbot", "stories", "show", story),
            env=env, stdin=slave, stdout=slave, stderr=slave,
        )  # fmt: skip
        os.close(slave)
        opened.append(Screen(process, master))
        return opened[-1]

    yield show
    for screen in opened:
        if screen.process.returncode is None:
            screen.process.kill()
            await screen.process.wait()
        os.close(screen.master)


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["telegram"])
@pytest.mark.parametrize("ending", ["done", "interrupted"])
async def test_stories_show_on_a_real_terminal(
    cast: Cast, site: Path, platform: str, crowd: list[str], terminal: Callable[[str], Awaitable[Screen]], ending: str
) -> None:
    await cast.publish(site, "library", TITLE, TEXT, categories="사회")
    story = (await cast.story(TITLE))["id"]
    screen = await terminal(story)
    await until(lambda: "0/60 · paused by Olu" in screen.text, "the bar", 20)
    if ending == "done":
        await cast.process.kit.deeds.resume("Ed")
    else:
        screen.process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(screen.process.wait(), 20) == (0 if ending == "done" else 130), screen.text
    assert ("audience 60 = sent 60" in screen.text) == (ending == "done")
    assert "Traceback" not in screen.text
    assert screen.shown.rindex(b"\x1b[?25h") > screen.shown.rindex(b"\x1b[?25l")  # the cursor is there again
