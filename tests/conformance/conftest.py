"""A service with the suites' timers, as near as ours come to them."""

from collections.abc import AsyncIterator

import pytest

from tests.support.service import TestService, running

PING_S = 1
"""Interval and timeout: the suites have 0.3 s and 0.2 s, ours are whole seconds."""


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    """A service that pings each second."""
    async with running(ping_interval=PING_S, ping_timeout=PING_S) as service:
        yield service
