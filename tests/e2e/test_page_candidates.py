"""Machines with many interfaces find many candidates: they go in batches, and none is lost."""

import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, WebSocket

from tests.e2e.pages import PATIENCE_MS, Pages, pages, state, talking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

MANY = 150

# As a browser tells them, in as many tasks.
FIND = """(many) => {
  const { pc } = ringline.call;
  for (let port = 1; port <= many; port += 1) {
    const candidate = `candidate:${port} 1 udp 1 192.0.2.7 ${port} typ host`;
    setTimeout(() => pc.dispatchEvent(new RTCPeerConnectionIceEvent("icecandidate", {
      candidate: new RTCIceCandidate({ candidate, sdpMLineIndex: 0, sdpMid: "0" }),
    })));
  }
}"""
LISTEN = """() => {
  window.found = [];
  ringline.session.on("ice:candidate", ({ candidate }) => {
    const port = / 192\\.0\\.2\\.7 (\\d+) /.exec(candidate?.candidate ?? "")?.[1];
    if (port) found.push(Number(port));
  });
}"""


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


def watched(page: Page) -> list[list[object]]:
    """The candidates of each message that a page sends."""
    sent: list[list[object]] = []

    def look(frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode()
        if '"ice:candidate"' in text:
            _, payload = json.loads(text[text.index("[") :])
            sent.append(payload["candidates"])

    def follow(socket: WebSocket) -> None:
        socket.on("framesent", look)

    page.on("websocket", follow)
    return sent


async def all_found(page: Page) -> None:
    """Wait until every candidate has come; in order, and each once."""
    await page.wait_for_function(f"() => found.length >= {MANY}", timeout=PATIENCE_MS)
    assert await page.evaluate("found") == list(range(1, MANY + 1))


async def test_candidates_that_wait_for_the_accept_all_arrive(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await bob.evaluate(LISTEN)
    await alice.click("[data-user=bob][data-call=video]")
    await state(bob, "incoming")
    await alice.wait_for_function("() => ringline.call", timeout=PATIENCE_MS)
    await alice.evaluate(FIND, MANY)
    await bob.click("#accept")
    await all_found(bob)
    for page in (alice, bob):
        await state(page, "in-call")


@pytest.mark.parametrize("side", [0, 1])
async def test_a_burst_in_a_call_is_a_handful_of_messages(at: Pages, side: int):
    alice, bob = await at.open("alice"), await at.open("bob")
    sender, receiver = (alice, bob) if side == 0 else (bob, alice)
    sent = watched(sender)
    await sender.reload()
    await state(sender, "idle")
    await receiver.evaluate(LISTEN)
    await talking(alice, bob, "bob")
    before = len(sent)
    await sender.evaluate(FIND, MANY)
    await all_found(receiver)
    assert len(sent) - before <= 20
    assert max(map(len, sent)) <= 32


async def test_what_is_sent_too_fast_is_sent_again(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await bob.evaluate(LISTEN)
    await talking(alice, bob, "bob")
    await alice.evaluate("""() => {
      window.refused = 0;
      ringline.session.on("error", ({ code }) => { refused += code === "rate_limited"; });
      for (let i = 0; i < 450; i += 1) ringline.session.emit("user:status", { userId: "bob" });
    }""")
    await alice.evaluate(FIND, MANY)
    await all_found(bob)
    assert await alice.evaluate("refused") > 0
