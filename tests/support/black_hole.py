"""A TCP proxy that stops forwarding without a word to either side, as a network that was left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class BlackHole:
    """Forwards to a port of loopback, on a port of its own, until it swallows everything."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._swallows = False
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    def swallow(self) -> None:
        """From now on nothing gets through, in either direction; no connection is closed."""
        self._swallows = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, onward}
        await asyncio.gather(self._pump(reader, onward), self._pump(onward_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if not self._swallows:
                writer.write(data)
        if not self._swallows:
            writer.close()

    def _close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def black_hole(to: int) -> AsyncIterator[BlackHole]:
    """A proxy before a port of loopback, gone at the end."""
    hole = BlackHole(to)
    server = await asyncio.start_server(hole._serve, "127.0.0.1", 0)
    hole.port = server.sockets[0].getsockname()[1]
    async with server:
        yield hole
        server.close()
        hole._close()
