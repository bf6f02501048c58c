"""Who answers no heartbeat is gone within interval and timeout, over whatever it came."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed

from tests.support.client import Gone
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running, token
from tests.support.waiting import until

INTERVAL_S, TIMEOUT_S = 1, 4
"""So far apart that a round over all connections, once a timeout, would be seen."""
SLACK_S = 1.5
QUESTION = ("user:status", {"userId": "bob"})


async def silent(service: TestService, http: aiohttp.ClientSession) -> None:
    """A WebSocket that says nothing."""
    client = await service.connect(token("alice"))
    client.answers_pings = False
    await client.until_closed(timeout=60)


async def talking(service: TestService, http: aiohttp.ClientSession) -> None:
    """A WebSocket that says much, and never answers."""
    client = await service.join("alice")
    client.answers_pings = False
    with contextlib.suppress(Gone, ConnectionClosed):
        while True:
            await client.request(*QUESTION)
            await asyncio.sleep(0.1)


async def neither_polling(service: TestService, http: aiohttp.ClientSession) -> None:
    """Long-polling that has stopped after its join."""
    polling = await Polling.handshake(http, service.port)
    await polling.join(token("alice"), "alice")
    await until(lambda: len(service.node.engine) == 0, "the end", timeout=60)


async def polling(service: TestService, http: aiohttp.ClientSession) -> None:
    """Long-polling that polls, and posts nothing."""
    client = await Polling.handshake(http, service.port)
    await client.join(token("alice"), "alice")
    with contextlib.suppress(Ended):
        while True:
            await client.poll()


async def posting(service: TestService, http: aiohttp.ClientSession) -> None:
    """Long-polling that polls and posts, and never answers."""
    client = await Polling.handshake(http, service.port)
    await client.join(token("alice"), "alice")

    async def posts() -> None:
        while await client.post('42["user:status",{"userId":"bob"}]') == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    asking = asyncio.create_task(posts())
    with contextlib.suppress(Ended):
        while True:
            await client.poll()
    await asking


Losing = Callable[[TestService, aiohttp.ClientSession], Awaitable[None]]


@pytest.mark.parametrize("losing", [silent, talking, neither_polling, polling, posting])
async def test_who_never_answers_is_gone_in_time(http: aiohttp.ClientSession, losing: Losing):
    async with running(ping_interval=INTERVAL_S, ping_timeout=TIMEOUT_S) as service:
        now = asyncio.get_running_loop().time
        began = now()
        await losing(service, http)
        lasted = now() - began
        assert TIMEOUT_S < lasted < INTERVAL_S + TIMEOUT_S + SLACK_S
        await until(lambda: len(service.node.connections) == 0, "it to be seen off")
        assert await disconnects(service) == {"ping_timeout": 1}


async def disconnects(service: TestService) -> dict[str, float]:
    """How many connections have ended, by what."""
    async with aiohttp.request("GET", f"http://127.0.0.1:{service.admin_port}/metrics") as answer:
        text = await answer.text()
    return {
        sample.labels["reason"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "ringline_disconnects_total" and sample.value
    }


async def test_one_timer_a_connection_and_none_after_it():
    async with running(ping_interval=1) as service:
        alice = await service.join("alice")
        (socket,) = service.node.engine.eio.sockets.values()
        first = socket._timer
        await alice.until(lambda: alice.pings == 2, what="two heartbeats")
        assert first.cancelled() or first.when() < asyncio.get_running_loop().time()
        await alice.close()
        await service.node.connections.emptied()
        assert socket._timer.cancelled()
