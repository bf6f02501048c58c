"""What RFC 6455 lets a client send and no client of ours does: kept within bounds."""

import asyncio
import contextlib
import time
from asyncio import StreamReader, StreamWriter

import psutil
import pytest

from service.transport.websocket.websocket import CONTROLS
from tests.security.surroundings import PROMPT_S, SLACK, Bystanders, gone, sizes
from tests.support.client import Client
from tests.support.process import process
from tests.support.service import TestService, token
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEBIBYTE = 1024 * 1024
TEXT, CONTINUATION, PING, PONG = 0x1, 0x0, 0x9, 0xA
HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)


async def raw(port: int) -> tuple[StreamReader, StreamWriter]:
    """A WebSocket whose every byte is the test's."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def frame(opcode: int, payload: bytes = b"", *, final: bool = False) -> bytes:
    """A frame as a client sends it, masked with zeros."""
    return bytes([0x80 * final | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload


async def send_until_lost(writer: StreamWriter, chunk: bytes, most: int) -> int:
    """Send until the connection is lost; the bytes sent."""
    sent = 0
    with contextlib.suppress(OSError, TimeoutError):
        while sent < most:
            writer.write(chunk)
            await asyncio.wait_for(writer.drain(), 5)
            sent += len(chunk)
    return sent


async def test_a_message_in_endless_empty_pieces_closes(
    service: TestService, bystanders: Bystanders
):
    before = sizes(service)
    reader, writer = await raw(service.port)
    writer.write(frame(TEXT, b"4") + frame(CONTINUATION) * 2_000)
    async with asyncio.timeout(PATIENCE_S):
        closing = await reader.read()
    assert (1009).to_bytes(2, "big") in closing
    writer.close()
    await gone(service, before)


async def test_a_message_in_many_pieces_passes(service: TestService):
    reader, writer = await raw(service.port)
    pieces = [frame(CONTINUATION)] * 1_000 + [frame(CONTINUATION, b"0{}", final=True)]
    writer.write(frame(TEXT, b"4") + b"".join(pieces))
    async with asyncio.timeout(PATIENCE_S):
        await reader.readuntil(b"unauthenticated")
    writer.close()
    await writer.wait_closed()


async def test_pings_whose_pongs_are_not_read_move_memory_by_little():
    async with process() as service:
        memory = psutil.Process(service.process.pid)
        _, writer = await raw(service.port)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        before = memory.memory_info().rss
        most = 300 * MEBIBYTE
        sent = await send_until_lost(writer, frame(PING, b"x" * 125, final=True) * 2_000, most)
        assert sent < most
        assert memory.memory_info().rss - before < 15 * MEBIBYTE
        writer.transport.abort()


async def test_pings_whose_pongs_are_read_are_answered(service: TestService):
    reader, writer = await raw(service.port)
    for number in range(100):
        payload = number.to_bytes(4, "big")
        writer.write(frame(PING, payload, final=True))
        async with asyncio.timeout(PATIENCE_S):
            await reader.readuntil(b"\x8a\x04" + payload)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("opcode", [PING, PONG])
async def test_who_pings_all_the_time_is_closed(
    service: TestService, bystanders: Bystanders, opcode: int
):
    before = sizes(service)
    reader, writer = await raw(service.port)
    ping = frame(opcode, final=True)
    writer.write(ping * (CONTROLS.count + 1_000))
    async with asyncio.timeout(PATIENCE_S):
        closing = await reader.read()
    pongs = closing.count(b"\x8a\x00")
    assert pongs == (CONTROLS.count if opcode == PING else 0)
    assert (1008).to_bytes(2, "big") in closing
    registry = service.node.metrics.families.registry
    assert registry.get_sample_value("ringline_protocol_errors_total", {"rule": "ping"})
    writer.close()
    await gone(service, before)


@pytest.mark.parametrize("payload", [b"3", b'42["call:hack"]', b"6"])
async def test_who_floods_in_tiny_frames_is_soon_gone_and_nobody_waits(payload: bytes):
    """The flood comes from this process, the service has one of its own."""
    async with process() as service:
        alice = await Client.join(service.port, token("alice"), "alice")
        _, writer = await raw(service.port)
        flood = asyncio.create_task(
            send_until_lost(writer, frame(TEXT, payload, final=True) * 1_000, 300 * MEBIBYTE)
        )
        slowest, begun = 0.0, time.monotonic()
        while not flood.done():
            asked = time.monotonic()
            await alice.settle()
            slowest = max(slowest, time.monotonic() - asked)
            await asyncio.sleep(0.01)
        assert time.monotonic() - begun < PROMPT_S * SLACK, "it was listened to after the close"
        assert slowest < PROMPT_S * 5
        writer.transport.abort()
        await alice.close()
