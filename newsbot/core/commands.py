"""One table of verbs, how a text becomes a command, and who may give it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from newsbot.core.model import Address, Inbound, Person, Reply, Role


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing a person can ask for. `changes` marks what alters a place's settings: its admins only.

    Help texts live in the catalogs as `help.<name>`; `example` is what the help line shows to be typed. What is not
    `listed` works and is not offered: people type it because other bots have it.
    """

    name: str
    role: Role
    example: str
    korean: tuple[str, ...] = ()
    changes: bool = False
    button_only: bool = False
    listed: bool = True


VERBS: tuple[Verb, ...] = (
    Verb("start", Role.READER, "/start", ("시작",)),
    Verb("subscribe", Role.READER, "/subscribe politics", ("구독",), changes=True),
    Verb("unsubscribe", Role.READER, "/unsubscribe politics", ("해지", "구독취소", "수신거부"), changes=True),
    Verb("stop", Role.READER, "/stop", ("모두해지", "그만받기"), changes=True),
    Verb("topics", Role.READER, "/topics", ("주제",)),
    Verb("level", Role.READER, "/level politics breaking", ("단계",), changes=True),
    Verb("keyword", Role.READER, "/keyword AI", ("키워드", "keywords"), changes=True),
    Verb("exclude", Role.READER, "/exclude golf", ("제외",), changes=True),
    Verb("source", Role.READER, "/source", ("출처", "sources"), changes=True),
    Verb("settings", Role.READER, "/settings", ("설정",)),
    Verb("quiet", Role.READER, "/quiet 23-7", ("조용히",), changes=True),
    Verb("mute", Role.READER, "/mute 2h", ("그만",), changes=True),
    Verb("unmute", Role.READER, "/unmute", ("다시받기",), changes=True),
    Verb("digest", Role.READER, "/digest 8:00 18:30", ("모아보기",), changes=True),
    Verb("cap", Role.READER, "/cap 8", ("하루",), changes=True),
    Verb("form", Role.READER, "/form headline", ("길이",), changes=True),
    Verb("sound", Role.READER, "/sound off", ("소리",), changes=True),
    Verb("zone", Role.READER, "/zone Asia/Seoul", ("시간대",), changes=True),
    Verb("language", Role.READER, "/language ko", ("언어",), changes=True),
    Verb("latest", Role.READER, "/latest 5", ("최근",)),
    Verb("search", Role.READER, "/search AI", ("검색",)),
    Verb("why", Role.READER, "/why", ("이유",)),
    Verb("more", Role.READER, "/more K7F3M", ("이어보기",)),
    Verb("report", Role.READER, "/report K7F3M", ("신고",)),
    Verb("privacy", Role.READER, "/privacy", ("개인정보",)),
    Verb("help", Role.READER, "/help", ("도움말",)),
    Verb("undo", Role.READER, "/undo", ("되돌리기",), changes=True, listed=False),
    Verb("nevermind", Role.READER, "", button_only=True),
    Verb("restore", Role.READER, "", changes=True, button_only=True),
    Verb("set", Role.READER, "", changes=True, button_only=True),
    Verb("hush", Role.READER, "", changes=True, button_only=True),
    Verb("forget", Role.READER, "", changes=True, button_only=True),
    Verb("reason", Role.READER, "", button_only=True),
    Verb("push", Role.EDITOR, "/push K7F3M", ("발송",)),
    Verb("drop", Role.EDITOR, "/drop K7F3M", ("폐기",)),
    Verb("alerts", Role.EDITOR, "/alerts", ("알림",)),
    Verb("send", Role.EDITOR, "", button_only=True),
    Verb("close", Role.EDITOR, "", button_only=True),
    Verb("status", Role.ON_CALL, "/status", ("상태",)),
    Verb("pause", Role.ON_CALL, "/pause", ("일시멈춤", "멈춤")),
    Verb("resume", Role.ON_CALL, "/resume", ("다시보내기",)),
    Verb("cancel", Role.ON_CALL, "/cancel K7F3M", ("발송중단",)),
    Verb("doubt", Role.ON_CALL, "/doubt K7F3M", ("도착확인",)),
)

BY_WORD = {word: verb for verb in VERBS for word in (verb.name, *verb.korean)}


@dataclass(frozen=True, slots=True)
class Command:
    """A verb with its arguments, as typed."""

    verb: Verb
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A text that is no command."""

    word: str


FREE = frozenset({"keyword", "exclude", "search", "report", "why", "more", "start"})
"""Verbs whose words are the reader's own, or an alert's number: none of them names a place."""

UNDOES = "~"
"""What a button's words begin with that takes a change back: after it, what stood there after that change; then the command."""

MOST_DATA = 64
"""Bytes a button may say (Bot API, InlineKeyboardButton.callback_data)."""

NEAR = 0.7
"""How alike a word and a command must be to be taken for a slip (difflib's ratio): below it "undo" was a "sound"."""

AIMED = re.compile(r"@(-?\d{6,20}|(?:T[A-Z0-9]+/)?[CG][A-Z0-9]{2,20})")
"""A place as `aimed` writes it, by its id."""

Permission = Literal["yes", "no", "silent", "admins only"]


def parse(text: str, *, press: bool = False) -> Command | Unknown | None:
    """The command in this text, Unknown where it is none, None where there is nothing at all.

    `/verb@bot arguments`, or the bare word; `/news 구독 정치` says a Korean word where only commands reach the bot. What a
    button says may use the button-only verbs; what is typed may not.
    """
    words = unicodedata.normalize("NFC", text).split()
    if not words:
        return None
    if press and words[0].startswith(UNDOES):
        return Command(BY_WORD["undo"], (words[0].removeprefix(UNDOES), *words[1:]))
    if _bare(words[0]) == "news" and words[0].startswith("/"):
        words = words[1:] or ["help"]
    word, arguments = _bare(words[0]), words[1:]
    if arguments and (word + arguments[0]) in BY_WORD:
        word, arguments = word + arguments[0], arguments[1:]  # "발송 중단" is no "발송"
    verb = BY_WORD.get(word)
    if verb is None or (verb.button_only and not press):
        return Unknown(words[0])
    return Command(verb, tuple(arguments))


def nearest(word: str, roles: Collection[Role]) -> str:
    """What was probably meant by a word that is no command, as it would be typed, or "". Compared by Hangul letters."""
    names = {_letters(name): name for verb in for_roles(roles) for name in (verb.name, *verb.korean)}
    near = difflib.get_close_matches(_letters(_bare(word[:40])), names, 1, NEAR)
    if not near:
        return ""
    name = names[near[0]]
    return f"/{name}" if name.isascii() else name


def place(command: Command) -> str:
    """The other place a command names first or last ("@channel", "#channel", or what `aimed` wrote there), or ""."""
    words = command.arguments
    if command.verb.name in FREE:
        return words[0] if words and AIMED.fullmatch(words[0]) else ""
    return next((word for word in (*words[-1:], *words[:1]) if len(word) > 1 and word[0] in "@#"), "")


def without(command: Command, name: str) -> Command:
    """The command without the place it names."""
    words = list(command.arguments)
    if name in words:
        words.pop(0 if words[-1] != name else -1)
    return Command(command.verb, tuple(words))


def aimed(reply: Reply, chat: str, name: str) -> Reply:
    """The reply as one about that place, which it begins by naming; its buttons and its question go on meaning it. A button
    that would say too much is left out."""
    buttons = [
        button if button.url else replace(button, data=f"{button.data} @{chat}")
        for button in reply.buttons
        if button.url or len(f"{button.data} @{chat}".encode()) <= MOST_DATA
    ]
    ask, text = reply.ask, reply.text
    if ask:  # the command it shows as an example would be about the person's own chat
        text = text.replace(f"/{ask.verb} ", "")
        ask = replace(ask, verb=f"{ask.verb} @{chat}")
    return replace(reply, text=f"{name}\n{text}", buttons=tuple(buttons), ask=ask)


def _bare(word: str) -> str:
    return word.removeprefix("/").split("@", 1)[0].casefold()


def _letters(word: str) -> str:
    return unicodedata.normalize("NFD", word)


def find_person(people: Collection[Person], platform: str, user: str, visiting: bool = False) -> Person | None:
    """Who this is by numeric id; nobody by name.

    A platform with workspaces writes "workspace/user". A config that names the user alone means our own workspace: who is
    `visiting` speaks from another one.
    """
    names = {(platform, user if visiting else user.rpartition("/")[2]), (platform, user)}
    return next((person for person in people if user and names & set(person.ids)), None)


def may(verb: Verb, inbound: Inbound, person: Person | None, ops: Collection[Address]) -> Permission:
    """Whether this person may say this here; "admins only" asks the caller to look up the place's admins.

    Default deny: editor and on-call verbs need a listed person, speaking in private (or where only they see the answer)
    or in a named ops chat. In a channel every answer is read by everybody there, so its admins alone get any.
    """
    if not inbound.genuine and not (inbound.anonymous and verb.role is Role.READER):
        return "silent"
    alone = inbound.place == "private" or inbound.discreet
    if verb.role is Role.READER:
        guarded = verb.changes and inbound.place != "private"
        return "admins only" if guarded or (inbound.place == "channel" and not alone) else "yes"
    if person is None or verb.role not in person.roles:
        return "no"
    return "yes" if alone or inbound.address in ops else "no"


def heard(inbound: Inbound, command: Command | Unknown) -> bool:
    """Whether this was said here and now by a person: an anonymous admin of a group is one for readers' verbs."""
    return inbound.genuine or (inbound.anonymous and isinstance(command, Command) and command.verb.role is Role.READER)


def for_roles(roles: Collection[Role]) -> Sequence[Verb]:
    """The verbs to show somebody with these roles, readers' first."""
    shown = (verb for verb in VERBS if verb.listed and not verb.button_only)
    return [verb for verb in shown if verb.role is Role.READER or verb.role in roles]
