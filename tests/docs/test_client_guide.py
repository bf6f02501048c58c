"""The code blocks of docs/client-guide.md, put one after the other, are a whole client.

Two pages made of nothing else call each other in Chromium over a relay: in the bare protocol, and
with step 1 replaced by socket.io-client, as the guide says.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page

from service.calls.call import Call
from tests.docs.pages import ROOT, blocks, section, text_of
from tests.support.browser import chromium, opened
from tests.support.coturn import coturn
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.e2e

GUIDE = ROOT / "docs" / "client-guide.md"
LIBRARY = ROOT / "tests/e2e/node_modules/socket.io-client/dist/socket.io.esm.min.js"
PATIENCE_MS = 15_000

PAGE = """<!doctype html><link rel="icon" href="data:,">
<script type="importmap">{"imports": {"socket.io-client": "/socket.io.js"}}</script>
<video autoplay muted></video><script type="module" src="/client.js"></script>"""

BEFORE = """
const params = new URLSearchParams(location.search);
const shown = (window.shown = []);
function show(what, ...details) {
  shown.push([what, ...details]);
  if (what === "remote") document.querySelector("video").srcObject = details[0];
}
window.saw = (...line) => shown.some((other) => line.every((part, i) => part === other[i]));
"""
AFTER = """
window.client = { dial, accept, reject, hangUp, socket, connection: () => call?.pc };
"""
# What a reader replaces: where the service is, where tokens come from, and who one is.
REPLACED = {
    '"https://calls.example.org"': 'params.get("service")',
    '(await fetch("/api/call-token")).text()': 'params.get("token")',
    'join("alice")': 'join(params.get("user"))',
}


def bare() -> str:
    """The client of steps 1 to 8."""
    steps, _, _ = text_of(GUIDE).partition("\n## Errors\n")
    return "\n".join(blocks(steps, "js"))


def with_library() -> str:
    """The same with socket.io-client in the place of the address and step 1."""
    steps, _, _ = text_of(GUIDE).partition("\n## Errors\n")
    (instead,) = blocks(section(GUIDE, "With socket.io-client"), "js")
    return "\n".join([instead, *blocks(steps, "js")[2:]])


@asynccontextmanager
async def site(code: str) -> AsyncIterator[str]:
    """A web site that has the page; its origin."""
    script = code
    for written, meant in REPLACED.items():
        assert written in script
        script = script.replace(written, meant)
    imports = [line for line in script.splitlines() if line.startswith("import ")]
    script = "\n".join([*imports, BEFORE, script.replace("\n".join(imports), ""), AFTER])

    async def page(request: web.Request) -> web.Response:
        headers = {"Permissions-Policy": request.query.get("policy", "")}
        return web.Response(text=PAGE, content_type="text/html", headers=headers)

    async def client(_request: web.Request) -> web.Response:
        return web.Response(text=script, content_type="text/javascript")

    async def library(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(LIBRARY, headers={"Content-Type": "text/javascript"})

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/client.js", client)
    app.router.add_get("/socket.io.js", library)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class Guided:
    """A service, and a site whose pages speak to it."""

    service: TestService
    browser: Browser
    origin: str
    complaints: list[str]

    async def page(self, user: str, policy: str = "") -> Page:
        """A page of somebody who is online; `policy` is what the browser may not let it do."""
        query = f"user={user}&token={token(user)}&service={self.service.url}&policy={policy}"
        page = await opened(self.browser, f"{self.origin}/?{query}", self.complaints)
        await see(page, 'saw("online")')
        return page


async def see(page: Page, condition: str) -> None:
    """Wait until it holds on the page."""
    await page.wait_for_function(condition, timeout=PATIENCE_MS)


async def talking(alice: Page, bob: Page) -> None:
    """Have Alice call Bob, until both see each other."""
    await alice.evaluate('client.dial("bob", "video")')
    await see(bob, 'saw("incoming", "alice", "video")')
    await bob.evaluate("client.accept()")
    for page in (alice, bob):
        await see(page, 'client.connection()?.connectionState === "connected"')
        await see(page, 'document.querySelector("video").videoWidth > 0')


@pytest.fixture(params=[bare, with_library])
async def guided(request) -> AsyncIterator[Guided]:
    """Pages of the guide's client, which have a relay and no other path."""
    if request.param is with_library and not LIBRARY.exists():
        pytest.skip("socket.io-client is not installed; run: npm ci --prefix tests/e2e")
    complaints: list[str] = []
    with coturn("guide") as relay:
        turn = {"turn_secret": "guide", "turn_urls": relay.url, "ice_transport_policy": "relay"}
        async with (
            site(request.param()) as origin,
            running(cors_origins=origin, **turn) as service,
            chromium() as browser,
        ):
            yield Guided(service, browser, origin, complaints)
    assert complaints == []


async def test_two_pages_talk_and_hang_up(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await talking(alice, bob)
    await bob.evaluate("client.hangUp()")
    await see(alice, 'saw("ended", "completed") && !client.connection()')


async def test_both_restart_ice_at_once(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await talking(alice, bob)
    fragment = "/ice-ufrag:(.+)/.exec(client.connection().currentLocalDescription.sdp)[1]"
    before = await alice.evaluate(fragment)
    await alice.evaluate("client.connection().restartIce()")
    await bob.evaluate("client.connection().restartIce()")
    await see(alice, f'{fragment} !== "{before}"')
    for page in (alice, bob):
        await see(page, 'client.connection().signalingState === "stable"')
        await see(page, 'client.connection().connectionState === "connected"')


async def test_a_declined_and_an_unreachable_callee(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await alice.evaluate('client.dial("bob", "audio")')
    await see(bob, 'saw("incoming", "alice", "audio")')
    await bob.evaluate("client.reject()")
    await see(alice, 'saw("ended", "rejected")')
    await alice.evaluate('client.dial("nobody", "audio")')
    await see(alice, 'saw("failed", "user_unavailable")')


async def test_a_device_that_may_not_film_declines_and_the_others_ring_on(guided: Guided):
    alice, phone = await guided.page("alice"), await guided.page("bob")
    bob = await guided.page("bob", policy="camera=(), microphone=()")
    await alice.evaluate('client.dial("bob", "video")')
    for page in (bob, phone):
        await see(page, 'saw("incoming", "alice", "video")')
    await bob.evaluate("client.accept()")
    await see(bob, 'saw("ended", "NotAllowedError")')
    await phone.evaluate("client.accept()")
    await see(alice, 'client.connection()?.connectionState === "connected"')
    await phone.evaluate("client.hangUp()")
    await see(alice, 'saw("ended", "completed")')
    await alice.evaluate('client.dial("bob", "video")')  # bob's page is free for the next call
    await see(bob, 'shown.filter(([what]) => what === "incoming").length === 2')
    await phone.evaluate("client.socket.close()")
    await see(phone, 'saw("offline")')
    await bob.evaluate("client.accept()")
    await see(alice, 'saw("ended", "rejected")')
    assert all("Permissions policy violation" in line for line in guided.complaints)
    guided.complaints.clear()


async def test_an_accept_that_nobody_answers_is_taken_back(
    guided: Guided, monkeypatch: pytest.MonkeyPatch
):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await alice.evaluate('client.dial("bob", "audio")')
    await see(bob, 'saw("incoming", "alice", "audio")')
    await see(alice, 'saw("ringing")')
    store, let = guided.service.node.store, asyncio.Event()
    swap = store.swap

    async def late(before: Call, after: Call) -> bool:
        await let.wait()
        return await swap(before, after)

    monkeypatch.setattr(store, "swap", late)
    await bob.evaluate("client.accept()")
    await see(bob, 'saw("ended", "timeout")')
    assert not await alice.evaluate('saw("accepted")')
    let.set()
    await see(alice, 'saw("accepted") && saw("ended", "completed")')


async def test_a_page_that_leaves_ends_the_call_and_a_lost_one_comes_back(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await talking(alice, bob)
    await bob.evaluate("client.socket.close()")
    await see(bob, 'saw("offline")')
    await see(alice, 'saw("ended", "connection_lost")')
    (left,) = guided.service.node.engine._peers.values()
    left.wire.cut("transport")
    await see(alice, 'saw("offline") && shown.filter(([what]) => what === "online").length === 2')
