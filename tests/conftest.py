"""What every test may ask for."""

from collections.abc import AsyncIterator

import pytest

from tests.support.service import TestService, running


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    """The service with its defaults, on free ports."""
    async with running() as service:
        yield service
