"""A visitor's browser at the sandbox's page, and the bot that sends to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from newsbot.sandbox.serve import Running
from tests.e2e.browser import Browser, browsing

RAE = 1001
HOSTILE = '<img src=x onerror="document.title=`taken`"> <b>[속보]</b> &amp; "따옴표"'

# The ratio of WCAG 2.2 (1.4.3) between a text and what lies behind it, layer by layer.
CONTRAST = """
(selectors) => {
  const channels = (color) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => below.map((value, i) => (i < 3 ? top[i] * top[3] + value * (1 - top[3]) : 1));
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const layer = channels(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), channels("Canvas"));
  };
  const light = (color) => {
    const [r, g, b] = color.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return Object.fromEntries(selectors.map((selector) => {
    const node = [...document.querySelectorAll(selector)].find((one) => one.innerText.trim() && one.checkVisibility());
    if (!node) return [selector, 0];
    const back = behind(node);
    const [high, low] = [light(over(channels(getComputedStyle(node).color), back)), light(back)].sort((a, b) => b - a);
    return [selector, (high + 0.05) / (low + 0.05)];
  }));
}
"""


class Page:
    """A visitor's browser at a sandbox, and the bot that sends to it."""

    def __init__(self, sandbox: Running, browser: Browser, client: httpx.AsyncClient) -> None:
        self.sandbox, self.browser, self.client = sandbox, browser, client
        self.world = sandbox.world

    async def telegram(self, method: str, **params: Any) -> Any:
        """One call of the bot; the result, or the description of a refusal."""
        body = (await self.client.post(f"/bot{self.world.telegram.token}/{method}", json=params)).json()
        return body["result"] if body["ok"] else body["description"]

    async def slack(self, method: str, **params: Any) -> dict[str, Any]:
        """One call of the app; the answer."""
        head = {"Authorization": f"Bearer {self.world.slack.bot_token}"}
        answer: dict[str, Any] = (await self.client.post(f"/api/{method}", json=params, headers=head)).json()
        return answer

    async def open(self, chat: str, platform: str = "tg") -> None:
        """Choose a chat or channel in its list."""
        await self.browser.click(f"#{platform}-list button", chat)
        await self.browser.shows(f"document.querySelector('#{platform}-head').innerText.includes({json.dumps(chat)})")

    async def reads(self, words: str, where: str = "tg-wall") -> None:
        """Wait until these words can be read there."""
        await self.browser.shows(f"document.getElementById('{where}').innerText.includes({json.dumps(words)})")

    async def types(self, words: str, platform: str = "tg") -> None:
        """Write into the composer of a pane, without sending."""
        await self.browser.js(f"document.querySelector('#{platform}-form textarea').value = {json.dumps(words)}")

    async def sends(self, platform: str = "tg") -> None:
        """Send what is written."""
        await self.browser.js(f"document.getElementById('{platform}-form').requestSubmit()")

    async def faint(self, selectors: list[str]) -> dict[str, dict[str, float]]:
        """Texts that cannot be read well in light or dark, with their ratio; 0 for what is not there."""
        found = {}
        for scheme in ("light", "dark"):
            await self.browser.media(scheme)
            ratios = await self.browser.js(f"({CONTRAST})({json.dumps(selectors)})")
            found[scheme] = {selector: round(ratio, 2) for selector, ratio in ratios.items() if ratio < 4.5}
        return {scheme: texts for scheme, texts in found.items() if texts}

    def quiet(self) -> None:
        """Nothing went wrong in the page, and nothing was asked of any other host."""
        assert self.browser.complaints == []
        foreign = [url for url in self.browser.requests if not url.startswith((self.sandbox.url, "data:", "about:"))]
        assert foreign == []


@asynccontextmanager
async def visiting(sandbox: Running, tmp_path: Path) -> AsyncIterator[Page]:
    """A desktop browser on the page; Rae has started the bot and a first alert is there on both platforms."""
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client, browsing(tmp_path) as browser:
        made = Page(sandbox, browser, client)
        await client.post("/sandbox/limits", json={"on": False})
        await client.post("/sandbox/telegram/say", json={"user": "Rae", "text": "/start"})
        await made.telegram("sendMessage", chat_id=RAE, text="예시군 첫 알림")
        await made.slack("chat.postMessage", channel="C0NEWS", text="예시군 첫 알림")
        await browser.size(1440, 900)
        await browser.goto(sandbox.url + "/")
        await made.reads("예시군 첫 알림")
        await made.reads("예시군 첫 알림", "sl-wall")
        yield made
        made.quiet()
