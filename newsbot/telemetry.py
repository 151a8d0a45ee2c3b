"""Logs and metrics. No token ever reaches a log line: known secrets and everything shaped like one are blotted out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SHAPES = re.compile(r"\b\d{6,12}:[A-Za-z0-9_-]{30,}|\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}")
"""Telegram bot tokens (id, colon, 35 signs) and Slack tokens (xoxb-…, xapp-…)."""

BLOT = "[secret]"
LOUD_LIBRARIES = ("httpx", "httpcore", "telegram", "slack_bolt", "slack_sdk", "aiohttp", "uvicorn", "watchfiles")
"""They print addresses with tokens in them, or request bodies, below WARNING (platform-facts 1.9, reliability S12)."""


class Redactor:
    """Takes secrets out of whatever is about to be written."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = sorted({secret for secret in secrets if len(secret) >= 6}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, BLOT)
        return SHAPES.sub(BLOT, text)


def configure(level: str, *, json_lines: bool, secrets: Iterable[str] = ()) -> None:
    """Set up logging of this process: one line an event on stderr, ours and the libraries' through one formatter."""
    redact = Redactor(secrets)

    def blot(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if isinstance(value, str):
                event[key] = redact(value)
            elif not isinstance(value, int | float | bool | None):
                event[key] = redact(str(value))
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        blot,
    ]
    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared[:-1], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared[:-1],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, blot, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


class Metrics:
    """What `/metrics` shows, in a registry of its own so that two bots in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.outcomes = Counter(
            "newsbot_outcomes", "Sends by platform and outcome", ["platform", "outcome"], registry=self.registry
        )
        self.latency = Histogram(
            "newsbot_accept_to_sent_seconds",
            "From accepting a story to the platform's confirmation",
            ["platform"],
            buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
            registry=self.registry,
        )
        self.inbound = Counter(
            "newsbot_inbound", "Updates by platform and kind", ["platform", "kind"], registry=self.registry
        )
        self.looks = Counter(
            "newsbot_probes",
            "Looks at chats that lost their rights, by platform and what came of them",
            ["platform", "result"],
            registry=self.registry,
        )
        self.redis_up = Gauge("newsbot_redis_up", "Whether Redis answers", registry=self.registry)
        self._known: dict[tuple[str, str], tuple[Counter, Histogram | None]] = {}

    def looked(self, platform: str, result: str) -> None:
        """One look at a chat that lost its rights ended so."""
        self.looks.labels(platform, result).inc()

    def observe(self, platform: str, outcome: str, seconds: float) -> None:
        """One send ended so, this long after its story was accepted."""
        # `labels` is a look-up under a lock: for each message it cost more than the counting.
        if (platform, outcome) not in self._known:
            waited = self.latency.labels(platform) if outcome == "sent" else None
            self._known[platform, outcome] = self.outcomes.labels(platform, outcome), waited
        count, histogram = self._known[platform, outcome]
        count.inc()
        if histogram is not None:
            histogram.observe(seconds)
