"""A call goes on without the device that is refused, missing or switched off."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.e2e.pages import Pages, flow, pages, says, state, talking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

NO_CAMERA = ["microphone"]
NOTHING: list[str] = []


@pytest.fixture
async def at() -> AsyncIterator[Pages]:
    async with pages() as made:
        yield made


async def test_a_callee_whose_camera_is_refused_joins_with_sound(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob", devices=NO_CAMERA)
    await talking(alice, bob, "bob")
    await flow(bob, "audio", "video")
    await flow(alice, "audio")
    await says(bob, "The browser blocks your camera. alice hears you, but does not see you.")
    await expect(alice.locator("body")).to_have_attribute("data-picture", "none")


async def test_a_callee_without_any_device_sees_and_hears(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob", devices=NOTHING)
    await talking(alice, bob, "bob")
    await flow(bob, "audio", "video")
    await says(bob, "The browser blocks your microphone and camera.")
    await says(alice, "bob is muted")


@pytest.mark.parametrize(("devices", "heard"), [(NO_CAMERA, ["audio"]), (NOTHING, [])])
async def test_a_caller_calls_with_what_there_is(at: Pages, devices: list[str], heard: list[str]):
    alice, bob = await at.open("alice", devices=devices), await at.open("bob")
    await talking(alice, bob, "bob")
    await flow(alice, "audio", "video")
    await flow(bob, *heard)
    await says(alice, "The browser blocks your")


async def test_a_callee_that_has_no_camera_joins_with_sound():
    async with pages("--use-fake-device-for-media-stream=device-count=0") as at:
        alice, bob = await at.open("alice"), await at.open("bob")
        await talking(alice, bob, "bob")
        for page in (alice, bob):
            await flow(page, "audio")
            await says(page, "No camera was found.")


async def asked(page: Page) -> None:
    """Have the browser wait for `answer()` with its devices, as while it asks the person."""
    await page.evaluate("""() => {
      const { mediaDevices } = navigator;
      const open = mediaDevices.getUserMedia.bind(mediaDevices);
      const answered = new Promise((resolve) => { window.answer = resolve; });
      window.opened = new Promise((resolve) => {
        mediaDevices.getUserMedia = async (wanted) => {
          await answered;
          const stream = await open(wanted);
          const tracks = stream.getTracks();
          setTimeout(() => resolve(tracks));
          return stream;
        };
      });
    }""")


async def test_all_devices_ring_while_one_is_asked_for_its_camera(at: Pages):
    alice, bob, phone = await at.open("alice"), await at.open("bob"), await at.open("bob")
    await asked(bob)
    await alice.click("[data-user=bob][data-call=video]")
    for page in (bob, phone):
        await state(page, "incoming")
    await bob.click("#accept")
    await says(bob, "Allow microphone and camera")
    assert await bob.get_attribute("body", "data-state") == "incoming"
    assert await phone.get_attribute("body", "data-state") == "incoming"
    await phone.click("#accept")
    await state(alice, "in-call")
    await says(bob, "You took this call on another device.")
    await bob.evaluate("answer()")
    opened = await bob.evaluate_handle("() => opened")  # the browser opens them all the same
    assert set(await opened.evaluate("all => all.map((track) => track.readyState)")) == {"ended"}
    await flow(alice, "audio", "video")


async def test_the_camera_is_closed_while_it_is_off(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await talking(alice, bob, "bob")
    await flow(bob, "video")
    first = await alice.evaluate_handle("ringline.call.media.track('video')")
    await alice.click("#camera")
    await expect(alice.locator("#camera")).to_have_attribute("aria-pressed", "true")
    assert await first.evaluate("track => track.readyState") == "ended"
    sent = "ringline.call.pc.getSenders().map(({ track }) => track?.kind).filter(Boolean)"
    assert await alice.evaluate(sent) == ["audio"]
    await expect(bob.locator("body")).to_have_attribute("data-picture", "none")
    await flow(alice, "audio", "video")
    await flow(bob, "audio")

    await alice.click("#camera")
    await expect(alice.locator("#camera")).to_have_attribute("aria-pressed", "false")
    assert sorted(await alice.evaluate(sent)) == ["audio", "video"]
    await flow(bob, "video")
    await expect(bob.locator("body")).to_have_attribute("data-picture", "theirs")


async def test_a_muted_microphone_stays_open_and_the_other_side_is_told(at: Pages):
    alice, bob = await at.open("alice"), await at.open("bob")
    await talking(alice, bob, "bob", "audio")
    await alice.click("#mute")
    await says(bob, "alice is muted")
    track = (
        "(({ enabled, readyState }) => [enabled, readyState])(ringline.call.media.track('audio'))"
    )
    assert await alice.evaluate(track) == [False, "live"]
    await alice.click("#camera")  # in an audio call: the first picture needs a negotiation
    await flow(bob, "video")
    await alice.click("#mute")
    await expect(bob.locator("#caption")).to_be_empty()
