"""Providers of TURN servers, and accounts at them."""

from collections.abc import AsyncIterator

import pytest

from tests.turn.providers import CloudflareApi, TwilioApi, served


@pytest.fixture
async def cloudflare() -> AsyncIterator[CloudflareApi]:
    api = CloudflareApi()
    async with served(api):
        yield api


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioApi]:
    api = TwilioApi()
    async with served(api):
        yield api
