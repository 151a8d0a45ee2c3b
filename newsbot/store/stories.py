"""Articles and stories: what is known, what was accepted, what waits for a person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from newsbot.core.model import Article, Story
from newsbot.store import keys
from newsbot.store.redis import Redis

BATCH = 500  # articles looked up or noted in one round trip


class RedisStories:
    """Everything of slot `{news}` that is about articles."""

    def __init__(self, redis: Redis, now: Callable[[], float] = time.time) -> None:
        self._redis, self._now = redis, now

    async def known(self, articles: Sequence[Article]) -> Sequence[tuple[str, str] | None]:
        """Per article (fingerprint, story id or ""), or None where none of its names was ever seen."""
        found: list[tuple[str, str] | None] = []
        for start in range(0, len(articles), BATCH):
            batch = articles[start : start + BATCH]
            ids = await self._redis.pipeline([["HMGET", keys.KNOWN, *names(article)] for article in batch])
            homes = [list(dict.fromkeys(name.decode() for name in reply if name)) for reply in ids]
            flat = [home for several in homes for home in several]
            replies = iter(
                await self._redis.pipeline([["HMGET", keys.article(home), "print", "story"] for home in flat])
            )
            for several in homes:
                facts = [tuple((part or b"").decode() for part in next(replies)) for _ in several]
                # as home.lua chooses: the first with a story, else the first
                chosen = next((fact for fact in facts if fact[1]), facts[0] if facts else None)
                found.append((chosen[0], chosen[1]) if chosen else None)
        return found

    async def note(self, articles: Sequence[Article]) -> int:
        """Remember articles without telling anybody; how many were new."""
        fresh = 0
        for article in articles:
            fresh += int(
                await self._redis.run(
                    "note",
                    [keys.KNOWN, keys.article(article.id)],
                    [article.id, article.model_dump_json(), article.fingerprint, *names(article)[1:]],
                )
            )
        return fresh

    async def accept(self, article: Article, story: Story, bots: Sequence[str]) -> tuple[bool, str]:
        """Article, story and one todo row per bot in one step.

        (True, its id); (False, the id it has) where the article has a story; (False, "") where the id is taken.
        """
        code, story_id = await self._redis.run(
            "accept",
            [keys.KNOWN, keys.article(article.id), keys.story(story.id), keys.STORIES, keys.HELD, keys.TODO],
            [
                article.id,
                article.model_dump_json(),
                article.fingerprint,
                story.id,
                story.model_dump_json(),
                story.held or "",
                story.accepted_at,
                keys.KEPT,
                ",".join(bots),
                *names(article)[1:],
            ],
        )
        return int(code) == 1, story_id.decode()

    async def release(self, story: Story, bots: Sequence[str]) -> bool:
        """A held story goes out as it was approved: True once; False if it is not held or its text changed since."""
        approved = await self._redis.call("HGET", keys.story(story.id), "body")
        # Compared as values: a body an older version wrote lacks the fields that came since, and is the same text.
        if not approved or Story.model_validate_json(approved) != story:
            return False
        freed = story.model_copy(update={"held": None, "accepted_at": self._now()}).model_dump_json()
        reply = await self._redis.run(
            "release",
            [keys.story(story.id), keys.HELD, keys.TODO],
            [story.id, approved, self._now(), ",".join(bots), freed],
        )
        return bool(reply)

    async def renew(self, story: Story) -> bool:
        """The text of a story that is still held, as its article states it now; False where it went out or moved on."""
        reply = await self._redis.run("renew", [keys.story(story.id)], [story.model_dump_json(), story.revision])
        return bool(reply)

    async def todo(self) -> Sequence[tuple[str, str]]:
        """(story id, bot) rows whose plan has not been made yet."""
        rows = await self._redis.call("HKEYS", keys.TODO)
        return [(story, bot) for story, _, bot in (row.decode().partition(" ") for row in rows)]

    async def done(self, story: str, bot: str) -> None:
        """The plan of that row is made."""
        await self._redis.call("HDEL", keys.TODO, f"{story} {bot}")

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
        return found[1] if found else ""

    async def recent(self, limit: int, *, held: bool = False) -> Sequence[Story]:
        """Newest first; `held` only those that wait for a person."""
        ids = await self._redis.call("ZREVRANGE", keys.HELD if held else keys.STORIES, 0, limit - 1)
        bodies = await self._redis.pipeline([["HGET", keys.story(name.decode()), "body"] for name in ids])
        return [Story.model_validate_json(body) for body in bodies if body]

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


def names(article: Article) -> list[str]:
    """Every name an article is known by, its id first; a path means something in its own source only."""
    keys = [
        key.replace("path:", f"path:{article.source}:", 1) if key.startswith("path:") else key for key in article.keys
    ]
    return [article.id, *(key for key in keys if key and key != article.id)]
