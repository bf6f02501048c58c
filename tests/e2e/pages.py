"""The demonstration page in browsers, at a service of the test's own with a coturn."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.support.browser import CHROMIUM, DEVICES, FIREFOX, chromium, launched, opened
from tests.support.coturn import SHARED_SECRET, TurnServer, coturn
from tests.support.service import TestService, running, token
from tests.support.waiting import PATIENCE_S

PATIENCE_MS = round(PATIENCE_S * 1000)

ALIKE = f"{CHROMIUM}-{CHROMIUM}"
MIXED = f"{FIREFOX}-{CHROMIUM}"
TURNED = f"{CHROMIUM}-{FIREFOX}"
"""The browsers of a caller and of a callee."""

_CUT = "/socket.io/?EIO=4"
"""What is in a browser's own words about a connection that is cut or refused."""
UFRAG = "/ice-ufrag:(.+)/.exec(ringline.call.pc.currentLocalDescription.sdp)[1]"
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
    relay: TurnServer
    turn: dict[str, Any]
    browsers: dict[str, Browser]
    """Those that have started, by name."""
    started: AsyncExitStack
    complaints: list[str] = field(default_factory=list)

    async def open(
        self,
        user: str,
        *,
        port: int | None = None,
        devices: Sequence[str] = DEVICES,
        browser: str = CHROMIUM,
    ) -> Page:
        """A page of somebody who is online, through a proxy's port if that is given."""
        if browser not in self.browsers:
            self.browsers[browser] = await self.started.enter_async_context(launched(browser))
        link = f"http://127.0.0.1:{port or self.service.port}/#token={token(user)}"
        page = await opened(self.browsers[browser], link, self.complaints, devices)
        await state(page, "idle")
        return page

    async def open_two(self, browsers: str, *ports: int | None) -> tuple[Page, Page]:
        """Pages of alice and of bob, in two browsers, each through a proxy's port if it has one."""
        first, second = browsers.split("-")
        alice_port, bob_port = ports or (None, None)
        alice = await self.open("alice", port=alice_port, browser=first)
        return alice, await self.open("bob", port=bob_port, browser=second)


@asynccontextmanager
async def pages(*flags: str, **settings: Any) -> AsyncIterator[Pages]:
    """A service with a relay as the only path, and Chromium with these flags."""
    with coturn(SHARED_SECRET) as relay:
        turn = {
            "turn_secret": SHARED_SECRET,
            "turn_urls": relay.url,
            "ice_transport_policy": "relay",
        }
        async with running(**turn, **settings) as service, AsyncExitStack() as started:
            browsers = {CHROMIUM: await started.enter_async_context(chromium(*flags))}
            made = Pages(service, relay, turn, browsers, started)
            yield made
            assert [line for line in made.complaints if _CUT not in line] == []


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


async def both_flow(*both: Page) -> None:
    """Wait until more sound and picture has come on each side."""
    for page in both:
        await flow(page, "audio", "video")


async def calm(*both: Page) -> None:
    """Wait until each page has its session, and nothing more is said of the connection."""
    for page in both:
        await expect(page.locator("#stage .banner")).to_be_empty(timeout=PATIENCE_MS)
        await expect(page.locator("body")).to_have_attribute("data-link", "joined")


async def at_rest(*both: Page) -> None:
    """Wait until no negotiation is under way, and each connection is up."""
    for page in both:
        await page.wait_for_function(
            "() => ringline.call.pc.signalingState === 'stable'"
            " && ringline.call.pc.connectionState === 'connected'",
            timeout=PATIENCE_MS,
        )


async def an_ice_restart_works(page: Page, peer: Page) -> None:
    """Restart ICE on one side, until both are on their new paths."""
    before = [await each.evaluate(UFRAG) for each in (page, peer)]
    await page.evaluate("ringline.call.pc.restartIce()")
    for each, ufrag in zip((page, peer), before, strict=True):
        await each.wait_for_function(f"() => {UFRAG} !== {ufrag!r}", timeout=PATIENCE_MS)
    await at_rest(page, peer)
    await both_flow(page, peer)
