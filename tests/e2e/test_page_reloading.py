"""A page that is reloaded is back in its call."""

import time
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

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
    state,
    talking,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PROMISED_S = 3
SLACK_S = 7
"""What a page may take longer than promised where the cores are shared."""


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


@pytest.mark.parametrize(
    ("browsers", "reloaded"),
    [
        (ALIKE, "caller"),
        (ALIKE, "callee"),
        (MIXED, "caller"),
        pytest.param(MIXED, "callee", marks=pytest.mark.long),
        pytest.param(TURNED, "callee", marks=pytest.mark.long),
    ],
)
async def test_a_page_that_is_reloaded_comes_back_into_its_call(
    at: Pages, browsers: str, reloaded: str
):
    alice, bob = await at.open_two(browsers)
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
