"""Telegram's stand-in and its places, with python-telegram-bot as the client: topics, channels, menus, old buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import telegram
from telegram.error import BadRequest, Forbidden
from telegram.request import HTTPXRequest

from tests.contract.telegram_kit import CHANNEL, ED, FORUM, GROUP, RAE, SAM, Api


@pytest.fixture
async def bot(api: Api) -> AsyncIterator[telegram.Bot]:
    """The library's own client."""
    made = telegram.Bot(api.world.telegram.token, f"{api.running.url}/bot", request=HTTPXRequest(read_timeout=5))
    async with made:
        yield made


async def newest(bot: telegram.Bot) -> telegram.Update:
    return (await bot.get_updates(timeout=0))[-1]


async def control_refuses(api: Api, path: str, **body: Any) -> str:
    answer = await api.client.post(f"{api.running.url}/sandbox/{path}", json=body)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


class TestTopics:
    async def test_a_topic_is_opened_closed_reopened_and_deleted(self, api: Api, bot: telegram.Bot) -> None:
        assert (await bot.get_chat(FORUM)).is_forum
        thread = (await api.control("telegram/topic", chat=FORUM, name="경제"))["thread"]
        told = (await newest(bot)).message
        assert told is not None
        assert told.forum_topic_created is not None
        assert (told.message_thread_id, told.forum_topic_created.name) == (thread, "경제")
        sent = await bot.send_message(FORUM, "알림", message_thread_id=thread)
        assert (sent.message_thread_id, sent.is_topic_message) == (thread, True)
        await api.control("telegram/topic", chat=FORUM, thread=thread, closed=True)
        assert (await newest(bot)).message.forum_topic_closed is not None
        with pytest.raises(BadRequest, match="Topic_closed"):
            await bot.send_message(FORUM, "x", message_thread_id=thread)
        await bot.edit_message_text("정정", FORUM, sent.message_id)  # what stands there can be changed all the same
        assert "is closed" in await control_refuses(
            api, "telegram/say", user="Sam", chat=FORUM, thread=thread, text="x"
        )
        await api.control("telegram/topic", chat=FORUM, thread=thread, closed=False)
        await bot.send_message(FORUM, "y", message_thread_id=thread)
        assert (await api.control("telegram/topic", chat=FORUM, thread=thread, deleted=True))["deleted"] == 2
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(FORUM, "x", message_thread_id=thread)
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await bot.edit_message_text("x", FORUM, sent.message_id)

    async def test_general_is_closed_for_what_names_no_topic(self, api: Api, bot: telegram.Bot) -> None:
        await api.control("telegram/topic", chat=FORUM, thread=1, closed=True)
        with pytest.raises(BadRequest, match="Topic_closed"):
            await bot.send_message(FORUM, "x")
        await bot.send_message(FORUM, "x", message_thread_id=7)
        assert await control_refuses(api, "telegram/topic", chat=FORUM, thread=1, deleted=True) == (
            "General cannot be deleted"
        )
        assert "is no administrator" in await control_refuses(api, "telegram/topic", chat=FORUM, user="Sam", name="x")

    async def test_words_in_a_topic_answer_its_first_message(self, api: Api, bot: telegram.Bot) -> None:
        await api.say("Rae", "/news 구독", chat=FORUM, thread=7)
        message = (await newest(bot)).message
        assert message is not None
        assert (message.message_thread_id, message.is_topic_message) == (7, True)
        assert message.reply_to_message is not None
        assert message.reply_to_message.forum_topic_created.name == "속보"

    async def test_a_chain_of_replies_is_no_topic(self, api: Api, bot: telegram.Bot) -> None:
        there = (await api.control("telegram/migrate", chat=GROUP))["to"]
        sent = await bot.send_message(there, "알림")
        await api.say("Sam", "왜?", chat=there, reply_to=sent.message_id)
        message = (await newest(bot)).message
        assert message is not None
        assert (message.message_thread_id, message.is_topic_message) == (sent.message_id, None)


class TestWhoSpeaks:
    async def test_a_linked_channels_posts_come_as_forwards_of_the_channel(self, api: Api, bot: telegram.Bot) -> None:
        assert "no supergroup" in await control_refuses(api, "telegram/link", channel=CHANNEL, group=FORUM)
        group = (await api.control("telegram/migrate", chat=GROUP))["to"]
        await api.control("telegram/link", channel=CHANNEL, group=group)
        assert (await bot.get_chat(CHANNEL)).linked_chat_id == group
        assert (await bot.get_chat(group)).linked_chat_id == CHANNEL
        await bot.get_updates(offset=-1, timeout=0)
        post = await api.say("Rae", "/news@sandbox_news_bot stop", chat=CHANNEL)
        channel, copy = (await bot.get_updates(timeout=0))[-2:]
        if channel.channel_post is None:
            channel, copy = copy, channel
        assert channel.channel_post is not None
        assert channel.channel_post.from_user is None
        assert copy.message is not None
        assert copy.message.is_automatic_forward
        assert (copy.message.chat.id, copy.message.from_user.id, copy.message.sender_chat.id) == (
            group,
            777000,
            CHANNEL,
        )
        assert copy.message.forward_origin.message_id == post["message_id"]
        await bot.send_message(CHANNEL, "속보")
        assert [m.text for m in api.world.record.messages("telegram", group)][-1] == "속보"
        await api.control("telegram/link", channel=CHANNEL, group=None)
        assert (await bot.get_chat(group)).linked_chat_id is None

    async def test_an_anonymous_admin_is_the_group_itself(self, api: Api, bot: telegram.Bot) -> None:
        await api.say("Rae", "/news", chat=FORUM, anonymous=True)
        message = (await newest(bot)).message
        assert message is not None
        assert (message.sender_chat.id, message.from_user.username) == (FORUM, "GroupBot")
        assert "no administrator" in await control_refuses(
            api, "telegram/say", user="Sam", chat=FORUM, text="/news", anonymous=True
        )
        assert (await bot.get_chat_member(FORUM, message.from_user.id)).status == "left"


class TestLooking:
    async def test_a_channel_is_found_by_name_before_the_bot_is_in_it(self, api: Api, bot: telegram.Bot) -> None:
        api.world.telegram.chats[CHANNEL].members[bot.id] = "left"
        assert (await bot.get_chat("@example_news_flash")).id == CHANNEL
        assert (await bot.get_chat_member(CHANNEL, bot.id)).status == "left"
        for asking in (bot.get_chat_member("@example_news_flash", RAE), bot.get_chat_administrators(CHANNEL)):
            with pytest.raises(BadRequest, match="Member list is inaccessible"):
                await asking
        await api.control("telegram/member", user="Rae", chat=CHANNEL, status="administrator")
        admins = await bot.get_chat_administrators("@example_news_flash")
        assert {admin.user.id for admin in admins} == {RAE, ED, bot.id}
        assert (await bot.get_chat_member("@example_news_flash", RAE)).status == "administrator"
        assert (await bot.get_chat_member(CHANNEL, SAM)).status == "left"
        await api.control("telegram/member", user="Rae", chat=CHANNEL, status="kicked")
        with pytest.raises(Forbidden, match="bot was kicked from the channel chat"):
            await bot.get_chat(CHANNEL)

    async def test_a_private_place_is_hidden_from_outside(self, api: Api, bot: telegram.Bot) -> None:
        await api.control("telegram/member", user="Rae", chat=FORUM, status="left")
        with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
            await bot.get_chat(FORUM)
        await api.control("telegram/member", user="Rae", chat=GROUP, status="left")
        assert (await bot.get_chat(GROUP)).id == GROUP, "a basic group the bot was in is still known"
        with pytest.raises(Forbidden, match="bot is not a member of the group chat"):
            await bot.get_chat_administrators(GROUP)
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.get_chat(SAM)
        assert (await bot.get_chat(RAE)).first_name == "Rae"
        with pytest.raises(BadRequest, match="There are no administrators in the private chat"):
            await bot.get_chat_administrators(RAE)


async def test_a_renamed_channel_keeps_its_id(api: Api, bot: telegram.Bot) -> None:
    await api.control("telegram/rename", chat=CHANNEL, title="예시뉴스 알림", username="@example_alerts")
    post = (await newest(bot)).channel_post
    assert post is not None
    assert (post.chat.id, post.new_chat_title) == (CHANNEL, "예시뉴스 알림")
    assert (await bot.get_chat("@example_alerts")).title == "예시뉴스 알림"
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.get_chat("@example_news_flash")


PANEL = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("정치 ○", callback_data="t:politics")]])


class TestButtons:
    async def test_a_pressed_panel_edits_itself_however_old_it_is(self, api: Api, bot: telegram.Bot) -> None:
        panel = await bot.send_message(RAE, "무엇을 받으시겠습니까?", reply_markup=PANEL)
        api.clock.advance(400 * 86400)
        await api.control("telegram/press", user="Rae", message_id=panel.message_id, button="정치 ○")
        query = (await newest(bot)).callback_query
        assert query is not None
        assert query.message.is_accessible
        assert await query.answer("정치를 켰습니다", show_alert=True)
        note = api.world.record.notes[-1]
        assert (note["text"], note["alert"]) == ("정치를 켰습니다", True)
        on = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("정치 ●", callback_data="t:politics")]])
        edited = await query.edit_message_reply_markup(on)
        assert edited.reply_markup == on
        with pytest.raises(BadRequest, match="Message is not modified"):
            await query.edit_message_reply_markup(on)
        assert (await query.edit_message_text("하나 골랐습니다", reply_markup=on)).text == "하나 골랐습니다"
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await query.delete_message()
        with pytest.raises(BadRequest, match="Query is too old"):
            await query.answer()

    async def test_an_answer_has_its_limits(self, api: Api, bot: telegram.Bot) -> None:
        panel = await bot.send_message(RAE, "x", reply_markup=PANEL)
        pressed = await api.control("telegram/press", user="Rae", message_id=panel.message_id, button="정치 ○")
        for text in ("x" * 201, "😀" * 101):
            with pytest.raises(BadRequest, match="Message_too_long"):
                await bot.answer_callback_query(pressed["query"], text)
        with pytest.raises(BadRequest, match="Url_invalid"):
            await bot.answer_callback_query(pressed["query"], url="https://example.com/")
        api.clock.advance(151)
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(pressed["query"], "x" * 200)

    async def test_a_message_the_bot_cannot_see_any_more_has_only_its_number(self, api: Api, bot: telegram.Bot) -> None:
        panel = await bot.send_message(RAE, "x", reply_markup=PANEL)
        await api.control("telegram/press", user="Rae", message_id=panel.message_id, button="정치 ○", inaccessible=True)
        message = (await newest(bot)).callback_query.message
        # The library makes a Message of it all the same; only its date tells (telegram.CallbackQuery.de_json).
        assert not message.is_accessible
        assert (message.message_id, message.chat.id) == (panel.message_id, RAE)
        await bot.delete_message(RAE, panel.message_id)
        gone = {"user": "Rae", "message_id": panel.message_id}
        assert "no message" in await control_refuses(api, "telegram/press", **gone, button="정치 ○")
        await api.control("telegram/press", **gone, data="old:format:1")
        query = (await newest(bot)).callback_query
        assert (query.data, query.message.is_accessible) == ("old:format:1", False)
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await query.edit_message_text("x")
        never = await control_refuses(api, "telegram/press", user="Rae", message_id=999, data="x")
        assert never.startswith("no message 999")

    async def test_a_question_forces_a_reply_and_is_never_edited(self, api: Api, bot: telegram.Bot) -> None:
        asked = await bot.send_message(
            RAE, "어떤 낱말입니까?", reply_markup=telegram.ForceReply(input_field_placeholder="반도체")
        )
        assert asked.reply_markup is None
        assert api.world.record.find("telegram", str(RAE), str(asked.message_id)).view["asks"] == "반도체"
        with pytest.raises(BadRequest, match="Message can't be edited"):
            await bot.edit_message_text("x", RAE, asked.message_id)
        await api.say("Rae", "반도체", reply_to=asked.message_id)
        assert (await newest(bot)).message.reply_to_message.text == "어떤 낱말입니까?"
        with pytest.raises(BadRequest, match="placeholder must be 1-64"):
            await bot.send_message(RAE, "x", reply_markup=telegram.ForceReply(input_field_placeholder="가" * 65))

    async def test_deleting_needs_rights_for_what_others_wrote(self, api: Api, bot: telegram.Bot) -> None:
        said = await api.say("Sam", "/news", chat=GROUP)
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await bot.delete_message(GROUP, said["message_id"])
        await api.control("telegram/member", user="Rae", chat=GROUP, status="administrator")
        assert await bot.delete_message(GROUP, said["message_id"])
        with pytest.raises(BadRequest, match="Message to delete not found"):
            await bot.delete_message(GROUP, said["message_id"])


class TestMenus:
    async def menu(self, api: Api, user: str, chat: int | str = "") -> list[str]:
        answer = await api.client.get(
            f"{api.running.url}/sandbox/telegram/menu", params={"user": user, "chat": str(chat)}
        )
        assert answer.status_code == 200, answer.text
        return [command["command"] for command in answer.json()["commands"]]

    async def test_the_narrowest_scope_wins_then_the_language(self, api: Api, bot: telegram.Bot) -> None:
        scopes: list[tuple[str, Any, str]] = [
            ("default", None, ""),
            ("english", None, "en"),
            ("private", telegram.BotCommandScopeAllPrivateChats(), "ko"),
            ("group", telegram.BotCommandScopeAllGroupChats(), ""),
            ("admins", telegram.BotCommandScopeAllChatAdministrators(), ""),
            ("forum", telegram.BotCommandScopeChat(FORUM), ""),
            ("boss", telegram.BotCommandScopeChatMember(FORUM, ED), ""),
        ]
        for name, scope, language in scopes:
            await bot.set_my_commands([telegram.BotCommand(name, "설명")], scope, language or None)
        assert await self.menu(api, "Rae") == ["private"]
        assert await self.menu(api, "Sam") == ["english"], "Sam speaks English"
        assert await self.menu(api, "Sam", GROUP) == ["group"]
        assert await self.menu(api, "Rae", GROUP) == ["admins"]
        assert await self.menu(api, "Rae", FORUM) == ["forum"]
        assert await self.menu(api, "Ed", FORUM) == ["boss"]
        assert await self.menu(api, "Rae", CHANNEL) == []
        await bot.delete_my_commands(telegram.BotCommandScopeChatMember(FORUM, ED))
        assert await self.menu(api, "Ed", FORUM) == ["forum"]

    @pytest.mark.parametrize(
        ("scope", "language", "words"),
        [
            ({"type": "chat"}, "", 'Can\'t find field "chat_id"'),
            ({"type": "chat_member", "chat_id": FORUM}, "", 'Can\'t find field "user_id"'),
            ({"type": "default", "chat_id": FORUM}, "", 'unknown field "chat_id"'),
            ({"type": "chat", "chat_id": CHANNEL}, "", "can't change commands in channel chats"),
            ({"type": "chat_administrators", "chat_id": RAE}, "", "can't use specified scope in private chats"),
            ({"type": "chat", "chat_id": 777}, "", "chat not found"),
            ({"type": "everyone"}, "", "unsupported type"),
            ({"type": "default"}, "kor", "invalid language code"),
        ],
    )
    async def test_a_wrong_scope_is_refused(self, api: Api, scope: dict[str, Any], language: str, words: str) -> None:
        commands = [{"command": "start", "description": "x"}]
        _, said = await api.error("setMyCommands", commands=commands, scope=scope, language_code=language)
        assert words in said

    @pytest.mark.parametrize(
        "commands",
        [
            [{"command": "구독", "description": "x"}],
            [{"command": "x" * 33, "description": "x"}],
            [{"command": "start", "description": ""}],
            [{"command": "start", "description": "x" * 257}],
            [{"command": "start", "description": "x"}] * 2,
            [{"command": f"c{n}", "description": "x"} for n in range(101)],
        ],
    )
    async def test_a_wrong_menu_is_refused(self, api: Api, commands: list[dict[str, str]]) -> None:
        assert (await api.error("setMyCommands", commands=commands))[1].startswith("Bad Request: BOT_COMMAND")


class TestDeepLinks:
    async def test_a_link_starts_the_bot_with_its_payload(self, api: Api, bot: telegram.Bot) -> None:
        link = telegram.helpers.create_deep_linked_url("sandbox_news_bot", "politics")
        await api.control("telegram/start", user="Sam", link=link)
        assert (await newest(bot)).message.text == "/start politics"
        await bot.send_message(SAM, "어서 오십시오")
        group = telegram.helpers.create_deep_linked_url("sandbox_news_bot", "all", group=True)
        api.world.telegram.chats[GROUP].members[bot.id] = "left"
        await api.control("telegram/start", user="Ed", link=group, chat=GROUP)
        added, said = (await bot.get_updates(timeout=0))[-2:]
        assert added.my_chat_member.new_chat_member.status == "member"
        assert said.message.text == "/start@sandbox_news_bot all"

    @pytest.mark.parametrize(
        "link",
        [
            "https://t.me/other_bot?start=x",
            "https://t.me/sandbox_news_bot?start=" + "x" * 65,
            "https://t.me/sandbox_news_bot?start=정치",
            "https://t.me/sandbox_news_bot?begin=x",
        ],
    )
    async def test_a_wrong_link_leads_nowhere(self, api: Api, link: str) -> None:
        await control_refuses(api, "telegram/start", user="Sam", link=link)
