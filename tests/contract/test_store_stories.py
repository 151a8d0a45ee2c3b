"""Stories on a real Redis: one article is one story, under whatever names and from however many sources it comes."""

from __future__ import annotations

import asyncio

import pytest

from newsbot.core.model import Article, Story, Urgency
from newsbot.store import keys
from newsbot.store.redis import Redis
from newsbot.store.stories import RedisStories
from tests.contract.store_kit import story

BOTS = ("telegram", "slack")
NOW = 1_800_000_000.0


@pytest.fixture
def stories(redis: Redis) -> RedisStories:
    return RedisStories(redis, lambda: NOW)


def piece(name: str, *paths: str, title: str = "제목") -> Article:
    return Article(id=name, source="site", title=title, keys=paths)


def alert(name: str, held: str | None = None, at: float = NOW) -> Story:
    return story(name, Urgency.BREAKING, at=at).model_copy(update={"held": held})


async def test_the_same_article_from_a_hundred_places_is_one_story(stories: RedisStories) -> None:
    names = [piece("/a", "a.md"), piece("/b", "a.md"), piece("/a"), piece("/c", "a.md", "/a")]
    first = await stories.accept(names[0], alert("FIRST"), BOTS)
    replies = await asyncio.gather(
        *(stories.accept(names[number % 4], alert(f"N{number:04}"), BOTS) for number in range(100))
    )
    assert first == (True, "FIRST")
    assert set(replies) == {(False, "FIRST")}
    assert [one.id for one in await stories.recent(9)] == ["FIRST"]
    assert sorted(await stories.todo()) == [("FIRST", "slack"), ("FIRST", "telegram")]


async def test_two_sources_racing_for_a_new_article_make_one_story(stories: RedisStories) -> None:
    replies = await asyncio.gather(
        *(stories.accept(piece(f"/{number % 2}", "a.md"), alert(f"N{number:04}"), BOTS) for number in range(100))
    )
    (winner,) = {name for fresh, name in replies if fresh}
    assert sum(fresh for fresh, _ in replies) == 1
    assert {name for _, name in replies} == {winner}


async def test_a_repeated_request_is_told_the_same(stories: RedisStories) -> None:
    for _ in range(2):
        assert await stories.accept(piece("/a"), alert("FIRST"), BOTS) == (True, "FIRST")
    await stories.done("FIRST", "slack")
    await stories.done("FIRST", "slack")
    assert await stories.todo() == [("FIRST", "telegram")]


async def test_a_taken_id_is_not_overwritten(stories: RedisStories) -> None:
    await stories.accept(piece("/a"), alert("FIRST"), BOTS)
    assert await stories.accept(piece("/b"), alert("FIRST"), BOTS) == (False, "")
    assert await stories.known([piece("/b")]) == [None]
    found = await stories.get("first")
    assert found is not None
    assert found.article == "/FIRST"


async def test_a_changed_permalink_or_path_is_the_same_article(stories: RedisStories) -> None:
    await stories.accept(piece("/old", "a.md"), alert("FIRST"), BOTS)
    for renamed in (piece("/new", "a.md"), piece("/new", "b.md"), piece("/newer", "b.md"), piece("/old", "c.md")):
        assert await stories.story_of(renamed) == "FIRST", renamed
        assert await stories.note([renamed]) == 0
    for name in ("/old", "/new", "/newer", "a.md", "b.md", "c.md"):
        assert (await stories.accept(piece(name), alert("AGAIN"), BOTS)) == (False, "FIRST"), name


async def test_an_article_noted_before_it_was_renamed_still_has_one_story(stories: RedisStories) -> None:
    assert await stories.note([piece("/old", "a.md")]) == 1
    assert await stories.accept(piece("/new", "a.md"), alert("FIRST"), BOTS) == (True, "FIRST")
    assert await stories.note([piece("/old", "a.md")]) == 0
    assert await stories.story_of(piece("/old")) == "FIRST"
    assert await stories.accept(piece("/old", "a.md"), alert("AGAIN"), BOTS) == (False, "FIRST")


async def test_names_of_two_records_mean_the_one_with_a_story(stories: RedisStories) -> None:
    await stories.note([piece("/silent", "s.md")])
    await stories.accept(piece("/told", "t.md"), alert("FIRST"), BOTS)
    both = piece("/silent", "t.md")
    assert await stories.story_of(both) == "FIRST"
    await stories.note([both])
    assert await stories.accept(both, alert("AGAIN"), BOTS) == (False, "FIRST")
    assert await stories.accept(piece("/told"), alert("AGAIN"), BOTS) == (False, "FIRST")


async def test_known_tells_print_and_story_in_order_for_many(stories: RedisStories) -> None:
    many = [piece(f"/{number}", f"{number}.md", title=str(number)) for number in range(1203)]
    assert await stories.note(many[::2]) == 602
    await stories.accept(many[4], alert("FIRST"), BOTS)
    found = await stories.known(many)
    assert found[1::2] == [None] * 601
    assert [one.print for one in found[::2] if one] == [one.fingerprint for one in many[::2]]
    assert [number for number, one in enumerate(found) if one and one.story] == [4]


def freed(shown: Story, at: float = NOW) -> Story:
    return shown.model_copy(update={"held": None, "accepted_at": at})


async def test_a_held_story_goes_out_once_and_as_it_was_shown(stories: RedisStories) -> None:
    shown = alert("HELDX", "night", at=1.0)
    await stories.accept(piece("/a"), shown, ())
    assert await stories.todo() == []
    assert (await stories.held(), [one.held for one in await stories.recent(5, held=True)]) == (1, ["night"])
    changed = shown.model_copy(update={"headline": "다른 제목", "revision": 2})
    assert await stories.advance(shown, changed)
    assert not await stories.advance(shown, freed(shown), BOTS), "its text changed after it was shown"
    replies = await asyncio.gather(*(stories.advance(changed, freed(changed), BOTS) for _ in range(20)))
    assert any(replies)
    assert sorted(await stories.todo()) == [("HELDX", "slack"), ("HELDX", "telegram")]
    found = await stories.get("HELDX")
    assert found == freed(changed)
    assert await stories.held() == 0
    assert not await stories.advance(shown, changed)
    assert await stories.get("HELDX") == found, "what went out is not touched"


async def test_of_two_releases_that_read_the_same_text_one_goes_through(stories: RedisStories) -> None:
    shown = alert("HELDX", "night")
    await stories.accept(piece("/a"), shown, ())
    replies = await asyncio.gather(*(stories.advance(shown, freed(shown, at), BOTS) for at in (2.0, 3.0)))
    assert sorted(replies) == [False, True]
    found = await stories.get("HELDX")
    assert found is not None
    assert found.accepted_at == (2.0 if replies[0] else 3.0)


async def test_a_repeated_step_is_told_the_same(stories: RedisStories, redis: Redis) -> None:
    shown = alert("HELDX", "night")
    await stories.accept(piece("/a"), shown, ())
    before, after = shown.model_dump_json(), freed(shown).model_dump_json()
    where = [keys.story("HELDX"), keys.HELD, keys.TODO, keys.GATE, keys.LINKS]
    step = ["HELDX", before, after, "", NOW, "", "", "", 1000, "HELDX telegram"]
    assert [int(await redis.run("advance", where, step)) for _ in range(2)] == [1, 1]
    assert await stories.todo() == [("HELDX", "telegram")]


async def test_a_story_written_by_an_older_version_can_be_released(stories: RedisStories, redis: Redis) -> None:
    shown = alert("HELDX", "night")
    await stories.accept(piece("/a"), shown, ())
    old = shown.model_dump_json(exclude={"zone", "labels"})
    await redis.call("HSET", keys.story("HELDX"), "body", old)
    found = await stories.get("HELDX")
    assert found == shown
    assert await stories.advance(found, freed(found), BOTS)


async def test_an_edit_has_its_revision_in_its_rows_and_keeps_the_old_text(stories: RedisStories, redis: Redis) -> None:
    first = alert("FIRST")
    await stories.accept(piece("/a"), first, ())
    second = first.model_copy(update={"headline": "고친 제목", "revision": 2})
    assert await stories.advance(first, second, BOTS)
    assert sorted(await stories.todo()) == [("FIRST@2", "slack"), ("FIRST@2", "telegram")]
    kept = await redis.call("HGET", keys.story("FIRST"), "text:1")
    assert Story.model_validate_json(kept) == first


async def test_what_waits_for_its_page_is_not_planned_and_leaves_the_gate_once(stories: RedisStories) -> None:
    waits = alert("WAITS").model_copy(update={"live": False})
    await stories.accept(piece("/a"), waits, (), gate=NOW + 60)
    assert (await stories.todo(), await stories.waiting(), await stories.linkless()) == ([], [("WAITS", NOW + 60)], [])
    assert await stories.advance(waits, waits, ("telegram",), gate=0, links=NOW + 3600)
    assert (await stories.waiting(), await stories.linkless()) == ([], [("WAITS", NOW + 3600)])
    live = waits.model_copy(update={"live": True, "revision": 2})
    assert await stories.advance(waits, live, ("telegram",), links=0)
    assert (await stories.linkless(), await stories.todo()) == ([], [("WAITS", "telegram"), ("WAITS@2", "telegram")])


async def test_a_question_is_held_and_belongs_to_no_article(stories: RedisStories) -> None:
    question = alert("ASKED", "republished").model_copy(update={"kind": "question"})
    assert [await stories.ask(question) for _ in range(2)] == [True, True], "the same request is told the same"
    assert not await stories.ask(question.model_copy(update={"headline": "다른 물음"})), "its id is taken"
    assert [one.id for one in await stories.recent(9, held=True)] == ["ASKED"]
    assert await stories.article("/ASKED") is None


async def test_words_are_known_in_their_own_source_by_their_first_article(stories: RedisStories) -> None:
    old = piece("/a", "a.md").model_copy(update={"content": "c0ffee"})
    await stories.note([old])
    again = piece("/b", "b.md").model_copy(update={"content": "c0ffee"})
    assert await stories.same_words(again) == old
    assert await stories.same_words(again.model_copy(update={"source": "other"})) is None
    assert await stories.same_words(piece("/b")) is None
    assert await stories.known([again]) == [None], "the same words under another name are another article"


async def test_a_record_says_whose_wording_it_is(stories: RedisStories) -> None:
    await stories.note([piece("/a").model_copy(update={"kind": "feed"})])
    await stories.accept(piece("/b"), alert("FIRST"), ())
    found = await stories.known([piece("/a"), piece("/b")])
    assert [one and (one.kind, one.story) for one in found] == [("feed", ""), ("jekyll", "FIRST")]


async def test_what_is_forgotten_by_age_leaves_the_lists_too(stories: RedisStories, redis: Redis) -> None:
    old = alert("OLDXX", "night", at=NOW - keys.KEPT - 1)
    await stories.accept(piece("/a"), old, BOTS)
    await stories.accept(piece("/b"), alert("NEWXX"), BOTS)
    assert await stories.held() == 0
    assert await redis.call("TTL", keys.story("NEWXX")) == keys.KEPT


async def test_a_source_is_remembered_as_it_was_told(stories: RedisStories) -> None:
    assert await stories.source("site") is None
    await stories.note_source("site", {"ok": True, "error": "예시"})
    assert await stories.sources() == {"site": {"ok": True, "error": "예시"}}
