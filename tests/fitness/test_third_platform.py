"""A third platform costs one package and one line in the registry: here is one, and the whole path goes through it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest

from newsbot import platforms
from newsbot.core.model import Address, Article, Subscriber
from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import until
from tests.conftest import newsbot

PACKAGE = """
from pydantic import BaseModel
from newsbot.core.model import Address, Pace, Rendered, Sent, Urgency

VARIABLES = {"TOY_TOKEN": "token"}
shelf = []

class Settings(BaseModel):
    token: str = ""
    rate: float = 100.0

    @property
    def pace(self):
        return Pace(self.rate, 0.0, 0.0)

    @property
    def policies(self):
        return dict.fromkeys(Urgency, "hold")

def person_id(value):
    return str(value)

class Dialect:
    name, ref_bytes, reads_back = "toy", 4, False
    def render(self, message):
        return Rendered("put", {"text": message.first_line})
    def parse(self, address):
        return Address("toy", address.chat.lower())
    def show_ref(self, ref):
        return f"#{ref}"
    def is_private(self, address):
        return False

class Toy:
    name = "toy"
    reads_back = False
    async def find(self, to, story, since, answers=0): return None
    async def probe(self, to): return None
    async def say(self, to, text): return Sent(1)
    async def start(self): return "toy"
    async def close(self): pass
    async def send(self, to, message, answers=0):
        shelf.append((to.chat, message.payload["text"]))
        return Sent(len(shelf))
    async def edit(self, to, ref, message): return Sent(ref)
    async def delete(self, to, ref): return Sent(ref)
    async def receive(self, door): pass
    async def reply(self, to, replies): pass
    async def is_admin(self, inbound): return False
    async def place_of(self, inbound, name): return None
    def routes(self, door): return []

def has_token(settings):
    return bool(settings.token)

def build(settings, menu, shelf):
    return Toy()

def dialect():
    return Dialect()
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package on the path, and the one line in the registry."""
    (tmp_path / "toy_platform.py").write_text(PACKAGE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(platforms, "PLATFORMS", MappingProxyType({**platforms.PLATFORMS, "toy": "toy_platform"}))
    yield
    sys.modules.pop("toy_platform", None)


async def test_an_alert_reaches_a_platform_nobody_here_has_heard_of(
    toy: None, sandbox: Running, redis: Redis, tmp_path: Path
) -> None:
    more = {"TOY_TOKEN": "x", "NEWSBOT_TOY__RATE": "50", "NEWSBOT_PERSON": '[{"name":"Ed","roles":["editor"],"toy":7}]'}
    async with newsbot(sandbox, redis, tmp_path / "data", **more) as process:
        kit = process.kit
        assert kit.rates["toy"] == 50
        assert kit.people[0].ids == (("toy", "7"),)
        await kit.subscribers.put(Subscriber(kit.plain.address("toy:Room")))
        article = Article(id="a", source="s", url="https://example.com/a", title="[속보] 예시군 지진")
        story = await kit.deeds.prepare(article, None, None)
        assert await kit.deeds.release(story, "Ed")

        async def over() -> bool:
            tally = await kit.ledger.tally("toy", story.id)
            return tally is not None and tally.sent == 1

        await until(over)
        assert sys.modules["toy_platform"].shelf == [("room", "[속보] 예시군 지진")]
        sent = await kit.stories.get(story.id)
        assert sent is not None
        why = await kit.report.why(sent, Address("toy", "room"))
        assert (why["state"], why["ref"]) == ("sent", "#1")
