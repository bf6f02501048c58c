"""The page of `serve --dev` in Chromium, in a call with an aiortc peer: two implementations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiortc import AudioStreamTrack, VideoStreamTrack
from playwright.async_api import Page, expect

from service.cli.dev.coturn import installed
from tests.e2e.pages import PATIENCE_MS, state
from tests.e2e.test_two_pages import media
from tests.support.aiortc_peer import AiortcPeer, aiortc_peer
from tests.support.browser import chromium, opened
from tests.support.client import Client
from tests.support.trial import trial

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not installed(), reason="coturn is not installed; run: apt-get install coturn"
    ),
]

FRAMES = 30


@dataclass(frozen=True, slots=True)
class Pair:
    """Alice's page, and Bob's connection."""

    page: Page
    bob: Client


@asynccontextmanager
async def alice_and_bob(folder: Path) -> AsyncIterator[Pair]:
    """A page that has joined as Alice and sees Bob, who is a client of the tests."""
    complaints: list[str] = []
    async with trial(folder) as run, chromium() as browser:
        links = {name: run.find(rf"^  {name} +(http\S+)") for name in ("Alice", "Bob")}
        page = await opened(browser, links["Alice"].replace("/#", "/?ice=relay#"), complaints)
        await state(page, "idle")
        at = urlsplit(links["Bob"])
        assert at.port is not None
        bob = await Client.join(at.port, at.fragment.removeprefix("token="), "bob")
        try:
            yield Pair(page, bob)
        finally:
            await bob.close()
    assert complaints == []


def speaking(peer: AiortcPeer) -> AiortcPeer:
    """Give it sound and picture to send."""
    peer.pc.addTrack(AudioStreamTrack())
    peer.pc.addTrack(VideoStreamTrack())
    return peer


async def both_see_each_other(page: Page, peer: AiortcPeer) -> None:
    """Frames are decoded on both sides, and a relay carries them on both."""
    await state(page, "in-call")
    await asyncio.gather(peer.decoded("audio", FRAMES), peer.decoded("video", FRAMES))
    seen = await media(page)
    assert (seen["local"], seen["remote"]) == ("relay", "relay")
    assert peer.paths() == {("relay", "relay")}


async def test_the_page_calls_an_aiortc_peer(tmp_path):
    async with alice_and_bob(tmp_path) as pair:
        button = pair.page.locator(".call-video[data-user=bob]")
        await expect(button).to_be_enabled(timeout=PATIENCE_MS)
        await button.click()
        incoming = await pair.bob.next("call:incoming")
        assert (incoming["from"], incoming["callType"]) == ("alice", "video")
        call = {"callId": incoming["callId"]}

        async with aiortc_peer(pair.bob, incoming, "alice") as peer:
            answer = await pair.bob.request("call:accept", {**call, "from": "alice"})
            assert answer["ok"], answer
            await speaking(peer).answer()
            await peer.candidates()
            await both_see_each_other(pair.page, peer)

            await pair.page.click("#hangup")
            ended = await pair.bob.next("call:ended")
            assert (ended["by"], ended["reason"]) == ("alice", "completed")
        await state(pair.page, "ended")


async def test_an_aiortc_peer_calls_the_page(tmp_path):
    async with alice_and_bob(tmp_path) as pair:
        initiate = {"to": "alice", "callType": "video"}
        initiated = await pair.bob.request("call:initiate", initiate)
        assert initiated["ok"], initiated
        await state(pair.page, "incoming")

        async with aiortc_peer(pair.bob, initiated, "alice") as peer:
            await pair.page.click("#accept")
            await pair.bob.next("call:accepted", PATIENCE_MS / 1000)
            await speaking(peer).offer()
            await peer.candidates()
            await both_see_each_other(pair.page, peer)

            ended = await pair.bob.request("call:end", {"callId": initiated["callId"]})
            assert (ended["by"], ended["reason"]) == ("bob", "completed")
        await state(pair.page, "ended")
