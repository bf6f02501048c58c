"""The two links that `make run` prints, opened in Chromium: a video call over coturn."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from service.cli.dev.coturn import installed
from tests.e2e.pages import PATIENCE_MS, state
from tests.support.browser import chromium, opened
from tests.support.trial import trial

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not installed(), reason="coturn is not installed; run: apt-get install coturn"
    ),
]

# The frames decoded and the kind of path in use, out of getStats() (W3C webrtc-stats).
MEDIA = """async () => {
  const pc = window.ringline?.call?.pc;
  if (!pc) return null;
  const stats = [...(await pc.getStats()).values()];
  const transport = stats.find((s) => s.type === "transport");
  const pair = stats.find((s) => s.id === transport?.selectedCandidatePairId);
  const kind = (id) => stats.find((s) => s.id === id)?.candidateType;
  const video = stats.find((s) => s.type === "inbound-rtp" && s.kind === "video");
  return {
    local: kind(pair?.localCandidateId),
    remote: kind(pair?.remoteCandidateId),
    frames: video?.framesDecoded ?? 0,
  };
}"""


async def media(page: Page) -> dict[str, Any]:
    """What the page's media fare like, once it has decoded 30 frames."""
    for _ in range(100):
        now: dict[str, Any] | None = await page.evaluate(MEDIA)
        if now and now["frames"] >= 30:
            return now
        await asyncio.sleep(0.1)
    raise AssertionError(f"no video: {now}")


async def shot(page: Page, name: str) -> None:
    """A picture for people to look at, where RINGLINE_SHOTS names a folder."""
    folder = os.environ.get("RINGLINE_SHOTS")
    if folder:
        # To hide the caret takes a style, of which Firefox says that the page's policy blocks it.
        await page.screenshot(path=str(Path(folder) / f"{name}.png"), caret="initial")


@pytest.mark.timeout(180)
async def test_a_video_call_over_a_relay(tmp_path):
    complaints: list[str] = []
    async with trial(tmp_path) as run, chromium() as browser:
        links = [
            run.find(rf"^  {name} +(http\S+)").replace("/#", "/?ice=relay#")
            for name in ("Alice", "Bob")
        ]
        alice, bob = [await opened(browser, link, complaints) for link in links]
        for page in (alice, bob):
            await state(page, "idle")
        await expect(alice.locator("[data-user=bob][data-call=video]")).to_be_enabled(
            timeout=PATIENCE_MS
        )
        assert "token" not in alice.url
        await shot(alice, "1-idle")

        await alice.click("[data-user=bob][data-call=video]")
        await state(alice, "outgoing")
        await state(bob, "incoming")
        await shot(alice, "2-outgoing")
        await shot(bob, "3-incoming")

        await bob.click("#accept")
        for page in (alice, bob):
            await state(page, "in-call")
        for page in (alice, bob):
            seen = await media(page)
            assert (seen["local"], seen["remote"]) == ("relay", "relay")
        await expect(alice.locator("#path")).to_have_text("relay", ignore_case=True)
        await shot(alice, "4-in-call")

        await alice.click("#hangup")
        for page in (alice, bob):
            await state(page, "ended")
        await shot(bob, "5-ended")
    assert complaints == []


@pytest.mark.timeout(120)
async def test_a_declined_call(tmp_path):
    complaints: list[str] = []
    async with trial(tmp_path) as run, chromium() as browser:
        links = [run.find(rf"^  {name} +(http\S+)") for name in ("Alice", "Bob")]
        alice, bob = [await opened(browser, link, complaints) for link in links]
        await state(bob, "idle")
        await alice.click("[data-user=bob][data-call=audio]")
        await state(bob, "incoming")
        await bob.click("#reject")
        await state(alice, "ended")
        await expect(alice.locator("#outcome")).not_to_be_empty()
    assert complaints == []
