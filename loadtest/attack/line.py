"""One TCP connection of an attacker: HTTP by hand, and frames that cost nothing to make."""

import asyncio
import contextlib
import json
from collections.abc import Callable

_PIECE = 64 * 1024
_TWO_BYTES_FROM, _EIGHT_BYTES_FROM = 126, 65_536
TEXT, CONTINUATION, PING = 0x1, 0x0, 0x9
_FIN = 0x80
_MASKED = 0x80
_KEY = bytes(4)
"""A masking key that leaves the payload as it is (RFC 6455, 5.3)."""


class Line:
    """A connection whose every byte is counted.

    Args:
        reader: what comes.
        writer: what goes.
        count: told how many bytes were sent.
        reads: whether what nobody asks for is read and dropped.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        count: Callable[[int], None],
        *,
        reads: bool,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._count = count
        self._reads = reads
        self._reading: asyncio.Task[None] | None = None

    async def send(self, data: bytes) -> None:
        """Send, as fast as the service reads.

        Raises:
            ConnectionError: it has closed.
        """
        self._writer.write(data)
        self._count(len(data))
        await self._writer.drain()
        if self._writer.transport.is_closing():
            raise ConnectionResetError

    async def pour(self, piece: bytes) -> None:
        """Send the same without end, until the service closes."""
        whole = piece * max(1, _PIECE // len(piece))
        self.drop()
        while True:
            await self.send(whole)
            await asyncio.sleep(0)

    async def answer(self) -> tuple[int, bytes]:
        """The next response: status and body."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        size = 0
        for header in head.lower().split(b"\r\n"):
            if header.startswith(b"content-length:"):
                size = int(header[15:])
        return int(head[9:12]), await self._reader.readexactly(size)

    async def until(self, word: bytes) -> None:
        """Read until it has come; then read on, and drop what comes."""
        await self._reader.readuntil(word)
        self.drop()

    async def take(self, word: bytes) -> bytes:
        """Read until a frame's text has this word; what came up to it."""
        return await self._reader.readuntil(word)

    def drop(self) -> None:
        """Read what comes from now on, if this line reads at all, and drop it."""
        if self._reads and self._reading is None:
            self._reading = asyncio.create_task(self._drop())

    async def closed(self) -> None:
        """Wait until the service closes."""
        self.drop()
        if self._reading is not None:
            await self._reading

    async def frame(self, text: str | bytes) -> None:
        """Send one WebSocket frame of text."""
        await self.send(framed(text))

    async def event(self, event: str, **payload: object) -> None:
        """Send a Socket.IO event."""
        await self.frame(packet(event, **payload))

    def close(self) -> None:
        """End it at once."""
        if self._reading is not None:
            self._reading.cancel()
        self._writer.transport.abort()

    async def _drop(self) -> None:
        with contextlib.suppress(OSError):
            while await self._reader.read(_PIECE):
                pass


def packet(event: str, **payload: object) -> str:
    """A Socket.IO event, as a frame has it."""
    return "42" + json.dumps([event, payload], ensure_ascii=False)


def framed(text: str | bytes, kind: int = TEXT, *, last: bool = True) -> bytes:
    """A masked frame (RFC 6455, 5.2)."""
    data = text if isinstance(text, bytes) else text.encode()
    size = len(data)
    first = bytes([kind | (_FIN if last else 0)])
    if size < _TWO_BYTES_FROM:
        return first + bytes([_MASKED | size]) + _KEY + data
    if size < _EIGHT_BYTES_FROM:
        return first + bytes([_MASKED | 126]) + size.to_bytes(2, "big") + _KEY + data
    return first + bytes([_MASKED | 127]) + size.to_bytes(8, "big") + _KEY + data
