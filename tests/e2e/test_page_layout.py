"""Every button of the page is within reach, in every state, on every screen."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from tests.e2e.pages import Pages, pages, says, state, talking
from tests.support.severable import severable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SCREENS = [
    (320, 568), (375, 667), (667, 375), (844, 390), (1280, 800),
    (640, 400),  # a laptop's at 200 %
    (320, 256),  # the same at 400 %: WCAG 2.2, 1.4.10
]  # fmt: skip

# Buttons outside of the screen, and those that something else covers.
AMISS = """() => {
  const amiss = [];
  for (const button of document.querySelectorAll("#stage button")) {
    if (!button.checkVisibility()) continue;
    const { left, top, right, bottom } = button.getBoundingClientRect();
    if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) amiss.push(button.id);
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (!button.contains(hit)) amiss.push(`${button.id} is covered`);
  }
  if (document.documentElement.scrollWidth > innerWidth) amiss.push("scrolls sideways");
  return amiss;
}"""


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


async def look(page: Page, moment: str) -> None:
    """Look at every screen size, light and dark."""
    for width, height in SCREENS:
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate(AMISS) == [], f"{moment} at {width}x{height}"


async def test_every_button_is_within_reach(at: Pages):
    async with severable(at.service.port) as proxy:
        name = "Bob-Featherstonehaugh-Cholmondeley-Marjoribanks"
        alice, bob = await at.open("alice", port=proxy.port), await at.open(name)
        await look(alice, "idle")
        await alice.fill("#add-id", name)
        await alice.click("#add button")
        await alice.click(f"[data-user={name}][data-call=video]")
        await state(bob, "incoming")
        await look(alice, "outgoing")
        await look(bob, "incoming")
        await bob.click("#accept")
        for page in (alice, bob):
            await state(page, "in-call")
        await look(alice, "in a video call")
        proxy.open = False
        proxy.cut()
        await says(alice, "Reconnecting")
        await look(alice, "reconnecting")
        await look(bob, "lost by the service")
        await bob.click("#camera")
        await look(alice, "without a picture of the other one")
        await bob.click("#hangup")
        await state(alice, "ended")
        await look(alice, "ended")


async def test_every_button_of_an_audio_call_is_within_reach(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob", devices=[])
    await talking(alice, bob, "bob", "audio")
    await says(bob, "alice does not hear you")
    await look(bob, "with a sentence about the microphone")


async def test_it_is_worked_by_keyboard_alone(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await alice.focus("[data-user=bob][data-call=audio]")
    await alice.keyboard.press("Enter")
    await state(bob, "incoming")
    focused = "document.activeElement.textContent.trim()"
    assert await bob.evaluate(focused) == "alice"
    for _ in range(2):
        await bob.keyboard.press("Tab")
    assert await bob.evaluate(focused) == "Accept"
    await bob.keyboard.press("Space")
    await state(alice, "in-call")
    assert await alice.evaluate(focused) == "bob"
    for _ in range(3):
        await alice.keyboard.press("Tab")
    assert await alice.evaluate(focused) == "Hang up"
    await alice.keyboard.press("Enter")
    await state(bob, "ended")
