"""The demo's stage: a temporary folder with a site and a config, the sandbox, an embedded Redis, `newsbot run`."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.cli.common import Quit
from newsbot.procs import runtime
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running, first_line, serve
from newsbot.store.embedded import Embedded

PATIENCE = 30.0
FALLBACK_URL = "https://example.com"
OURS = ("NEWSBOT_", "TELEGRAM_", "SLACK_", "REDIS_URL", "PORT")
CONFIG = """\
[site]
name = "예시뉴스"

[[person]]
name = "Ed"
roles = ["editor"]
telegram = 2001
slack = "U0ED"

[[person]]
name = "Olu"
roles = ["on-call"]
telegram = 3001
slack = "U0OLU"
"""
SITE = "url: https://example.com\ntitle: 예시뉴스\ntimezone: Asia/Seoul\n"
OLD_POST = "---\ntitle: 예시군, 봄 축제 일정 확정\ncategories: [문화]\n---\n예시군이 봄 축제 일정을 확정했다.\n"
POSTS = (
    (
        "[속보] 예시군 앞바다 규모 5.1 지진",
        "재난",
        "기상청은 예시군 동쪽 앞바다에서 규모 5.1 지진이 났다고 밝혔다. 해일 위험은 없다고 덧붙였다.",
    ),
    (
        "예시군 의회, 내년 살림 1조 2천억 원 확정",
        "정치",
        "예시군 의회가 내년 예산안을 의결했다. 올해보다 4% 늘었다. 집행부는 이달 안에 세부 계획을 낸다.",
    ),
)
CREDIT = "\n<p>예시정책자료는 「공공누리 제1유형: 출처표시」 조건에 따라 이용할 수 있습니다. 자료출처=예시정책자료 https://www.example.org</p>\n"


class Stage:
    """Everything the script plays on. `run` is the bot; `sandbox.world.record` is what the chats saw."""

    def __init__(self, room: Path, site: Path | None) -> None:
        self.room, self.own_site = room, site
        self.site = site or room / "site"
        self.data = room / "data"
        self.redis = Embedded(self.data)
        self.sandbox: Running
        self.environ: dict[str, str] = {}
        self.run: asyncio.subprocess.Process | None = None
        self.published = 0

    def prepare(self) -> None:
        """Write the sample site and the config; an own site is only read."""
        (self.room / "newsbot.toml").write_text(CONFIG if not self.own_site else CONFIG.partition("\n\n")[2], "utf-8")
        if self.own_site is None:
            (self.site / "_posts").mkdir(parents=True)
            (self.site / "_config.yml").write_text(SITE, "utf-8")
            (self.site / "_posts" / "2026-03-02-festival.md").write_text(OLD_POST, "utf-8")

    async def open_sandbox(self, port: int) -> None:
        """Start the stand-ins and note how a bot reaches them; the caller's own tokens are left out of the game."""
        try:
            self.sandbox = await serve(port)
        except OSError as error:
            raise Quit(f"port {port}: {error.strerror}") from None
        facts = first_line(self.sandbox)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environ = kept | {
            "NEWSBOT_CONFIG": str(self.room / "newsbot.toml"),
            "NEWSBOT_DATA__FOLDER": str(self.data),
            "NEWSBOT_LOG__LEVEL": "warning",
            "NEWSBOT_READER__QUIET": "",  # at whatever hour it is tried
            "NEWSBOT_GATE__ON": "false",  # nothing leaves this machine, so no page is asked
            "TELEGRAM_API_BASE": facts["telegram_api_base"],
            "TELEGRAM_BOT_TOKEN": facts["telegram_token"],
            "SLACK_API_BASE": facts["slack_api_base"],
            "SLACK_BOT_TOKEN": facts["slack_bot_token"],
            "SLACK_APP_TOKEN": facts["slack_app_token"],
            "PORT": str(free_port()),
        }

    async def start(self) -> None:
        """Start `newsbot run` and wait until it is ready to hear and to see."""
        polls = self.sandbox.world.record.count("telegram", "getMe")
        self.run = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "newsbot", "run", "--site", str(self.site), env=self.environ, cwd=self.room
        )
        async with httpx.AsyncClient(trust_env=False) as client:

            async def ready() -> bool:
                if self.run is not None and self.run.returncode is not None:
                    raise Quit(f"newsbot run ended with code {self.run.returncode}")
                try:
                    reply = await client.get(f"http://127.0.0.1:{self.environ['PORT']}/readyz")
                except httpx.TransportError:
                    return False
                world = self.sandbox.world
                heard = world.record.count("telegram", "getMe") > polls and bool(world.slack.wire.sockets)
                return reply.status_code == 200 and heard

            await until(ready, "newsbot run is ready")

    async def stop(self) -> None:
        """End the bot as an operator would."""
        if self.run is not None and self.run.returncode is None:
            self.run.send_signal(signal.SIGTERM)
            await self.run.wait()

    async def close(self) -> None:
        """End everything."""
        await self.stop()
        self.redis.release()
        await self.sandbox.stop()

    @asynccontextmanager
    async def kit(self) -> AsyncIterator[Kit]:
        """A look into the bot's own memory."""
        settings = bootstrap.read_settings(self.environ)
        async with runtime.process(settings, self.redis.url, self.environ, live=False) as process:
            yield process.kit

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        """Say or press something in the sandbox."""
        async with httpx.AsyncClient(trust_env=False, timeout=15) as client:
            reply = await client.post(f"{self.sandbox.url}/sandbox{path}", json=body)
        answer: dict[str, Any] = reply.json()
        if reply.status_code != 200:
            raise Quit(f"sandbox {path}: {answer}")
        return answer

    def heard(self, platform: str, chat: str) -> list[Message]:
        """What the bot said in this chat."""
        found = self.sandbox.world.record.messages(platform=platform, chat=chat)
        return [message for message in found if message.sender == "bot"]

    def publish(self) -> Path:
        """Write the next sample post under today's date, as an editor's machine would."""
        title, topic, excerpt = POSTS[self.published % len(POSTS)]
        self.published += 1
        now = datetime.now(ZoneInfo("Asia/Seoul"))
        lines = [
            "---",
            f"title: '{title}'",
            f"categories: [{topic}]",
            f"excerpt: {excerpt}",
            "---",
            f"<p>{excerpt}</p>",
        ]
        name = "sample" if self.published == 1 else f"sample-{self.published}"
        path = self.site / "_posts" / f"{now.date().isoformat()}-{name}.md"
        draft = self.site / ".draft.tmp"
        draft.write_text("\n".join(lines) + CREDIT, "utf-8")
        draft.rename(path)
        return path


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def until(happens: Callable[[], Any], what: str) -> Any:
    """The first truthy value of `happens`. Raises Quit when patience ends."""

    async def waiting() -> Any:
        while True:
            value = happens()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.01)

    try:
        async with asyncio.timeout(PATIENCE):
            return await waiting()
    except TimeoutError:
        raise Quit(f"waited {PATIENCE:.0f} s in vain until {what}") from None
