"""Headless Chromium and Firefox with a fake camera, as pages see them."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.support import firefox_bidi

CHROMIUM, FIREFOX = "chromium", "firefox"

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
]
"""The last one is a must where only the loopback interface is up."""

_PREFERENCES: dict[str, str | float | bool] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
}


def launched(name: str) -> AbstractAsyncContextManager[Browser]:
    """One of the two browsers; skips the test where it is not installed."""
    return {CHROMIUM: chromium, FIREFOX: firefox}[name]()


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """A browser, with more flags; skips the test where Chromium is not installed."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed; run: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def firefox() -> AsyncIterator[Browser]:
    """A browser whose pages may use all devices; skips the test where Firefox is not installed."""
    if firefox_bidi.installed() is None:
        pytest.skip("Firefox is not installed; run: apt-get install firefox-esr")
    python = Path(sys.executable).parent
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=firefox_bidi.__file__,
            env={**os.environ, "PATH": f"{python}{os.pathsep}{os.environ['PATH']}"},
            firefox_user_prefs=_PREFERENCES,
        )
        try:
            yield browser
        finally:
            await browser.close()


DEVICES = ("camera", "microphone")


async def opened(
    browser: Browser, link: str, complaints: list[str], devices: Sequence[str] = DEVICES
) -> Page:
    """A page in a profile of its own, at a printed link; its console errors are collected.

    In Chromium it may use these `devices`; the others are refused, as by a person who says no.
    """
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    if browser.browser_type.name == CHROMIUM:
        await context.grant_permissions(list(devices))
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if line.type == "error" else None,
    )
    await page.goto(link)
    return page
