"""What the operator configured: `config/newsbot.toml`, `NEWSBOT_SECTION__KEY`, and the conventional variables.

Only bootstrap reads this. A platform's own section stays raw here; the platform's package validates it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from newsbot.core.model import Choices, Quiet, Role, Slot

DEFAULT_FILE = Path("config/newsbot.toml")
PREFIX = "NEWSBOT_"
OWN_VARIABLES = {"NEWSBOT_CONFIG"}


PLAINER = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "model_type": "must be a table",
    "tuple_type": "must be a list",
}
"""What pydantic calls a mistake, in words of a config file."""


def whole_address(url: str) -> str:
    """The address as it is, or ""; raises ValueError for what is neither."""
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return url


class ConfigError(Exception):
    """The configuration cannot be used: one line that names the file, the key and what is wrong with it."""


class Section(BaseModel):
    """Base of every section: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(Section):
    """`[site]`: who speaks, in which language and zone."""

    name: str = ""
    url: str = ""
    language: Literal["ko", "en"] = "ko"
    zone: str = "Asia/Seoul"
    commercial: bool = True
    privacy_url: str = ""

    @field_validator("url", "privacy_url")
    @classmethod
    def _whole_address(cls, url: str) -> str:
        return whole_address(url)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is no time zone of the tz database, e.g. Asia/Seoul")
        return str(ZoneInfo(zone))


class SourceSection(Section):
    """One `[[source]]`: a folder or a feed that is watched. `urgency` and `topics` are for articles that say nothing of
    their own; `every` is how many seconds a feed is left alone at least."""

    name: str
    kind: Literal["jekyll", "feed"] = "jekyll"
    path: Path | None = None
    url: str = ""
    urgency: Literal["normal", "breaking"] = "normal"
    topics: tuple[str, ...] = ()
    every: float = Field(default=60.0, ge=10, le=86400)

    @model_validator(mode="after")
    def _what_its_kind_needs(self) -> SourceSection:
        if self.kind == "jekyll" and self.path is None:
            raise ValueError("path: is missing, the folder of the site")
        if self.kind == "feed" and not self.url:
            raise ValueError("url: is missing, the address of the feed")
        if self.kind == "feed" and self.path is not None:
            raise ValueError("path: a feed has an address (url), no folder")
        whole_address(self.url)
        return self


class PersonSection(Section):
    """One `[[person]]`: name, roles, and under each platform's name the person's id there.

    The ids stay raw here; the platform's package checks them: numeric ids only, because a username can be taken over by
    somebody else (reliability A40).
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    roles: tuple[Role, ...]

    @property
    def ids(self) -> Mapping[str, Any]:
        """Platform name → id as written."""
        return self.model_extra or {}


class Data(Section):
    """`[data]`: where the embedded Redis and the install id live."""

    folder: Path = Path("data")


class RedisSection(Section):
    """`[redis]`: `strict` refuses to start where the server endangers the promises. `barrier`: after a change of Redis
    nothing is sent before every worker told the new one what it knows; only the proof that this matters switches it off."""

    strict: bool = False
    barrier: bool = True


class Late(Section):
    """`[late]`: seconds after which an alert of each urgency is late, and what then: "send" (silently, marked late) or
    "drop" (not sent, with a receipt)."""

    flash: float = Field(default=1800.0, ge=60, le=86400)
    breaking: float = Field(default=1800.0, ge=60, le=86400)
    normal: float = Field(default=21600.0, ge=60, le=86400)
    then: Literal["send", "drop"] = "send"


class Reader(Section):
    """`[reader]`: what somebody who subscribes in chat begins with; each of them changes it by a tap."""

    quiet: str = "23:00-07:00"
    digests: tuple[str, ...] = ("08:00", "18:30")
    gather: bool = True
    cap: int = Field(default=8, ge=0, le=15)

    @field_validator("quiet")
    @classmethod
    def _quiet_hours(cls, quiet: str) -> str:
        return str(Quiet.parse(quiet)) if quiet else ""

    @field_validator("digests")
    @classmethod
    def _times(cls, digests: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(Slot.parse(one)) for one in digests)

    @property
    def choices(self) -> Choices:
        """The same as a reader's choices."""
        return Choices(
            quiet=Quiet.parse(self.quiet) if self.quiet else None,
            digests=tuple(Slot.parse(one) for one in self.digests),
            gather=self.gather and bool(self.digests),
            cap=self.cap,
        )


class Keep(Section):
    """`[keep]`: days that texts, audiences, outcomes and references stay correctable (Korean press law: six months), and
    for how many of them they lie ready in Redis before they are compressed."""

    days: float = Field(default=200.0, ge=1, le=3650)
    hot_days: float = Field(default=7.0, ge=0.01, le=3650)


class Web(Section):
    """`[web]`: where the HTTP door listens; `PORT` overrides the port, 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class Ingest(Section):
    """`[ingest]`: how many new articles of one source may sound within five minutes before the rest is held."""

    most_at_once: int = Field(default=20, ge=1)


class Fetch(Section):
    """`[fetch]`: `allow` names the networks that the address guard lets through although they are not public."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()


class Gate(Section):
    """`[gate]`: how long (seconds) an alert waits for its page to answer 200 before it is held (normal), or goes without
    a link (breaking). `on = false` asks no page at all."""

    on: bool = True
    normal: float = Field(default=600.0, ge=0, le=86400)
    breaking: float = Field(default=60.0, ge=0, le=3600)


class Links(Section):
    """`[links]`: `utm` adds where a click came from to every link; never who clicked."""

    utm: bool = False


class MessageSection(Section):
    """`[message]`: how alerts look; `emoji` puts 🚨 before a flash, `image` shows the article's own picture."""

    emoji: bool = True
    image: bool = False


class Log(Section):
    """`[log]`: how much is told, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = False


class Settings(Section):
    """The whole configuration. Sections named after a platform stay raw in `platforms`."""

    site: Site = Site()
    source: tuple[SourceSection, ...] = ()
    person: tuple[PersonSection, ...] = ()
    data: Data = Data()
    redis: RedisSection = RedisSection()
    late: Late = Late()
    reader: Reader = Reader()
    keep: Keep = Keep()
    web: Web = Web()
    ingest: Ingest = Ingest()
    fetch: Fetch = Fetch()
    gate: Gate = Gate()
    links: Links = Links()
    message: MessageSection = MessageSection()
    log: Log = Log()
    platforms: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    redis_url: str | None = None
    file: str = ""
    """The config file these come from, "" where there was none."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Settings:
        for what, names in (("source", [s.name for s in self.source]), ("person", [p.name for p in self.person])):
            if twice := next((name for name in names if names.count(name) > 1), None):
                raise ValueError(f"[[{what}]] {twice!r} stands twice")
        return self


def load(environ: Mapping[str, str], platforms: Collection[str]) -> Settings:
    """The settings of this process. Raises ConfigError with one readable line."""
    named = environ.get("NEWSBOT_CONFIG", "")
    path = Path(named) if named else DEFAULT_FILE
    if named and not path.is_file():
        raise ConfigError(f"NEWSBOT_CONFIG: {path} does not exist")
    raw = _read(path) if path.is_file() else {}
    file = str(path) if path.is_file() else ""
    flat = {name for name, value in raw.items() if not isinstance(value, dict | list)}
    overrides = _overrides(environ)
    for section, value in overrides.items():
        if not isinstance(value, dict) or section not in raw:
            raw[section] = value
        elif isinstance(raw[section], dict):  # what is no table stays, and is told
            raw[section] = {**raw[section], **value}
    sections = {name: raw.pop(name) for name in sorted(platforms) if name in raw}
    for name, section in sections.items():
        if not isinstance(section, dict):
            where = file if name in flat else origin((name,), environ, file)
            raise ConfigError(f"{where}: {name}: must be a table [{name}]")
    if environ.get("PORT") and isinstance(raw.setdefault("web", {}), dict):
        raw["web"] = {**raw["web"], "port": environ["PORT"]}
    for reserved in ("platforms", "redis_url", "file"):
        if reserved in raw:
            raise ConfigError(f"{origin((reserved,), environ, file)}: {reserved}: unknown key")
    try:
        return Settings(**raw, platforms=sections, redis_url=secret(environ, "REDIS_URL"), file=file)
    except ValidationError as error:
        raise ConfigError(explain(error, environ, file)) from None


def origin(place: Sequence[str | int], environ: Mapping[str, str], file: str, variables: Sequence[str] = ()) -> str:
    """Who set the key at this place: the variable (one of `variables`, or ours), else the config file."""
    parts = [str(part).upper() for part in place]
    ours = [f"{PREFIX}{'__'.join(parts[:2])}", f"{PREFIX}{parts[0]}"] if parts else []
    ours += [name for name in environ if parts and name.startswith(f"{PREFIX}{parts[0]}__") and len(parts) == 1]
    named = [*variables, *(["PORT"] if parts[:2] == ["WEB", "PORT"] else []), *ours]
    return next((name for name in named if environ.get(name)), file or "settings")


def secret(environ: Mapping[str, str], name: str) -> str | None:
    """The value of NAME, or of the file NAME_FILE names; None where neither is set. Raises ConfigError."""
    if value := environ.get(name):
        return value.strip()
    if file := environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text("utf-8").strip() or None
        except OSError as error:
            raise ConfigError(f"{name}_FILE: {file}: {error.strerror}") from None
    return None


def explain(
    error: ValidationError,
    environ: Mapping[str, str],
    file: str,
    section: str = "",
    variables: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The first complaint as one line: where it was set, key, what is wrong; values are not repeated (secrets).

    `variables` are the section's own: variable → key.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    place: list[str | int] = [*([section] if section else []), *first["loc"]]
    what = PLAINER.get(first["type"], first["msg"])
    key = first["loc"][0] if first["loc"] else None
    own = [one for variable, sets in variables.items() if sets == key for one in (variable, f"{variable}_FILE")]
    said = ".".join(str(part) for part in place)
    more = error.error_count() - 1
    return f"{origin(place, environ, file, own)}: {said + ': ' if said else ''}{what.removeprefix('Value error, ')}" + (
        f" (and {more} more)" if more else ""
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def _overrides(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in OWN_VARIABLES:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        value = _value(name, environ[name])
        if key:
            found.setdefault(section, {})
            if not isinstance(found[section], dict):
                raise ConfigError(f"{name}: {PREFIX}{section.upper()} is set as a whole already")
            found[section][key] = value
        else:
            found[section] = value
    return found


def _value(name: str, text: str) -> Any:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{name}: not valid JSON: {error}") from None
