"""A negotiation that is under way when a connection is cut comes to its end all the same."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

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

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

LONG = pytest.mark.long


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
    ("browsers", "offerer"),
    [
        (ALIKE, "caller"),
        (ALIKE, "callee"),
        (MIXED, "caller"),
        pytest.param(MIXED, "callee", marks=LONG),
        pytest.param(TURNED, "caller", marks=LONG),
        pytest.param(TURNED, "callee", marks=LONG),
    ],
)
@pytest.mark.parametrize("cut", ["offerer", "answerer", "both"])
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
