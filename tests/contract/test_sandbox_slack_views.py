"""Slack's stand-in and its views: App Home and modals with the real libraries, and a person who uses them."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View as SdkView
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running, serve
from tests.cast import until
from tests.contract.slack_kit import (
    FORM,
    TOPICS,
    actions,
    button,
    code_of,
    entry,
    header,
    home,
    menu,
    modal,
    plain,
    pull,
    web_client,
)


class Settings:
    """A small Bolt app with a Home and a modal; it remembers what it was told."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.app = AsyncApp(client=client, signing_secret="x")
        self.client = client
        self.told: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {}
        self.opened: dict[str, Any] = {}
        self.form = FORM
        self.app.event("app_home_opened")(self.home)
        for action in ("topics", "open", "least", "text", "mute", "from", "more"):
            self.app.action(action)(self.action)
        self.app.view("settings")(self.submitted)
        self.app.view_closed("settings")(self.closed)

    async def home(self, body: dict[str, Any]) -> None:
        self.told.append(body["event"])

    async def action(self, ack: Any, body: dict[str, Any]) -> None:
        self.told.append(body)
        if body["actions"][0]["action_id"] == "open":
            self.opened = (await self.client.views_open(trigger_id=body["trigger_id"], view=self.form))["view"]
        await ack()

    async def submitted(self, ack: Any, body: dict[str, Any]) -> None:
        self.told.append(body)
        await ack(**self.answer)

    async def closed(self, ack: Any, body: dict[str, Any]) -> None:
        self.told.append(body)
        await ack()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """A sandbox whose clock a test moves."""
    made = await serve(clock=ManualClock())
    yield made
    await made.stop()


@pytest.fixture
async def settings(sandbox: Running, http: aiohttp.ClientSession) -> AsyncIterator[Settings]:
    made = Settings(web_client(sandbox, http))
    handler = AsyncSocketModeHandler(made.app, sandbox.world.slack.app_token)
    await handler.connect_async()
    await until(lambda: bool(sandbox.world.slack.wire.sockets))
    yield made
    await handler.close_async()


PANEL = home(
    header("알림 설정"),
    {**actions(menu("checkboxes", "topics", initial_options=TOPICS[:1])), "block_id": "topics"},
    actions(button(action_id="open", value="all") | {"text": plain("자세히")}),
    private_metadata="v1",
)


async def views(sandbox: Running, http: aiohttp.ClientSession, user: str = "Rae") -> dict[str, Any]:
    async with http.get(f"{sandbox.url}/sandbox/slack/views", params={"user": user}) as answer:
        found: dict[str, Any] = await answer.json()
        assert answer.status == 200, found
        return found


async def refused(sandbox: Running, http: aiohttp.ClientSession, string: str, **body: Any) -> str:
    async with http.post(f"{sandbox.url}/sandbox/slack/{string}", json=body) as answer:
        assert answer.status == 400
        return str((await answer.json())["error"])


class TestHome:
    async def test_a_person_opens_it_and_sees_what_is_published(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        assert (await pull(sandbox, http, "home", user="Rae"))["acked"]
        (event,) = await until(lambda: settings.told)
        assert (event["user"], event["channel"], event["tab"]) == ("U0RAE", "D0RAE", "home")
        assert "view" not in event
        assert (await views(sandbox, http))["home"] is None
        shown = (await settings.client.views_publish(user_id="U0RAE", view=PANEL))["view"]
        assert (shown["type"], shown["private_metadata"], shown["team_id"]) == ("home", "v1", "T0SANDBOX")
        assert SdkView(**{key: shown[key] for key in ("type", "blocks", "id", "hash")}).to_dict()["id"] == shown["id"]
        seen = (await views(sandbox, http))["home"]
        assert seen["text"] == ["알림 설정", "[정치] [경제] [국제]", "[자세히]"]
        assert seen["values"]["topics"]["topics"]["selected_options"][0]["value"] == "politics"
        await pull(sandbox, http, "home", user="Rae")
        again = await until(lambda: settings.told[1:])
        assert again[0]["view"]["hash"] == shown["hash"]
        assert (await views(sandbox, http, "Ed"))["home"] is None, "a Home is one person's"
        assert "another workspace" in await refused(sandbox, http, "home", user="Ext")

    async def test_a_press_in_it_names_the_view_and_no_channel(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        shown = (await settings.client.views_publish(user_id="U0RAE", view=PANEL))["view"]
        out = await pull(sandbox, http, "press", user="Rae", view="home", button="경제")
        assert (out["acked"], out["action_id"]) == (True, "topics")
        (body,) = settings.told
        assert body["type"] == "block_actions"
        assert body["container"] == {"type": "view", "view_id": shown["id"]}
        assert not {"channel", "message", "response_url", "state"} & set(body)
        (action,) = body["actions"]
        assert [one["value"] for one in action["selected_options"]] == ["politics", "economy"]
        assert (action["type"], action["block_id"]) == ("checkboxes", "topics")
        values = body["view"]["state"]["values"]["topics"]["topics"]
        assert values == {"type": "checkboxes", "selected_options": action["selected_options"]}
        await pull(sandbox, http, "press", user="Rae", view="home", button="정치")
        assert [one["value"] for one in settings.told[1]["actions"][0]["selected_options"]] == ["economy"]
        await pull(sandbox, http, "pick", user="Rae", view="home", action_id="topics", values=["국제", "politics"])
        assert [one["value"] for one in settings.told[2]["actions"][0]["selected_options"]] == ["politics", "world"]

    async def test_what_was_chosen_stays_until_its_ids_change(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        await settings.client.views_publish(user_id="U0RAE", view=PANEL)
        await pull(sandbox, http, "press", user="Rae", view="home", button="경제")
        await settings.client.views_publish(user_id="U0RAE", view=PANEL)
        kept = (await views(sandbox, http))["home"]["values"]["topics"]["topics"]["selected_options"]
        assert [one["value"] for one in kept] == ["politics", "economy"]
        anew = copy.deepcopy(PANEL)
        anew["blocks"][1]["block_id"] = "topics.2"
        await settings.client.views_publish(user_id="U0RAE", view=anew)
        fresh = (await views(sandbox, http))["home"]["values"]["topics.2"]["topics"]["selected_options"]
        assert [one["value"] for one in fresh] == ["politics"]

    async def test_who_has_one_and_when(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        first = (await client.views_publish(user_id="U0GUS", view=PANEL))["view"]["hash"]
        second = (await client.views_publish(user_id="U0GUS", view=PANEL, hash=first))["view"]["hash"]
        assert second != first
        assert await code_of(client.views_publish(user_id="U0GUS", view=PANEL, hash=first)) == "hash_conflict"
        for user in ("U0NOBODY", "U0NEWSBOT", "U0EXT"):
            assert await code_of(client.views_publish(user_id=user, view=PANEL)) == "invalid_arguments"
        with pytest.raises(SlackApiError) as caught:
            await client.views_publish(user_id="U0RAE", view=FORM)
        assert "/view/type" in caught.value.response["response_metadata"]["messages"][0]
        await pull(sandbox, http, "settings", home_tab=False)
        assert await code_of(client.views_publish(user_id="U0RAE", view=PANEL)) == "not_enabled"


class TestModal:
    async def test_a_press_opens_it_and_its_answers_are_submitted(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        await settings.client.views_publish(user_id="U0RAE", view=PANEL)
        await pull(sandbox, http, "press", user="Rae", view="home", button="자세히")
        shown = (await views(sandbox, http))["modal"]
        assert (shown["title"], shown["submit"], shown["id"]) == ("설정", "저장", settings.opened["id"])
        settings.told.clear()
        await pull(sandbox, http, "pick", user="Rae", button="주제", values=["경제", "국제"])
        await pull(sandbox, http, "pick", user="Rae", action_id="text", value="반도체")
        await pull(sandbox, http, "pick", user="Rae", action_id="from", value="22:30")
        await pull(sandbox, http, "press", user="Rae", view="modal", button="정치")
        assert settings.told == [], "inputs are told with the submission alone"
        out = await pull(sandbox, http, "submit", user="Rae")
        assert (out["acked"], out["shows"]) == (True, "closed")
        (body,) = settings.told
        assert (body["type"], body["user"]["id"]) == ("view_submission", "U0RAE")
        assert (body["view"]["callback_id"], body["view"]["private_metadata"]) == ("settings", "D0RAE")
        values = body["view"]["state"]["values"]
        assert [one["value"] for one in values["주제"]["topics"]["selected_options"]] == [
            "politics",
            "economy",
            "world",
        ]
        assert values["키워드"]["text"] == {"type": "plain_text_input", "value": "반도체"}
        assert values["조용히"]["from"]["selected_time"] == "22:30"
        assert values["급한 것만"]["least"]["selected_option"] is None
        assert (await views(sandbox, http))["modal"] is None
        assert await refused(sandbox, http, "submit", user="Rae") == "rae sees no modal"

    async def test_errors_stand_beside_their_inputs_and_an_update_replaces_it(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        await settings.client.views_publish(user_id="U0RAE", view=PANEL)
        await pull(sandbox, http, "press", user="Rae", view="home", button="자세히")
        settings.answer = {"response_action": "errors", "errors": {"키워드": "두 글자부터 됩니다"}}
        out = await pull(sandbox, http, "submit", user="Rae")
        assert (out["shows"], out["errors"]) == ("errors", {"키워드": "두 글자부터 됩니다"})
        assert (await views(sandbox, http))["modal"]["errors"] == out["errors"]
        settings.answer = {"response_action": "errors", "errors": {"없는 칸": "x"}}
        assert (await pull(sandbox, http, "submit", user="Rae"))["error"] == "invalid_arguments"
        await pull(sandbox, http, "pick", user="Rae", action_id="text", value="반도체")
        anew = copy.deepcopy(FORM) | {"title": plain("다시")}
        anew["blocks"][1]["element"]["initial_value"] = "다른 말"
        settings.answer = {"response_action": "update", "view": anew}
        assert (await pull(sandbox, http, "submit", user="Rae"))["shows"] == "updated"
        shown = (await views(sandbox, http))["modal"]
        assert (shown["title"], shown["errors"]) == ("다시", {})
        assert shown["values"]["키워드"]["text"]["value"] == "반도체", "what was entered is kept under its ids"
        settings.answer = {"response_action": "update", "view": modal(header("x" * 151))}
        assert (await pull(sandbox, http, "submit", user="Rae"))["error"] == "invalid_arguments"
        settings.answer = {"response_action": "clear"}
        assert (await pull(sandbox, http, "submit", user="Rae"))["shows"] == "closed"

    async def test_slacks_own_client_holds_back_what_is_incomplete(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        await settings.client.views_publish(user_id="U0RAE", view=PANEL)
        await pull(sandbox, http, "press", user="Rae", view="home", button="자세히")
        settings.told.clear()
        await pull(sandbox, http, "pick", user="Rae", action_id="topics", values=[])
        await pull(sandbox, http, "pick", user="Rae", action_id="text", value="가")
        out = await pull(sandbox, http, "submit", user="Rae")
        assert (out["acked"], out["reason"], set(out["errors"])) == (False, "incomplete", {"주제", "키워드"})
        assert settings.told == []
        too_long = await refused(sandbox, http, "pick", user="Rae", action_id="text", value="가" * 21)
        assert too_long == "at most 20 characters fit in"
        assert (
            await refused(sandbox, http, "pick", user="Rae", action_id="from", value="25:00") == "value must be HH:MM"
        )
        assert "no option" in await refused(sandbox, http, "pick", user="Rae", action_id="least", value="스포츠")

    async def test_an_input_that_dispatches_and_a_closed_modal_are_told(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        settings.form = modal(
            entry(menu("static_select", "least"), "a", dispatch_action=True),
            actions(menu("radio_buttons", "mute"), {"type": "overflow", "action_id": "more", "options": TOPICS[:2]}),
            callback_id="settings",
            notify_on_close=True,
        )
        await settings.client.views_publish(user_id="U0RAE", view=PANEL)
        await pull(sandbox, http, "press", user="Rae", view="home", button="자세히")
        settings.told.clear()
        await pull(sandbox, http, "pick", user="Rae", action_id="least", value="economy")
        await pull(sandbox, http, "press", user="Rae", view="modal", action_id="mute", button="국제")
        await pull(sandbox, http, "press", user="Rae", view="modal", action_id="more", button="정치")
        least, mute, more = (body["actions"][0] for body in settings.told)
        assert (least["selected_option"]["value"], mute["selected_option"]["value"]) == ("economy", "world")
        assert more["selected_option"]["value"] == "politics"
        assert "more" not in settings.told[2]["view"]["state"]["values"][more["block_id"]], (
            "overflow menus hold nothing"
        )
        await pull(sandbox, http, "close", user="Rae")
        assert (settings.told[3]["type"], settings.told[3]["is_cleared"]) == ("view_closed", False)
        assert (await views(sandbox, http))["modal"] is None
        late = settings.client.views_update(view_id=settings.opened["id"], view=settings.form)
        assert await code_of(late) == "not_found"

    async def test_an_update_is_guarded_by_its_hash(
        self, sandbox: Running, http: aiohttp.ClientSession, settings: Settings
    ) -> None:
        settings.form = FORM | {"external_id": "rae-settings"}
        client = settings.client
        await client.views_publish(user_id="U0RAE", view=PANEL)
        await pull(sandbox, http, "press", user="Rae", view="home", button="자세히")
        stale = settings.opened["hash"]
        await client.views_update(external_id="rae-settings", view=settings.form | {"title": plain("2")}, hash=stale)
        again = client.views_update(view_id=settings.opened["id"], view=settings.form, hash=stale)
        assert await code_of(again) == "hash_conflict"
        assert (await views(sandbox, http))["modal"]["title"] == "2"
        assert await code_of(client.api_call("views.update", json={"view": settings.form})) == "invalid_arguments"
        taken = client.views_publish(user_id="U0ED", view=PANEL | {"external_id": "rae-settings"})
        assert await code_of(taken) == "duplicate_external_id"


class TestTrigger:
    async def test_it_opens_one_modal_within_three_seconds(self, running: Running, http: aiohttp.ClientSession) -> None:
        client, clock = web_client(running, http), running.world.clock
        assert isinstance(clock, ManualClock)
        trigger = running.world.slack.wire.trigger("U0RAE", clock.now())
        assert await code_of(client.views_open(trigger_id="12345.98765.abcd", view=FORM)) == "invalid_trigger_id"
        bad = client.views_open(trigger_id=trigger, view=FORM | {"title": plain("x" * 25)})
        assert await code_of(bad) == "invalid_arguments"
        clock.advance(3.0)
        await client.views_open(trigger_id=trigger, view=FORM)
        assert await code_of(client.views_open(trigger_id=trigger, view=FORM)) == "exchanged_trigger_id"
        late = running.world.slack.wire.trigger("U0RAE", clock.now())
        clock.advance(3.1)
        assert await code_of(client.views_open(trigger_id=late, view=FORM)) == "expired_trigger_id"

    async def test_commands_and_presses_on_messages_carry_one_too(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        opened = await web_client(sandbox, http, sandbox.world.slack.app_token).apps_connections_open(
            app_token=sandbox.world.slack.app_token
        )
        await client.chat_postMessage(channel="C0NEWS", text="x", blocks=[actions(button(action_id="open"))])
        async with http.ws_connect(opened["url"]) as socket:
            await socket.receive_json()
            for string, body in [
                ("command", {"user": "Ed", "channel": "#news", "text": "settings"}),
                ("press", {"user": "Ed", "channel": "#news", "action_id": "open"}),
            ]:
                sandbox.world.slack.ack_seconds = 0.2
                await pull(sandbox, http, string, **body)
                payload = (await socket.receive_json())["payload"]
                shown = await client.views_open(trigger_id=payload["trigger_id"], view=FORM)
                assert shown["view"]["title"]["text"] == "설정"
        assert (await views(sandbox, http, "Ed"))["modal"]["user"] == "U0ED"
        assert (await views(sandbox, http))["modal"] is None


class TestPeople:
    async def test_guests_and_strangers_are_told_apart(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        await pull(sandbox, http, "person", name="Uma", is_ultra_restricted=True, tz="America/New_York", locale="en-US")
        await pull(sandbox, http, "person", name="Zoe", stranger=True)
        assert await refused(sandbox, http, "person", name="Uma", tz="Mars/Olympus") == "no time zone 'Mars/Olympus'"
        for user, flags in [
            ("U0RAE", (False, False, False)),
            ("U0GUS", (True, False, False)),
            ("U0UMA", (True, True, False)),
            ("U0EXT", (False, False, False)),  # in a channel with the bot: external, but no stranger
            ("U0ZOE", (False, False, True)),
        ]:
            found = (await client.users_info(user=user))["user"]
            assert (found["is_restricted"], found["is_ultra_restricted"], found["is_stranger"]) == flags, user
        uma = (await client.users_info(user="U0UMA", include_locale=True))["user"]
        assert (uma["tz"], uma["tz_offset"] in (-18000, -14400), uma["locale"]) == ("America/New_York", True, "en-US")
        rae = (await client.users_info(user="U0RAE"))["user"]
        assert (rae["tz"], rae["tz_offset"], "locale" in rae) == ("Asia/Seoul", 32400, False)

    @pytest.mark.slow
    async def test_a_channel_with_strangers_in_it_is_shared(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient, settings: Settings
    ) -> None:
        async def shared(channel: str) -> bool:
            return bool((await client.conversations_info(channel=channel))["channel"]["is_ext_shared"])

        assert (await shared("C0NEWS"), await shared("C0DESK")) == (True, False)
        await pull(sandbox, http, "member", user="Ext", channel="#desk")
        assert await shared("C0DESK")
        assert "U0EXT" in (await client.conversations_members(channel="C0DESK"))["members"]
        await pull(sandbox, http, "member", user="Ext", channel="#desk", joined=False)
        assert not await shared("C0DESK")

    async def test_a_renamed_channel_keeps_its_id(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient, settings: Settings
    ) -> None:
        settings.app.event("channel_rename")(settings.home)
        await pull(sandbox, http, "rename", channel="#news", name="alerts")
        event = (await until(lambda: settings.told))[0]
        assert (event["type"], event["channel"]["id"], event["channel"]["name"]) == (
            "channel_rename",
            "C0NEWS",
            "alerts",
        )
        assert (await client.conversations_info(channel="C0NEWS"))["channel"]["name"] == "alerts"

    async def test_a_direct_message_is_opened_for_one_person(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        opened = await client.conversations_open(users="U0SAM")
        assert (opened["channel"], opened["already_open"]) == ({"id": "D0SAM"}, True)
        full = (await client.conversations_open(users="U0SAM", return_im=True))["channel"]
        assert (full["is_im"], full["user"]) == (True, "U0SAM")
        for users, code in [
            ("U0NOBODY", "user_not_found"),
            ("U0NEWSBOT", "cannot_dm_bot"),
            ("", "users_list_not_supplied"),
        ]:
            assert await code_of(client.conversations_open(users=users)) == code
        await pull(sandbox, http, "person", name="Sam", deleted=True)
        assert await code_of(client.conversations_open(users="U0SAM")) == "user_disabled"
