"""A call moves to another device of the same person, and back."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.e2e.pages import PATIENCE_MS, Pages, both_flow, pages, says, state, talking
from tests.e2e.test_two_pages import shot

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


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
    for page in (alice, tablet):
        await expect(page.locator("#take-back")).to_be_hidden(timeout=PATIENCE_MS)
        await page.click("#dismiss")
        await state(page, "idle")
        await expect(page.locator("#elsewhere")).to_be_hidden(timeout=PATIENCE_MS)


async def test_a_device_that_rang_too_can_take_the_call(at: Pages):
    alice, bob, tablet = await at.open("alice"), await at.open("bob"), await at.open("bob")
    await talking(alice, bob, "bob")
    await says(tablet, "You took this call on another device.")
    await tablet.click("#take-back")
    await state(tablet, "in-call")
    await says(bob, "The call moved")
    await both_flow(alice, tablet)
