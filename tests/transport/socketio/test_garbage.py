"""A connection that is over is freed at once: the collector of cycles finds nothing of it."""

import gc
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest

from tests.support.polling import Polling
from tests.support.service import TestService, running, token
from tests.support.waiting import until

MANY = 10
OURS = ("service.", "engineio.", "socketio.", "httptools.", "uvicorn.", "picows.")


@pytest.fixture
def collected() -> Iterator[Callable[[], list[str]]]:
    """What is found that only cycles held, by type."""
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)

    def found() -> list[str]:
        gc.collect()
        names = [f"{type(one).__module__}.{type(one).__name__}" for one in gc.garbage]
        return sorted(name for name in names if name.startswith(OURS))

    yield found
    gc.set_debug(0)
    gc.garbage.clear()


async def silent(service: TestService) -> None:
    await (await service.open()).close()


async def cut(service: TestService) -> None:
    client = await service.open()
    await client.send("9")
    await client.until_closed()


async def joined(service: TestService) -> None:
    await (await service.join("alice")).close()


async def polled(service: TestService) -> None:
    async with aiohttp.ClientSession() as http:
        polling = await Polling.handshake(http, service.port)
        await polling.connect(token("alice"))
        await polling.post('42["user:join",{"userId":"alice"}]')
        await polling.until("42")
        await polling.post("1")


async def asked(service: TestService) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{service.url}/openapi.json") as answer:
        await answer.read()


@pytest.mark.parametrize("come_and_go", [silent, cut, joined, polled, asked])
async def test_a_connection_leaves_nothing_to_collect(
    collected: Callable[[], list[str]], come_and_go: Callable[[TestService], Awaitable[None]]
):
    async with running() as service:
        await come_and_go(service)  # what is made once stays
        gc.collect()
        gc.garbage.clear()
        for _ in range(MANY):
            await come_and_go(service)
        service.clients.clear()
        await until(lambda: not len(service.node.connections), "the connections to be gone")
        assert collected() == []
