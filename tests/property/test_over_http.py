"""A thousand random texts a platform, through the real clients over HTTP: none refused, and the chat shows the text."""

from __future__ import annotations

import asyncio
import random

import pytest
from pydantic import SecretStr

from newsbot.core import text
from newsbot.core.compose import compose
from newsbot.core.model import Address, Message, Sent
from newsbot.platforms import load
from newsbot.ports import Platform
from newsbot.sandbox.serve import Running, serve
from tests.property.test_literal import CATALOGS, NOW, TOPICS, _essence, _story, _words

COUNT = 1000
TOGETHER = 16
PLACES = {"telegram": Address("telegram", "-1001000000400"), "slack": Address("slack", "C0NEWS")}


def platform(name: str, sandbox: Running) -> Platform:
    """The live platform against this sandbox."""
    module, world = load(name), sandbox.world
    if name == "telegram":
        settings = module.Settings(token=SecretStr(world.telegram.token), api_base=sandbox.url)
    else:
        settings = module.Settings(bot_token=SecretStr(world.slack.bot_token), api_base=f"{sandbox.url}/api/")
    built: Platform = module.build(settings, {}, None)
    return built


def messages(name: str) -> list[Message]:
    """COUNT composed stories of one seed."""
    found: list[Message] = []
    number = 0
    while len(found) < COUNT:
        dice = random.Random(f"http-{name}-{number}")
        number += 1
        headline, excerpt = _words(dice, 12), _words(dice, 30)
        if text.line(headline):
            language = dice.choice(("ko", "en"))
            catalog = CATALOGS[language]
            story = _story(headline, excerpt, dice)
            found.append(compose(story, language=language, catalog=catalog, topics=TOPICS, now=NOW, zone="Asia/Seoul"))
    return found


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(PLACES))
@pytest.mark.slow
async def test_a_thousand_texts_arrive_as_they_were_meant(name: str) -> None:
    sandbox = await serve(0, limits=False)
    live, dialect = platform(name, sandbox), load(name).dialect()
    try:
        await live.start()
        room = asyncio.Semaphore(TOGETHER)

        async def send(message: Message) -> None:
            async with room:
                outcome = await live.send(PLACES[name], dialect.render(message))
            assert isinstance(outcome, Sent), f"{message.headline!r}: {outcome}"
            shown = sandbox.world.record.find(name, PLACES[name].chat, dialect.show_ref(outcome.ref))
            assert shown is not None
            assert _essence(message.first_line) in _essence(shown.text), message.headline
            assert _essence(message.excerpt) in _essence(shown.text), message.headline

        await asyncio.gather(*(send(message) for message in messages(name)))
        assert not sandbox.world.record.refused
        sends = sandbox.world.record.count(name, dialect.render(messages(name)[0]).method)
        assert sends == COUNT
    finally:
        await live.close()
        await sandbox.stop()
