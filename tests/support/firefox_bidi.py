#!/usr/bin/env -S python3 -P
"""Firefox for Playwright: run like Firefox, with the same arguments.

Playwright drives a distribution's Firefox by WebDriver BiDi, whose address it reads from the
browser's standard error. For every page it sets a colour scheme, by a command that Firefox ESR 153
does not know. This program passes everything between the two on, and answers that command itself.
"""

import asyncio
import json
import re
import shutil
import sys

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

_UNKNOWN = "emulation.setMediaFeaturesOverride"
_LISTENING = re.compile(r"(WebDriver BiDi listening on )(ws://\S+)")


def installed() -> str | None:
    """The path of Firefox, if there is one."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class _Between:
    """Takes one connection of Playwright's, and passes it on to the browser at `address`."""

    address = ""

    async def accept(self, playwright: ServerConnection) -> None:
        assert playwright.request
        where = self.address + playwright.request.path
        async with connect(where, max_size=None) as browser, asyncio.TaskGroup() as both:
            both.create_task(_commands(playwright, browser))
            both.create_task(_replies(browser, playwright))


async def _commands(playwright: ServerConnection, browser: ClientConnection) -> None:
    async for message in playwright:
        command = json.loads(message)
        if command["method"] == _UNKNOWN:
            done = {"type": "success", "id": command["id"], "result": {}}
            await playwright.send(json.dumps(done))
        else:
            await browser.send(message)
    await browser.close()


async def _replies(browser: ClientConnection, playwright: ServerConnection) -> None:
    async for message in browser:
        await playwright.send(message)
    await playwright.close()


async def _run(path: str, arguments: list[str]) -> int:
    firefox = await asyncio.create_subprocess_exec(path, *arguments, stderr=asyncio.subprocess.PIPE)
    assert firefox.stderr
    between = _Between()
    async with serve(between.accept, "127.0.0.1", 0, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        async for line in firefox.stderr:
            said = line.decode(errors="replace")
            if found := _LISTENING.search(said):
                between.address = found[2]
                said = f"{found[1]}ws://127.0.0.1:{port}\n"
            sys.stderr.write(said)
            sys.stderr.flush()
        return await firefox.wait()


if __name__ == "__main__":
    found = installed()
    sys.exit(asyncio.run(_run(found, sys.argv[1:])) if found else "Firefox is not installed")
