"""Every layout, in Korean and English, on both platforms: exactly these payloads, and exactly these words for a reader.

`tests/golden/*.py` have the stories and, by hand, what readers must read; `tests/golden/*.json` the payloads. After a
wanted change write those anew, look at the difference and commit it:

    UPDATE_GOLDEN=1 .venv/bin/pytest tests/unit/test_render_golden.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from newsbot.core import text
from newsbot.core.model import Rendered, Urgency
from newsbot.platforms.slack.client import EDITABLE
from newsbot.platforms.slack.render import SlackDialect
from newsbot.platforms.telegram.answer import edit_of
from newsbot.platforms.telegram.render import JOINER, TelegramDialect
from newsbot.sandbox.slack import blocks as slack
from newsbot.sandbox.telegram import check as telegram
from tests.golden.cases import CASES
from tests.golden.kit import LONG, ONE, PICTURE, THREE, TWO, WHOLE, Case

FILES = Path(__file__).parents[1] / "golden"
WRITE = bool(os.environ.get("UPDATE_GOLDEN")) and not os.environ.get("CI")
DIALECTS = {"telegram": TelegramDialect(), "slack": SlackDialect()}
LAYOUTS = sorted({case.layout for case in CASES})
TS = "1720742580.000100"


def drawn(case: Case, platform: str) -> Rendered:
    """The request of a case."""
    return DIALECTS[platform].render(case.make())


def payloads(layout: str) -> dict[str, Any]:
    """What the file of a layout holds."""
    found = {}
    for case in CASES:
        for platform in DIALECTS:
            if case.layout == layout:
                one = drawn(case, platform)
                reply = {"reply": one.reply} if one.reply else {}
                assert f"{platform} {case.name}" not in found, "two cases of one name"
                found[f"{platform} {case.name}"] = {"method": one.method, "payload": one.payload, **reply}
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_payloads_are_the_golden_ones(layout: str) -> None:
    file = FILES / f"{layout}.json"
    now = payloads(layout)
    if WRITE:
        file.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert json.loads(file.read_text("utf-8")) == now, f"see the docstring of this file: {file.name} differs"


def test_no_golden_file_is_left_over() -> None:
    assert sorted(path.stem for path in FILES.glob("*.json")) == LAYOUTS


def every(which: str = "") -> Any:
    """All cases, or those of the layouts that start with `which`."""
    cases = [case for case in CASES if case.layout.startswith(which)]
    return pytest.mark.parametrize("case", cases, ids=[f"{case.layout}-{case.name}" for case in cases])


@every()
def test_telegram_shows_the_intended_words(case: Case) -> None:
    one = drawn(case, "telegram")
    seen = telegram.check_send({"chat_id": 1, **one.payload})
    assert seen.text.replace(JOINER, "") == case.reads.telegram()
    assert seen.text.startswith(case.reads.first)
    assert not seen.warnings
    assert len(seen.entities) <= 100
    assert [e["type"] for e in seen.auto] == ["hashtag"] * len(case.reads.tags.split())
    assert set(seen.links) == case.links
    assert [[button["text"] for button in row] for row in seen.buttons] == (
        [[case.reads.button]] if case.reads.button else []
    )
    assert seen.silent == case.quiet
    card = {"off": {"is_disabled": True}}.get(case.card, {"url": seen.preview_url, f"prefer_{case.card}_media": True})
    assert seen.preview == card


@every()
def test_telegram_takes_every_layout_as_an_edit(case: Case) -> None:
    method, payload = edit_of(drawn(case, "telegram"))
    assert method == "editMessageText"
    seen = telegram.check_edit({"chat_id": 1, "message_id": 5, **payload})
    sent = telegram.check_send({"chat_id": 1, **drawn(case, "telegram").payload})
    assert (seen.text, seen.entities, seen.preview, seen.buttons) == (
        sent.text,
        sent.entities,
        sent.preview,
        sent.buttons,
    )


@every()
def test_slack_shows_the_intended_words(case: Case) -> None:
    one = drawn(case, "slack")
    seen = slack.check_post({"channel": "C0NEWS", **one.payload})
    assert seen.plain == case.reads.slack()
    assert seen.notification == case.reads.first
    assert seen.first_block_text.split("\n")[0] == case.reads.first
    assert {url for url, _ in seen.links} | {press.url for press in seen.buttons} == case.links
    routine = case.make().urgency is Urgency.NORMAL  # no button: it would make the channel long
    assert [press.label for press in seen.buttons] == ([] if routine or not case.reads.button else [case.reads.button])
    assert not seen.mentions
    assert not seen.emoji
    assert [url for url, _ in seen.images] == ([PICTURE] if case.layout == "breaking-image" else [])


@every()
def test_slack_takes_every_layout_as_an_edit_and_as_a_reply(case: Case) -> None:
    one = drawn(case, "slack")
    fields = {name: one.payload[name] for name in EDITABLE if name in one.payload}
    assert slack.check_update({"channel": "C0NEWS", "ts": TS, **fields}).plain
    assert slack.check_post({"channel": "C0NEWS", "thread_ts": TS, **one.reply, **one.payload}).plain
    loud = case.layout in ("follow-up", "follow-up-risen", "notice", "withdrawal-notice")
    assert one.reply == ({"reply_broadcast": True} if loud else {})


@every()
def test_the_words_of_the_frame_never_say_cancel(case: Case) -> None:
    assert "취소" not in str([drawn(case, platform).payload for platform in DIALECTS])


@every("withdrawal")
@pytest.mark.parametrize("platform", DIALECTS)
def test_a_withdrawal_names_neither_headline_nor_address(case: Case, platform: str) -> None:
    sent = json.dumps(drawn(case, platform).payload, ensure_ascii=False)
    for word in ("규모", "기상청", "http", "href", "<a", '"url"', "reply_markup", "actions", "재난", "#"):
        assert word not in sent, word
    if platform == "telegram":
        assert drawn(case, platform).payload["link_preview_options"] == {"is_disabled": True}


def test_a_digest_names_nothing_withdrawn() -> None:
    for case in CASES:
        if case.layout == "digest":
            assert "거짓" not in str([drawn(case, platform).payload for platform in DIALECTS])


def test_the_long_text_is_as_long_as_real_ones_get() -> None:
    assert [len(words) for words in (LONG, WHOLE, ONE, TWO, THREE)] == [69, 561, 110, 101, 47]
    assert text.sentences(WHOLE)[:3] == [ONE, TWO, THREE]
