"""A call goes on while the connections of its two pages to the service are cut."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.pages import (
    ALIKE,
    MIXED,
    TURNED,
    Pages,
    an_ice_restart_works,
    both_flow,
    calm,
    pages,
    says,
    talking,
)
from tests.e2e.test_two_pages import shot
from tests.support.severable import severable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

LONG = pytest.mark.long
CASES = [
    *((ALIKE, cut, away_s) for away_s in (0, 5) for cut in ("caller", "callee", "both")),
    (ALIKE, "both", 20),
    *((MIXED, cut, 5) for cut in ("caller", "callee")),
    *(pytest.param(ALIKE, cut, 20, marks=LONG) for cut in ("caller", "callee")),
    *(pytest.param(MIXED, "both", away_s, marks=LONG) for away_s in (0, 5, 20)),
    *(
        pytest.param(browsers, cut, 60, marks=LONG)
        for browsers in (ALIKE, MIXED)
        for cut in ("caller", "callee", "both")
    ),
    pytest.param(TURNED, "both", 60, marks=LONG),
]


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


@pytest.mark.parametrize(("browsers", "cut", "away_s"), CASES)
async def test_a_call_goes_on_while_a_connection_is_lost(
    at: Pages, browsers: str, cut: str, away_s: int
):
    async with severable(at.service.port) as proxy:
        ports = [None if cut == other else proxy.port for other in ("callee", "caller")]
        alice, bob = await at.open_two(browsers, *ports)
        await talking(alice, bob, "bob")
        connections = [await page.evaluate_handle("ringline.call.pc") for page in (alice, bob)]

        proxy.open = away_s == 0
        proxy.cut()
        await says(bob if cut == "callee" else alice, "Reconnecting… The call goes on.")
        if away_s and cut != "both":
            told, name = (alice, "bob") if cut == "callee" else (bob, "alice")
            await says(told, f"{name} is reconnecting… The call goes on.")
            await shot(told, "6-peer-reconnecting")
        await both_flow(alice, bob)
        await asyncio.sleep(away_s)
        await both_flow(alice, bob)
        proxy.open = True

        await calm(alice, bob)
        await both_flow(alice, bob)
        for page, connection in zip((alice, bob), connections, strict=True):
            assert await page.evaluate("pc => ringline.call.pc === pc", connection)
        await an_ice_restart_works(bob, alice)
        await alice.click("#hangup")
        await says(bob, "alice hung up")


async def test_what_is_said_meanwhile_arrives(at: Pages):
    async with severable(at.service.port) as proxy:
        alice, bob = await at.open("alice", port=proxy.port), await at.open("bob")
        await talking(alice, bob, "bob")
        proxy.open = False
        proxy.cut()
        await says(alice, "Reconnecting")
        await alice.click("#mute")
        proxy.open = True
        await says(bob, "alice is muted")
