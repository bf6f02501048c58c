"""What every test of resumed sessions may ask for."""

from collections.abc import AsyncIterator

import pytest

from tests.resuming.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """The service with its defaults, and nobody there yet."""
    async with staged() as stage:
        yield stage
