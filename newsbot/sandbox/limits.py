"""The platforms' published sending rates as token buckets, so that a sender which ignores them is refused here too."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from newsbot.sandbox.clock import Clock


@dataclass(slots=True)
class Bucket:
    """Allows `rate` calls a second after a burst; a refused call takes nothing."""

    rate: float
    burst: float = 0.0  # 0 means one second's worth, at least one call
    level: float = -1.0
    at: float = 0.0

    def __post_init__(self) -> None:
        """A bucket starts full."""
        self.burst = self.burst or max(1.0, self.rate)
        self.level = self.burst

    def refill(self, now: float) -> None:
        """Brings the level up to this moment."""
        if self.at:
            self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now

    def wait(self, now: float) -> float:
        """Seconds until a call fits; 0 when it fits now."""
        self.refill(now)
        # The small margin absorbs float error: a call exactly at its time must fit.
        return 0.0 if self.level >= 1.0 - 1e-6 else (1.0 - self.level) / self.rate

    def spend(self) -> None:
        """Takes one call out."""
        self.level -= 1.0


@dataclass(slots=True)
class Moving:
    """A limit that moves as a hidden one does: (seconds, calls a second) after one another, over and over, in a bucket of
    one second's worth. What is in the bucket stays when the rate changes, as far as it fits."""

    schedule: tuple[tuple[float, float], ...]
    at: float
    level: float = 0.0
    until: float = 0.0  # when the rate changes next
    _step: int = 0

    def __post_init__(self) -> None:
        """A bucket starts full."""
        self.until = self.at + self.schedule[0][0]
        self.level = max(1.0, self.rate)

    @property
    def rate(self) -> float:
        """The rate at the time of the last look."""
        return self.schedule[self._step][1]

    def wait(self, now: float) -> float:
        """Seconds until a call fits at this rate; 0 when it fits now."""
        while self.until <= now:
            self._refill(self.until)
            self._step = (self._step + 1) % len(self.schedule)
            self.until += self.schedule[self._step][0]
        self._refill(now)
        return 0.0 if self.level >= 1.0 - 1e-6 else (1.0 - self.level) / self.rate

    def spend(self) -> None:
        """Takes one call out."""
        self.level -= 1.0

    def _refill(self, now: float) -> None:
        self.level = min(max(1.0, self.rate), self.level + (now - self.at) * self.rate)
        self.at = now


def whole_seconds(wait: float) -> int:
    """A pause as both platforms state it: whole seconds, at least 1."""
    return max(1, math.ceil(wait))


@dataclass
class TelegramRates:
    """Telegram's numbers (bots FAQ: about 1 message/s in one chat, 20/min in a group, about 30/s overall).

    Paid broadcasts reach 1000/s (same source). Short bursts to one chat are tolerated without a published number:
    3 is this sandbox's choice. Channels have no published number; they get the private chat's.
    """

    overall: float = 30.0
    paid: float = 1000.0
    private: float = 1.0
    private_burst: float = 3.0
    group_per_minute: float = 20.0


@dataclass
class SlackRates:
    """Slack's numbers (chat.postMessage reference: about 1/s per channel, several hundred a minute per workspace).

    The burst of 3 per channel and 600 a minute are this sandbox's choice within those words.
    """

    channel: float = 1.0
    channel_burst: float = 3.0
    workspace_per_minute: float = 600.0
    workspace_burst: float = 60.0


@dataclass
class Limits:
    """All buckets of one sandbox; `on = False` lets everything through."""

    clock: Clock = field(default_factory=Clock)
    telegram_rates: TelegramRates = field(default_factory=TelegramRates)
    slack_rates: SlackRates = field(default_factory=SlackRates)
    on: bool = True
    schedules: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """Platform → the steps its overall limit moves in, instead of the published rate."""
    _buckets: dict[tuple[str, str], Bucket | Moving] = field(default_factory=dict)

    def telegram(self, chat: str | int, group: bool, paid: bool = False) -> int | None:
        """None when a send or edit may go now, else the `retry_after` seconds to refuse it with."""
        if not self.on:
            return None
        rates = self.telegram_rates
        name = f"{chat}"
        own = self._bucket("telegram", name) or self._make(
            "telegram",
            name,
            Bucket(rates.group_per_minute / 60, rates.group_per_minute)
            if group
            else Bucket(rates.private, rates.private_burst),
        )
        pool = "paid" if paid else "overall"
        total = self._bucket("telegram", pool) or self._make(
            "telegram", pool, self._moving("telegram") or Bucket(rates.paid if paid else rates.overall)
        )
        return self._both(own, total)

    def slack(self, channel: str, workspace: str = "") -> int | None:
        """None when a post may go now, else the Retry-After seconds to refuse it with."""
        if not self.on:
            return None
        rates = self.slack_rates
        own = self._bucket("slack", channel) or self._make("slack", channel, Bucket(rates.channel, rates.channel_burst))
        name = f"workspace {workspace}"
        total = self._bucket("slack", name) or self._make(
            "slack", name, self._moving("slack") or Bucket(rates.workspace_per_minute / 60, rates.workspace_burst)
        )
        return self._both(own, total)

    def named(self, platform: str, name: str, per_minute: float, burst: float = 0.0) -> int | None:
        """A bucket of the caller's own, such as a Slack method tier; answers like the two above."""
        if not self.on:
            return None
        bucket = self._bucket(platform, name) or self._make(platform, name, Bucket(per_minute / 60, burst))
        wait = bucket.wait(self.clock.monotonic())
        if wait > 0:
            return whole_seconds(wait)
        bucket.spend()
        return None

    def as_json(self) -> dict[str, Any]:
        """The rates in force, in calls a second over all chats and in one."""
        telegram, slack = self.telegram_rates, self.slack_rates
        return {
            "on": self.on,
            "telegram": {
                "overall": telegram.overall,
                "private": telegram.private,
                "group": round(telegram.group_per_minute / 60, 3),
                "paid": telegram.paid,
            },
            "slack": {"overall": round(slack.workspace_per_minute / 60, 3), "channel": slack.channel},
            "schedules": self.schedules,
        }

    def configure(self, **values: Any) -> None:
        """Sets rates (`telegram_rate`, `telegram_private`, `slack_rate`, ... or `on`) and empties all buckets.

        `telegram_schedule` and `slack_schedule` are [[seconds, rate], ...], the steps in which the overall limit moves
        from now on, again and again; [] ends that. Raises ValueError.
        """
        schedules = {
            platform: _steps(values.pop(name))
            for platform in ("telegram", "slack")
            if (name := f"{platform}_schedule") in values
        }
        known = {
            "telegram_rate": (self.telegram_rates, "overall"),
            "telegram_paid": (self.telegram_rates, "paid"),
            "telegram_private": (self.telegram_rates, "private"),
            "telegram_private_burst": (self.telegram_rates, "private_burst"),
            "telegram_group_per_minute": (self.telegram_rates, "group_per_minute"),
            "slack_rate": (self.slack_rates, "channel"),
            "slack_burst": (self.slack_rates, "channel_burst"),
            "slack_per_minute": (self.slack_rates, "workspace_per_minute"),
            "slack_workspace_burst": (self.slack_rates, "workspace_burst"),
            "on": (self, "on"),
        }
        unknown = set(values) - set(known)
        if unknown:
            raise ValueError(f"unknown limit {', '.join(sorted(unknown))}; known: {', '.join(known)}")
        for name, value in values.items():
            if name != "on" and not value > 0:
                raise ValueError(f"limit {name} must be above 0")
        for name, value in values.items():
            target, attribute = known[name]
            setattr(target, attribute, bool(value) if name == "on" else float(value))
        self.schedules |= schedules
        self._buckets.clear()

    def _bucket(self, platform: str, name: str) -> Bucket | Moving | None:
        return self._buckets.get((platform, name))

    def _make(self, platform: str, name: str, bucket: Bucket | Moving) -> Bucket | Moving:
        self._buckets[(platform, name)] = bucket
        return bucket

    def _moving(self, platform: str) -> Moving | None:
        steps = self.schedules.get(platform)
        return Moving(steps, self.clock.monotonic()) if steps else None

    def _both(self, own: Bucket | Moving, total: Bucket | Moving) -> int | None:
        now = self.clock.monotonic()
        wait = max(own.wait(now), total.wait(now))
        if wait > 0:
            return whole_seconds(wait)
        own.spend()
        total.spend()
        return None


def _steps(value: Any) -> tuple[tuple[float, float], ...]:
    """The steps of a schedule; raises ValueError."""
    steps = tuple((float(seconds), float(rate)) for seconds, rate in value)
    if not all(seconds > 0 and rate > 0 for seconds, rate in steps):
        raise ValueError("a schedule is [[seconds, rate], ...], all above 0")
    return steps
