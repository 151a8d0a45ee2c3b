"""Installing the app by OAuth: the consent page, and the code that is exchanged for a bot's token.

Pages: docs.slack.dev/authentication/installing-with-oauth, docs.slack.dev/reference/methods/oauth.v2.access. Tokens of
people, organisations, PKCE and token rotation are not offered here.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.methods import Params, arguments
from newsbot.sandbox.slack.state import APP, User
from newsbot.sandbox.slack.wire import Grant
from newsbot.sandbox.slack.workspaces import install

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

ACCESS = "oauth.v2.access"
SECRETS = frozenset({"client_secret", "code"})  # arguments that the record leaves out
_SCOPE = re.compile(r"[a-z_]+(\.[a-z_]+)*(:[a-z_.]+){0,2}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def redirect_url(url: str) -> str:
    """A redirect URL as an app may register it: https (here also http on this machine), no fragment; raises ValueError."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.fragment:
        raise ValueError(f"a redirect URL must begin with https:// and have no fragment: {url!r}")
    return url


def authorize(world: World, query: Mapping[str, str]) -> Response:
    """The consent page of slack.com as one answer: `as` (a name or id, else the admin of `team`) agrees, or with
    `answer=deny` does not. What is wrong with the request is shown to the person, not sent on."""
    home, named = world.home, query.get("redirect_uri", "")
    if query.get("client_id") != home.client_id:
        return _wrong("invalid_client_id")
    redirect = named or next(iter(home.redirect_urls), "")
    if redirect not in home.redirect_urls:
        return _wrong("bad_redirect_uri", f"not a redirect URL of this app: {redirect or 'none'}")
    scopes = frozenset(filter(None, query.get("scope", "").split(",")))
    odd = sorted(scope for scope in scopes if not _SCOPE.fullmatch(scope))
    if not scopes or odd or query.get("user_scope"):
        return _wrong("invalid_scope", ", ".join(odd) or "scope is needed, user_scope is not offered")
    try:
        user = _person(world, query.get("team", ""), query.get("as", ""))
    except KeyError as error:
        return _wrong("invalid_team", str(error.args[0]))
    if user.is_bot or user.deleted or user.is_restricted or user.is_ultra_restricted:
        return _wrong("access_denied", f"{user.name} may not install apps")
    said = {"state": query.get("state", "")}
    if query.get("answer") == "deny":
        return _back(redirect, {"error": "access_denied", **said})
    code = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(32)}"
    home.wire.grants[code] = Grant(user.team, user.id, scopes, named, world.clock.now())
    return _back(redirect, {"code": code, **said})


def _person(world: World, team: str, who: str) -> User:
    """Who answers the page; somebody named without a team is looked for in all workspaces."""
    states = [world.of_team(team).slack] if team else list(world.workspaces.values())
    if not who:
        return states[0].admin
    for state in states:
        for user in state.users.values():
            if user.team == state.team and who.lower() in (user.id.lower(), user.name):
                return user
    raise KeyError(f"nobody called {who!r} there")


def _wrong(code: str, detail: str = "") -> Response:
    return PlainTextResponse(f"{code}: {detail}" if detail else code, 400)


def _back(redirect: str, said: dict[str, str]) -> Response:
    return RedirectResponse(f"{redirect}{'&' if urlsplit(redirect).query else '?'}{urlencode(said)}", 302)


def basic(header: str) -> dict[str, str]:
    """Client id and secret out of an Authorization header, nothing where it is not of that kind."""
    kind, _, rest = header.partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        client, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": client, "client_secret": secret}


def access(world: World, params: Params) -> dict[str, Any]:
    """oauth.v2.access: the bot's token for a code, once and within ten minutes."""
    arguments(params, (), ("client_id", "client_secret", "code", "redirect_uri", "grant_type"))
    if params.get("client_id") != world.home.client_id:
        raise SlackError("invalid_client_id")
    if params.get("client_secret") != world.home.client_secret:
        raise SlackError("bad_client_secret")
    if params.get("grant_type", "authorization_code") != "authorization_code":
        raise SlackError("invalid_grant_type")
    grant = world.home.wire.grants.get(str(params.get("code", "")))
    if grant is None or not grant.good(world.clock.now()):
        raise SlackError("invalid_code")
    if grant.redirect_uri and params.get("redirect_uri") != grant.redirect_uri:
        raise SlackError("bad_redirect_uri")
    grant.used = True
    state = world.workspaces[grant.team]
    token = install(state, grant.scopes)
    return {
        "access_token": token,
        "token_type": "bot",
        "scope": ",".join(sorted(state.scopes)),
        "bot_user_id": state.bot_user,
        "app_id": APP,
        "team": {"id": state.team, "name": state.name},
        "enterprise": None,
        "authed_user": {"id": grant.user},
        "is_enterprise_install": False,
    }
