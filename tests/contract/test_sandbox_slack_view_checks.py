"""Slack's stand-in judging views: what an App Home and a modal may hold, and what is refused where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.views import check_view
from tests.contract.slack_kit import (
    FORM,
    TEXT,
    TOPICS,
    actions,
    button,
    code_of,
    entry,
    header,
    home,
    menu,
    modal,
    option,
    plain,
    section,
)


class TestChecker:
    @pytest.mark.parametrize(
        "view",
        [
            FORM,
            modal(header("x"), title=plain("x" * 24), submit=plain("x" * 24), close=plain("x" * 24)),
            {"type": "modal", "title": plain("x"), "blocks": [header()]},
            modal(*[header()] * 100, private_metadata="x" * 3000, callback_id="x" * 255, external_id="x" * 255),
            modal(entry(TEXT | {"multiline": True, "focus_on_load": True, "placeholder": plain("x" * 150)}, "a")),
            modal(*[{"type": "section", "text": plain("x" * 3000)}] * 20),
        ],
    )
    def test_good_modals_pass(self, view: dict[str, Any]) -> None:
        check_view(json.dumps(view), "modal")

    @pytest.mark.parametrize(
        "block",
        [
            actions(menu("static_select", "a"), menu("checkboxes", "b"), menu("radio_buttons", "c")),
            actions({"type": "timepicker", "action_id": "t"}, button(action_id="b")),
            section(menu("multi_static_select", "a", max_selected_items=2, initial_options=TOPICS[:2])),
            entry(TEXT, "a", dispatch_action=True),
        ],
    )
    def test_good_homes_pass(self, block: dict[str, Any]) -> None:
        check_view(home(block), "home")

    @pytest.mark.parametrize(
        ("view", "pointer"),
        [
            (modal(*[header()] * 101), "/view/blocks"),
            (modal(), "/view/blocks"),
            (modal(header(), title=plain("x" * 25)), "/view/title/text"),
            (modal(header(), title={"type": "mrkdwn", "text": "x"}), "/view/title/type"),
            (modal(header(), submit=plain("x" * 25)), "/view/submit/text"),
            (modal(header(), close=plain("x" * 25)), "/view/close/text"),
            (modal(header(), private_metadata="x" * 3001), "/view/private_metadata"),
            (modal(header(), callback_id="x" * 256), "/view/callback_id"),
            (modal(header(), external_id="x" * 256), "/view/external_id"),
            (modal(header(), id="V1"), "/view/id"),
            (modal(header(), notify_on_close="yes"), "/view/notify_on_close"),
            (home(header()), "/view/type"),
            ({"type": "modal", "blocks": [header()]}, "/view"),
            ({"type": "modal", "title": plain("x"), "blocks": [entry(TEXT, "a")]}, "/view/submit"),
            (modal(header("x" * 151)), "/view/blocks/0/text/text"),
            (modal(entry(TEXT, "a"), entry(TEXT, "a")), "/view/blocks/1/block_id"),
            (modal(entry(TEXT, "a") | {"label": plain("x" * 2001)}), "/view/blocks/0/label/text"),
            (modal(entry(TEXT, "a", hint=plain("x" * 2001))), "/view/blocks/0/hint/text"),
            (modal(entry(TEXT, "a", optional="no")), "/view/blocks/0/optional"),
            (modal(entry(button(), "a")), "/view/blocks/0/element/type"),
            (modal(actions(TEXT)), "/view/blocks/0/elements/0/type"),
            (modal(actions(menu("multi_static_select", "a"))), "/view/blocks/0/elements/0/type"),
            (modal(section(TEXT)), "/view/blocks/0/accessory/type"),
            (modal(entry(TEXT | {"max_length": 3001}, "a")), "/element/max_length"),
            (modal(entry(TEXT | {"min_length": 5, "max_length": 4}, "a")), "/element/min_length"),
            (modal(entry(TEXT | {"initial_value": "abc", "max_length": 2}, "a")), "/element/initial_value"),
            (modal(entry(TEXT | {"placeholder": plain("x" * 151)}, "a")), "/element/placeholder/text"),
            (
                modal(entry(TEXT | {"dispatch_action_config": {"trigger_actions_on": ["x"]}}, "a")),
                "/trigger_actions_on/0",
            ),
            (modal(entry({"type": "timepicker", "initial_time": "24:00"}, "a")), "/element/initial_time"),
            (modal(entry({"type": "timepicker", "timezone": "Mars/Olympus"}, "a")), "/element/timezone"),
            (modal(entry(menu("static_select", "a", [option(str(n)) for n in range(101)]), "a")), "/element/options"),
            (modal(entry(menu("checkboxes", "a", [option(str(n)) for n in range(11)]), "a")), "/element/options"),
            (modal(entry(menu("radio_buttons", "a", [option("x", "x" * 76)]), "a")), "/options/0/text/text"),
            (modal(entry(menu("static_select", "a", [option("x" * 151)]), "a")), "/options/0/text/text"),
            (modal(entry(menu("static_select", "a", initial_option=option("sport")), "a")), "/element/initial_option"),
            (
                modal(entry(menu("multi_static_select", "a", max_selected_items=1, initial_options=TOPICS[:2]), "a")),
                "/element/initial_options",
            ),
            (
                modal(entry(TEXT | {"focus_on_load": True}, "a"), entry(TEXT | {"focus_on_load": True}, "b")),
                "/blocks/1/element/focus_on_load",
            ),
        ],
    )
    def test_a_bad_modal_is_named_by_its_pointer(self, view: dict[str, Any], pointer: str) -> None:
        with pytest.raises(SlackError) as caught:
            check_view(view, "modal")
        assert caught.value.code == "invalid_arguments"
        assert caught.value.detail.endswith(f"{pointer}]"), caught.value.detail

    def test_a_home_has_no_title_and_nothing_holds_more_than_250_kb(self) -> None:
        with pytest.raises(SlackError, match="invalid additional property: title"):
            check_view(home(header(), title=plain("x")), "home")
        big = modal(*[{"type": "section", "text": plain("가" * 3000)}] * 30)
        with pytest.raises(SlackError, match="view_too_large"):
            check_view(big, "modal")

    async def test_a_message_takes_no_inputs(self, client: AsyncWebClient) -> None:
        for block in (entry(TEXT, "a"), actions({"type": "timepicker", "action_id": "t"})):
            assert (
                await code_of(client.chat_postMessage(channel="C0NEWS", text="x", blocks=[block])) == "invalid_blocks"
            )
