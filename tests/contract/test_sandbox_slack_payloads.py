"""Slack's stand-in judging payloads: what passes, how it reads, and what is refused where."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from newsbot.sandbox.slack.blocks import SlackError, check_post, check_update
from newsbot.sandbox.slack.mrkdwn import render
from tests.contract.slack_kit import BREAKING, HEADLINE, actions, button, header, plain


def rich(*elements: dict[str, Any], kind: str = "rich_text_section", **more: Any) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements), **more}]}


class TestChecker:
    def test_a_breaking_alert_reads_as_its_reader_sees_it(self) -> None:
        seen = check_post(BREAKING)
        assert seen.notification == seen.first_block_text == HEADLINE
        assert seen.plain == f"{HEADLINE}\n예시군이 다리 점검표를 새로 마련했다.\n정치 · 오전 9:03 · 예시뉴스"
        assert seen.links == [("https://example.com/a", "예시뉴스"), ("https://example.com/a", "기사 보기")]
        assert [press.label for press in seen.buttons] == ["기사 보기"]
        assert not seen.mentions

    def test_rich_text_styles_lists_and_pings_are_noticed(self) -> None:
        quote = rich(
            {"type": "text", "text": "5.7", "style": {"strike": True}},
            {"type": "text", "text": " → 5.1"},
            kind="rich_text_quote",
            border=0,
        )
        item = {"type": "rich_text_section", "elements": [{"type": "link", "url": "https://e.com", "text": "국회"}]}
        bullets = rich(item, kind="rich_text_list", style="bullet")
        ping = rich({"type": "broadcast", "range": "here"}, {"type": "user", "user_id": "U1"})
        seen = check_post({"text": "t", "blocks": [quote, bullets, ping]})
        assert seen.plain == "5.7 → 5.1\n• 국회\n@here@U1"
        assert seen.styled == [("strike", "5.7")]
        assert (seen.mentions.broadcasts, seen.mentions.users) == (["here"], ["U1"])
        assert seen.links == [("https://e.com", "국회")]

    @pytest.mark.parametrize(
        ("source", "shown"),
        [
            ("&amp;lt; &lt;!channel&gt;", "&lt; <!channel>"),
            ("*b* _i_ ~s~ `c`", "b i s c"),
            ("*속보*가 2*3*4 a_b_c *no *", "*속보*가 2*3*4 a_b_c *no *"),
            ("*see <https://x.y/a*b|l &amp; m> now*", "see l & m now"),
            ("<!date^1^{time}|오전 9:03> <#C1|news> <!subteam^S1|@g>", "오전 9:03 #news @g"),
            ("&gt; quoted\nnext", "quoted\nnext"),
            ("a < b <nothing>", "a < b <nothing>"),
            ("```x *y*```", "x *y*"),
        ],
    )
    def test_mrkdwn_reads_as_slack_shows_it(self, source: str, shown: str) -> None:
        assert render(source).plain == shown

    @pytest.mark.parametrize("source", ["<!channel>", "*<!here>*", "`<!everyone>`", "<!here|label>", "> <!channel>"])
    def test_every_way_to_ping_everyone_is_seen(self, source: str) -> None:
        assert render(source, verbatim=True).mentions.broadcasts

    def test_verbatim_only_stops_auto_linking(self) -> None:
        source = "https://e.com/x, *b* <https://l.x|m>"
        assert [url for url, _ in render(source).links] == ["https://e.com/x", "https://l.x"]
        assert [url for url, _ in render(source, verbatim=True).links] == ["https://l.x"]
        assert render(source, verbatim=True).plain == "https://e.com/x, b m"

    @pytest.mark.parametrize(
        "payload",
        [
            {"text": "x" * 40_000},
            {"text": "t", "blocks": [header("x" * 150)] * 50},
            {"blocks": [header("only blocks")]},
            {"text": "t", "blocks": json.dumps([header()])},
            {"text": "t", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "가" * 3000}}]},
            {"text": "t", "blocks": [{"type": "section", "fields": [plain("x" * 2000)] * 6}]},
            {"text": "t", "blocks": [actions(*[button(action_id=str(n)) for n in range(25)])]},
            {"text": "t", "blocks": [{"type": "image", "image_url": "https://e.com/i.png", "alt_text": "a"}]},
            {"text": "t", "blocks": [{"type": "divider"}], "thread_ts": "1720742580.000100", "reply_broadcast": True},
            {"text": "t", "attachments": [{"color": "#ff0000", "blocks": [header()]}]},
        ],
    )
    def test_good_payloads_pass(self, payload: dict[str, Any]) -> None:
        check_post(payload)

    @pytest.mark.parametrize(
        ("payload", "code"),
        [
            ({}, "no_text"),
            ({"text": " "}, "no_text"),
            ({"text": "t", "blocks": [], "colour": "red"}, "invalid_arguments"),
            ({"text": "t", "thread_ts": 1720742580.0001}, "invalid_arguments"),
            ({"text": "t", "reply_broadcast": True}, "invalid_arguments"),
            ({"text": "t", "unfurl_links": "no"}, "invalid_arguments"),
            ({"text": 5}, "invalid_arguments"),
            ({"text": "t", "username": "BBC"}, "missing_scope"),
            ({"text": "t", "markdown_text": "m"}, "markdown_text_conflict"),
            ({"text": "x" * 40_001}, "msg_too_long"),
            ({"text": "😀" * 20_001}, "msg_too_long"),
            ({"text": "\ud83d"}, "invalid_charset"),
            ({"text": "t", "blocks": "[{"}, "invalid_blocks_format"),
            ({"text": "t", "blocks": {"type": "header"}}, "invalid_blocks_format"),
            ({"text": "t", "blocks": [header("x" * 150)] * 51}, "invalid_blocks"),
            (
                {"text": "t", "blocks": [{"type": "section", "text": plain("x" * 3000)}] * 5},
                "msg_blocks_too_long",
            ),
            ({"text": "t", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
            ({"text": "t", "metadata": {"event_type": "a", "event_payload": {"x": "y" * 9000}}}, "metadata_too_large"),
            ({"text": "t", "attachments": [{"blocks": [header()]}] * 101}, "too_many_attachments"),
        ],
    )
    def test_bad_payloads_get_slacks_own_code(self, payload: dict[str, Any], code: str) -> None:
        with pytest.raises(SlackError) as caught:
            check_post(payload)
        assert caught.value.code == code

    @pytest.mark.parametrize(
        ("block", "pointer"),
        [
            (header(""), "/blocks/0/text/text"),
            (header("x" * 151), "/blocks/0/text/text"),
            (header("😀" * 76), "/blocks/0/text/text"),
            (header(color="red"), "/blocks/0/color"),
            ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/blocks/0/text/type"),
            ({"type": "header", "text": {"type": "plain_text", "text": "x", "verbatim": True}}, "/text/verbatim"),
            ({"type": "header", "text": {"type": "plain_text", "text": "x", "emoji": "no"}}, "/text/emoji"),
            ({"type": "alert", "text": plain("x")}, "/blocks/0/type"),
            ({"type": "section"}, "/blocks/0"),
            ({"type": "section", "text": plain("x" * 3001)}, "/blocks/0/text/text"),
            ({"type": "section", "fields": [plain("x")] * 11}, "/blocks/0/fields"),
            ({"type": "section", "fields": [plain("x" * 2001)]}, "/blocks/0/fields/0/text"),
            ({"type": "context", "elements": []}, "/blocks/0/elements"),
            ({"type": "context", "elements": [plain("x")] * 11}, "/blocks/0/elements"),
            ({"type": "context", "elements": [plain("x" * 3001)]}, "/blocks/0/elements/0/text"),
            ({"type": "image", "image_url": "https://e.com/i.png"}, "/blocks/0"),
            ({"type": "image", "image_url": "e.com/i.png", "alt_text": "a"}, "/blocks/0/image_url"),
            ({"type": "image", "image_url": "https://e.com/i", "alt_text": "a" * 2001}, "/blocks/0/alt_text"),
            ({"type": "image", "image_url": "https://e.com/i", "alt_text": ""}, "/blocks/0/alt_text"),
            ({"type": "image", "image_url": "http://e.com/i", "alt_text": "a"}, "/blocks/0/image_url"),
            (
                {"type": "image", "image_url": "https://localhost/i", "alt_text": "a"},
                "failed [json-pointer:/blocks/0/image_url",
            ),
            (
                {"type": "context", "elements": [{"type": "image", "image_url": "http://e.com/i", "alt_text": "a"}]},
                "image_url",
            ),
            (rich({"type": "text", "text": "x"}, kind="rich_text_quote", border=2), "/blocks/0/elements/0/border"),
            (rich(kind="rich_text_quote"), "/blocks/0/elements/0/elements"),
            (rich({"type": "rich_text_section", "elements": []}, kind="rich_text_list", style="bullet"), "/0/elements"),
            (actions(*[button() for _ in range(26)]), "/blocks/0/elements"),
            (actions(button(action_id="a"), button(action_id="a")), "/blocks/0/elements/1/action_id"),
            (actions(button(action_id="a" * 256)), "/blocks/0/elements/0/action_id"),
            (actions(button(value="v" * 2001)), "/blocks/0/elements/0/value"),
            (actions(button(url="https://e.com/" + "u" * 3000)), "/blocks/0/elements/0/url"),
            (actions(button(url="https://e.com/a b")), "/blocks/0/elements/0/url"),
            (actions(button(style="green")), "/blocks/0/elements/0/style"),
            (actions({"type": "button", "text": plain("x" * 76)}), "/blocks/0/elements/0/text/text"),
            (actions({"type": "image", "image_url": "https://e.com", "alt_text": "a"}), "/blocks/0/elements/0/type"),
            (rich({"type": "text", "text": ""}), "/blocks/0/elements/0/elements/0/text"),
            (rich({"type": "text", "text": "x", "style": {"blink": True}}), "/elements/0/style/blink"),
            (rich({"type": "text", "text": "x", "style": {"bold": 1}}), "/elements/0/style/bold"),
            (rich({"type": "link", "url": "nope"}), "/elements/0/url"),
            (rich({"type": "broadcast", "range": "all"}), "/elements/0/range"),
            (rich({"type": "image"}), "/elements/0/type"),
            (rich({"type": "user", "user_id": "U1"}, kind="rich_text_preformatted"), "/elements/0/type"),
            (rich({"type": "text", "text": "x"}, kind="rich_text_list", style="bullet"), "/elements/0/type"),
            (rich({"type": "text", "text": "x"}, kind="rich_text_list"), "/blocks/0/elements/0"),
        ],
    )
    def test_a_bad_block_is_named_by_its_pointer(self, block: dict[str, Any], pointer: str) -> None:
        with pytest.raises(SlackError) as caught:
            check_post({"text": "t", "blocks": [block]})
        assert caught.value.code == "invalid_blocks"
        assert caught.value.detail.endswith(f"{pointer}]"), caught.value.detail

    def test_block_ids_are_unique(self) -> None:
        with pytest.raises(SlackError, match="already exists"):
            check_post({"text": "t", "blocks": [header(block_id="a"), header(block_id="a")]})

    def test_an_update_holds_less_text_than_a_post(self) -> None:
        check_update({"text": "x" * 4000})
        with pytest.raises(SlackError, match="msg_too_long"):
            check_update({"text": "x" * 4001})
        with pytest.raises(SlackError, match="invalid_arguments"):
            check_update({"text": "x", "unfurl_links": False})

    def test_it_is_fast_enough_to_check_everything(self) -> None:
        began = time.perf_counter()
        for _ in range(2000):
            check_post(BREAKING)
        assert time.perf_counter() - began < 1.2, "100,000 payloads must take less than a minute"
