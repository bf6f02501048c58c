"""A page that loses the service keeps the media of its call; both sides are told."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Page, expect

from tests.e2e.pages import PATIENCE_MS, Pages, flow, pages, says, state, talking
from tests.support.service import running
from tests.support.severable import Severable, severable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

GOES_ON = "The service has lost this call. Sound and picture go on"
NEW_CONNECTION = "connection => ringline.call.pc !== connection"


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


async def both_flow(*both: Page) -> None:
    for page in both:
        await flow(page, "audio", "video")


async def a_new_call_works(caller: Page, callee: Page) -> None:
    for page in (caller, callee):
        await expect(page.locator("body")).to_have_attribute(
            "data-link", "joined", timeout=PATIENCE_MS
        )
    await caller.click("#again")
    await state(callee, "incoming")
    await callee.click("#accept")
    for page in (caller, callee):
        await state(page, "in-call")
        await flow(page, "audio", "video")
    await callee.click("#hangup")
    await says(caller, "hung up")


@pytest.mark.parametrize("cut", ["caller", "callee"])
async def test_media_outlive_the_connection_of_one_side(at: Pages, cut: str):
    async with severable(at.service.port) as proxy:
        alice = await at.open("alice", port=proxy.port if cut == "caller" else None)
        bob = await at.open("bob", port=proxy.port if cut == "callee" else None)
        await talking(alice, bob, "bob")
        lost, told = (alice, bob) if cut == "caller" else (bob, alice)
        connection = await lost.evaluate_handle("ringline.call.pc")

        proxy.open = False
        proxy.cut()
        await says(lost, "Reconnecting")
        await says(told, GOES_ON)
        await both_flow(alice, bob)

        proxy.open = True
        await says(lost, GOES_ON)
        await both_flow(alice, bob)
        assert not await lost.evaluate(NEW_CONNECTION, connection)

        await lost.click("#hangup")
        await state(lost, "ended")
        await says(told, "left the call")
        await a_new_call_works(lost, told)


async def test_media_outlive_the_connections_of_both_sides(at: Pages):
    async with severable(at.service.port) as proxy:
        alice, bob = await at.open("alice", port=proxy.port), await at.open("bob", port=proxy.port)
        await talking(alice, bob, "bob")
        proxy.cut()
        for page in (alice, bob):
            await says(page, GOES_ON)
        await both_flow(alice, bob)
        await bob.click("#hangup")
        await says(alice, "left the call")
        await a_new_call_works(alice, bob)


async def test_media_outlive_the_service(at: Pages):
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        service = await first.enter_async_context(running(**at.turn))
        proxy = await stack.enter_async_context(severable(service.port))
        alice, bob = await at.open("alice", port=proxy.port), await at.open("bob", port=proxy.port)
        await talking(alice, bob, "bob")
        await first.aclose()
        for page in (alice, bob):
            await says(page, GOES_ON)
        await both_flow(alice, bob)
        second = await stack.enter_async_context(running(**at.turn))
        proxy.target = second.port
        await bob.click("#hangup")
        await says(alice, "left the call")
        await bob.click("#dismiss")
        await state(bob, "idle")
        await a_new_call_works(alice, bob)


async def test_who_hangs_up_while_reconnecting_is_heard(at: Pages):
    async with severable(at.service.port) as proxy:
        alice, bob = await at.open("alice", port=proxy.port), await at.open("bob")
        await talking(alice, bob, "bob")
        proxy.open = False
        proxy.cut()
        await says(alice, "Reconnecting")
        await alice.click("#hangup")
        await state(alice, "ended")
        await says(bob, "left the call")
        proxy.open = True
        await bob.click("#dismiss")
        await state(bob, "idle")
        await a_new_call_works(alice, bob)


async def orphaned(at: Pages, proxy: Severable) -> tuple[Page, Page]:
    alice, bob = await at.open("alice", port=proxy.port), await at.open("bob")
    await talking(alice, bob, "bob")
    proxy.cut()
    for page in (alice, bob):
        await says(page, GOES_ON)
    return alice, bob


async def test_a_new_call_of_the_peer_takes_the_place_of_the_lost_one(at: Pages):
    async with severable(at.service.port) as proxy:
        alice, bob = await orphaned(at, proxy)
        tablet = await at.open("alice")
        old = await bob.evaluate_handle("ringline.call.pc")
        await talking(tablet, bob, "bob")
        assert await old.evaluate("pc => pc.signalingState") == "closed"
        await both_flow(tablet, bob)
        await says(alice, "left the call")


async def test_a_call_of_somebody_else_does_not_disturb_it(at: Pages):
    async with severable(at.service.port) as proxy:
        alice, bob = await orphaned(at, proxy)
        carol = await at.open("carol")
        await carol.click("[data-user=bob][data-call=audio]")
        await says(carol, "bob is in another call")
        await both_flow(alice, bob)


async def test_a_page_that_is_closed_hangs_up(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await talking(alice, bob, "bob")
    await alice.goto("about:blank")
    await says(bob, "hung up")


async def test_a_page_that_is_closed_while_it_awaits_an_answer_hangs_up(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await talking(alice, bob, "bob")
    await alice.evaluate(
        """ringline.call.toggleMicrophone()
          .then(() => window.dispatchEvent(new Event("pagehide")))"""
    )
    await says(bob, "hung up")
