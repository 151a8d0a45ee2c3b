"""Articles and stories: what is known, what was accepted, what waits for a person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from newsbot.core.model import Article, Known, Story
from newsbot.store import keys
from newsbot.store.redis import Redis

BATCH = 500  # articles looked up or noted in one round trip
READ = 8192  # stories kept as they were read: a month of 250 a day, which somebody searches


class RedisStories:
    """Everything of slot `{news}` that is about articles."""

    def __init__(self, redis: Redis, now: Callable[[], float] = time.time, *, kept: float = keys.KEPT) -> None:
        """`kept`: seconds a story's text stays after its last step."""
        self._redis, self._now, self._kept = redis, now, round(kept)

    async def known(self, articles: Sequence[Article]) -> Sequence[Known | None]:
        """Per article what is known of it, or None where none of its names was ever seen."""
        found: list[Known | None] = []
        for start in range(0, len(articles), BATCH):
            batch = articles[start : start + BATCH]
            ids = await self._redis.pipeline([["HMGET", keys.KNOWN, *names(article)] for article in batch])
            homes = [list(dict.fromkeys(name.decode() for name in reply if name)) for reply in ids]
            flat = [home for several in homes for home in several]
            replies = iter(
                await self._redis.pipeline([["HMGET", keys.article(home), "print", "story", "kind"] for home in flat])
            )
            for several in homes:
                facts = [Known(*((part or b"").decode() for part in next(replies))) for _ in several]
                # as home.lua chooses: the first with a story, else the first
                found.append(next((fact for fact in facts if fact.story), facts[0] if facts else None))
        return found

    async def note(self, articles: Sequence[Article]) -> int:
        """Remember articles without telling anybody; how many were new."""
        fresh = 0
        for article in articles:
            fresh += int(
                await self._redis.run(
                    "note",
                    [keys.KNOWN, keys.article(article.id)],
                    [
                        *(article.id, article.model_dump_json(), article.fingerprint, article.kind),
                        *(words(article), *names(article)[1:]),
                    ],
                )
            )
        return fresh

    async def record(self, article: Article) -> Article | None:
        """What was last written down of this article, by any of its names."""
        for name in names(article):
            if found := await self.article(name):
                return found
        return None

    async def same_words(self, article: Article) -> Article | None:
        """The first article of the same source that said exactly this, under whatever name and date."""
        return await self.article(words(article)) if article.content else None

    async def accept(
        self,
        article: Article,
        story: Story,
        bots: Sequence[str],
        gate: float | None = None,
        links: float | None = None,
    ) -> tuple[bool, str]:
        """Article, story and one todo row per bot in one step; `gate` and `links` as `advance` has them.

        (True, its id); (False, the id it has) where the article has a story; (False, "") where the id is taken.
        """
        code, story_id = await self._redis.run(
            "accept",
            [
                *(keys.KNOWN, keys.article(article.id), keys.story(story.id), keys.STORIES, keys.HELD),
                *(keys.TODO, keys.GATE, keys.LINKS),
            ],
            [
                *(article.id, article.model_dump_json(), article.fingerprint),
                *(story.id, story.model_dump_json(), story.held or "", story.accepted_at, self._kept, ",".join(bots)),
                *("" if gate is None else gate, "" if links is None else links),
                *(article.kind, words(article), *names(article)[1:]),
            ],
        )
        return int(code) == 1, story_id.decode()

    async def ask(self, story: Story) -> bool:
        """A held story that belongs to no article of its own; False where its id is taken."""
        reply = await self._redis.run(
            "ask",
            [keys.story(story.id), keys.STORIES, keys.HELD],
            [story.id, story.model_dump_json(), story.held or "", story.accepted_at, self._kept],
        )
        return bool(reply)

    async def advance(
        self,
        before: Story,
        after: Story,
        rows: Sequence[str] = (),
        *,
        gate: float | None = None,
        links: float | None = None,
    ) -> bool:
        """One step of a story: `after` in place of `before`; False where it is another one by now.

        `rows` are bots to plan for; a revision that edits what was sent has the revision in its row. `gate` (waits for
        its page) and `links` (went without a link) are when that is over (unix seconds); 0 takes it out.
        """
        raw = await self._redis.call("HGET", keys.story(before.id), "body")
        # Compared as values: a body an older version wrote lacks the fields that came since, and is the same text.
        if not raw or Story.model_validate_json(raw) != before:
            return False
        edits = after.revision > before.revision and before.held is None
        name = f"{after.id}@{after.revision}" if edits else after.id
        until = ["" if till is None else till or "-" for till in (gate, links)]
        reply = await self._redis.run(
            "advance",
            [keys.story(after.id), keys.HELD, keys.TODO, keys.GATE, keys.LINKS],
            [
                *(after.id, raw, after.model_dump_json(), after.held or "", self._now(), *until),
                *(before.revision if edits else "", self._kept, *(f"{name} {bot}" for bot in rows)),
            ],
        )
        return bool(reply)

    async def waiting(self) -> Sequence[tuple[str, float]]:
        """(story id, until when) of what waits for its page before it goes out."""
        return scored(await self._redis.call("ZRANGE", keys.GATE, 0, -1, "WITHSCORES"))

    async def linkless(self) -> Sequence[tuple[str, float]]:
        """(story id, until when) of what went out and gets its link by edit once its page answers."""
        return scored(await self._redis.call("ZRANGE", keys.LINKS, 0, -1, "WITHSCORES"))

    async def todo(self) -> Sequence[tuple[str, str]]:
        """(push, bot) rows whose plan has not been made yet; a push is a story id, or "<id>@<revision>" for an edit."""
        rows = await self._redis.call("HKEYS", keys.TODO)
        return [(push, bot) for push, _, bot in (row.decode().partition(" ") for row in rows)]

    async def done(self, push: str, bot: str) -> None:
        """The plan of that row is made."""
        await self._redis.call("HDEL", keys.TODO, f"{push} {bot}")

    async def get(self, story: str) -> Story | None:
        """The story of that id, in any letter case."""
        body = await self._redis.call("HGET", keys.story(story.upper()), "body")
        return Story.model_validate_json(body) if body else None

    async def article(self, key: str) -> Article | None:
        """The article known by this id, path or address."""
        home = await self._redis.call("HGET", keys.KNOWN, key)
        body = await self._redis.call("HGET", keys.article(home.decode()), "body") if home else None
        return Article.model_validate_json(body) if body else None

    async def story_of(self, article: Article) -> str:
        """The id of this article's story, or "" where it has none."""
        found = (await self.known([article]))[0]
        return found.story if found else ""

    async def recent(self, limit: int, *, held: bool = False) -> Sequence[Story]:
        """Newest first; `held` only those that wait for a person."""
        ids = await self._redis.call("ZREVRANGE", keys.HELD if held else keys.STORIES, 0, limit - 1)
        bodies = await self._redis.pipeline([["HGET", keys.story(name.decode()), "body"] for name in ids])
        return [Story.model_validate_json(body) for body in bodies if body]

    async def since(self, moment: float) -> Sequence[Story]:
        """Everything accepted after that moment (unix seconds), newest first."""
        ids = await self._redis.call("ZRANGE", keys.STORIES, "+inf", f"({moment}", "BYSCORE", "REV")
        bodies = await self._redis.pipeline([["HGET", keys.story(name.decode()), "body"] for name in ids])
        return [_story(body) for body in bodies if body]

    async def held(self) -> int:
        """How many stories wait for a person."""
        return int(await self._redis.call("ZCARD", keys.HELD))

    async def note_bots(self, names: Sequence[str]) -> None:
        """Write down which platforms the running newsbot serves."""
        await self._redis.pipeline([["DEL", keys.BOTS], ["SADD", keys.BOTS, *names]])

    async def bots(self) -> set[str]:
        """The platforms the newsbot that runs, or ran last, serves."""
        return {name.decode() for name in await self._redis.call("SMEMBERS", keys.BOTS)}

    async def source(self, name: str) -> dict[str, Any] | None:
        """What was last written about this source (`kind, ok, last_seen, error, baseline`), or None."""
        body = await self._redis.call("HGET", keys.SOURCES, name)
        return json.loads(body) if body else None

    async def sources(self) -> dict[str, dict[str, Any]]:
        """Every source that was ever watched, by name."""
        rows = await self._redis.call("HGETALL", keys.SOURCES)
        return {name.decode(): json.loads(body) for name, body in rows.items()}

    async def note_source(self, name: str, facts: Mapping[str, Any]) -> None:
        """Write down how this source is."""
        await self._redis.call("HSET", keys.SOURCES, name, json.dumps(dict(facts), ensure_ascii=False))


@lru_cache(maxsize=READ)
def _story(body: bytes) -> Story:
    """The story that is written so; reading a month of them anew would take longer than somebody waits for an answer."""
    return Story.model_validate_json(body)


def scored(rows: Sequence[Sequence[Any]]) -> list[tuple[str, float]]:
    """Members of a zset with their scores (RESP3: pairs)."""
    return [(member.decode(), float(score)) for member, score in rows]


def words(article: Article) -> str:
    """The name an article has by its words alone, in its own source; "" where it has none."""
    return f"content:{article.source}:{article.content}" if article.content else ""


def names(article: Article) -> list[str]:
    """Every name an article is known by, its id first; a path means something in its own source only."""
    keys = [
        key.replace("path:", f"path:{article.source}:", 1) if key.startswith("path:") else key for key in article.keys
    ]
    return [article.id, *(key for key in keys if key and key != article.id)]
