"""One service a module, bystanders, and an HTTP client.

Attacks are many and a service must survive them all, so that the tests of a module share one.
"""

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from tests.security.surroundings import Bystanders, unimpressed
from tests.support.service import TestService, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[TestService]:
    """The service with its defaults, shared by a module's tests."""
    async with running() as service:
        yield service


@pytest_asyncio.fixture(loop_scope="module")
async def bystanders(service: TestService) -> AsyncIterator[Bystanders]:
    """A call that an attack must leave alone; afterwards nothing may be left of the attack."""
    async with unimpressed(service) as pair:
        yield pair
    await service.close_clients()


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that keeps no cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
