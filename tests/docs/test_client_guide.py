"""The code blocks of docs/client-guide.md, put one after the other, are a whole client.

Two pages made of nothing else call each other in Chromium over a relay: in the bare protocol, and
with step 1 replaced by socket.io-client, as the guide says.
"""

import asyncio
import json
import shutil
import subprocess
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
const connection = () => call?.pc;
const state = () => call?.signalling;
const sends = () => call.stream.getTracks().map(({ kind, enabled }) => `${kind} ${enabled}`);
window.client = {
  dial, accept, reject, hangUp, mute, camera, switchTo, speak, socket, connection, state, sends,
};
"""
# What a reader replaces: where the service is, where tokens come from, and who one is.
REPLACED = {
    '"https://calls.example.org"': 'params.get("service")',
    '(await fetch("/api/call-token")).text()': 'params.get("token")',
    'join("alice")': 'join(params.get("user"))',
}


def bare() -> str:
    """The client of all steps."""
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


@pytest.mark.parametrize("denied", ["camera=()", "camera=(), microphone=()"])
@pytest.mark.parametrize("denies", ["caller", "callee"])
async def test_a_call_goes_on_without_the_devices_that_are_refused(
    guided: Guided, denied: str, denies: str
):
    policies = (denied, "") if denies == "caller" else ("", denied)
    alice, bob = await guided.page("alice", policies[0]), await guided.page("bob", policies[1])
    await alice.evaluate('client.dial("bob", "video")')
    await see(bob, 'saw("incoming", "alice", "video")')
    await bob.evaluate("client.accept()")
    poor = alice if denies == "caller" else bob
    await see(poor, 'saw("missing", "video", "NotAllowedError")')
    for page in (alice, bob):
        await see(page, 'client.connection()?.connectionState === "connected"')
    await see(poor, 'document.querySelector("video").videoWidth > 0')
    assert not await alice.evaluate('saw("ended")')
    assert all("Permissions policy violation" in line for line in guided.complaints)
    guided.complaints.clear()


async def test_a_call_that_is_cancelled_stops_ringing(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await alice.evaluate('client.dial("bob", "audio")')
    await see(alice, 'saw("ringing")')
    await alice.evaluate("client.hangUp()")
    await see(alice, 'saw("ended", "completed")')
    await see(bob, 'saw("ended", "cancelled")')
    await alice.evaluate('() => { client.dial("bob", "audio"); client.hangUp(); }')
    await see(alice, 'saw("ended", "cancelled")')
    await talking(alice, bob)
    assert not await bob.evaluate('shown.filter(([what]) => what === "incoming").length > 2')


async def test_devices_are_muted_switched_and_closed(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await talking(alice, bob)
    camera = await alice.evaluate_handle(
        "client.connection().getSenders().find(({ track }) => track?.kind === 'video').track"
    )
    await alice.evaluate("client.camera(false)")
    assert await camera.evaluate("({ readyState }) => readyState") == "ended"
    await see(bob, 'saw("peer", true, false)')
    await alice.evaluate("client.mute(true)")
    await see(bob, 'saw("peer", false, false)')
    await alice.evaluate("client.camera(true)")
    await see(bob, 'saw("peer", false, true)')
    microphone = await alice.evaluate(
        """() => navigator.mediaDevices.enumerateDevices()
        .then((all) => all.findLast(({ kind }) => kind === "audioinput").deviceId)"""
    )
    await alice.evaluate("id => client.switchTo('audio', id)", microphone)
    await see(bob, 'saw("peer", true, true)')
    assert await alice.evaluate("client.sends().sort()") == ["audio true", "video true"]
    await alice.evaluate("client.speak(document.querySelector('video'), 'no-such-device')")
    await see(alice, 'saw("missing", "speaker", "NotFoundError")')


async def test_an_accept_that_nobody_answers_is_taken_back(
    guided: Guided, monkeypatch: pytest.MonkeyPatch
):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await alice.evaluate('client.dial("bob", "audio")')
    await see(bob, 'saw("incoming", "alice", "audio")')
    await see(alice, 'saw("ringing")')
    store, let = guided.service.calls, asyncio.Event()
    swap = store.swap

    async def late(before: Call, after: Call, op: str) -> Call | None:
        await let.wait()
        return await swap(before, after, op)

    monkeypatch.setattr(store, "swap", late)
    await bob.evaluate("client.accept()")
    await see(bob, 'saw("ended", "timeout")')
    assert not await alice.evaluate('saw("accepted")')
    let.set()
    await see(alice, 'saw("accepted") && saw("ended", "completed")')


RECEIVED = """client.connection().getStats().then((stats) => [...stats.values()]
  .filter(({ type }) => type === "inbound-rtp")
  .reduce((sum, { bytesReceived }) => sum + bytesReceived, 0))"""


async def flow(page: Page) -> None:
    """Wait for more media than have come so far."""
    before = await page.evaluate(RECEIVED)
    await see(page, f"{RECEIVED}.then((now) => now > {before})")


async def test_media_outlive_the_connection_to_the_service(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await talking(alice, bob)
    for client in guided.service.node.engine.clients():
        client.cut("transport")
    for page in (alice, bob):
        await see(page, 'saw("offline") && client.state() === "lost"')
        await see(page, 'shown.filter(([what]) => what === "online").length === 2')
        await flow(page)
    await bob.evaluate("client.hangUp()")
    await see(alice, 'saw("ended", "peer_left") && !client.connection()')
    await alice.evaluate("shown.length = 0")
    await bob.evaluate("shown.length = 0")
    await talking(alice, bob)


async def test_a_page_that_leaves_hangs_up(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await talking(alice, bob)
    await bob.goto("about:blank")
    await see(alice, 'saw("ended", "completed") && !client.connection()')


async def test_a_page_that_leaves_while_it_awaits_an_answer_hangs_up(guided: Guided):
    alice, bob = await guided.page("alice"), await guided.page("bob")
    await talking(alice, bob)
    await bob.evaluate(
        """() => {
          client.mute(true);
          window.dispatchEvent(new Event("pagehide"));
        }"""
    )
    await see(alice, 'saw("ended", "completed") && !client.connection()')


def test_the_code_about_lost_connections_is_that_of_the_page():
    sources = "\n".join(_lines(text_of(path)) for path in (ROOT / "service/web").rglob("*.js"))
    quoted = blocks(section(GUIDE, "Losing and regaining a connection"), "js")
    assert quoted
    assert [block for block in quoted if _lines(block) not in sources] == []


async def refused(answer: web.Response) -> dict[str, object]:
    """What the guide's accept from a lock screen throws when it gets this response."""

    async def accept(_request: web.Request) -> web.Response:
        return answer

    app = web.Application()
    app.router.add_post("/v1/calls/{call}/accept", accept)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        (code,) = blocks(section(GUIDE, "Accepting from a lock screen"), "js")
        script = f"""
            const ORIGIN = "http://127.0.0.1:{runner.addresses[0][1]}";
            const fetchToken = async () => "token";
            {code}
            acceptFromLockScreen("c").catch((error) => {{
              console.log(JSON.stringify({{ ...error, name: error.name, message: error.message }}));
            }});
        """
        node = await asyncio.create_subprocess_exec("node", "-e", script, stdout=subprocess.PIPE)
        told, _ = await node.communicate()
    finally:
        await runner.cleanup()
    error: dict[str, object] = json.loads(told)
    return error


@pytest.mark.skipif(not shutil.which("node"), reason="run: apt-get install nodejs npm")
async def test_a_refused_accept_from_a_lock_screen_tells_why():
    problem = {"code": "call_ended", "detail": "The call has ended."}
    answer = web.json_response(problem, status=409, content_type="application/problem+json")
    assert await refused(answer) == {"name": "Error", "message": "The call has ended.", **problem}


@pytest.mark.skipif(not shutil.which("node"), reason="run: apt-get install nodejs npm")
async def test_an_error_page_of_a_proxy_is_an_error_without_a_code():
    answer = web.Response(text="<html>", status=502, content_type="text/html")
    assert await refused(answer) == {"name": "Error", "message": "Bad Gateway"}


def _lines(code: str) -> str:
    return "\n".join(line.strip() for line in code.strip().splitlines())
