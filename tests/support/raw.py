"""HTTP by hand, byte by byte."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE_S = 20.0
GET = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
HANDSHAKE = (
    b"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
WEBSOCKET = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" + HANDSHAKE + b"\r\n"


def frame(text: str) -> bytes:
    """A text message as one frame of a client's, masked with zeros (RFC 6455, 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes([0x81, 0x80 | size, 0, 0, 0, 0]) + payload
    if size < 65_536:
        return b"\x81\xfe" + size.to_bytes(2, "big") + bytes(4) + payload
    return b"\x81\xff" + size.to_bytes(8, "big") + bytes(4) + payload


class Raw:
    """One TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send, unless the other side has gone."""
        with contextlib.suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self, patience: float = PATIENCE_S) -> tuple[int, dict[str, str], bytes]:
        """The next response: status, headers, body; of a declared length."""
        async with asyncio.timeout(patience):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, body

    async def pour(self, some: bytes, size: int) -> None:
        """Send `some` over and over, `size` bytes in all, unless the other side closes before."""
        with contextlib.suppress(OSError):
            for _ in range(-(-size // len(some))):
                self.writer.write(some)
                await self.writer.drain()

    async def rest(self, patience: float = PATIENCE_S) -> bytes:
        """Everything until the other side closes, or resets."""
        got = b""
        async with asyncio.timeout(patience):
            with contextlib.suppress(ConnectionError):
                while some := await self.reader.read(65_536):
                    got += some
        return got


@asynccontextmanager
async def raw(port: int, host: str = "127.0.0.1") -> AsyncIterator[Raw]:
    """A connection for the block."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def raw_websocket(port: int) -> AsyncIterator[Raw]:
    """An open WebSocket for the block, whose every byte is the test's."""
    async with raw(port) as connection:
        await connection.send(WEBSOCKET)
        assert (await connection.answer())[0] == 101
        yield connection
