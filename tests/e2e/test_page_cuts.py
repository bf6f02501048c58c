"""A call goes on while the connections of its two pages to the service are cut."""

import asyncio

import pytest

from tests.e2e.pages import (
    ALIKE,
    MIXED,
    TURNED,
    an_ice_restart_works,
    both_flow,
    calm,
    pages,
    says,
    talking,
)
from tests.e2e.test_two_pages import shot
from tests.support.severable import severable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CUTS = ("caller", "callee", "both")
CASES = [
    *((ALIKE, cut, away_s) for away_s in (0, 5) for cut in CUTS),
    (ALIKE, "both", 20),
    *((MIXED, cut, 5) for cut in ("caller", "callee")),
]
LONG_CASES = [
    *((ALIKE, away_s) for away_s in (20, 60)),
    *((MIXED, away_s) for away_s in (0, 20, 60)),
    (TURNED, 60),
]


async def goes_on(browsers: str, cut: str, away_s: int) -> None:
    """A call at a service of its own, during which connections are lost for so many seconds."""
    async with pages() as at, severable(at.service.port) as proxy:
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


@pytest.mark.parametrize(("browsers", "cut", "away_s"), CASES)
async def test_a_call_goes_on_while_a_connection_is_lost(browsers: str, cut: str, away_s: int):
    await goes_on(browsers, cut, away_s)


@pytest.mark.long
@pytest.mark.parametrize(("browsers", "away_s"), LONG_CASES)
async def test_calls_go_on_while_connections_are_lost_for_longer(browsers: str, away_s: int):
    await asyncio.gather(*(goes_on(browsers, cut, away_s) for cut in CUTS))


async def test_what_is_said_meanwhile_arrives():
    async with pages() as at, severable(at.service.port) as proxy:
        alice, bob = await at.open("alice", port=proxy.port), await at.open("bob")
        await talking(alice, bob, "bob")
        proxy.open = False
        proxy.cut()
        await says(alice, "Reconnecting")
        await alice.click("#mute")
        proxy.open = True
        await says(bob, "alice is muted")
