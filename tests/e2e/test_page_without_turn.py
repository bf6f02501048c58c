"""Where there is no TURN server, the page says what that means."""

import pytest
from playwright.async_api import expect

from service.cli.dev.coturn import installed
from tests.e2e.pages import PATIENCE_MS, state
from tests.support.browser import chromium, opened
from tests.support.trial import trial

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def test_the_page_says_that_there_is_no_turn(tmp_path):
    complaints: list[str] = []
    async with trial(tmp_path, PATH=str(tmp_path)) as run, chromium() as browser:
        assert run.turnservers == ()
        page = await opened(browser, run.find(r"^  Alice +(http\S+)"), complaints)
        await state(page, "idle")
        await expect(page.locator("#no-turn")).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.locator("#no-turn")).to_contain_text("TURN")
    assert complaints == []


@pytest.mark.skipif(not installed(), reason="coturn is not installed; run: apt-get install coturn")
async def test_with_turn_it_says_nothing(tmp_path):
    complaints: list[str] = []
    async with trial(tmp_path) as run, chromium() as browser:
        page = await opened(browser, run.find(r"^  Alice +(http\S+)"), complaints)
        await state(page, "idle")
        await expect(page.locator("#no-turn")).to_be_hidden()
    assert complaints == []
