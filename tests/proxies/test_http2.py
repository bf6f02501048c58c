"""Whole calls of the stock client in a browser, which speaks HTTP/2 to the proxy."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.proxies.fronts import Front, Name, front
from tests.support.browser import chromium
from tests.support.service import running, token

pytestmark = pytest.mark.e2e

CLIENT = Path(__file__).parents[1] / "e2e/node_modules/socket.io-client/dist/socket.io.min.js"
TALK = """async ([offer, answer, candidates]) => {
  const next = (socket, name) => new Promise((heard) => socket.once(name, heard));
  const [alice, bob] = [window.alice, window.bob];
  for (const [socket, userId] of [[alice, "alice"], [bob, "bob"]]) {
    await socket.emitWithAck("user:join", { userId });
  }
  const rings = next(bob, "call:incoming");
  const { callId } = await alice.emitWithAck("call:initiate", { to: "bob", callType: "video" });
  await rings;
  const accepted = next(alice, "call:accepted");
  await bob.emitWithAck("call:accept", { callId, from: "alice" });
  await accepted;
  const offered = next(bob, "call:offer");
  alice.emit("call:offer", { to: "bob", offer });
  const answered = next(alice, "call:answer");
  bob.emit("call:answer", { to: "alice", answer });
  const heard = [(await offered).offer, (await answered).answer];
  const trickled = new Promise((all) => {
    const got = [];
    bob.on("ice:candidate", ({ candidate }) => {
      if (got.push(candidate) === candidates.length) all(got);
    });
  });
  candidates.forEach((candidate) => alice.emit("ice:candidate", { to: "bob", candidate }));
  heard.push(await trickled);
  const over = next(bob, "call:ended");
  await alice.emitWithAck("call:end", { callId });
  return [...heard, (await over).reason];
}"""
CONNECT = """([user, token, transports, path]) => new Promise((connected, refused) => {
  const socket = io({ auth: { token }, transports, path, forceNew: true });
  window[user] = socket;
  socket.on("connect_error", refused);
  const upgrades = transports.length > 1;
  socket.on("connect", () => {
    if (upgrades) socket.io.engine.on("upgrade", () => connected(socket.io.engine.transport.name));
    else connected(socket.io.engine.transport.name);
  });
})"""
SPOKEN = """() => [...new Set(performance.getEntriesByType("resource")
  .filter((entry) => entry.name.includes("/socket.io/")).map((entry) => entry.nextHopProtocol))]"""


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
@pytest.mark.parametrize(
    "transports",
    [["polling"], ["websocket"], ["polling", "websocket"]],
    ids=["polling", "websocket", "upgrade"],
)
async def test_a_whole_call_over_http_2(tmp_path: Path, name: Name, transports: list[str]):
    if not CLIENT.exists():
        pytest.skip("socket.io-client is not installed; run: npm ci --prefix tests/e2e")
    async with (
        running(trusted_proxies=("127.0.0.1",)) as service,
        front(name, service.port, tmp_path, "tls") as proxy,
        chromium() as browser,
    ):
        page = await opened(browser, proxy)
        for user in ("alice", "bob"):
            given = [user, token(user), transports, proxy.path]
            assert await page.evaluate(CONNECT, given) == transports[-1]
        offer, answer = ({"type": kind, "sdp": "v=0"} for kind in ("offer", "answer"))
        candidates = [candidate(number) for number in range(20)]
        told = await page.evaluate(TALK, [offer, answer, candidates])
        assert told == [offer, answer, candidates, "completed"]
        if "polling" in transports:
            assert await page.evaluate(SPOKEN) == ["h2"]


async def opened(browser: Browser, proxy: Front) -> Page:
    """A page of the proxy's own origin, with the stock client in it."""
    context = await browser.new_context(ignore_https_errors=True, bypass_csp=True)
    page = await context.new_page()
    await page.goto(f"{proxy.url}/docs")
    await page.evaluate(CLIENT.read_text(encoding="utf-8"))
    return page


def candidate(number: int) -> dict[str, Any]:
    return {"candidate": f"candidate:{number} 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"}
