"""The composition root: the only module that knows every concrete class."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, ValidationError

from newsbot import platforms, settings
from newsbot.bootstrap.files import LANGUAGES
from newsbot.bootstrap.files import read_words as read_words
from newsbot.bootstrap.pure import Plain as Plain
from newsbot.bootstrap.pure import plain as plain
from newsbot.core import commands, editorial
from newsbot.core.delivery import Terms
from newsbot.core.model import Address, Pace, Person, Policy, Urgency
from newsbot.fetch import Fetcher
from newsbot.flows.again import Again
from newsbot.flows.alarm import Alarm
from newsbot.flows.chat import Common, chat
from newsbot.flows.contents import Contents
from newsbot.flows.deliver import Deliver
from newsbot.flows.desk import Deeds, Desk
from newsbot.flows.digests import Digests
from newsbot.flows.door import Door
from newsbot.flows.doubt import Doubts
from newsbot.flows.gate import Gate
from newsbot.flows.ingest import Ingest
from newsbot.flows.plan import Plan
from newsbot.flows.probe import Probe
from newsbot.flows.question import Question
from newsbot.flows.readers import Readers
from newsbot.flows.report import Report
from newsbot.flows.retention import Retention
from newsbot.flows.revise import Revise
from newsbot.flows.upkeep import Upkeep
from newsbot.ports import Platform
from newsbot.settings import ConfigError, Settings
from newsbot.store.archive import RedisArchive
from newsbot.store.audiences import RedisAudiences
from newsbot.store.audit import RedisAudit
from newsbot.store.journal import FileJournal
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.shelf import RedisShelf
from newsbot.store.stories import RedisStories
from newsbot.store.subscribers import RedisSubscribers
from newsbot.telemetry import Metrics


def now() -> datetime:
    """The time now, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Kit:
    """Everything one process works with, built from settings; nothing is connected yet."""

    plain: Plain
    redis: Redis
    stories: RedisStories
    subscribers: RedisSubscribers
    ledger: RedisLedger
    audit: RedisAudit
    platforms: Mapping[str, Platform]
    rates: Mapping[str, float]
    paces: Mapping[str, Pace]
    people: tuple[Person, ...]
    ops: frozenset[Address]
    metrics: Metrics
    plan: Plan
    gate: Gate
    ingest: Ingest
    report: Report
    deeds: Deeds
    alarms: Alarm
    archive: RedisArchive
    settled: Mapping[str, Mapping[Urgency, Policy]]
    """Platform → what is done about doubts of each urgency."""
    audiences: RedisAudiences
    digests: Digests

    def door(self) -> Door:
        """The chat door."""
        base = self.plain
        common = Common(
            self.subscribers,
            self.stories,
            self.audiences,
            self.report,
            base.topics,
            base.words,
            base.publisher,
            base.settings.site.zone,
            base.settings.reader.choices,
            now,
            base.keyword,
            base.said,
            base.settings.message.image,
        )
        desk = Desk(self.deeds, self.report, self.subscribers, self.plain.render, self.rates, self.plain.words)
        readers = chat(
            common, base.settings.site.privacy_url, self.alarms.tell, partial(self.audit.tries, seconds=86400)
        )
        return Door(self.platforms, self.people, self.ops, readers, desk, self.audit, base.words)

    def deliver(self, platform: str, worker: str) -> Deliver:
        """One worker's sender on one platform."""
        return Deliver(
            self.platforms[platform],
            self.stories,
            self.subscribers,
            self.ledger,
            FileJournal(self.plain.settings.data.folder / "journal", platform, worker),
            self.plain.render,
            self.plain.dialects[platform].is_private,
            Contents(self.audiences, self.stories, self.plain.digest),
            worker,
            self.paces[platform],
            now,
            self.metrics.observe,
            self.alarms.tell,
        )

    def upkeep(self) -> Upkeep:
        """The round of reaping and sweeping."""
        return Upkeep(self.ledger, self.plan, self.platforms, self.subscribers, tuple(self.plain.dialects))

    def doubts(self) -> Doubts:
        """The round of settling what is in doubt."""
        return Doubts(self.stories, self.ledger, self.platforms, self.settled, now)

    def probe(self, worker: str) -> Probe:
        """The round of looking at chats that lost their rights."""
        bots = tuple(self.platforms)
        return Probe(self.subscribers, self.ledger, self.platforms, now, bots, worker, self.metrics.looked)

    def retention(self, worker: str) -> Retention:
        """The round of folding what is old and erasing who is gone."""
        bots, hot = tuple(self.plain.dialects), self.plain.settings.keep.hot_days
        return Retention(self.archive, self.subscribers, self.ledger, now, bots, worker, hot)

    def person(self, name: str) -> Person | None:
        """The person of that name in the config."""
        return next((person for person in self.people if person.name == name), None)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of this process. Raises ConfigError."""
    return settings.load(environ, platforms.PLATFORMS)


def fetcher(config: Settings) -> Fetcher:
    """The one way out to addresses that others gave us."""
    return Fetcher(config.fetch.allow, contact=config.site.url)


def check_redis(config: Settings) -> None:
    """Raises ConfigError for an address that is none; nothing is connected."""
    if config.redis_url:
        _redis(config.redis_url)


def _redis(url: str) -> Redis:
    try:
        return Redis(url)
    except ValueError as error:
        raise ConfigError(f"REDIS_URL: {error}") from None


def kit(config: Settings, redis_url: str, environ: Mapping[str, str], *, live: bool = True) -> Kit:
    """Everything, wired. Raises ConfigError for a platform section that cannot be used.

    Not `live`, for commands that ask or do one thing and send nothing: without the platforms' clients.
    """
    base = plain(config)
    redis, kept = _redis(redis_url), config.keep.days * 86400
    stories, audit, archive = RedisStories(redis, kept=kept + 86400), RedisAudit(redis), RedisArchive(redis)
    ledger = RedisLedger(redis, terms(config), archive, kept=kept, guarded=config.redis.barrier)
    subscribers = RedisSubscribers(redis, tuple(base.dialects))
    clients, paces, ops = connect(base, config, environ, redis, live=live)
    bots = tuple(paces)
    settled = MappingProxyType({name: platform_settings(name, config, environ).policies for name in base.dialects})
    readers = Readers(audiences := RedisAudiences(redis), stories, base.said, config.site.zone)
    digests = Digests(stories, audiences, readers, ledger, bots, editorial.new_story_id)
    plan = Plan(stories, ledger, base.dialects, readers, digests, now)
    gate = Gate(stories, plan, fetcher(config), now, bots, patience(config), config.gate.on)
    question = Question(stories, now, editorial.new_story_id)
    revise = Revise(stories, plan, gate, base.rules, now, bots, question, editorial.new_story_id, base.drawn)
    again = Again(stories, question, revise, now)
    ingest = Ingest(stories, plan, gate, revise, again, base.rules, now, config.ingest.most_at_once)
    return Kit(
        base,
        redis,
        stories,
        subscribers,
        ledger,
        audit,
        MappingProxyType(clients),
        MappingProxyType({name: pace.rate for name, pace in paces.items()}),
        MappingProxyType(paces),
        people(config, settings.origin(("person",), environ, config.file)),
        frozenset(ops),
        Metrics(),
        plan,
        gate,
        ingest,
        Report(stories, subscribers, ledger, base.dialects, settled),
        Deeds(stories, ledger, audit, ingest, plan, bots, now),
        Alarm(MappingProxyType(clients), frozenset(ops), base.words, ledger, stories, now, worker_name()),
        archive,
        settled,
        audiences,
        digests,
    )


def terms(config: Settings) -> Terms:
    """How long alerts are fresh, and what becomes of late ones."""
    late = config.late
    fresh = {Urgency.FLASH: late.flash, Urgency.BREAKING: late.breaking, Urgency.NORMAL: late.normal}
    return Terms(fresh, late.then == "drop")


def patience(config: Settings) -> Mapping[Urgency, float]:
    """Seconds an alert of each urgency waits for its page."""
    return {Urgency.FLASH: 0.0, Urgency.BREAKING: config.gate.breaking, Urgency.NORMAL: config.gate.normal}


def connect(
    base: Plain, config: Settings, environ: Mapping[str, str], redis: Redis | None = None, *, live: bool
) -> tuple[dict[str, Platform], dict[str, Pace], set[Address]]:
    """Per platform with a token its client (if `live`) and its pace; and the chats where the desk is heard."""
    menu = {
        language: [(verb.name, base.words.say(language, f"help.{verb.name}")) for verb in commands.for_roles(())]
        for language in LANGUAGES
    }
    clients: dict[str, Platform] = {}
    paces: dict[str, Pace] = {}
    ops: set[Address] = set()
    for name in platforms.PLATFORMS:
        section = platform_settings(name, config, environ)
        if platforms.load(name).has_token(section):
            paces[name] = section.pace
            if live:
                shelf = RedisShelf(redis, name) if redis else None
                clients[name] = platforms.load(name).build(section, menu, shelf)
        if getattr(section, "ops_chat", 0):
            ops.add(base.dialects[name].parse(Address(name, str(section.ops_chat))))
    return clients, paces, ops


def platform_settings(name: str, config: Settings, environ: Mapping[str, str]) -> Any:
    """The platform's own settings: its raw section, and the conventional variables over it. Raises ConfigError."""
    module = platforms.load(name)
    raw = dict(config.platforms.get(name, {}))
    for variable, key in module.VARIABLES.items():
        if value := settings.secret(environ, variable):
            raw[key] = value
    try:
        return module.Settings(**raw)
    except ValidationError as error:
        raise ConfigError(settings.explain(error, environ, config.file, name, module.VARIABLES)) from None


def secrets_of(config: Settings, environ: Mapping[str, str]) -> list[str]:
    """Every secret this process was given, for the log's redactor. Raises ConfigError for a broken section."""
    found = []
    with contextlib.suppress(ValueError):  # a broken address is told when it is used
        found.append(unquote(urlsplit(config.redis_url or "").password or ""))
    for name in platforms.PLATFORMS:
        values = platform_settings(name, config, environ).model_dump().values()
        found += [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    return [secret for secret in found if secret]


def people(config: Settings, origin: str = "settings") -> tuple[Person, ...]:
    """Who is who, by the ids their platforms accept; `origin` names where they are configured.

    Raises ConfigError for any other key, and for an id given twice.
    """
    found: list[Person] = []
    owner: dict[tuple[str, str], str] = {}
    for section in config.person:
        ids = []
        for platform, value in section.ids.items():
            place = f"{origin}: [[person]] {section.name}: {platform}"
            if platform not in platforms.PLATFORMS:
                raise ConfigError(f"{place}: unknown key")
            try:
                one = (platform, platforms.load(platform).person_id(value))
            except ValueError as error:
                raise ConfigError(f"{place}: {error}") from None
            if one in owner:
                raise ConfigError(f"{place} = {one[1]} stands for two people")
            owner[one] = section.name
            ids.append(one)
        found.append(Person(section.name, frozenset(section.roles), tuple(ids)))
    return tuple(found)


def worker_name() -> str:
    """A name no worker had before: time-based, because a counter goes back after a failover (reliability §2.6)."""
    return f"{time.time_ns():x}"
