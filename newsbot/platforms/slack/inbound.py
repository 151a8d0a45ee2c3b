"""What Slack tells the app as the neutral `Inbound`; pure, and the only place that decides what is genuine."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from newsbot.core.model import Address, Inbound, Place

# How the buttons of our answers begin their action_id; those under an alert have another one.
OURS = "news:"
# The form that asks for words, and its one field.
FORM, FIELD = "news", "news:words"

CHANNEL = re.compile(r"<#([CG][A-Z0-9]+)(?:\|[^>]*)?>")
NAME = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>[,:!?.]*")
LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")

# Every way a channel can be closed to the bot without a word about the bot itself.
CLOSED = frozenset(
    {"channel_left", "group_left", "channel_archive", "group_archive", "channel_deleted", "group_deleted"}
)


Pressed = Literal["", "ephemeral", "message", "home"]
"""What an answer can take the place of: what one person sees, a message of ours (`ts`), the bot's own page; "": nothing."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a form was opened and what it asks for, kept in the form itself: Slack alone brings it back (private_metadata).

    `url` is the response_url of the command or press, good for thirty minutes and five answers.
    """

    channel: str
    verb: str
    url: str = ""
    pressed: Pressed = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Handle:
    """What an answer needs: the bare user id, the address Slack gave for answers (30 minutes, five times), the trigger that
    opens one form (3 seconds, once), and what the answer may take the place of."""

    user: str = ""
    response_url: str = ""
    trigger: str = ""
    pressed: Pressed = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Me:
    """The bot in one workspace, as auth.test describes it. `home`: the workspace whose token is in the config."""

    team: str = ""
    user: str = ""
    bot: str = ""
    enterprise: str = ""
    home: bool = True

    def at(self, channel: str) -> Address:
        """`slack:<channel>` at home, `slack:<team>/<channel>` in a workspace that was added later."""
        return Address("slack", channel if self.home else f"{self.team}/{channel}")


def place(channel: str) -> Place:
    """A direct message is private; everything else is a channel."""
    return "private" if channel.startswith("D") else "channel"


def from_command(body: dict[str, Any], me: Me) -> Inbound | None:
    """A slash command: "/news subscribe all" says "/subscribe all", a bare "/news" asks for help."""
    channel, user, team = _str(body, "channel_id"), _str(body, "user_id"), _str(body, "team_id")
    if not channel or not user:
        return None
    words = plain(_str(body, "text")).strip().lstrip("/") or "help"
    event = f"slack:{_str(body, 'trigger_id')}"
    handle = Handle(user, _str(body, "response_url"), _str(body, "trigger_id"))
    return Inbound(
        "say",
        me.at(channel),
        place(channel),
        f"{team}/{user}",
        f"/{words}",
        event,
        genuine=_ours(team, _str(body, "enterprise_id"), me),
        visiting=not me.home,
        discreet=True,
        handle=handle,
    )


def team_of(body: dict[str, Any]) -> str:
    """The workspace through whose installation Slack tells us this, "" where it does not say.

    An event may be of a shared channel: then `team_id` is where it happened, and `authorizations` names who hears of it
    (docs.slack.dev/apis/events-api). A form may have been opened in another workspace than its sender's.
    """
    view = _str(_dict(body, "view"), "app_installed_team_id")
    heard = body.get("authorizations")
    first = heard[0] if isinstance(heard, list) and heard and isinstance(heard[0], dict) else {}
    team = _str(first, "team_id") or _str(_dict(body, "team"), "id") or _str(body, "team_id")
    return view or team or _str(_dict(body, "user"), "team_id")


def home_of(body: dict[str, Any]) -> str:
    """Whose page of the bot was opened or pressed, a bare user id; "" where it happened in a conversation."""
    event = _dict(body, "event")
    if _str(event, "type") == "app_home_opened":
        return _str(event, "user") if _str(event, "tab") == "home" else ""
    return _str(_dict(body, "user"), "id") if _str(_dict(body, "view"), "type") == "home" else ""


def from_press(body: dict[str, Any], me: Me, direct: str = "") -> Inbound | None:
    """A button of ours; one without a value (a link) says nothing.

    `direct` is the person's conversation with us, for presses on the bot's own page: there is no channel. Of what was
    pressed only answers can be replaced; what is said under an alert goes to the person alone.
    """
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    container = _dict(body, "container")
    channel = _str(_dict(body, "channel"), "id") or _str(container, "channel_id") or direct
    person, value = _dict(body, "user"), _str(action, "value")
    user = _str(person, "id")
    if not value or not channel or not user:
        return None
    pressed = _pressed(body, container, _str(action, "action_id"))
    team = _str(person, "team_id") or _str(_dict(body, "team"), "id")
    trigger = _str(body, "trigger_id")
    return Inbound(
        "press",
        me.at(channel),
        place(channel),
        f"{team}/{user}",
        value,
        f"slack:{trigger or _str(action, 'action_ts')}",
        genuine=_ours(team, _str(_dict(body, "enterprise"), "id"), me) and _wrote(_dict(body, "message"), me),
        visiting=not me.home,
        discreet=pressed != "message",
        handle=Handle(user, _str(body, "response_url"), trigger, pressed, _str(container, "message_ts")),
    )


def _pressed(body: dict[str, Any], container: dict[str, Any], action: str) -> Pressed:
    if home_of(body):
        return "home"
    if container.get("is_ephemeral") is True:
        return "ephemeral"
    return "message" if action.startswith(OURS) else ""


def from_form(body: dict[str, Any], me: Me) -> Inbound | None:
    """What was entered in our form, as if typed after its verb, by who entered it."""
    view, person = _dict(body, "view"), _dict(body, "user")
    origin, user = _origin(_str(view, "private_metadata")), _str(person, "id")
    fields = _dict(_dict(_dict(view, "state"), "values"), FIELD)
    words = " ".join(_str(_dict(fields, FIELD), "value").split())
    if origin is None or not user or not words:
        return None
    team = _str(person, "team_id") or _str(_dict(body, "team"), "id")
    # The view stays the same when what was wrong is corrected and sent off once more; the trigger does not.
    sent = _str(body, "trigger_id") or f"{_str(view, 'id')}:{_str(view, 'hash')}"
    return Inbound(
        "say",
        me.at(origin.channel),
        place(origin.channel),
        f"{team}/{user}",
        f"/{origin.verb} {words}",
        f"slack:{sent}",
        genuine=_ours(team, _str(_dict(body, "enterprise"), "id"), me),
        visiting=not me.home,
        discreet=origin.pressed != "message",
        handle=Handle(user, origin.url, "", origin.pressed, origin.ts),
    )


def _origin(metadata: str) -> Origin | None:
    """What `view.form` wrote, or None where a version of us wrote it that knew other fields."""
    try:
        return Origin(**json.loads(metadata))
    except (ValueError, TypeError):
        return None


def from_event(body: dict[str, Any], me: Me, direct: str = "") -> Inbound | None:
    """The bot's own coming and going, its page being opened, what people write to it; everything else is None."""
    event = _dict(body, "event")
    kind, ident = _str(event, "type"), f"slack:{_str(body, 'event_id')}"
    if kind in ("message", "app_mention"):
        return _written(event, ident, me)
    if user := home_of(body):
        return _home(_str(event, "channel") or direct, user, body, me)
    channel = _str(event, "channel") or _str(_dict(event, "channel"), "id")
    if not channel:
        return None
    if kind in ("member_joined_channel", "member_left_channel"):
        if _str(event, "user") != me.user:
            return None
        inviter, joined = _str(event, "inviter"), kind == "member_joined_channel"
        who = f"{me.team}/{inviter}" if inviter else ""
        return Inbound(
            "added" if joined else "removed",
            me.at(channel),
            place(channel),
            who,
            "",
            ident,
            visiting=not me.home,
            discreet=joined and bool(inviter),  # whoever invited the bot alone is told what to do next
            handle=Handle(inviter),
        )
    if kind in CLOSED:
        return Inbound("removed", me.at(channel), place(channel), "", "", ident)
    return None


def _home(channel: str, user: str, body: dict[str, Any], me: Me) -> Inbound | None:
    """The event carries the person's conversation with us, not their team: only the page they already had does."""
    if not channel:
        return None
    team = _str(_dict(_dict(body, "event"), "view"), "team_id") or _str(body, "team_id")
    return Inbound(
        "home",
        me.at(channel),
        "private",
        f"{team}/{user}",
        "",
        f"slack:{_str(body, 'event_id')}",
        genuine=_ours(team, "", me),
        visiting=not me.home,
        discreet=True,
        handle=Handle(user, pressed="home"),
    )


def plain(text: str) -> str:
    """Slack's wire text as typed: links and channels ("#C…") without brackets, the three entities decoded once."""
    text = CHANNEL.sub(r"#\1", LINK.sub(r"\1", text))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _written(event: dict[str, Any], ident: str, me: Me) -> Inbound | None:
    """What is written to the bot directly, or in a channel to the bot by its name, which is answered to that one alone."""
    channel, user, named = _str(event, "channel"), _str(event, "user"), _str(event, "type") == "app_mention"
    text = _by_name(_str(event, "text"), me, must=named)
    if not (named or _str(event, "channel_type") == "im") or not channel or not user or user == me.user or not text:
        return None
    team = _str(event, "user_team") or _str(event, "source_team") or _str(event, "team") or me.team
    typed = not event.get("subtype") and not event.get("bot_id") and not event.get("edited")
    genuine = typed and _ours(team, "", me)
    return Inbound(
        "say",
        me.at(channel),
        place(channel),
        f"{team}/{user}",
        text,
        ident,
        genuine=genuine,
        visiting=not me.home,
        discreet=named,
        named=named,
        handle=Handle(user),
    )


def _by_name(text: str, me: Me, *, must: bool) -> str:
    """The words without the bot's name before or behind them; the name alone asks for help. "" where the name `must` stand
    there and does not: who is merely spoken of is not spoken to."""
    words = text.strip()
    ours = [
        name for name in NAME.finditer(words) if name[1] == me.user and (name.start() == 0 or name.end() == len(words))
    ]
    if must and not ours:
        return ""
    for name in ours[:1]:
        words = words[: name.start()] + words[name.end() :]
    return plain(words).strip() or ("help" if ours else "")


def _ours(team: str, enterprise: str, me: Me) -> bool:
    """Whether the person belongs to our workspace (Slack Connect brings others); the organisation must not differ."""
    return bool(me.team) and team == me.team and (not enterprise or not me.enterprise or enterprise == me.enterprise)


def _wrote(message: dict[str, Any], me: Me) -> bool:
    """Whether a pressed message is this installation's own: where two share a channel the other's buttons are not ours."""
    bot = _str(message, "bot_id")
    return not bot or not me.bot or bot == me.bot


def bare(who: str) -> str:
    """The user id of "team/user"."""
    return who.rpartition("/")[2]


def _str(part: dict[str, Any], key: str) -> str:
    value = part.get(key)
    return value if isinstance(value, str) else ""


def _dict(part: dict[str, Any], key: str) -> dict[str, Any]:
    value = part.get(key)
    return value if isinstance(value, dict) else {}
