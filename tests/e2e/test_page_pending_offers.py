"""A negotiation that is under way when a connection is cut comes to its end all the same."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from service.sessions.replay import MOST_BYTES
from tests.e2e.pages import (
    ALIKE,
    MIXED,
    PATIENCE_MS,
    TURNED,
    UFRAG,
    Pages,
    an_ice_restart_works,
    at_rest,
    both_flow,
    calm,
    pages,
    says,
    talking,
)
from tests.support.severable import DOWN, severable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LONG = pytest.mark.long
SIDES = ("offerer", "answerer", "both")


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


PENDING = "/ice-ufrag:(.+)/.exec(ringline.call.pc.pendingLocalDescription.sdp)[1]"
ANSWERED = """ufrag => ringline.call.pc.signalingState === "stable"
  && ringline.call.pc.currentRemoteDescription.sdp.includes(`ice-ufrag:${ufrag}`)"""


async def offered(page: Page) -> str:
    """Restart ICE, and wait until the offer is made; its username fragment."""
    await page.evaluate("ringline.call.pc.restartIce()")
    await page.wait_for_function(
        "() => ringline.call.pc.signalingState === 'have-local-offer'", timeout=PATIENCE_MS
    )
    return str(await page.evaluate(PENDING))


@pytest.mark.parametrize(
    ("browsers", "offerer", "cut"),
    [
        *((ALIKE, "caller", cut) for cut in SIDES),
        (ALIKE, "callee", "both"),
        (MIXED, "callee", "both"),
        *(pytest.param(ALIKE, "callee", cut, marks=LONG) for cut in SIDES[:2]),
        *(pytest.param(MIXED, "caller", cut, marks=LONG) for cut in SIDES),
        *(pytest.param(TURNED, offerer, "both", marks=LONG) for offerer in ("caller", "callee")),
    ],
)
async def test_a_cut_between_the_offer_of_an_ice_restart_and_its_answer(
    at: Pages, browsers: str, offerer: str, cut: str
):
    async with severable(at.service.port) as first, severable(at.service.port) as second:
        alice, bob = await at.open_two(browsers, first.port, second.port)
        await talking(alice, bob, "bob")
        page, peer, near, far = alice, bob, first, second
        if offerer == "callee":
            page, peer, near, far = bob, alice, second, first
        before = await peer.evaluate(UFRAG)
        (far if cut == "answerer" else near).hold(DOWN)
        ufrag = await offered(page)
        if cut != "answerer":  # then the answer is under way; else the offer is
            await peer.wait_for_function(ANSWERED, arg=ufrag, timeout=PATIENCE_MS)
        lost = {"offerer": [near], "answerer": [far], "both": [near, far]}[cut]
        for proxy in lost:
            proxy.open = False
            proxy.cut()
        for reconnecting in [page] * (near in lost) + [peer] * (far in lost):
            await says(reconnecting, "Reconnecting… The call goes on.")
        await both_flow(alice, bob)
        assert await page.evaluate("ringline.call.pc.signalingState") == "have-local-offer"
        for proxy in lost:
            proxy.open = True

        await calm(alice, bob)
        await at_rest(alice, bob)
        assert await page.evaluate(UFRAG) == ufrag, "it is this restart that went through"
        assert await peer.evaluate(UFRAG) != before
        await both_flow(alice, bob)
        await an_ice_restart_works(peer, page)


FLOOD = """([callId, count]) => {
  const data = { padding: "x".repeat(3_900) };
  const each = { callId, generation: ringline.call.generation, data };
  const said = Array.from({ length: count }, () => ringline.session.relay("call:signal", each));
  return Promise.all(said).then(() => {});
}"""
MORE_THAN_IS_KEPT = MOST_BYTES // 3_900 + 1
JOINED = """() => {
  window.resumed = [];
  ringline.session.on("joined", (joined) => resumed.push(joined.resumed));
}"""


@pytest.mark.parametrize(
    ("browsers", "offerer", "away"),
    [
        (ALIKE, "caller", "offerer"),
        (ALIKE, "callee", "answerer"),
        pytest.param(ALIKE, "callee", "offerer", marks=LONG),
        pytest.param(ALIKE, "caller", "answerer", marks=LONG),
        pytest.param(MIXED, "caller", "answerer", marks=LONG),
        pytest.param(MIXED, "callee", "answerer", marks=LONG),
    ],
)
async def test_a_snapshot_while_an_offer_is_pending(
    at: Pages, browsers: str, offerer: str, away: str
):
    """More is said to who is away than is kept for it, so the offer from or to it is lost."""
    async with severable(at.service.port) as proxy:
        away_is_caller = (offerer == "caller") == (away == "offerer")
        ports = (proxy.port, None) if away_is_caller else (None, proxy.port)
        alice, bob = await at.open_two(browsers, *ports)
        await talking(alice, bob, "bob")
        gone, there = (alice, bob) if away_is_caller else (bob, alice)
        before = {page: await page.evaluate(UFRAG) for page in (alice, bob)}
        await gone.evaluate(JOINED)
        proxy.open = False
        proxy.cut()
        await says(gone, "Reconnecting… The call goes on.")
        await says(there, "is reconnecting")
        lost = await offered(gone if away == "offerer" else there)
        (call,) = (await at.service.node.stores.users.engagements("alice")).calls
        await there.evaluate(FLOOD, [call.id, MORE_THAN_IS_KEPT])
        await both_flow(alice, bob)
        proxy.open = True

        await calm(alice, bob)
        assert await gone.evaluate("resumed") == ["snapshot"]
        for page in (alice, bob):  # the caller has offered anew
            await page.wait_for_function(
                f"lost => !lost.includes({UFRAG})", arg=[before[page], lost], timeout=PATIENCE_MS
            )
        await at_rest(alice, bob)
        await both_flow(alice, bob)
        await an_ice_restart_works(bob, alice)
