"""Headless Chromium with a fake camera, as pages see it."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

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


DEVICES = ("camera", "microphone")


async def opened(
    browser: Browser, link: str, complaints: list[str], devices: Sequence[str] = DEVICES
) -> Page:
    """A page in a profile of its own, at a printed link; its console errors are collected.

    It may use these `devices`; the others are refused, as by a person who says no.
    """
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.grant_permissions(list(devices))
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if line.type == "error" else None,
    )
    await page.goto(link)
    return page
