"""Question 4: the chat, found by a word that somebody sends the bot; and the one test alert that goes there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from newsbot import bootstrap
from newsbot.bootstrap import Plain
from newsbot.cli.doctor import api
from newsbot.cli.init.talk import Talk
from newsbot.cli.init.tokens import TELEGRAM, Tokens
from newsbot.core import editorial
from newsbot.core.model import Address, Inbound, Later, Outcome, Reply, Sent, Story, Uncertain, Urgency
from newsbot.ports import Platform, TokenRefused

SHOWN = 40  # signs of what was said that are shown back
AGAIN = 10.0  # longest pause a 429 may ask for before the test alert is given up


@dataclass(frozen=True, slots=True)
class Found:
    """A chat, and who spoke there. `person` and `name` are empty where it is not a conversation with one person."""

    address: Address
    place: str
    title: str
    person: str = ""
    name: str = ""
    said: str = ""


def ask(talk: Talk, tokens: Tokens, seconds: float) -> list[Found]:
    """For each platform that is on, the chat its alerts go to, or none."""
    found = []
    for platform, bot in tokens.bots.items():
        section = tokens.section(platform)
        if platform != TELEGRAM and section.app_token is None:
            talk.say("chat.no_socket")
            continue
        if talk.hurried:
            continue
        talk.say(f"chat.{platform}", bot=bot.partition(" ")[0], name=bot.partition(" ")[0].removeprefix("@"))
        if talk.ask("chat.wait").casefold() in ("s", "skip", "ㄴ"):
            continue
        if one := search(talk, tokens, platform, seconds):
            found.append(one)
    return found


def search(talk: Talk, tokens: Tokens, platform: str, seconds: float) -> Found | None:
    """Listen until a chat was confirmed, or nobody wants to wait any longer."""
    while True:
        talk.say("chat.listening", seconds=round(seconds))
        try:
            heard = asyncio.run(listen(tokens, platform, seconds))
        except (ConnectionError, OSError) as error:
            talk.tell(error)
            heard = None
        if heard is None:
            for line in asyncio.run(hindrances(talk, tokens, platform)):
                talk.tell(line)
            if talk.ask("chat.again").casefold() in ("s", "skip", "ㄴ"):
                return None
            continue
        found = asyncio.run(described(tokens, heard))
        place = talk.text(f"place.{found.place}", title=found.title)
        who = talk.text("chat.who", name=found.name, said=found.said[:SHOWN]) if found.name or found.said else ""
        if talk.agrees("chat.right", place=place, address=found.address, who=who):
            return found


@asynccontextmanager
async def client(plain: Plain, tokens: Tokens, platform: str) -> AsyncIterator[Platform]:
    """The live client, its token checked. Raises ConnectionError; TokenRefused counts as one here."""
    clients, _, _ = bootstrap.connect(plain, tokens.settings, tokens.environ, live=True)
    live = clients[platform]
    try:
        try:
            await live.start()
        except TokenRefused as error:
            raise ConnectionError(str(error)) from None
        yield live
    finally:
        for one in clients.values():
            await one.close()


async def listen(tokens: Tokens, platform: str, seconds: float) -> Inbound | None:
    """The first thing said to the bot, or its invitation into a chat; None where nothing came in time."""
    heard: asyncio.Queue[Inbound] = asyncio.Queue()

    async def door(inbound: Inbound) -> Sequence[Reply]:
        if (inbound.kind == "say" and inbound.genuine) or inbound.kind == "added":
            heard.put_nowait(inbound)
        return ()

    async with client(bootstrap.plain(tokens.settings), tokens, platform) as live:
        receiving = asyncio.create_task(live.receive(door))
        try:
            return await asyncio.wait_for(heard.get(), seconds)
        except TimeoutError:
            return None
        finally:
            await asyncio.sleep(CONFIRMED)
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)


CONFIRMED = 0.6
"""Seconds until the platform knows that the word was taken: `newsbot run` must not hear it a second time."""


async def described(tokens: Tokens, heard: Inbound) -> Found:
    """The chat and the person by name, as far as the platform tells."""
    section, platform = tokens.section(heard.address.platform), heard.address.platform
    user = heard.user.rpartition("/")[2]
    title, name = "", ""
    try:
        if platform == TELEGRAM:
            title, name = await on_telegram(section, heard.address.chat.partition("/")[0], user)
        else:
            title, name = await on_slack(section, heard.address.chat.rpartition("/")[2], user)
    except api.Unreachable:
        pass  # the ids alone then
    private = heard.place == "private"
    return Found(heard.address, heard.place, title, user if private else "", name or user, heard.text)


async def named(tokens: Tokens, address: Address) -> Found:
    """A chat whose address is known already. A positive Telegram id is the conversation with that person."""
    private = address.platform == TELEGRAM and address.chat.isdigit()
    user = address.chat if private else ""
    return await described(tokens, Inbound("say", address, "private" if private else "group", user, "", ""))


async def on_telegram(section: Any, chat: str, user: str) -> tuple[str, str]:
    """The chat's title and the person's name."""
    found = (await api.telegram(section, "getChat", chat_id=int(chat))).result
    title = str(found.get("title") or found.get("first_name") or "")
    if not user or user == chat:
        return title, title if user else ""
    member = (await api.telegram(section, "getChatMember", chat_id=int(chat), user_id=int(user))).result
    return title, str(member.get("user", {}).get("first_name", ""))


async def on_slack(section: Any, channel: str, user: str) -> tuple[str, str]:
    """The channel's name and the person's."""
    room = (await api.slack(section, "conversations.info", section.bot_token, channel=channel)).body.get("channel")
    person = (await api.slack(section, "users.info", section.bot_token, user=user)).body.get("user") if user else None
    name = str(person.get("real_name") or person.get("name") or "") if isinstance(person, dict) else ""
    title = str(room.get("name") or "") if isinstance(room, dict) else ""
    return f"#{title}" if title else name, name


async def hindrances(talk: Talk, tokens: Tokens, platform: str) -> list[str]:
    """What may have kept the word from arriving."""
    if platform != TELEGRAM:
        return [talk.text("chat.check_slack")]
    section = tokens.section(platform)
    lines = [talk.text("chat.check_telegram", name=tokens.bots[platform].removeprefix("@"))]
    try:
        poll = await api.telegram(section, "getUpdates", timeout=0, limit=1)
        if poll.status == 409:
            lines.append(talk.text("chat.conflict"))
    except api.Unreachable as error:
        lines.append(talk.text("tokens.unreachable", where=section.api_base, why=error))
    return lines


async def send_test(plain: Plain, tokens: Tokens, found: Found, talk: Talk) -> Outcome:
    """One alert, marked as a test, to this chat alone, drawn by the code that draws them all."""
    language = plain.words.default
    story = Story(
        id=editorial.new_story_id(),
        article="init",
        urgency=Urgency.NORMAL,
        headline=plain.words.say(language, "init.test.headline"),
        excerpt=plain.words.say(language, "init.test.excerpt"),
        publisher=plain.publisher,
        test=True,
        accepted_at=bootstrap.now().timestamp(),
    )
    message = plain.render(story, found.address.platform, language)
    async with client(plain, tokens, found.address.platform) as live:
        outcome = await live.send(found.address, message)
        if isinstance(outcome, Later) and (outcome.after or 1.0) <= AGAIN:
            await asyncio.sleep(outcome.after or 1.0)
            outcome = await live.send(found.address, message)
    kind = "sent" if isinstance(outcome, Sent) else "unsure" if isinstance(outcome, Uncertain) else "failed"
    talk.say(f"test.{kind}", address=found.address, why=getattr(outcome, "why", "") or type(outcome).__name__)
    return outcome
