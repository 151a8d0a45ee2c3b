"""What a reader sees is what the newsroom wrote: whatever stands in a headline or excerpt.

Random Unicode goes through compose and render straight into the sandbox's checkers, which share no code with either.
Asserted for every message: it is accepted, within limits, shows the words, calls nobody and links only to our article.
"""

from __future__ import annotations

import random
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from newsbot.core import text
from newsbot.core.compose import MOST_HEADLINE, compose, notice
from newsbot.core.model import Attribution, Change, Message, Story, Topic, Urgency
from newsbot.platforms.slack.render import SlackDialect
from newsbot.platforms.telegram.render import JOINER, TelegramDialect
from newsbot.sandbox.slack.blocks import check_post
from newsbot.sandbox.telegram.check import check_send

LOCALES = Path(__file__).parents[2] / "newsbot" / "locales"
LINK, AGENCY = "https://example.com/a?b=1&c=2", "https://agency.example/"
PICTURE = "https://example.com/a.jpg"
TOPICS = {"politics": Topic("politics", "정치", "Politics", "정치"), "tech": Topic("tech", "과학·IT", "IT", "과학_IT")}
NOW = datetime(2024, 7, 12, 0, 10, tzinfo=UTC)
TELEGRAM, SLACK = TelegramDialect(), SlackDialect()
OURS = {"hashtag"}  # the last line, made of our own topics


def _catalog(language: str) -> dict[str, str]:
    with (LOCALES / language / "alert.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


CATALOGS = {language: _catalog(language) for language in ("ko", "en")}

# --- what comes in --------------------------------------------------------------------------------------------------

TRAPS = [
    *(
        "<b>",
        "</b>",
        "<a href='https://evil.example'>",
        "<tg-time unix=1>",
        "<!-- -->",
        "a < b & c",
        "]]>",
        "<",
        ">",
        "&",
    ),
    *(
        "&lt;",
        "&amp;lt;",
        "&#60;",
        "&nbsp;",
        "&quot;",
        '"',
        "'",
        "\\",
        "{",
        "}",
        "%s",
        "{0}",
        "{named}",
        "\\n",
        "\\u0041",
    ),
    *("<!channel>", "<!here>", "<!everyone>", "<!subteam^S01>", "<@U0123>", "<#C0123>", "<!date^1^{date}|x>"),
    *("<https://evil.example|reuters.com>", "<mailto:a@b.com|x>", "|", "^", "*bold*", "_it_", "~st~", "`code`", "```"),
    *(
        "@name",
        "@here",
        "@channel",
        "@예시",
        "x@y.com",
        "a.b+c@d-e.co.kr",
        "#tag",
        "#속보",
        "#1",
        "##x",
        "$USD",
        "$1INCH",
    ),
    *(
        "/start",
        "/stop@bot",
        "//x",
        "24/7",
        "evil.com",
        "EVIL.COM",
        "t.me/joinchat/x",
        "www.evil.kr",
        "예시.한국",
        "a.рф",
    ),
    *("http://evil.example/x?y=z", "https://u:p@evil.example", "ftp://f.example", "tg://user?id=1", "ton://x"),
    *("javascript:alert(1)", "data:text/html,x", "mailto:a@b.com", "1.2.3.4", "http://1.2.3.4:80", "xn--p1ai.xn--p1ai"),
    *(":smile:", ":1:", ":+1::skin-tone-2:", "(c)", "•", "· ", "\n", "\r\n", "\t", "\u2028", "\u3000", "\u00a0", "  "),
]
PICTURES = [
    "😀",
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "👩🏽‍⚕️",
    "🇰🇷",
    "1️⃣",
    "☎️",
    "❤️‍🔥",
    "🧑‍🤝‍🧑",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
]
HIDDEN = [
    *("\u202e", "\u202a", "\u202c", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u200b", "\u200c", "\u200d"),
    *("\u2060", "\ufeff", "\u00ad", "\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9f", "\ud800", "\udfff", "\ud83d"),
    *("\U000e0041", "\U000e007f", "\ufff9", "\ufffe", "\u034f", "\u180e"),
]
MARKS = ["\u0301", "\u0489", "\u20dd", "\u093f", "\ufe0f"]
RANGES = [
    (0x20, 0x7E),
    (0xAC00, 0xD7A3),
    (0xAC00, 0xD7A3),
    (0xA0, 0x24F),
    (0x370, 0x5FF),
    (0x600, 0x6FF),
    (0x900, 0xDFF),
]
RANGES += [(0x1100, 0x11FF), (0x2000, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0x1F300, 0x1FAFF), (0x0, 0x10FFFF)]
WORDS = [
    "예시군",
    "앞바다",
    "규모 5.1",
    "지진",
    "발생했다.",
    "국회",
    "U.S.",
    "월터 E.",
    "라고",
    "했고",
    "Breaking",
    "No. 5",
]


def _fragment(dice: random.Random) -> str:
    """One piece of a hostile headline."""
    kind = dice.random()
    if kind < 0.35:
        return dice.choice(WORDS)
    if kind < 0.6:
        return dice.choice(TRAPS)
    if kind < 0.68:
        return dice.choice(PICTURES)
    if kind < 0.78:
        return dice.choice(HIDDEN)
    if kind < 0.82:
        return dice.choice(MARKS) * dice.choice((1, 3, 40))
    low, high = dice.choice(RANGES)
    return "".join(chr(dice.randint(low, high)) for _ in range(dice.randint(1, 6)))


def _words(dice: random.Random, most: int) -> str:
    """A text of up to `most` pieces, some glued together."""
    glue = ("", " ", " ")
    return "".join(_fragment(dice) + dice.choice(glue) for _ in range(dice.randint(1, most)))


def _story(headline: str, excerpt: str, dice: random.Random) -> Story:
    return Story(
        id="K7F3M",
        article="a1",
        urgency=dice.choice(tuple(Urgency)),
        topics=dice.choice(((), ("politics",), ("politics", "tech"))),
        labels=dice.choice(((), (), ("속보", "단독"), ("2보",))),
        headline=headline,
        excerpt=excerpt,
        link=dice.choice((LINK, LINK, None)),
        published_at=dice.choice(("2024-07-12T09:03:00+09:00", "2024-07-11T09:03:00+09:00", "2024-07-12", None)),
        publisher="예시뉴스",
        attribution=dice.choice((None, Attribution(name="예시청", url=AGENCY, licence="KOGL-1"))),
        **_kind(dice),
    )


def _kind(dice: random.Random) -> dict[str, Any]:
    """Half of them are no plain alerts."""
    if dice.random() < 0.5:
        return {}
    words = [_words(dice, 4) for _ in range(3)]
    return {
        "kind": dice.choice(("alert", "follow-up", "correction")),
        "take": dice.choice((1, 2, 30)),
        "change": dice.choice((None, Change(label=words[0], old=words[1], new=words[2], at=1720744860.0))),
        "live": dice.random() < 0.8,
        "late": dice.random() < 0.2,
        "test": dice.random() < 0.2,
        "notes": dice.choice(((), ("ai",), ("poll", "claim"))),
        "image": dice.choice((None, PICTURE)),
        "alt": _words(dice, 3),
    }


# --- what is seen ---------------------------------------------------------------------------------------------------


def _lines(message: Message, separator: str) -> tuple[list[str], str]:
    """The paragraphs a reader must see, and the lines at the end: the correction, footer, credit, notes."""
    footer = [", ".join(message.topics)] if message.topics else []
    footer += [message.when.text] if message.when else []
    footer += [words for words in (message.publisher, message.late) if words]
    credit = message.credit
    said = f"{credit.label} {credit.name} · {credit.licence}" if credit else ""
    shown = [message.first_line] + ([message.excerpt] if message.excerpt else [])
    end = [" · ".join(footer) + (f"{separator}{said}" if said else ""), *message.notes]
    if box := message.corrected:
        change = " → ".join(words for words in (box.old, box.new) if words)
        end.insert(0, f"{box.title}\n{': '.join(words for words in (box.label, change) if words)}".rstrip("\n"))
    return shown, "\n".join(end)


def _essence(words: str) -> str:
    """The signs that must survive: everything but blanks, marks and what Unicode calls control or format."""
    kept = (
        s
        for s in words
        if not s.isspace() and unicodedata.category(s) not in ("Cc", "Cf", "Cs", "Cn", "Mn", "Me", "Mc")
    )
    return "".join(kept)


def _check_message(message: Message, headline: str) -> None:
    """Nothing visible is lost or added on the way from the newsroom's headline to the neutral message."""
    joined = headline.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    if text.utf16_len(joined) < MOST_HEADLINE / 6:
        assert _essence(message.headline) == _essence(joined)
    for words in (message.headline, message.excerpt):
        assert not any(unicodedata.category(s) in ("Cc", "Cs") for s in words)
        assert not set(words) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff")


def _check_telegram(message: Message) -> None:
    payload = TELEGRAM.render(message).payload
    seen = check_send({"chat_id": 1, **payload})
    shown, footer = _lines(message, "\n")
    tags = " ".join(f"#{tag}" for tag in message.hashtags)
    expected = "\n\n".join(part for part in (*shown, footer) if part) + (f"\n{tags}" if tags else "")
    assert seen.text.replace(JOINER, "") == expected
    assert not seen.warnings
    assert not seen.mentions
    assert set(seen.links) <= {LINK, AGENCY}
    assert [e["type"] for e in seen.auto if e["type"] not in OURS] == []
    assert len([e for e in seen.auto if e["type"] == "hashtag"]) == len(message.hashtags)
    assert seen.preview_url in (None, LINK)
    assert [button["url"] for row in seen.buttons for button in row] in ([], [LINK])


def _check_slack(message: Message) -> None:
    payload = SLACK.render(message).payload
    seen = check_post({"channel": "C0123", **payload})
    shown, footer = _lines(message, " · ")
    assert seen.plain == "\n".join(part for part in (*shown, footer) if part)
    assert seen.notification == message.first_line
    assert seen.first_block_text.split("\n")[0] == message.first_line
    assert not seen.mentions
    assert not seen.emoji
    assert {url for url, _ in seen.links} <= {LINK, AGENCY}
    assert {press.url for press in seen.buttons} <= {LINK}
    assert seen.images == ([(PICTURE, message.alt)] if message.image else [])


CHECKS = {"telegram": _check_telegram, "slack": _check_slack}


def _one(headline: str, excerpt: str, dice: random.Random, *platforms: str) -> None:
    if not text.line(headline):
        return  # refused earlier: "headline empty"
    story = _story(headline, excerpt, dice)
    language = dice.choice(("ko", "en"))
    message = compose(story, language=language, catalog=CATALOGS[language], topics=TOPICS, now=NOW, zone="Asia/Seoul")
    _check_message(message, headline)
    told = [message]
    if story.kind == "correction":
        catalog = CATALOGS[language]
        told.append(notice(story, language=language, catalog=catalog, topics=TOPICS, now=NOW, zone="Asia/Seoul"))
    for platform in platforms:
        for one in told:
            CHECKS[platform](one)


def _run(seed: int, count: int) -> None:
    """`count` stories of one seed, each on every platform; a failure names the seed of its own story."""
    for number in range(count):
        own = f"{seed}-{number}"
        dice = random.Random(own)
        headline, excerpt = _words(dice, 12), _words(dice, 30)
        try:
            _one(headline, excerpt, dice, *CHECKS)
        except Exception as error:
            raise AssertionError(f"story {own}: {headline!r} / {excerpt!r}") from error


def test_words_are_literal() -> None:
    _run(1, 1000)


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_hundred_thousand_headlines_and_excerpts_are_literal(seed: int) -> None:
    """In four parts, so that workers share them."""
    _run(seed, 25_000)


@pytest.mark.parametrize("platform", sorted(CHECKS))
@pytest.mark.parametrize("trap", ["@a", "&<", "evil.com ", "😀", "가", '"\\', "👨\u200d", "a\u0301\u0302"])
def test_absurdly_long_texts_still_fit(platform: str, trap: str) -> None:
    for seed in range(6):
        _one(trap * 5000, trap * 5000, random.Random(seed), platform)


def test_names_neither_call_nor_lead_away() -> None:
    for seed in range(600):
        dice = random.Random(f"names-{seed}")
        agency = Attribution(name=_words(dice, 5), url=dice.choice((AGENCY, None, "tg://x")), licence=_words(dice, 3))
        story = _story("제목", "본문", dice).model_copy(update={"publisher": _words(dice, 5), "attribution": agency})
        message = compose(story, language="ko", catalog=CATALOGS["ko"], topics=TOPICS, now=NOW, zone="Asia/Seoul")
        telegram = check_send({"chat_id": 1, **TELEGRAM.render(message).payload})
        assert not telegram.mentions, seed
        assert not telegram.warnings, seed
        assert [e["type"] for e in telegram.auto] == ["hashtag"] * len(message.hashtags), seed
        slack = check_post({"channel": "C0123", **SLACK.render(message).payload})
        assert not slack.mentions, seed
        assert not slack.emoji, seed
        assert {mark for mark, _ in slack.styled} <= {"bold", "strike"}, seed
        assert {*telegram.links, *(url for url, _ in slack.links)} <= {LINK, AGENCY}, seed


ANY = st.lists(
    st.one_of(st.sampled_from([*TRAPS, *PICTURES, *HIDDEN, *MARKS, *WORDS]), st.text(st.characters(), max_size=8)),
    min_size=1,
    max_size=8,
).map("".join)


@pytest.mark.parametrize("platform", sorted(CHECKS))
@settings(max_examples=300, deadline=None)
@given(headline=ANY, excerpt=ANY, seed=st.integers(0, 50))
@pytest.mark.slow
def test_found_counterexamples_are_small(platform: str, headline: str, excerpt: str, seed: int) -> None:
    _one(headline, excerpt, random.Random(seed), platform)


def _cases() -> list[Any]:
    return [(a, b) for a in TRAPS for b in (*TRAPS, *HIDDEN)]


@pytest.mark.slow
@pytest.mark.parametrize("platform", sorted(CHECKS))
def test_every_pair_of_traps(platform: str) -> None:
    for number, (a, b) in enumerate(_cases()):
        _one(f"예시 {a}{b}끝", "", random.Random(number), platform)
