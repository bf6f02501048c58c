"""Bytes that wait for something, on many connections at once: a process keeps little of them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from tests.auth.issuer import signed
from tests.support.client import Client
from tests.support.memory import Memory, watched
from tests.support.polling import RECORD_SEPARATOR, Polling
from tests.support.raw import Raw, frame, raw, raw_websocket
from tests.support.service import running, token
from tests.support.waiting import until

MOST_GROWN = 40
"""MiB."""
EVENT = frame('42["call:offer",{"to":"nobody","offer":"' + "x" * 65_000 + '"}]')
CONNECT = '40{"token":"%s"}'


@asynccontextmanager
async def websockets(memory: Memory, many: int) -> AsyncIterator[list[Raw]]:
    """So many open WebSockets, whose every answer is read."""
    async with AsyncExitStack() as opened:
        sockets = [
            await opened.enter_async_context(raw_websocket(memory.port)) for _ in range(many)
        ]
        reading = [asyncio.create_task(one.rest(120)) for one in sockets]
        yield sockets
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


async def relays(memory: Memory) -> None:
    """Two who have nothing to do with it join, and one reaches the other."""
    alice, bob = [await Client.join(memory.port, token(user), user) for user in ("alice", "bob")]
    call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await bob.done("call:accept", {"callId": call["callId"]})
    await alice.done("call:signal", {"callId": call["callId"], "data": 1})
    assert (await bob.next("call:signal"))["data"] == 1
    for client in (alice, bob):
        await client.close()


async def test_150_connections_of_one_user_that_do_not_join():
    """Without bounds these took 861 MiB."""
    connect = frame(CONNECT % token("mallory"))
    async with watched() as memory, websockets(memory, 150) as sockets:
        for one in sockets:
            await one.send(connect)
        pouring = [asyncio.create_task(one.pour(EVENT, 64 * len(EVENT))) for one in sockets]
        await relays(memory)
        await asyncio.gather(*pouring)
        await relays(memory)
        grown = memory.grown
    assert grown < MOST_GROWN, grown


@asynccontextmanager
async def deciding() -> AsyncIterator[Memory]:
    """A process that cannot judge a token yet: the identity provider takes its time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/jwks"
        async with watched(jwt_secret="", jwks_url=url) as memory:
            yield memory


@pytest.mark.parametrize(
    "behind", [EVENT, frame("42[]"), frame("40" + "[" * 65_000)], ids=["large", "small", "connects"]
)
async def test_100_connections_with_frames_behind_their_connect(behind: bytes):
    """Without bounds, large ones took 560 MiB."""
    connect = frame(CONNECT % signed("e"))
    async with deciding() as memory, websockets(memory, 100) as sockets:
        for one in sockets:
            await one.send(connect)
        await asyncio.gather(*(one.pour(behind, 64 * len(EVENT)) for one in sockets))
        grown = memory.grown
    assert grown < MOST_GROWN, grown


async def test_what_waits_behind_a_connect_is_not_counted_as_of_a_known_token():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/jwks"
        async with running(jwt_secret=(), jwks_url=url) as service:
            client = await service.open()
            await client.send(CONNECT % signed("e"))
            await client.send('42["call:offer","' + "x" * 30_000 + '"]')
            (waiting,) = service.node.engine.clients()
            await until(lambda: waiting.websocket.waiting, "it")
            await service.node.totals.count()
            assert service.node.totals.received_bytes == 0
            assert service.node.tcp.waiting.size > 30_000


async def test_1000_halves_of_a_message():
    """Each may come whole within 10 s, and is 64 KiB by then."""
    async with watched() as memory, websockets(memory, 1_000) as sockets:
        memory.before = memory.now()
        for one in sockets:
            await one.send(EVENT[:-1])
        await until(
            lambda: memory.connections() < 300, "those of an address with too many bytes to go"
        )
        await relays(memory)
        grown = memory.grown
    assert grown < MOST_GROWN, grown


async def test_1000_halves_of_a_body():
    """The same over HTTP: who has most goes, and is told so."""
    head = b"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n"
    async with watched() as memory, AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(raw(memory.port)) for _ in range(1_000)]
        for one in clients:
            await one.send(head + b"x" * 64_000)
        told = await asyncio.gather(*(one.rest(60) for one in clients))
        await relays(memory)
        grown = memory.grown
    assert grown < MOST_GROWN, grown
    assert sum(b"503 Service Unavailable" in answer for answer in told) > 700
    assert sum(b"408 Request Timeout" in answer for answer in told) > 40


async def test_100_bodies_with_packets_behind_their_connect():
    """A thousand bytes of the shortest packets are half as many Python objects."""
    body = RECORD_SEPARATOR.join([CONNECT % signed("e"), *["42[]"] * 12_000])
    async with deciding() as memory, aiohttp.ClientSession(connector=unlimited()) as http:
        pollers = [await Polling.handshake(http, memory.port) for _ in range(100)]
        memory.before = memory.now()
        posting = [asyncio.create_task(one.post(body)) for one in pollers]
        await asyncio.gather(*posting, return_exceptions=True)
        grown = memory.grown
    assert grown < MOST_GROWN, grown


def unlimited() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0)
