"""What every test may ask for."""

import signal
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import HealthCheck, settings

from tests.support.service import TestService, running

# A shell that runs the tests in the background has them ignore it, and all that they start: a shell
# script cannot even trap it then.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is the machine's affair: no speed is asserted here.
settings.register_profile(
    "ringline", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ringline")


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    """The service with its defaults, on free ports."""
    async with running() as service:
        yield service


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that keeps no cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
