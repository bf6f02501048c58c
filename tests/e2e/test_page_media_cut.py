"""A call whose media are cut off and its signalling too: it comes back, or ends on both sides."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.async_api import Page, expect

from service.calls.reasons import Reason
from tests.e2e.pages import (
    ALIKE,
    MIXED,
    PATIENCE_MS,
    Pages,
    an_ice_restart_works,
    both_flow,
    calm,
    pages,
    says,
    state,
    talking,
)
from tests.support.severable import Severable, severable

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(400)]

BROWSERS = (ALIKE, MIXED)
"""One call between each, at the same time."""
WINDOW_S = 5
GIVES_UP_MS = 120_000
"""How long a browser may take to find that media have failed, and the page to give up after it."""


@contextmanager
def all_cut(at: Pages, proxy: Severable) -> Iterator[None]:
    """Nothing gets through: the relay, which is the media's only path, stands still."""
    os.kill(at.relay.pid, signal.SIGSTOP)
    proxy.open = False
    proxy.cut()
    try:
        yield
    finally:
        os.kill(at.relay.pid, signal.SIGCONT)
        proxy.open = True


async def call_of(at: Pages) -> str:
    """The id of the only call."""
    (call,) = (await at.service.node.stores.users.engagements("alice")).calls
    return call.id


async def reason(at: Pages, call_id: str) -> Reason | None:
    """Why the service says that a call has ended; None while it goes on."""
    call = await at.service.node.stores.calls.load(call_id)
    assert call
    return call.reason


async def connection(page: Page, *states: str) -> None:
    """Wait until the connection to the peer is in one of these states."""
    await page.wait_for_function(
        "states => states.includes(ringline.call.pc.connectionState)",
        arg=list(states),
        timeout=GIVES_UP_MS,
    )


async def lost(*both: Page) -> None:
    """Wait until each page says that the connection was lost."""
    for page in both:
        await expect(page.locator("#outcome")).to_have_text("Connection lost", timeout=GIVES_UP_MS)


async def comes_back(browsers: str) -> None:
    async with pages() as at, severable(at.service.port) as proxy:
        alice, bob = await at.open_two(browsers, proxy.port, proxy.port)
        await talking(alice, bob, "bob")
        await both_flow(alice, bob)
        with all_cut(at, proxy):
            for page in (alice, bob):
                await connection(page, "disconnected", "failed")
                await says(page, "Interrupted. Looking for a new path…")
        await calm(alice, bob)
        await both_flow(alice, bob)
        await an_ice_restart_works(bob, alice)


async def is_given_up(browsers: str) -> None:
    settings = {"resume_window": WINDOW_S, "detached_call_limit": WINDOW_S}
    async with pages(**settings) as at, severable(at.service.port) as proxy:
        alice, bob = await at.open_two(browsers, proxy.port, proxy.port)
        await talking(alice, bob, "bob")
        call_id = await call_of(at)
        with all_cut(at, proxy):
            await lost(alice, bob)
            assert await reason(at, call_id) == "connection_lost"
        await they_know_it_is_over(alice, bob)


async def is_given_up_by_the_pages(browsers: str) -> None:
    """Each had said last that media flow: the service waits long for one of them to come back."""
    async with pages(resume_window=WINDOW_S) as at, severable(at.service.port) as proxy:
        alice, bob = await at.open_two(browsers, proxy.port, proxy.port)
        await talking(alice, bob, "bob")
        call_id = await call_of(at)
        with all_cut(at, proxy):
            await lost(alice, bob)
            assert await reason(at, call_id) is None
        await they_know_it_is_over(alice, bob)
        assert await reason(at, call_id) == "connection_lost"


async def they_know_it_is_over(alice: Page, bob: Page) -> None:
    """The pages are back at the service, stay with what they have said, and can call again."""
    for page in (alice, bob):
        await expect(page.locator("body")).to_have_attribute(
            "data-link", "joined", timeout=PATIENCE_MS
        )
    await lost(alice, bob)
    await bob.click("#dismiss")
    await alice.click("#again")
    await state(bob, "incoming")
    await bob.click("#accept")
    await state(alice, "in-call")
    await both_flow(alice, bob)


@pytest.mark.parametrize("course", [comes_back, is_given_up, is_given_up_by_the_pages])
async def test_media_and_signalling_are_cut(course: Callable[[str], Awaitable[None]]):
    await asyncio.gather(*(course(browsers) for browsers in BROWSERS))
