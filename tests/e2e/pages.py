"""The demonstration page in Chromium, at a service of the test's own with a coturn."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.support.browser import DEVICES, chromium, opened
from tests.support.coturn import SHARED_SECRET, coturn
from tests.support.service import TestService, running, token

PATIENCE_MS = 20_000

_CUT = "WebSocket connection to"
"""How the browser's own words about a connection that is cut or refused begin."""
_BYTES = """async (kinds) => {
  const stats = [...(await ringline.call.pc.getStats()).values()];
  const received = kinds.map((kind) =>
    stats.find((s) => s.type === "inbound-rtp" && s.kind === kind)?.bytesReceived ?? 0);
  return received;
}"""


@dataclass(frozen=True, slots=True)
class Pages:
    """A service, and pages of its users."""

    service: TestService
    browser: Browser
    turn: dict[str, Any]
    complaints: list[str] = field(default_factory=list)

    async def open(
        self, user: str, *, port: int | None = None, devices: Sequence[str] = DEVICES
    ) -> Page:
        """A page of somebody who is online, through a proxy's port if that is given."""
        link = f"http://127.0.0.1:{port or self.service.port}/#token={token(user)}"
        page = await opened(self.browser, link, self.complaints, devices)
        await state(page, "idle")
        return page


@asynccontextmanager
async def pages(*flags: str, **settings: Any) -> AsyncIterator[Pages]:
    """A service with a relay as the only path, and a browser."""
    with coturn(SHARED_SECRET) as relay:
        turn = {
            "turn_secret": SHARED_SECRET,
            "turn_urls": relay.url,
            "ice_transport_policy": "relay",
        }
        async with running(**turn, **settings) as service, chromium(*flags) as browser:
            made = Pages(service, browser, turn)
            yield made
            assert [line for line in made.complaints if not line.startswith(_CUT)] == []


async def state(page: Page, name: str) -> None:
    """Wait until the page is in a state."""
    await expect(page.locator("body")).to_have_attribute("data-state", name, timeout=PATIENCE_MS)


async def says(page: Page, text: str) -> None:
    """Wait until a call's page says so, in its title, its caption or its banner."""
    where = page.locator("#outcome, #caption, #stage .banner").filter(has_text=text)
    await expect(where).to_be_visible(timeout=PATIENCE_MS)


async def talking(caller: Page, callee: Page, to: str, kind: str = "video") -> None:
    """Have a call placed and accepted, until media flow."""
    await caller.click(f"[data-user={to}][data-call={kind}]")
    await state(callee, "incoming")
    await callee.click("#accept")
    for page in (caller, callee):
        await state(page, "in-call")


async def flow(page: Page, *kinds: str) -> None:
    """Wait until more of each kind of media has come than had so far."""
    before = await page.evaluate(_BYTES, list(kinds))
    await page.wait_for_function(
        f"before => ({_BYTES})({list(kinds)}).then(now => now.every((n, i) => n > before[i]))",
        arg=before,
        timeout=PATIENCE_MS,
    )
