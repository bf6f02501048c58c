"""A TCP proxy on loopback that can sever what goes through it, as a network does."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_AT_ONCE = struct.pack("ii", 1, 0)


class Severable:
    """Passes everything on, until it is cut."""

    def __init__(self, target: int) -> None:
        self.target = target
        """Where new connections go: a port of this machine."""
        self.open = True
        """Whether it takes new connections; others are reset."""
        self.port = 0
        self._streams: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Reset every connection, on both sides."""
        for stream in tuple(self._streams):
            kept: socket.socket = stream.get_extra_info("socket")
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            stream.transport.abort()

    async def close(self) -> None:
        """Reset every connection, and see them off."""
        self.open = False
        self.cut()
        await asyncio.gather(*self._serving)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        self._streams.add(writer)
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            self.cut()
        with suppress(OSError):
            from_target, to_target = await asyncio.open_connection("127.0.0.1", self.target)
            self._streams.add(to_target)
            await asyncio.gather(self._pump(reader, to_target), self._pump(from_target, writer))
        self._close(writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await source.read(65_536):
                sink.write(chunk)
                await sink.drain()
        self._close(sink)

    def _close(self, stream: asyncio.StreamWriter) -> None:
        self._streams.discard(stream)
        stream.close()


@asynccontextmanager
async def severable(port: int) -> AsyncIterator[Severable]:
    """A proxy in front of a port of this machine."""
    proxy = Severable(port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
