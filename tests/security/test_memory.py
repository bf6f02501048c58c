"""Resident memory of a process under what strangers may send it."""

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from service.transport.server.request_parser import WITHIN_S
from tests.support.memory import MEBIBYTE, Memory, watched
from tests.support.raw import GET, Raw, raw
from tests.support.waiting import until

SENT = 100 * MEBIBYTE
PIECE = 64 * 1024
SLACK_S = 10


def pieces(piece: bytes, size: int) -> Iterator[bytes]:
    whole = piece * (PIECE // len(piece))
    for _ in range(size // len(whole)):
        yield whole


async def pour(connection: Raw, start: bytes, piece: bytes, size: int) -> None:
    """Send until the service closes."""
    with contextlib.suppress(OSError):
        connection.writer.write(start)
        for some in pieces(piece, size):
            connection.writer.write(some)
            await connection.writer.drain()


CHUNKED = b"POST /turn HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("many", [1, 100], ids=["on one", "on a hundred"])
@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET /", b"x"),
        (b"GET / HTTP/1.1\r\na: ", b"x"),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
        (CHUNKED + b"0\r\n", b"a: b\r\n"),
        (CHUNKED + b"1;", b"x"),
        (GET, b"\r\n"),
        (b"", GET),
    ],
    ids=["line", "header", "headers", "trailers", "extension", "line breaks", "pipelined"],
)
async def test_100_mib_of_headers(many: int, start: bytes, piece: bytes):
    """Unbounded, small headers took 2.3 GiB, trailers 1.9 GiB, and 10 MiB of requests 0.7 GiB."""
    size = SENT // many if piece != GET else MEBIBYTE // many
    async with watched() as memory, AsyncExitStack() as opened:
        connections = [await opened.enter_async_context(raw(memory.port)) for _ in range(many)]
        reading = [asyncio.create_task(one.rest(60)) for one in connections]
        await asyncio.gather(*(pour(one, start, piece, size) for one in connections))
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        grown = memory.peak - memory.before
    assert grown < (4 if many == 1 else 24) * MEBIBYTE, grown / MEBIBYTE


@pytest.mark.long
async def test_5000_connections_that_send_nothing():
    """At 7 KiB each; they are closed, and what they took is used again."""
    many = 5_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * many:
        pytest.skip("too few files may be open; run: ulimit -n 10000")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        async with watched() as memory:
            grown = [await silent(memory, many) for _ in range(3)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert grown[0] < 60 * MEBIBYTE
    assert grown[-1] - grown[0] < 10 * MEBIBYTE, grown


async def silent(memory: Memory, many: int) -> int:
    """Open so many, wait until they are closed; what the process has grown by till then."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:
        connections = [await opened.enter_async_context(raw(memory.port)) for _ in range(many)]
        last = loop.time()
        await asyncio.gather(*(one.rest(WITHIN_S + SLACK_S * 3) for one in connections))
        assert loop.time() - last < WITHIN_S + SLACK_S
        grown = memory.now() - memory.before
    await until(lambda: memory.connections() == 0, "the connections to end")
    return grown
