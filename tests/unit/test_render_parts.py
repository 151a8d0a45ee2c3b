"""What only some alerts have: a correction, a card, a picture, notes, a place outside their thread."""

from __future__ import annotations

from typing import Any

import pytest

from newsbot.core.model import Corrected, Urgency
from newsbot.platforms.telegram.render import JOINER
from tests.unit.test_render import CARD, OFF, SLACK, TELEGRAM, _message

BOXES = [
    (Corrected("정정함", "규모", "5.7", "5.1"), "정정함\n규모: <s>5.7</s> → 5.1", "정정함\n규모: 5.7 → 5.1"),
    (Corrected("정정함", "", "5.7", "5.1"), "정정함\n<s>5.7</s> → 5.1", "정정함\n5.7 → 5.1"),
    (Corrected("정정함", "규모", "", "5.1"), "정정함\n규모: 5.1", "정정함\n규모: 5.1"),
    (Corrected("정정함", "규모", "5.7", ""), "정정함\n규모: <s>5.7</s>", "정정함\n규모: 5.7"),
    (Corrected("정정함", "규모", "", ""), "정정함\n규모", "정정함\n규모"),
    (Corrected("정정함", "", "", ""), "정정함", "정정함"),
    (
        Corrected("정정함", "<b>", "a & b", "@x"),
        f"정정함\n&lt;b&gt;: <s>a &amp; b</s> → @{JOINER}x",
        "정정함\n<b>: a & b → @x",
    ),
]


@pytest.mark.parametrize(("box", "telegram", "slack"), BOXES)
def test_a_correction_shows_what_it_has(box: Corrected, telegram: str, slack: str) -> None:
    message = _message(kind="correction", corrected=box, tag="[정정]", hashtags=())
    assert f"\n\n<blockquote>{telegram}</blockquote>\n사회 · " in TELEGRAM.render(message).payload["text"]
    assert TELEGRAM.render(message).payload["link_preview_options"] == OFF
    assert "reply_markup" not in TELEGRAM.render(message).payload
    _, words, _ = SLACK.render(message).payload["blocks"]
    quote = words["elements"][1]
    assert quote["type"] == "rich_text_quote"
    assert "".join(part["text"] for part in quote["elements"]) == slack
    struck = [part["text"] for part in quote["elements"] if part.get("style") == {"strike": True}]
    assert struck == ([box.old] if box.old else [])


@pytest.mark.parametrize(
    ("kind", "urgency", "silent", "shown"),
    [
        ("alert", Urgency.FLASH, False, False),
        ("follow-up", Urgency.FLASH, False, True),
        ("follow-up", Urgency.BREAKING, True, True),
        ("follow-up", Urgency.NORMAL, False, False),
        ("notice", Urgency.BREAKING, False, True),
        ("notice", Urgency.BREAKING, True, False),
        ("notice", Urgency.NORMAL, False, False),
        ("correction", Urgency.BREAKING, False, False),
    ],
)
def test_only_what_is_loud_leaves_its_thread(kind: Any, urgency: Urgency, silent: bool, shown: bool) -> None:
    rendered = SLACK.render(_message(kind=kind, urgency=urgency, silent=silent))
    assert rendered.reply == ({"reply_broadcast": True} if shown else {})
    assert "reply_broadcast" not in rendered.payload


@pytest.mark.parametrize(
    ("fields", "card"),
    [
        ({}, CARD),
        (
            {"image": "https://example.com/a.jpg", "alt": "다리"},
            {"url": "https://example.com/a", "prefer_large_media": True},
        ),
        ({"urgency": Urgency.NORMAL}, OFF),
        ({"kind": "follow-up", "urgency": Urgency.NORMAL}, CARD),
        ({"kind": "correction"}, OFF),
        ({"test": True}, OFF),
    ],
)
def test_cards_are_of_the_article_or_not_at_all(fields: dict[str, Any], card: dict[str, Any]) -> None:
    assert TELEGRAM.render(_message(**fields)).payload["link_preview_options"] == card


def test_a_picture_has_words_and_stands_under_the_excerpt() -> None:
    shown = {"image": "https://example.com/a.jpg", "alt": "다리"}
    blocks = SLACK.render(_message(**shown)).payload["blocks"]
    assert [block["type"] for block in blocks] == ["header", "rich_text", "image", "context", "actions"]
    assert blocks[2] == {"type": "image", "image_url": "https://example.com/a.jpg", "alt_text": "다리"}
    for fields in ({"alt": ""}, {"kind": "correction"}, {"test": True}):
        assert "image" not in [
            block["type"] for block in SLACK.render(_message(**{**shown, **fields})).payload["blocks"]
        ]


def test_notes_and_lateness_stand_in_the_footer() -> None:
    message = _message(notes=("첫 줄 *1*", "둘째 줄"), late="늦게 전함", credit=None, hashtags=("속보",))
    assert TELEGRAM.render(message).payload["text"].endswith("예시뉴스</a> · 늦게 전함\n첫 줄 *1*\n둘째 줄\n#속보")
    context = SLACK.render(message).payload["blocks"][2]["elements"]
    assert [element["text"].split("예시뉴스>")[1] for element in context] == [" · 늦게 전함\n첫 줄 ＊1＊\n둘째 줄"]
