"""How alerts look on both platforms: golden layouts, hostile words, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from newsbot.core.model import Address, Credit, Message, Urgency, When
from newsbot.platforms.slack.render import SlackDialect
from newsbot.platforms.telegram.render import JOINER, TelegramDialect, linkable, plain

TELEGRAM, SLACK = TelegramDialect(), SlackDialect()
UNIX = 1720742580
KO_CREDIT = Credit("자료:", "정책브리핑", "https://www.korea.kr", "공공누리 제1유형")
EN_CREDIT = Credit("Source:", "Korea Policy Briefing", "https://www.korea.kr", "KOGL Type 1")


def _message(**fields: Any) -> Message:
    given: dict[str, Any] = {
        "urgency": Urgency.BREAKING,
        "language": "ko",
        "tag": "[속보]",
        "headline": "예시군, 다리 복구 계획 확정",
        "excerpt": "예시군은 12일 다리 복구 계획을 확정했다.",
        "topics": ("사회",),
        "when": When("오전 9:03", UNIX),
        "publisher": "예시뉴스",
        "link": "https://example.com/a",
        "credit": KO_CREDIT,
        "hashtags": ("속보", "사회"),
        "read": "기사 보기",
        "story": "K7F3M",
    }
    return Message(**{**given, **fields})


FLASH = _message(
    urgency=Urgency.FLASH,
    tag="🚨 [긴급]",
    headline="예시군 앞바다 규모 5.1 지진",
    excerpt="",
    topics=("날씨·재난",),
    link=None,
    credit=None,
    hashtags=("긴급", "재난"),
)
NORMAL = _message(urgency=Urgency.NORMAL, tag="", when=When("7월 12일(금)"), hashtags=("사회",))
ENGLISH: dict[str, Any] = {"language": "en", "topics": ("Society",), "publisher": "Example News", "read": "Read"}
EN_BREAKING = _message(
    **ENGLISH, tag="BREAKING:", when=When("9:03 AM", UNIX), credit=EN_CREDIT, hashtags=("Breaking", "Society")
)
EN_FLASH = _message(
    **ENGLISH,
    urgency=Urgency.FLASH,
    tag="🚨 FLASH:",
    excerpt="",
    when=When("9:03 AM", UNIX),
    link=None,
    credit=None,
    hashtags=("Flash", "Society"),
)
EN_NORMAL = _message(
    **ENGLISH,
    urgency=Urgency.NORMAL,
    tag="EXCLUSIVE:",
    when=When("Thu 11 July 9:03 AM", UNIX, dated=True),
    credit=EN_CREDIT,
    hashtags=("Society",),
)
CARD = {"url": "https://example.com/a", "prefer_small_media": True}
OFF = {"is_disabled": True}
TIME = '<tg-time unix="1720742580" format="t">'

TELEGRAM_GOLDEN = [
    (
        FLASH,
        OFF,
        False,
        "🚨 <b>[긴급] 예시군 앞바다 규모 5.1 지진</b>\n\n"
        f"날씨·재난 · {TIME}오전 9:03</tg-time> · 예시뉴스\n#긴급 #재난",
    ),
    (
        _message(),
        CARD,
        False,
        "<b>[속보] 예시군, 다리 복구 계획 확정</b>\n\n예시군은 12일 다리 복구 계획을 확정했다.\n\n"
        f'사회 · {TIME}오전 9:03</tg-time> · <a href="https://example.com/a">예시뉴스</a>\n'
        '자료: <a href="https://www.korea.kr">정책브리핑</a> · 공공누리 제1유형\n#속보 #사회',
    ),
    (
        NORMAL,
        OFF,
        True,
        "<b>예시군, 다리 복구 계획 확정</b>\n\n예시군은 12일 다리 복구 계획을 확정했다.\n\n"
        '사회 · 7월 12일(금) · <a href="https://example.com/a">예시뉴스</a>\n'
        '자료: <a href="https://www.korea.kr">정책브리핑</a> · 공공누리 제1유형\n#사회',
    ),
    (
        EN_FLASH,
        OFF,
        False,
        "🚨 <b>FLASH: 예시군, 다리 복구 계획 확정</b>\n\n"
        f"Society · {TIME}9:03 AM</tg-time> · Example News\n#Flash #Society",
    ),
    (
        EN_BREAKING,
        CARD,
        False,
        "<b>BREAKING: 예시군, 다리 복구 계획 확정</b>\n\n예시군은 12일 다리 복구 계획을 확정했다.\n\n"
        f'Society · {TIME}9:03 AM</tg-time> · <a href="https://example.com/a">Example News</a>\n'
        'Source: <a href="https://www.korea.kr">Korea Policy Briefing</a> · KOGL Type 1\n#Breaking #Society',
    ),
    (
        EN_NORMAL,
        OFF,
        True,
        "<b>EXCLUSIVE: 예시군, 다리 복구 계획 확정</b>\n\n예시군은 12일 다리 복구 계획을 확정했다.\n\n"
        'Society · <tg-time unix="1720742580" format="wDt">Thu 11 July 9:03 AM</tg-time> · '
        '<a href="https://example.com/a">Example News</a>\n'
        'Source: <a href="https://www.korea.kr">Korea Policy Briefing</a> · KOGL Type 1\n#Society',
    ),
]


def _keyboard(message: Message) -> dict[str, Any]:
    rows = [[{"text": message.read, "url": "https://example.com/a"}]]
    return {"reply_markup": {"inline_keyboard": rows}} if message.link else {}


@pytest.mark.parametrize(("message", "card", "silent", "shown"), TELEGRAM_GOLDEN)
def test_telegram_layouts(message: Message, card: dict[str, Any], silent: bool, shown: str) -> None:
    rendered = TELEGRAM.render(message)
    assert rendered.method == "sendMessage"
    assert rendered.payload == {
        "text": shown,
        "parse_mode": "HTML",
        "link_preview_options": card,
        "disable_notification": silent,
        **_keyboard(message),
    }


def _header(words: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "emoji": False, "text": words}}


def _rich(*sections: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [one]} for one in sections]}


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _context(words: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "verbatim": True, "text": words}]}


def _button(label: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    button = {"type": "button", "action_id": "open", "url": "https://example.com/a", "text": text}
    return {"type": "actions", "elements": [button]}


def _linked(words: str) -> dict[str, Any]:
    return {"type": "link", "url": "https://example.com/a", "text": words, "style": {"bold": True}}


BODY = "예시군은 12일 다리 복구 계획을 확정했다."
KO_END = "<https://example.com/a|예시뉴스> · 자료: <https://www.korea.kr|정책브리핑> · 공공누리 제1유형"
EN_END = "<https://example.com/a|Example News> · Source: <https://www.korea.kr|Korea Policy Briefing> · KOGL Type 1"
SLACK_GOLDEN = [
    (
        FLASH,
        [
            _header("🚨 [긴급] 예시군 앞바다 규모 5.1 지진"),
            _context("날씨·재난 · <!date^1720742580^{time}|오전 9:03> · 예시뉴스"),
        ],
    ),
    (
        _message(),
        [
            _header("[속보] 예시군, 다리 복구 계획 확정"),
            _rich(_text(BODY)),
            _context(f"사회 · <!date^1720742580^{{time}}|오전 9:03> · {KO_END}"),
            _button("기사 보기"),
        ],
    ),
    (
        NORMAL,
        [_rich(_linked("예시군, 다리 복구 계획 확정"), _text(BODY)), _context(f"사회 · 7월 12일(금) · {KO_END}")],
    ),
    (
        EN_FLASH,
        [
            _header("🚨 FLASH: 예시군, 다리 복구 계획 확정"),
            _context("Society · <!date^1720742580^{time}|9:03 AM> · Example News"),
        ],
    ),
    (
        EN_BREAKING,
        [
            _header("BREAKING: 예시군, 다리 복구 계획 확정"),
            _rich(_text(BODY)),
            _context(f"Society · <!date^1720742580^{{time}}|9:03 AM> · {EN_END}"),
            _button("Read"),
        ],
    ),
    (
        EN_NORMAL,
        [
            _rich(_linked("EXCLUSIVE: 예시군, 다리 복구 계획 확정"), _text(BODY)),
            _context(f"Society · <!date^1720742580^{{date_short}} {{time}}|Thu 11 July 9:03 AM> · {EN_END}"),
        ],
    ),
]


@pytest.mark.parametrize(("message", "blocks"), SLACK_GOLDEN)
def test_slack_layouts(message: Message, blocks: list[dict[str, Any]]) -> None:
    rendered = SLACK.render(message)
    assert rendered.method == "chat.postMessage"
    assert rendered.payload == {
        "text": message.first_line,
        "blocks": blocks,
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "newsbot_alert", "event_payload": {"story": "K7F3M"}},
    }


def test_a_flash_with_its_page_has_a_link() -> None:
    message = _message(urgency=Urgency.FLASH, tag="[긴급]", excerpt="", credit=None, hashtags=())
    assert '<a href="https://example.com/a">예시뉴스</a>' in TELEGRAM.render(message).payload["text"]
    assert TELEGRAM.render(message).payload["link_preview_options"] == CARD
    assert SLACK.render(message).payload["blocks"][-1] == _button("기사 보기")


def test_without_a_link_nothing_is_linked_and_no_card_shown() -> None:
    message = _message(link=None, credit=None)
    payload = TELEGRAM.render(message).payload
    assert "<a" not in payload["text"]
    assert payload["link_preview_options"] == OFF
    assert "reply_markup" not in payload
    blocks = SLACK.render(message).payload["blocks"]
    assert [block["type"] for block in blocks] == ["header", "rich_text", "context"]
    normal = SLACK.render(_message(link=None, urgency=Urgency.NORMAL, tag="", excerpt="")).payload["blocks"]
    assert normal[0] == _rich(_text("예시군, 다리 복구 계획 확정") | {"style": {"bold": True}})


def test_a_long_headline_leaves_the_header_uncut() -> None:
    headline = "긴 제목 " * 40 + "끝"
    first = SLACK.render(_message(headline=headline)).payload["blocks"][0]
    assert first == _rich(_text(f"[속보] {headline}") | {"style": {"bold": True}}, _text(BODY))


@pytest.mark.parametrize(
    ("words", "telegram"),
    [
        ("<b>a & b</b>", "&lt;b&gt;a &amp; b&lt;/b&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ('그는 "간다"', "그는 &quot;간다&quot;"),
        ("@everyone", "@_everyone"),
        ("a@b.com", "a@_b._com"),
        ("#속보 #1 # 끝", "#_속보 #_1 # 끝"),
        ("$USD $5", "$_USD $5"),
        ("/start 24/7 A/B", "/_start 24/7 A/B"),
        ("evil.com 5.1 U.S. 끝.", "evil._com 5.1 U.S. 끝."),
        ("https://evil.com/x", "https:_//evil._com/x"),
        ("t.me/x", "t._me/x"),
        ("예시.한국", "예시._한국"),
        ("1.2.3.4", "1._2.3.4"),
        ("tg://user?id=1", "tg:_//user?id=1"),
        ("오전 9:03", "오전 9:03"),
    ],
)
def test_telegram_words_are_read_only(words: str, telegram: str) -> None:
    assert plain(words) == telegram.replace("_", JOINER) if "_" in telegram else plain(words) == telegram
    assert TELEGRAM.render(_message(headline=words)).payload["text"].startswith(f"<b>[속보] {plain(words)}</b>")


HOSTILE = ["<!channel>", "<!here|x>", "<@U1>", "<https://evil.example|reuters.com>", "&lt;!here&gt;", "*굵게* _a_ `c`"]


@pytest.mark.parametrize("words", HOSTILE)
def test_slack_never_reads_the_words_as_markup(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    payload = SLACK.render(_message(headline=words, excerpt=words)).payload
    assert payload["text"] == f"[속보] {escaped}"
    assert payload["blocks"][0] == _header(f"[속보] {words}")
    assert payload["blocks"][1] == _rich(_text(words))


def test_names_in_slacks_context_cannot_format_link_or_call() -> None:
    credit = Credit("자료:", "`c` :smile:", "https://a.example/?a=1&b=|<>", "*l*")
    message = _message(publisher="<!here>|*a* snake_case", credit=credit, topics=("a & b",))
    context = SLACK.render(message).payload["blocks"][2]["elements"][0]["text"]
    assert context == (
        "a &amp; b · <!date^1720742580^{time}|오전 9:03> · "
        "<https://example.com/a|&lt;!here&gt;｜＊a＊ snake_case> · "
        "자료: <https://a.example/?a=1&amp;b=%7C%3C%3E|｀c｀ ：smile:> · ＊l＊"
    )


def test_the_renderers_drop_what_may_not_be_linked() -> None:
    for link in ("javascript:alert(1)", "tg://user?id=1", "https://a@evil.example/"):
        message = _message(link=link, credit=Credit("자료:", "예시청", link, ""))
        assert "evil" not in str(TELEGRAM.render(message).payload)
        assert link not in str(SLACK.render(message).payload)


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://example.com", True),
        ("https://example.com:8080/a", True),
        ("http://127.0.0.1:4000/", True),
        ("http://localhost:4000/", False),
        ("http://[::1]/", False),
        ("http://a.b/", False),
    ],
)
def test_telegram_links_need_a_host_with_a_dot(url: str, ok: bool) -> None:
    assert linkable(url) is ok


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("telegram:123", "telegram:123"),
        ("telegram:-1001234567890", "telegram:-1001234567890"),
        ("telegram:-1001234567890/7", "telegram:-1001234567890/7"),
        ("telegram:0042/07", "telegram:42/7"),
        ("telegram:0", None),
        ("telegram:4503599627370496", None),
        ("telegram:-4503599627370495", "telegram:-4503599627370495"),
        ("telegram:9223372036854775808", None),
        ("telegram:12/0", None),
        ("telegram:12/-1", None),
        ("telegram:12/2147483648", None),
        ("telegram:@name", None),
        ("telegram:１２", None),
        ("telegram:1_000", None),
        ("slack:C0123ABC", "slack:C0123ABC"),
        ("slack:c0123abc", None),
        ("slack:general", None),
        ("slack:T01/D0123", "slack:T01/D0123"),
        ("slack:G012", "slack:G012"),
        ("slack:U0123", None),
        ("slack:#general", None),
        ("slack:T01/", None),
        ("slack:C", None),
        ("slack:C012/1", None),
        ("slack:Ｃ012", None),
    ],
)
def test_addresses(given: str, canonical: str | None) -> None:
    address = Address.parse(given)
    dialect = TELEGRAM if address.platform == "telegram" else SLACK
    if canonical:
        assert str(dialect.parse(address)) == canonical
    else:
        with pytest.raises(ValueError, match="address") as error:
            dialect.parse(address)
        assert "\n" not in str(error.value)


def test_message_references_as_the_platforms_write_them() -> None:
    assert TELEGRAM.show_ref(123) == "123"
    assert SLACK.show_ref(1720742580123456) == "1720742580.123456"
    assert SLACK.show_ref(1720742580000100) == "1720742580.000100"
    assert (TELEGRAM.ref_bytes, SLACK.ref_bytes) == (4, 8)
