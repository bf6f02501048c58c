"""What every test of resumed sessions may ask for."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.resuming.lock_screen import LockScreen
from tests.resuming.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """The service with its defaults, and nobody there yet."""
    async with staged() as stage:
        yield stage


@pytest.fixture
def lock_screen(stage: Stage, http: aiohttp.ClientSession) -> LockScreen:
    """A device of Bob's that has no connection."""
    return LockScreen(stage.service, http)
