"""A page whose call the service has lost keeps its media, and says so."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from tests.e2e.pages import (
    ALIKE,
    MIXED,
    PATIENCE_MS,
    TURNED,
    Pages,
    flow,
    pages,
    says,
    state,
    talking,
)
from tests.support.service import running
from tests.support.severable import severable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

GOES_ON = "The service has lost this call. Sound and picture go on"


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


@asynccontextmanager
async def orphaned(at: Pages) -> AsyncIterator[tuple[Page, Page, int]]:
    """Two pages whose call a restart of the service has lost, and the port of the new one."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        service = await first.enter_async_context(running(**at.turn))
        proxy = await stack.enter_async_context(severable(service.port))
        alice, bob = await at.open("alice", port=proxy.port), await at.open("bob", port=proxy.port)
        await talking(alice, bob, "bob")
        await first.aclose()
        second = await stack.enter_async_context(running(**at.turn))
        proxy.target = second.port
        for page in (alice, bob):
            await says(page, GOES_ON)
            await expect(page.locator("body")).to_have_attribute(
                "data-link", "joined", timeout=PATIENCE_MS
            )
        yield alice, bob, proxy.port


async def test_a_new_call_of_the_peer_takes_the_place_of_the_lost_one(at: Pages):
    async with orphaned(at) as (alice, bob, port):
        tablet = await at.open("alice", port=port)
        old = await bob.evaluate_handle("ringline.call.pc")
        await talking(tablet, bob, "bob")
        assert await old.evaluate("pc => pc.signalingState") == "closed"
        await both_flow(tablet, bob)
        await says(alice, "left the call")


async def test_a_call_of_somebody_else_does_not_disturb_it(at: Pages):
    async with orphaned(at) as (alice, bob, port):
        carol = await at.open("carol", port=port)
        await carol.click("[data-user=bob][data-call=audio]")
        await says(carol, "bob is in another call")
        await both_flow(alice, bob)


@pytest.mark.parametrize("browsers", [ALIKE, TURNED, pytest.param(MIXED, marks=pytest.mark.long)])
async def test_a_page_that_is_closed_has_left(at: Pages, browsers: str):
    alice, bob = await at.open_two(browsers)
    await talking(alice, bob, "bob")
    await alice.goto("about:blank")
    await expect(bob.locator("#stage .banner")).to_have_text(
        "alice is reconnecting…", timeout=PATIENCE_MS
    )
    await expect(bob.locator("body")).to_have_attribute("data-picture", "none")
    await says(bob, "left the call")


async def test_a_page_that_is_closed_while_it_calls_hangs_up(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await alice.click("[data-user=bob][data-call=video]")
    await state(bob, "incoming")
    await alice.goto("about:blank")
    await says(bob, "hung up before you answered")
