"""A session is one tab's at a time: a copy of the tab is somebody else, or takes it over."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.e2e.pages import (
    ALIKE,
    MIXED,
    PATIENCE_MS,
    Pages,
    both_flow,
    calm,
    pages,
    says,
    state,
    talking,
)
from tests.e2e.test_two_pages import shot

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SESSION = "JSON.parse(sessionStorage.getItem('ringline.session.alice')).sessionId"
WITHOUT_LOCKS = "delete Navigator.prototype.locks"
BROWSERS = pytest.mark.parametrize("browsers", [ALIKE, pytest.param(MIXED, marks=pytest.mark.long)])


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


async def copied(at: Pages, page: Page, context: BrowserContext) -> Page:
    """The tab duplicated: another one with everything that the first has stored."""
    stored = await page.evaluate("JSON.stringify({ ...sessionStorage })")
    copy = await context.new_page()
    await copy.add_init_script(
        f"for (const [key, value] of Object.entries({stored})) sessionStorage.setItem(key, value)"
    )
    await copy.goto(at.service.url)
    return copy


@BROWSERS
@pytest.mark.parametrize("claimed_by", ["lock", "asking"])
async def test_a_duplicated_tab_is_a_session_of_its_own(at: Pages, browsers: str, claimed_by: str):
    alice, bob = await at.open_two(browsers)
    if claimed_by == "asking":  # as in a browser that has no Web Locks
        await alice.context.add_init_script(WITHOUT_LOCKS)
        await alice.reload()
        await state(alice, "idle")
    assert await alice.evaluate("'locks' in navigator") == (claimed_by == "lock")
    await talking(alice, bob, "bob")
    session = await alice.evaluate(SESSION)
    copy = await copied(at, alice, alice.context)
    await state(copy, "idle")
    await expect(copy.locator("#elsewhere")).to_contain_text("bob", timeout=PATIENCE_MS)
    assert await copy.evaluate(SESSION) != session == await alice.evaluate(SESSION)
    await calm(alice, bob)
    await both_flow(alice, bob)

    await alice.reload()  # the tab that has it keeps it
    await state(alice, "in-call")
    assert await alice.evaluate(SESSION) == session
    await both_flow(alice, bob)


@BROWSERS
async def test_a_page_whose_session_is_taken_over_says_so(at: Pages, browsers: str):
    """No lock reaches from one profile of a browser to another."""
    alice, bob = await at.open_two(browsers)
    await talking(alice, bob, "bob")
    browser = alice.context.browser
    assert browser
    thief = await copied(at, alice, await browser.new_context())
    await state(thief, "in-call")
    await state(alice, "error")
    await expect(alice.locator("#trouble")).to_have_text("Open in another tab")
    await expect(alice.locator("#trouble-advice")).to_contain_text("Close this tab, or reload it")
    await shot(alice, "9-taken-over")
    await both_flow(thief, bob)

    await alice.reload()
    await state(alice, "idle")
    await both_flow(thief, bob)
    await bob.click("#hangup")
    await says(thief, "bob hung up")
