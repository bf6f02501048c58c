"""Bytes that wait for something, on many connections at once: a process keeps little of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.support.client import Client
from tests.support.memory import Memory, watched
from tests.support.raw import Raw, frame, raw_websocket
from tests.support.service import token

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
