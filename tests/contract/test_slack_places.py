"""Slack channels by their names, who counts as the admin of one, and words as they were typed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from newsbot.core.model import Address, Inbound
from newsbot.platforms.slack.client import SlackPlatform
from newsbot.platforms.slack.inbound import plain
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.slack.state import Channel
from tests.contract.front_kit import People, slack_platform


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    yield running
    await running.stop()


@pytest.fixture
async def people(sandbox: Running) -> AsyncIterator[People]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield People(sandbox.url, client)


@pytest.fixture
async def slack(sandbox: Running) -> AsyncIterator[SlackPlatform]:
    platform = slack_platform(sandbox)
    await platform.start()
    yield platform
    await platform.close()


@pytest.fixture
async def crowd(sandbox: Running, people: People) -> None:
    """Guests of several kinds, and a private channel of Ed's without Rae the workspace's admin."""
    await people("person", name="Solo", is_ultra_restricted=True)
    await people("person", name="Gone", deleted=True, is_admin=True)
    world = sandbox.world.slack
    for name in ("U0SOLO", "U0GONE"):
        world.channels["C0NEWS"].members.add(name)
    world.channels["C0GUS"] = Channel("C0GUS", "gus", creator="U0GUS", members={"U0GUS", "U0NEWSBOT"})
    world.channels["G0ED"] = Channel("G0ED", "eds", creator="U0ED", members={"U0ED", "U0NEWSBOT"}, is_private=True)
    world.channels["C0FAR"] = Channel("C0FAR", "far", creator="U0ED", members={"U0ED"})
    world.channels["C0OLD"] = Channel("C0OLD", "old", creator="U0ED", members={"U0ED", "U0NEWSBOT"}, is_archived=True)


def said_by(user: str, where: str = "D0X", team: str = "T0SANDBOX") -> Inbound:
    place = "private" if where.startswith("D") else "channel"
    return Inbound("say", Address("slack", where), place, f"{team}/{user}", "/x", "e", genuine=team == "T0SANDBOX")


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("user", "channel", "admin"),
    [
        ("U0RAE", "C0NEWS", True),
        ("U0RAE", "C0DESK", True),
        ("U0ED", "C0DESK", True),
        ("U0ED", "C0NEWS", False),
        ("U0SAM", "C0NEWS", False),
        ("U0GUS", "C0NEWS", False),
        ("U0GUS", "C0GUS", False),
        ("U0SOLO", "C0NEWS", False),
        ("U0GONE", "C0NEWS", False),
        ("U0GUS", "D0GUS", True),
    ],
)
async def test_who_runs_a_channel(slack: SlackPlatform, user: str, channel: str, admin: bool) -> None:
    assert await slack.is_admin(said_by(user, channel)) is admin
    assert not await slack.is_admin(said_by(user, channel, "T0OTHER"))


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("user", "name", "wanted"),
    [
        ("U0RAE", "#news", "C0NEWS"),
        ("U0RAE", "#News", "C0NEWS"),
        ("U0RAE", "#C0NEWS", "C0NEWS"),
        ("U0RAE", "@C0NEWS", "C0NEWS"),
        ("U0RAE", "C0NEWS", "C0NEWS"),
        ("U0ED", "#desk", "C0DESK"),
        ("U0ED", "#eds", "G0ED"),
        ("U0RAE", "#eds", None),  # admin of the workspace, and not in that private channel
        ("U0RAE", "G0PRIVATE", "G0PRIVATE"),
        ("U0ED", "#news", None),
        ("U0SAM", "C0NEWS", None),
        ("U0GUS", "C0GUS", None),
        ("U0ED", "#far", None),  # the bot was not invited
        ("U0ED", "C0OLD", None),
        ("U0RAE", "#nowhere", None),
        ("U0RAE", "C0NOWHERE", None),
        ("U0RAE", "D0SAM", None),
        ("U0RAE", "news", None),
        ("U0RAE", "정치", None),
    ],
)
async def test_a_channel_is_named_from_elsewhere_by_its_admins(
    slack: SlackPlatform, user: str, name: str, wanted: str | None
) -> None:
    found = await slack.place_of(said_by(user), name)
    assert (found and found[0]) == (Address("slack", wanted) if wanted else None)
    assert await slack.place_of(said_by(user, team="T0OTHER"), name) is None


@pytest.mark.parametrize(
    ("wire", "typed"),
    [
        ("구독 정치 <#C0NEWS|news>", "구독 정치 #C0NEWS"),
        ("<#C0NEWS> &lt;#C1|x&gt;", "#C0NEWS <#C1|x>"),
        ("<https://example.com/a|글> <@U0RAE>", "https://example.com/a <@U0RAE>"),
    ],
)
def test_words_are_read_as_they_were_typed(wire: str, typed: str) -> None:
    assert plain(wire) == typed


async def test_a_name_on_a_later_page_is_found(
    sandbox: Running, slack: SlackPlatform, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsbot.platforms.slack.places.PAGE", 10)
    await people("channels", count=25)
    last = f"C9{24:06d}"
    assert await slack.place_of(said_by("U0RAE"), f"#{last.lower()}") == (Address("slack", last), f"#{last.lower()}")
    monkeypatch.setattr("newsbot.platforms.slack.places.PAGES", 2)
    assert await slack.place_of(said_by("U0RAE"), f"#{last.lower()}") is None
    sandbox.world.faults.add("5xx", method="conversations.list", times=-1)
    assert await slack.place_of(said_by("U0RAE"), "#news") is None
