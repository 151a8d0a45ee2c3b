"""Adding a workspace: Slack's OAuth, run by the library; the token goes encrypted onto the shelf.

Steps: docs.slack.dev/authentication/installing-with-oauth. Whoever starts here gets a state, in the address and in a cookie; it
is good for ten minutes, once, and in the same browser. It is sealed with our key instead of being stored, so that nobody
fills the store by asking for many.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from logging import Logger
from urllib.parse import quote

import structlog
from cryptography.fernet import InvalidToken
from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsbot.platforms.slack.inbound import Me
from newsbot.platforms.slack.settings import Settings
from newsbot.platforms.slack.wire import TRANSPORT, Wire, library_log
from newsbot.platforms.slack.workspaces import Vault, Workspaces
from newsbot.ports import StoreDown

log = structlog.get_logger()

START, BACK = "/slack/install", "/slack/oauth_redirect"

# What the app asks for: the same as in config/slack-manifest.yaml, which says what each is for.
SCOPES = (
    *("app_mentions:read", "chat:write", "commands"),
    *("channels:read", "groups:read", "im:history", "im:write", "users:read"),
)

FRESH = 600  # seconds a state is good for
SEALED = b"state:"
PAD = "="

# Said by a page of its own, before any chat: in both languages, and nothing in it is anybody else's.
PAGE = """<!doctype html><meta charset=utf-8><meta name=viewport content="width=device-width"><title>newsbot</title>
<p lang=ko>{ko}<br><a href="{start}">다시 설치하기</a></p><p lang=en>{en}<br><a href="{start}">Install again</a></p>
"""
CANCELLED = ("설치를 취소했습니다. 바뀐 것은 없습니다.", "The installation was cancelled. Nothing was changed.")
STALE = (
    "이 설치 링크는 쓸 수 없습니다. 10분 안에, 같은 브라우저에서 한 번만 쓸 수 있습니다.",
    "This link cannot be used. It is good for ten minutes, once, in the same browser.",
)
WHOLE = (
    "조직 전체에는 설치할 수 없습니다. 워크스페이스 하나를 골라 설치해 주십시오.",
    "The app cannot be installed for a whole organisation. Please choose one workspace.",
)
OURS = ("이 워크스페이스에는 이미 설치되어 있습니다.", "The app is at work in this workspace already.")
LATER = (
    "지금은 설치를 마칠 수 없습니다. 잠시 뒤 다시 해 주십시오.",
    "The installation could not be finished. Please try again in a moment.",
)


def install_routes(settings: Settings, spaces: Workspaces, wire: Wire) -> tuple[Route, ...]:
    """The two routes, where the config has all that is needed and there is somewhere to keep a token."""
    if not settings.installs or spaces.vault is None:
        return ()
    flow = flow_of(settings, Installations(spaces), States(spaces.vault))

    async def start(request: Request) -> Response:
        return to_starlette_response(await flow.handle_installation(to_async_bolt_request(request, b"")))

    async def back(request: Request) -> Response:
        flow.client.session = wire.session()
        return to_starlette_response(await ended(flow.handle_callback, to_async_bolt_request(request, b"")))

    return (Route(START, start, methods=["GET"]), Route(BACK, back, methods=["GET"]))


async def ended(
    callback: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]], request: AsyncBoltRequest
) -> BoltResponse:
    """The answer to who comes back from Slack, whatever went wrong on our side."""
    try:
        return await callback(request)
    except (StoreDown, SlackApiError, *TRANSPORT, KeyError, TypeError, AttributeError) as error:
        log.warning("slack.install_failed", why=type(error).__name__)
        return page(503, LATER)


def flow_of(settings: Settings, kept: Installations, states: States) -> AsyncOAuthFlow:
    """The library's flow, with our store, our states and our pages."""
    assert settings.client_secret is not None  # noqa: S101 - `installs` was asked
    web = AsyncWebClient(base_url=settings.api_base, logger=library_log, retry_handlers=[])
    web.proxy = None  # the library takes one from the environment
    return AsyncOAuthFlow(
        client=web,
        logger=library_log,
        settings=AsyncOAuthSettings(
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            scopes=SCOPES,
            user_scopes=(),
            redirect_uri=settings.redirect_url or None,
            install_path=START,
            redirect_uri_path=BACK,
            install_page_rendering_enabled=False,
            authorization_url=settings.authorize_url,
            installation_store=kept,
            installation_store_bot_only=True,
            state_store=states,
            state_expiration_seconds=FRESH,
            callback_options=AsyncCallbackOptions(success, failure),
            logger=library_log,
        ),
    )


class Installations(AsyncInstallationStore):
    """The library's view of the workspaces: it saves, and nothing else is asked of it."""

    def __init__(self, spaces: Workspaces) -> None:
        self._spaces = spaces

    @property
    def logger(self) -> Logger:
        """The library's own."""
        return library_log

    async def async_save(self, installation: Installation) -> None:
        """Keep the bot's token. Raises BoltError with what to tell, StoreDown."""
        team, user = installation.team_id, installation.bot_user_id
        if installation.is_enterprise_install or not team:
            raise Impossible(WHOLE)
        if team == self._spaces.home.me.team:
            raise Impossible(OURS)
        if not installation.bot_token or not user:
            raise Impossible(LATER)
        me = Me(team, user, installation.bot_id or "", installation.enterprise_id or "", home=False)
        await self._spaces.add(me, installation.bot_token)


class States(AsyncOAuthStateStore):
    """States that prove themselves; what is stored is only that one was used."""

    def __init__(self, vault: Vault) -> None:
        self._lock, self._shelf = vault.lock, vault.shelf

    @property
    def logger(self) -> Logger:
        """The library's own."""
        return library_log

    async def async_issue(self, *_: object, **__: object) -> str:
        """A new one, of letters a cookie takes."""
        return self._lock.encrypt(SEALED + secrets.token_bytes(16)).decode().rstrip(PAD)

    async def async_consume(self, state: str) -> bool:
        """Whether it is ours, fresh, and used for the first time. Raises StoreDown."""
        try:
            opened = self._lock.decrypt(state + PAD * (-len(state) % 4), ttl=FRESH)
        except (InvalidToken, ValueError, TypeError):
            return False
        return opened.startswith(SEALED) and await self._shelf.first(hashlib.sha256(opened).hexdigest()[:32], FRESH)


class Impossible(BoltError):
    """A workspace that is not taken, and why, in both languages."""

    def __init__(self, why: Sequence[str]) -> None:
        super().__init__(why[-1])
        self.why = why


async def success(args: AsyncSuccessArgs) -> BoltResponse:
    """On to the bot's own page in that workspace (docs.slack.dev/interactivity/deep-linking)."""
    app, team = args.installation.app_id or "", args.installation.team_id or ""
    to = f"https://slack.com/app_redirect?app={quote(app)}&team={quote(team)}"
    return BoltResponse(status=302, headers={"Location": to, "Set-Cookie": forgotten(args.settings)})


async def failure(args: AsyncFailureArgs) -> BoltResponse:
    """What went wrong and where to begin again."""
    log.warning("slack.install_refused", why=str(args.reason)[:80])
    if args.reason == "access_denied":
        return page(200, CANCELLED)
    if isinstance(args.error, Impossible):
        return page(409, args.error.why)
    return page(args.suggested_status_code, STALE)


def page(status: int, words: Sequence[str]) -> BoltResponse:
    """A page of one line in Korean and in English."""
    body = PAGE.format(ko=words[0], en=words[-1], start=START)
    return BoltResponse(status=status, body=body, headers={"Content-Type": "text/html; charset=utf-8"})


def forgotten(settings: AsyncOAuthSettings) -> str:
    """The header that takes the used state out of the browser."""
    return settings.state_utils.build_set_cookie_for_deletion()
