"""A real browser for tests of the page: Debian's `chromium`, headless, driven over the DevTools protocol.

Protocol: chromedevtools.github.io/devtools-protocol (domains Page, Runtime, Network, Log, Emulation).
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.cast import until

PATIENCE = 20.0
"""Seconds the browser gets for anything on a busy machine; nothing passes by waiting."""

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    # The browser itself must ask nothing of the outside, or a test that counts requests would count those.
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-default-browser-check"),
    *("--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank"),
)


def chromium() -> str | None:
    """The system's browser, or None."""
    return shutil.which("chromium")


@dataclass
class Browser:
    """One open page; what it asked for and complained about is kept."""

    socket: ClientConnection
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def read(self) -> None:
        """Take in answers and events until the socket closes."""
        async for text in self.socket:
            said = json.loads(text)
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            else:
                self._event(said["method"], said["params"])

    def _event(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(json.dumps(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        said = await asyncio.wait_for(future, PATIENCE)
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    async def js(self, expression: str) -> Any:
        """The value of an expression in the page; promises are awaited."""
        said = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    async def shows(self, expression: str) -> Any:
        """The expression's value once it is truthy."""
        return await until(lambda: self.js(expression), expression, PATIENCE)

    async def text(self, selector: str) -> str:
        """What a reader reads in the first such element, once there is one."""
        found: str = await self.shows(f"document.querySelector({json.dumps(selector)})?.innerText")
        return found

    async def click(self, selector: str, words: str = "") -> None:
        """Press the first such element, or the first that reads `words`."""
        find = f"[...document.querySelectorAll({json.dumps(selector)})].find(n => n.innerText.includes({json.dumps(words)}))"
        await self.shows(f"Boolean({find})")
        await self.js(f"{find}.click()")

    async def media(self, scheme: str) -> None:
        """What the system says about light and dark."""
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def size(self, width: int, height: int) -> None:
        """The window, in CSS pixels; narrow ones are phones."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def goto(self, url: str, language: str = "ko") -> None:
        """Open an address with a browser of that language."""
        agent = await self.js("navigator.userAgent")
        await self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        await self.call("Page.navigate", url=url)
        await self.shows(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    async def shot(self, path: Path) -> None:
        """Write a picture of what is in view."""
        path.write_bytes(base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"]))


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Browser]:
    """A fresh browser with a profile in `folder`; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(str(chromium()), f"--user-data-dir={folder / 'profile'}", *FLAGS),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
    )
    try:
        note = folder / "profile" / "DevToolsActivePort"
        port, *_ = (await until(lambda: note.exists() and note.read_text("utf-8"), "chromium", PATIENCE)).splitlines()
        async with connect(await _page_socket(int(port)), max_size=None, proxy=None) as socket:
            browser = Browser(socket)
            reading = asyncio.create_task(browser.read())
            for domain in ("Page", "Runtime", "Network", "Log"):
                await browser.call(f"{domain}.enable")
            yield browser
            reading.cancel()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own session: the whole family of processes, nobody else
        await process.wait()


async def _page_socket(port: int) -> str:
    """The address of the first tab."""
    async with httpx.AsyncClient(trust_env=False) as client:
        tabs = (await client.get(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE)).json()
    found: str = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
    return found
