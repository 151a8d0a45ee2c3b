"""Telegram's stand-in judging messages: markup, parameters, buttons, and what a reader gets."""

from __future__ import annotations

import time
from typing import Any

import pytest

from newsbot.sandbox.telegram.check import Parsed, auto_entities, check_send
from newsbot.sandbox.telegram.error import ApiError
from newsbot.sandbox.telegram.html import parse_html

ENTITIES = "Bad Request: can't parse entities: "


def shown(text: str, **more: Any) -> Parsed:
    return check_send({"chat_id": 1, "text": text, "parse_mode": "HTML", **more})


def refused(params: dict[str, Any]) -> str:
    with pytest.raises(ApiError) as caught:
        check_send(params)
    return caught.value.description


BROKEN = [
    ("한글<abc>", 'Unsupported start tag "abc" at byte offset 6'),
    ("a<br>b", 'Unsupported start tag "br" at byte offset 1'),
    ("a<br/>b", 'Unsupported start tag "br/" at byte offset 1'),
    ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
    ("🚨<P>x</P>", 'Unsupported start tag "p" at byte offset 4'),
    ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
    ("<i><b>x</b>", 'Can\'t find end tag corresponding to start tag "i"'),
    ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
    ("<b>가<i>x</b></i>", 'Unmatched end tag at byte offset 10, expected "</i>", found "</b>"'),
    ("x</b>", "Unexpected end tag at byte offset 1"),
    ("<b>x</b", "Unclosed end tag at byte offset 4"),
    ("<b", "Unclosed start tag at byte offset 0"),
    ("<a href=https://e.com>x</a>", "Unexpected end of name token at byte offset 8"),
    ('<a href="https://e.com>x</a>', "Unclosed start tag at byte offset 0"),
    ("<a href", 'Unclosed start tag "a" at byte offset 0'),
    ('<a ="x">x</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
    ('<span class="x">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
]


@pytest.mark.parametrize(("source", "detail"), BROKEN)
def test_broken_markup_is_refused_in_the_servers_words(source: str, detail: str) -> None:
    assert refused({"chat_id": 1, "text": source, "parse_mode": "HTML"}) == ENTITIES + detail


GOOD = [
    ("<b>속보</b> x", "속보 x", [("bold", 0, 2)]),
    ("🚨<B>x</b>", "🚨x", [("bold", 2, 1)]),
    ("<b>x</>", "x", [("bold", 0, 1)]),
    ("&lt;b&gt; &amp; &quot; &nbsp; &apos; &#54620;&#x1F6A8;", '<b> & " &nbsp; &apos; 한🚨', []),
    ("<b><i>x</i>y</b>", "xy", [("bold", 0, 2), ("italic", 0, 1)]),
    ('<a href="https://e.com/?a=1&amp;b=2">x</a>', "x", [("text_link", 0, 1)]),
    ('<pre><code class="language-py">x</code></pre>', "x", [("pre", 0, 1)]),
    ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
    ('<tg-time unix="1720742580" format="t">9:03</tg-time>', "9:03", [("date_time", 0, 4)]),
    ("  <b> x </b> ", "x", [("bold", 0, 1)]),
    ('<span class="tg-spoiler">x</span><s>y</s><u>z</u>', "xyz", [("spoiler", 0, 1), ("strikethrough", 1, 1)]),
]


@pytest.mark.parametrize(("source", "text", "entities"), GOOD)
def test_good_markup_becomes_text_and_entities(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    parsed = shown(source)
    assert parsed.text == text
    assert [(e["type"], e["offset"], e["length"]) for e in parsed.entities][: len(entities)] == entities


def test_what_the_server_drops_in_silence_is_a_warning() -> None:
    assert shown('<a href="javascript:alert(1)">x</a>').links == []
    assert "javascript" in shown('<a href="javascript:alert(1)">x</a>').warnings[0]
    assert shown("<blockquote>a<blockquote>b</blockquote></blockquote>").warnings
    assert shown("<code><b>x</b></code>").warnings
    assert not shown("<blockquote><b>a</b></blockquote>").warnings


SIZES = [
    ({"url": "https://e.com", "prefer_large_media": True}, {"url": "https://e.com", "prefer_large_media": True}, ""),
    ({"prefer_large_media": True}, {"url": "https://f.com"}, "prefer_large_media is ignored without an own url"),
    ({"prefer_small_media": True, "show_above_text": True}, {"url": "https://f.com", "show_above_text": True}, "small"),
    ({"is_disabled": True}, None, ""),
]


@pytest.mark.parametrize(("options", "drawn", "warning"), SIZES)
def test_a_preview_has_a_size_only_beside_an_own_url(options: dict[str, Any], drawn: Any, warning: str) -> None:
    parsed = shown("https://f.com", link_preview_options=options)
    assert parsed.view().get("preview") == drawn
    assert warning in " ".join(parsed.warnings)
    assert bool(parsed.warnings) == bool(warning)


REFUSED = [
    ({"text": "x"}, "chat_id is empty"),
    ({"chat_id": "1", "text": "x"}, 'parameter "chat_id" must be a JSON number'),
    ({"chat_id": "Rae", "text": "x"}, "chat not found"),
    ({"chat_id": 1}, "message text is empty"),
    ({"chat_id": 1, "text": " \n\t"}, "message text is empty"),
    ({"chat_id": 1, "text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
    ({"chat_id": 1, "text": "x" * 4097}, "message is too long"),
    ({"chat_id": 1, "text": "🚨" * 2049}, "message is too long"),
    ({"chat_id": 1, "text": 5}, 'parameter "text" must be a string'),
    ({"chat_id": 1, "text": "\ud800"}, "strings must be encoded in UTF-8"),
    ({"chat_id": 1, "text": "x", "parse_mode": "Fancy"}, "unsupported parse_mode"),
    ({"chat_id": 1, "text": "x", "disable_notification": "true"}, 'parameter "disable_notification" must be JSON bool'),
    ({"chat_id": 1, "text": "x", "disable_web_page_preview": True}, 'unknown parameter "disable_web_page_preview"'),
    ({"chat_id": 1, "text": "x", "link_preview_options": {"x": 1}}, 'unknown field "x" in "link_preview_options"'),
    ({"chat_id": 1, "text": "x", "reply_parameters": {}, "reply_markup": {"keyboard": []}},
     "only inline_keyboard is supported as reply markup"),
    ({"chat_id": 1, "text": "x", "link_preview_options": {"url": "https://e.com", "prefer_large_media": "yes"}},
     'can\'t parse link_preview_options: Field "prefer_large_media" must be of type Boolean'),
    ({"chat_id": 1, "text": "x", "link_preview_options": {"url": "http://localhost/a"}},
     "wrong link preview URL specified"),
    ({"chat_id": 1, "text": "x", "reply_parameters": {"allow_sending_without_reply": True}},
     'can\'t parse reply parameters: Can\'t find field "message_id"'),
    ({"chat_id": 1, "text": "x", "reply_parameters": {"message_id": "2"}},
     'can\'t parse reply_parameters: Field "message_id" must be of type Number'),
    ({"chat_id": 1, "text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
     "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 1"),
    ({"chat_id": 1, "text": "🚨", "entities": [{"type": "bold", "offset": 0, "length": 1}]},
     "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol"),
]  # fmt: skip


@pytest.mark.parametrize(("params", "detail"), REFUSED)
def test_wrong_parameters_are_never_a_friendly_ok(params: dict[str, Any], detail: str) -> None:
    assert refused(params) == f"Bad Request: {detail}"


BUTTONS = [
    ({"text": "x"}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
    ({"callback_data": "x"}, 'can\'t parse inline keyboard button: Can\'t find field "text"'),
    ({"text": "x", "callback_data": "가" * 22}, "BUTTON_DATA_INVALID"),
    ({"text": "x", "url": "http://localhost/a"},
     "inline keyboard button URL 'http://localhost/a' is invalid: Wrong HTTP URL"),
    ({"text": "x", "url": "ftp://e.com"}, "inline keyboard button URL 'ftp://e.com' is invalid: Wrong HTTP URL"),
    ({"text": "x", "colour": "red"}, 'can\'t parse inline keyboard button: unknown field "colour"'),
]  # fmt: skip


@pytest.mark.parametrize(("button", "detail"), BUTTONS)
def test_wrong_buttons(button: dict[str, Any], detail: str) -> None:
    params = {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}}
    assert refused(params) == f"Bad Request: {detail}"


def test_limits_hold_to_the_last_unit() -> None:
    assert shown("<b>" + "가" * 4096 + "</b>").text == "가" * 4096
    assert shown("x", reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "a" * 64}]]}).buttons
    row = [{"text": "x", "callback_data": "a"}] * 8
    assert refused({"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [row] * 13}}).endswith("TOO_LONG")


def test_every_link_and_mention_a_reader_gets_is_listed() -> None:
    parsed = shown(
        '@rae_reads www.example.com <a href="https://a.example">b.example</a> <code>c.example</code>'
        '<a href="tg://user?id=5">x</a>',
        reply_markup={"inline_keyboard": [[{"text": "x", "url": "https://d.example"}]]},
        link_preview_options={"is_disabled": True},
    )
    assert parsed.links == ["www.example.com", "https://a.example", "https://d.example"]
    assert parsed.mentions == ["@rae_reads", "5"]
    assert parsed.preview_url is None
    assert shown("a https://e.com/x, b").preview_url == "https://e.com/x"
    assert shown("https://e.com", link_preview_options={"url": "https://f.com"}).preview_url == "https://f.com"


AUTO = [
    ("속보 https://example.com/a(b)? 끝", [("url", "https://example.com/a(b)")]),
    ("(example.co.kr)", [("url", "example.co.kr")]),
    ("규모 5.1 v1.2 3.14", []),
    ("@channel @ab a@b.com", [("mention", "@channel"), ("email", "a@b.com")]),
    ("#속보 #1 a#b #과학_IT", [("hashtag", "#속보"), ("hashtag", "#과학_IT")]),
    ("/stop 10/11 /a/b", [("bot_command", "/stop")]),
    ("$KRW $krw", [("cashtag", "$KRW")]),
]


@pytest.mark.parametrize(("text", "wanted"), AUTO)
def test_bare_text_turns_into_links_by_itself(text: str, wanted: list[tuple[str, str]]) -> None:
    found = [(e["type"], text[e["offset"] : e["offset"] + e["length"]]) for e in auto_entities(text)]
    assert found == wanted


def test_parsing_is_fast_enough_to_judge_every_message() -> None:
    source = (
        "<b>[속보] 예시군 규모 5.1 &amp; 지진</b>\n" + "기상청은 밝혔다. " * 50 + '<a href="https://e.com/a">예시</a>'
    )
    began = time.perf_counter()
    for _ in range(2000):
        parse_html(source)
    assert time.perf_counter() - began < 1.0  # 100,000 in well under a minute, even on a busy machine
