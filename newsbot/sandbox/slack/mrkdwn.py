"""What a reader sees of a piece of Slack mrkdwn, and what it would do: links, pings, marks.

Written from docs.slack.dev/messaging/formatting-message-text; shares no code with the product's renderer, so that
the two can disagree. Where Slack is lenient this stays lenient too (a lone `<` is shown as it stands), but
nothing that could ping is ever missed: pings inside code count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BROADCASTS = frozenset({"here", "channel", "everyone"})
MARKS = {"*": "bold", "_": "italic", "~": "strike"}
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}

_ENTITY = re.compile("&(?:amp|lt|gt);")
_ATOM = r"<[^<>\n]*>"
# A mark works only at a word's edge on both sides; Hangul counts as a word, so `*속보*가` stays as typed.
_SPAN = "|".join(
    [r"```(?P<pre>.+?)```", r"`(?P<code>[^`\n]+)`", rf"(?P<atom>{_ATOM})"]
    + [
        rf"(?<!\w){re.escape(mark)}(?P<{name}>(?!\s)(?:{_ATOM}|[^{re.escape(mark)}<\n])+(?<!\s)){re.escape(mark)}(?!\w)"
        for mark, name in MARKS.items()
    ]
)
_TOKEN = re.compile(_SPAN, re.DOTALL)
_ATOM_ONLY = re.compile(_ATOM)
_QUOTE = re.compile(r"^(?:&gt;|>)(?:&gt;&gt;|>>)? ?", re.MULTILINE)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>|]+", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:\S", re.IGNORECASE)
_SHORTCODE = re.compile(r":([a-z0-9_+'-]+):")
_AT_WORD = re.compile(r"(?<!\w)@(here|channel|everyone)\b")


@dataclass(slots=True)
class Mentions:
    """Who would be pinged, by Slack's ids; broadcasts are `here`, `channel`, `everyone`."""

    users: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    broadcasts: list[str] = field(default_factory=list)
    subteams: list[str] = field(default_factory=list)

    def add(self, other: Mentions) -> None:
        """Take over another piece's mentions."""
        self.users += other.users
        self.channels += other.channels
        self.broadcasts += other.broadcasts
        self.subteams += other.subteams

    def __bool__(self) -> bool:
        return bool(self.users or self.channels or self.broadcasts or self.subteams)


@dataclass(slots=True)
class Rendered:
    """A piece of mrkdwn as shown: `plain` without marks, `links` as (url, label), `styled` as (mark, text)."""

    plain: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    mentions: Mentions = field(default_factory=Mentions)
    styled: list[tuple[str, str]] = field(default_factory=list)
    emoji: list[str] = field(default_factory=list)


def unescape(text: str) -> str:
    """Slack's three entities decoded exactly once: `&amp;lt;` becomes `&lt;`, never `<`."""
    return _ENTITY.sub(lambda found: ENTITIES[found[0]], text) if "&" in text else text


def shortcodes(text: str) -> list[str]:
    """Names between colons that Slack would try as emoji (`:1:` too)."""
    return _SHORTCODE.findall(text) if text.count(":") > 1 else []


def render(text: str, *, verbatim: bool = False, marks: bool = True, names: bool = False) -> Rendered:
    """Show `text`; `verbatim` only stops auto-linking, `marks=False` is top-level `mrkdwn: false`,
    `names` is `link_names` or `parse: full`, which make a plain @channel ping."""
    out = Rendered()
    source = _QUOTE.sub("", text) if marks and (">" in text or "&gt;" in text) else text
    out.plain = _walk(source, out, verbatim, marks)
    out.emoji = shortcodes(out.plain)
    if names:
        out.mentions.broadcasts += _AT_WORD.findall(out.plain)
    return out


def _walk(text: str, out: Rendered, verbatim: bool, marks: bool) -> str:
    """The text with marks and angle forms resolved, each noted in `out`."""
    parts: list[str] = []
    last = 0
    for found in (_TOKEN if marks else _ATOM_ONLY).finditer(text):
        parts.append(_literal(text[last : found.start()], out, verbatim))
        last = found.end()
        name = found.lastgroup
        if name is None or name == "atom":
            parts.append(_angle(found[0][1:-1], out))
            continue
        code = name in ("pre", "code")
        inner = _walk(found[name], out, True if code else verbatim, not code)
        out.styled.append((name, inner))
        parts.append(inner)
    parts.append(_literal(text[last:], out, verbatim))
    return "".join(parts)


def _literal(text: str, out: Rendered, verbatim: bool) -> str:
    """Ordinary text: entities decoded, bare addresses linked unless `verbatim`."""
    shown = unescape(text)
    if not verbatim and ("://" in shown or "www." in shown.lower()):
        for found in _URL.finditer(shown):
            url = found[0].rstrip(".,;:!?)'\"")
            out.links.append((url if "://" in url else f"http://{url}", url))
    return shown


def _angle(body: str, out: Rendered) -> str:
    """One `<…>` form: mention, channel, command or link; anything else is shown as typed."""
    target, _, label = body.partition("|")
    label = unescape(label)
    if target.startswith("@") and len(target) > 1:
        out.mentions.users.append(target[1:])
        return f"@{label or target[1:]}"
    if target.startswith("#") and len(target) > 1:
        out.mentions.channels.append(target[1:])
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return _command(target[1:], label, out)
    if _SCHEME.match(target):
        url = unescape(target)
        out.links.append((url, label or url))
        return label or url
    return unescape(f"<{body}>")


def _command(target: str, label: str, out: Rendered) -> str:
    """`<!here>`, `<!subteam^S…>`, `<!date^…>`; a date shows its fallback here, whose words we control."""
    name, *rest = target.split("^")
    if name in BROADCASTS and not rest:
        out.mentions.broadcasts.append(name)
        return f"@{name}"
    if name == "subteam" and rest:
        out.mentions.subteams.append(rest[0])
        return label or f"@{rest[0]}"
    if name == "date" and len(rest) >= 2 and rest[0].lstrip("-").isdigit():
        if len(rest) > 2:
            out.links.append((unescape(rest[2]), label))
        return label or unescape(rest[1])
    return label or f"<{target}>"
