"""The sandbox as a process of its own: what became visible is its word, not newsbot's."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.stage import environment
from tests.chaos.child import ends_with_us

SECRETS = ("telegram_token", "slack_bot_token", "slack_app_token", "slack_signing_secret")


@dataclass
class Sandbox:
    """`newsbot sandbox --json`, and its control API."""

    process: asyncio.subprocess.Process
    facts: Mapping[str, str]
    client: httpx.AsyncClient

    @classmethod
    async def start(cls, folder: Path) -> Sandbox:
        """One that answers."""
        with (folder / "sandbox.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "newsbot", "sandbox", "--json"),
                cwd=folder,
                env=environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,  # its first line has the tokens: not into a file
                stderr=log,
                preexec_fn=ends_with_us,
            )
        assert process.stdout
        first = await process.stdout.readline()
        assert first, "the sandbox does not start"
        facts = json.loads(first)
        return cls(process, facts, httpx.AsyncClient(base_url=facts["control"], timeout=60, trust_env=False))

    @property
    def secrets(self) -> list[str]:
        """Every secret the bot is given."""
        return [self.facts[name] for name in SECRETS]

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """One call of the control API (newsbot/sandbox/control.py): `/limits`, `/telegram/chats`, `/slack/channels`, …"""
        reply = await self.client.post(path, json=body)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        answer: dict[str, Any] = reply.json()
        return answer

    async def fault(self, kind: str, **fields: Any) -> int:
        """Script some trouble (newsbot/sandbox/faults.py); its number."""
        number: int = (await self.post("/faults", kind=kind, **fields))["numbers"][0]
        return number

    async def faults(self) -> list[dict[str, Any]]:
        """The script, with how often each line struck."""
        found: list[dict[str, Any]] = (await self.client.get("/faults")).json()
        return found

    async def no_faults(self) -> None:
        """End all trouble."""
        assert (await self.client.delete("/faults")).status_code == 200

    async def messages(self, platform: str) -> list[dict[str, Any]]:
        """All that ever became visible, in order of arrival; fields of newsbot/sandbox/record.py's Message."""
        found: list[dict[str, Any]] = (await self.client.get("/messages", params={"platform": platform})).json()
        return found

    async def requests(self) -> dict[str, Any]:
        """`requests` (the last 500), `counts`, `refused`, `arrivals` per second; see Record.requests_json."""
        found: dict[str, Any] = (await self.client.get("/requests")).json()
        return found

    async def arrivals(self, platform: str, *methods: str) -> dict[int, dict[str, int]]:
        """Calls (of these methods, or all) by tenth of a unix second: {"ok" | "429" | "none" | "error": how many}."""
        asked = {"platform": platform, "method": ",".join(methods)}
        found: dict[str, dict[str, int]] = (await self.client.get("/arrivals", params=asked)).json()
        return {int(tenth): split for tenth, split in found.items()}

    async def calls(self, platform: str, *methods: str) -> int:
        """How many such calls came and were answered, or cut off."""
        return sum(sum(split.values()) for split in (await self.arrivals(platform, *methods)).values())

    async def close(self) -> None:
        """Ended, by its id."""
        await self.client.aclose()
        if self.process.returncode is None:
            self.process.kill()  # it has nothing to put down
        await self.process.wait()
