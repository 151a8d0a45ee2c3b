"""Everything one sandbox holds, so that its parts find each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from newsbot.sandbox.clock import Clock
from newsbot.sandbox.faults import Faults
from newsbot.sandbox.limits import Limits
from newsbot.sandbox.record import Record
from newsbot.sandbox.slack.state import SlackState
from newsbot.sandbox.telegram.methods import Query
from newsbot.sandbox.telegram.people import telegram_world
from newsbot.sandbox.telegram.state import TelegramState
from newsbot.sandbox.telegram.updates import Updates


@dataclass
class World:
    """Both platforms of one sandbox and what they share; `slack` is the workspace a call or an act is in."""

    clock: Clock
    record: Record
    faults: Faults
    limits: Limits
    telegram: TelegramState
    updates: Updates  # Telegram's way to the bot
    slack: SlackState
    queries: dict[str, Query] = field(default_factory=dict)  # Telegram buttons pressed, not yet answered
    workspaces: dict[str, SlackState] = field(default_factory=dict)  # all that Slack has, the first at first

    def __post_init__(self) -> None:
        """The workspace at hand is one of them."""
        self.workspaces.setdefault(self.slack.team, self.slack)

    @property
    def home(self) -> SlackState:
        """The first workspace, which keeps what belongs to the app."""
        return next(iter(self.workspaces.values()))

    def within(self, state: SlackState) -> World:
        """The same sandbox, seen from another of its workspaces."""
        return self if state is self.slack else replace(self, slack=state)

    def of(self, team: str) -> World:
        """The same sandbox, seen from the workspace of this id, where there is one; else as it is."""
        return self.within(self.workspaces.get(team, self.slack))

    def of_team(self, team: str) -> World:
        """The same sandbox, seen from the workspace of this id; KeyError when there is none."""
        if team not in self.workspaces:
            raise KeyError(f"no Slack workspace {team!r}")
        return self.within(self.workspaces[team])

    async def close(self) -> None:
        """Ends everything that still waits or retries."""
        self.record.close()
        await self.updates.stop()
        await self.slack.wire.close()


def new_world(clock: Clock | None = None, limits: bool = True) -> World:
    """A fresh sandbox with the cast; `limits=False` lets any rate through."""
    clock = clock or Clock()
    record = Record(clock)
    return World(
        clock=clock,
        record=record,
        faults=Faults(),
        limits=Limits(clock, on=limits),
        telegram=telegram_world(record),
        updates=Updates(clock),
        slack=SlackState(),
    )
