"""A call goes on while a page reconnects, is reloaded, or gives way to another device."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.e2e.pages import PATIENCE_MS, Pages, flow, pages, says, state, talking
from tests.e2e.test_two_pages import shot
from tests.support.severable import severable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SAME = "connection => ringline.call.pc === connection"
UFRAG = "/ice-ufrag:(.+)/.exec(ringline.call.pc.currentLocalDescription.sdp)[1]"
PROMISED_S = 3
SLACK_S = 7
"""What a page may take longer than promised where the cores are shared."""


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


async def calm(*both: Page) -> None:
    """Wait until nothing is said of the connection any more."""
    for page in both:
        await expect(page.locator("#stage .banner")).to_be_empty(timeout=PATIENCE_MS)
        await expect(page.locator("body")).to_have_attribute("data-link", "joined")


async def both_flow(*both: Page) -> None:
    for page in both:
        await flow(page, "audio", "video")


async def an_ice_restart_works(page: Page, peer: Page) -> None:
    before = [await each.evaluate(UFRAG) for each in (page, peer)]
    await page.evaluate("ringline.call.pc.restartIce()")
    for each, ufrag in zip((page, peer), before, strict=True):
        await each.wait_for_function(f"() => {UFRAG} !== {ufrag!r}", timeout=PATIENCE_MS)
        await each.wait_for_function(
            "() => ringline.call.pc.connectionState === 'connected'", timeout=PATIENCE_MS
        )
    await both_flow(page, peer)


@pytest.mark.parametrize("away_s", [0, 5, 20, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("cut", ["caller", "callee", "both"])
async def test_a_call_goes_on_while_a_connection_is_lost(at: Pages, cut: str, away_s: int):
    async with severable(at.service.port) as proxy:
        alice = await at.open("alice", port=None if cut == "callee" else proxy.port)
        bob = await at.open("bob", port=None if cut == "caller" else proxy.port)
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
        proxy.open = True

        await calm(alice, bob)
        await both_flow(alice, bob)
        for page, connection in zip((alice, bob), connections, strict=True):
            assert await page.evaluate(SAME, connection)
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


@pytest.mark.parametrize("reloaded", ["caller", "callee"])
async def test_a_page_that_is_reloaded_comes_back_into_its_call(at: Pages, reloaded: str):
    alice, bob = await at.open("alice"), await at.open("bob")
    await talking(alice, bob, "bob")
    page, peer = (alice, bob) if reloaded == "caller" else (bob, alice)
    await page.click("#mute")
    for _ in range(2):
        began = time.monotonic()
        await page.reload()
        await state(page, "in-call")
        assert time.monotonic() - began < PROMISED_S + SLACK_S
        await calm(page, peer)
        await both_flow(page, peer)
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    assert await page.evaluate("ringline.call.generation") == 2
    await an_ice_restart_works(page, peer)
    await page.click("#hangup")
    await says(peer, "hung up")


async def test_a_page_that_is_reloaded_rings_on(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await alice.click("[data-user=bob][data-call=video]")
    await state(bob, "incoming")
    await bob.reload()
    await state(bob, "incoming")
    await bob.click("#accept")
    await state(alice, "in-call")
    await both_flow(alice, bob)


async def test_a_duplicated_tab_is_a_session_of_its_own(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await talking(alice, bob, "bob")
    copied = await alice.evaluate("JSON.stringify({ ...sessionStorage })")
    copy = await alice.context.new_page()
    await copy.add_init_script(
        f"for (const [key, value] of Object.entries({copied})) sessionStorage.setItem(key, value)"
    )
    await copy.goto(at.service.url)
    await state(copy, "idle")
    ticket = "JSON.parse(sessionStorage.getItem('ringline.session.alice')).sessionId"
    assert await copy.evaluate(ticket) != await alice.evaluate(ticket)
    await calm(alice, bob)
    await both_flow(alice, bob)


async def test_another_device_takes_the_call_and_gives_it_back(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await talking(alice, bob, "bob")
    tablet = await at.open("alice")
    await expect(tablet.locator("#elsewhere")).to_contain_text("bob", timeout=PATIENCE_MS)
    await shot(tablet, "7-elsewhere")
    await tablet.click("#take")
    await state(tablet, "in-call")
    await says(alice, "The call moved")
    await shot(alice, "8-moved")
    await both_flow(tablet, bob)
    await alice.click("#take-back")
    await state(alice, "in-call")
    await says(tablet, "The call moved")
    await both_flow(alice, bob)
    await bob.click("#hangup")
    await says(alice, "bob hung up")
    await expect(tablet.locator("#elsewhere")).to_be_hidden(timeout=PATIENCE_MS)


async def test_a_device_that_rang_too_can_take_the_call(at: Pages):
    alice, bob, tablet = await at.open("alice"), await at.open("bob"), await at.open("bob")
    await talking(alice, bob, "bob")
    await says(tablet, "You took this call on another device.")
    await tablet.click("#take-back")
    await state(tablet, "in-call")
    await says(bob, "The call moved")
    await both_flow(alice, tablet)
