"""Questions 1, 2 and 5, and what the other two leave in the config."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from newsbot import settings as config
from newsbot.cli.init import site as source
from newsbot.cli.init import tokens as secrets
from newsbot.cli.init.chat import Found
from newsbot.cli.init.site import Look
from newsbot.cli.init.talk import Talk
from newsbot.cli.init.tokens import Tokens
from newsbot.cli.init.write import Raw
from newsbot.core.model import Role
from newsbot.settings import Settings

MAIN = "main"
ROLES = [Role.EDITOR.value, Role.ON_CALL.value]


@dataclass
class Draft:
    """The config as it is going to be: `raw` is written, `settings` is the same to work with meanwhile."""

    raw: Raw
    settings: Settings
    look: Look | None = None

    def site(self, **keys: str) -> None:
        """Keys of `[site]`; one that says the default is left out of the file."""
        self.settings = source.with_site(self.settings, **keys)
        table = {**self.raw.get("site", {}), **keys}
        plain = config.Site()
        self.raw["site"] = {name: value for name, value in table.items() if value != getattr(plain, name)}

    def watches(self, table: dict[str, Any]) -> bool:
        """Whether this source stands there already."""
        place = {name: table[name] for name in ("path", "url") if name in table}
        return any(place.items() <= one.items() for one in self.raw.get("source", ()))

    def watch(self, table: dict[str, Any], *, instead: bool = False) -> None:
        """One source more, or `instead` of those that are there, under a name nobody had: see a source's first run."""
        before: list[dict[str, Any]] = self.raw.get("source", [])
        names = {one["name"] for one in before}
        name = next(n for n in (MAIN, *(f"{MAIN}-{number}" for number in range(2, 99))) if n not in names)
        self.raw["source"] = [*([] if instead else before), {"name": name, **table}]


def site(talk: Talk, draft: Draft, given: str | None) -> None:
    """Question 1: the source is read at once, and it is said what would happen."""
    settings = source.with_site(draft.settings, zone=source.system_zone())

    def check(where: str) -> str | None:
        draft.look = None
        if not where:
            return None
        try:
            draft.look = asyncio.run(source.look(settings, where))
        except source.TROUBLE as error:
            return str(error)
        empty = not draft.look.articles and not talk.agrees("site.empty", default=talk.hurried)
        return talk.text("site.again") if empty else None

    first = next((str(one.path or one.url) for one in draft.settings.source), "")
    if given is not None:
        talk.once(given, check)
    else:
        talk.until(lambda: talk.ask("site", first), check)
    if draft.look is None:
        talk.say("site.none")
        return
    if not draft.watches(draft.look.table):
        here = ", ".join(str(one.path or one.url) for one in draft.settings.source)
        instead = bool(here) and talk.agrees("site.instead", default=not talk.hurried, here=here)
        draft.watch(draft.look.table, instead=instead)
    if not draft.settings.site.name:
        draft.site(name=talk.ask("site.name", draft.look.name))
    if draft.look.articles and not draft.look.address and not draft.settings.site.url:
        address(talk, draft, settings)
    told(talk, draft)


def address(talk: Talk, draft: Draft, settings: Settings) -> None:
    """The site's public address, where the source names none: without it every story is held."""
    where = talk.until(lambda: talk.ask("site.url"), lambda said: wrong(url=said))
    if where:
        draft.site(url=where)
        assert draft.look is not None  # noqa: S101
        draft.look = asyncio.run(source.read(source.with_site(settings, url=where), draft.look.table))


def told(talk: Talk, draft: Draft) -> None:
    """What was found, and what would happen."""
    look = draft.look
    assert look is not None  # noqa: S101
    newest = look.newest
    if newest is None:
        talk.say("site.nothing", count=f"{len(look.articles):,}")
        return
    talk.say("site.found", count=f"{len(look.articles):,}", day=source.day(newest), title=newest.title)
    word, why = look.decision(draft.settings)
    talk.say("site.first_run")
    talk.say(f"site.{word}", why=talk.reason(why))


def frame(talk: Talk, draft: Draft, given: Mapping[str, str]) -> None:
    """Question 2: the newsroom's language and time zone."""
    known, look = draft.raw.get("site", {}), draft.look
    language = known.get("language") or (look.language if look else "") or talk.language
    zone = known.get("zone") or (look.zone if look else "") or source.system_zone()
    for name, default in (("language", language), ("zone", zone)):

        def check(said: str, name: str = name) -> str | None:
            return wrong(**{name: said})

        if name in given:
            draft.site(**{name: talk.once(given[name], check)})
        else:

            def asked(name: str = name, default: str = default) -> str:
                return talk.ask(name, default)

            draft.site(**{name: talk.until(asked, check)})


def privacy(talk: Talk, draft: Draft, given: str | None) -> None:
    """Question 5: the page that says what is stored about readers."""

    def check(said: str) -> str | None:
        return wrong(privacy_url=said)

    if given is not None:
        where = talk.once(given, check)
    else:
        where = talk.until(lambda: talk.ask("privacy", draft.settings.site.privacy_url), check)
    draft.site(privacy_url=where)
    if not where:
        talk.say("privacy.none")


def wrong(**keys: str) -> str | None:
    """What is wrong with these keys of `[site]`, or None."""
    try:
        config.Site.model_validate(keys)
    except ValidationError as error:
        return config.explain(error, {}, "", "site").partition(": ")[2]
    return None


def people(talk: Talk, draft: Draft, found: Sequence[Found]) -> None:
    """Who spoke in private becomes editor and on-call: without anybody, nobody could stop a story."""
    ids = {one.address.platform: person(one) for one in found if one.person}
    rows: list[dict[str, Any]] = draft.raw.get("person", [])
    ids = {platform: one for platform, one in ids.items() if not any(row.get(platform) == one for row in rows)}
    if not ids:
        return
    names = {row["name"] for row in rows}
    speaker = next(one.name for one in found if one.person)
    name = talk.until(
        lambda: talk.ask("person", speaker),
        lambda said: talk.text("person.twice", name=said) if said in names else None,
    )
    draft.raw["person"] = [*rows, {"name": name, "roles": ROLES, **ids}]


def person(found: Found) -> int | str:
    """The person's id as the config has it."""
    return int(found.person) if found.person.isdigit() else found.person


def platforms(draft: Draft, tokens: Tokens, folder: Path) -> None:
    """The keys of `[telegram]` and `[slack]`; a token that stood in the config itself moves to its file."""
    for platform, table in secrets.keys(tokens, folder).items():
        moved = {name.removesuffix("_file") for name in table}
        before = {name: value for name, value in draft.raw.get(platform, {}).items() if name not in moved}
        draft.raw[platform] = {**before, **table}
