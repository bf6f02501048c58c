"""Connections that come and go leave no timer, no task and no heartbeat behind."""

import asyncio
import gc
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from service.transport.server.http1 import BoundedHttp
from service.transport.socketio.heartbeat import Heartbeat
from tests.security.surroundings import eventually
from tests.support.memory import MEBIBYTE, Memory, watched
from tests.support.raw import HANDSHAKE, Raw, raw
from tests.support.service import TestService, running, token
from tests.support.waiting import until

MANY = 500
AT_ONCE = 50
PROMPT_S = 8.0
"""Long before a CONNECT (10 s) or a join (30 s) is too late, or a ping unanswered."""
POLL = "/socket.io/?EIO=4&transport=polling"
SOCKET = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" + HANDSHAKE + b"\r\n"
CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"
"""A masked close frame, of code 1000."""
PROBE = b"\x81\x86\0\0\0\0" + b"2probe"


def kept() -> tuple[int, int, int]:
    """Heartbeats, timers that are set, tasks."""
    gc.collect()
    found = gc.get_objects()
    # By type: a weak proxy of something that is gone raises when asked for its class.
    heartbeats = sum(issubclass(type(one), Heartbeat) for one in found)
    timers = sum(type(one) is asyncio.TimerHandle and not one.cancelled() for one in found)
    return heartbeats, timers, len(asyncio.all_tasks())


async def connect(connection: Raw) -> None:
    """A WebSocket that has sent its CONNECT."""
    await connection.send(SOCKET)
    assert (await connection.answer())[0] == 101
    packet = f'40{{"token":"{token("alice")}"}}'.encode()
    await connection.send(b"\x81\xfe" + len(packet).to_bytes(2) + bytes(4) + packet)
    await connection.reader.readuntil(b"40{")


async def left(connection: Raw) -> None:
    """A WebSocket that is closed as it should be."""
    await connect(connection)
    await connection.send(CLOSE)
    await connection.rest()


async def lost(connection: Raw) -> None:
    """A WebSocket that is reset."""
    await connect(connection)
    connection.writer.transport.abort()


async def opened(connection: Raw) -> str:
    """The sid of a connection that polls."""
    await connection.send(f"GET {POLL} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    _, _, body = await connection.answer()
    sid = re.search(rb'"sid":"([^"]+)"', body)
    assert sid
    return sid[1].decode()


async def goodbye(connection: Raw, sid: str) -> None:
    """The end of a connection that polls."""
    line = f"POST {POLL}&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
    await connection.send(line.encode())
    assert (await connection.answer())[0] == 200


async def polled(connection: Raw) -> None:
    """A connection that polls, and says goodbye."""
    await goodbye(connection, await opened(connection))


async def tried(connection: Raw) -> None:
    """A connection that polls, and ends in the middle of an upgrade."""
    sid = await opened(connection)
    _, port = connection.writer.get_extra_info("peername")
    async with raw(port) as candidate:
        await candidate.send(SOCKET.replace(b" HTTP", f"&sid={sid} HTTP".encode(), 1))
        assert (await candidate.answer())[0] == 101
        await candidate.send(PROBE)
        await candidate.reader.readuntil(b"3probe")
        await goodbye(connection, sid)


async def refused(connection: Raw) -> None:
    """A request that is none."""
    await connection.send(b"nonsense\r\n\r\n")
    assert (await connection.answer())[0] == 400


async def silent(connection: Raw) -> None:
    """A TCP connection that goes before its first request."""
    del connection


VISITS = [left, lost, polled, tried, refused, silent]


@pytest.mark.parametrize("visit", VISITS)
async def test_500_visits(visit: Callable[[Raw], Awaitable[None]]):
    """Heartbeats stayed for up to 30 s, held by the deadline of a join that had been cancelled."""
    former = kept()[0]  # what other tests of this process have left
    async with running() as service:
        await visits(service, visit, 1)
        await eventually(lambda: kept()[0] <= former)
        before = kept()
        for _ in range(MANY // AT_ONCE):
            await visits(service, visit, AT_ONCE)
        await eventually(lambda: len(service.node.engine) == 0)
        await eventually(
            lambda: not any(more(before, kept())), lambda: f"{before} {kept()}", PROMPT_S
        )


async def test_a_connection_is_let_go_without_the_garbage_collector():
    """Each was in a cycle, and up to 1,000 waited for a collection: 20 MiB of refused ones."""
    async with running() as service:
        gc.collect()
        gc.disable()
        try:
            for visit in VISITS:
                await visits(service, visit, AT_ONCE)
            await eventually(
                lambda: not any(issubclass(type(one), BoundedHttp) for one in gc.get_objects())
            )
        finally:
            gc.enable()


async def test_3000_visits_take_no_memory_that_stays():
    """Of a process on its own loop: as many again take nothing more."""
    async with watched() as memory:
        for visit in VISITS:
            await visits(memory, visit, AT_ONCE)
        before = memory.now()
        for visit in VISITS:
            for _ in range(MANY // AT_ONCE):
                await visits(memory, visit, AT_ONCE)
        await until(lambda: memory.connections() == 0, "the connections to end")
        assert memory.now() - before < 10 * MEBIBYTE


async def visits(
    service: TestService | Memory, visit: Callable[[Raw], Awaitable[None]], many: int
) -> None:
    async with AsyncExitStack() as opened:
        connections = [await opened.enter_async_context(raw(service.port)) for _ in range(many)]
        await asyncio.gather(*map(visit, connections))


def more(before: tuple[int, int, int], now: tuple[int, int, int]) -> list[bool]:
    """Of what there is more than before."""
    return [one > other for one, other in zip(now, before, strict=True)]
