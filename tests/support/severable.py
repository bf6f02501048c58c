"""A TCP proxy on loopback that can sever what goes through it, as a network does.

The two ways through it are `UP`, from a client to the service, and `DOWN`.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

UP, DOWN = "up", "down"
_AT_ONCE = struct.pack("ii", 1, 0)
_NARROW = 4_096
_SEGMENT = 536
"""Bytes of a TCP segment (RFC 9293, 3.7.1): by its size Linux sizes the buffers of the sender."""


class Severable:
    """Passes everything on, until it is cut."""

    def __init__(self, target: int) -> None:
        self.target = target
        """Where new connections go: a port of this machine."""
        self.narrow = False
        """Whether new connections keep little on their way, as over a slow network."""
        self.open = True
        """Whether it takes new connections; others are reset."""
        self.port = 0
        self.cuts = 0
        """How often it was cut while something was open."""
        self._sinks: dict[str, set[asyncio.StreamWriter]] = {UP: set(), DOWN: set()}
        self._serving: set[asyncio.Task[None]] = set()
        self._flows = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        self._left: dict[str, int] = {}
        self.release()

    def cut(self) -> None:
        """Reset every connection, on both sides; what was held back is lost, new ones pass."""
        self.cuts += any(self._sinks.values())
        self._reset(UP, DOWN)
        self.release()

    def cut_after(self, way: str, more: int) -> None:
        """Cut as soon as so many more bytes have gone this way, over all connections."""
        self._left[way] = more

    def forsake(self) -> None:
        """Reset every connection on the client's side alone: the service notices nothing."""
        self._reset(DOWN)
        self.release()

    def hold(self, way: str) -> None:
        """Pass nothing more on this way, and keep it; no connection is closed."""
        self._flows[way].clear()

    def release(self) -> None:
        """Pass on what was held back, and all that comes."""
        self._left.clear()
        for flow in self._flows.values():
            flow.set()

    async def close(self) -> None:
        """Reset every connection, and see them off."""
        self.open = False
        self.cut()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        self._sinks[DOWN].add(writer)
        if not self.open:
            self._reset(DOWN)
            return
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            from_target, to_target = await self._reach()
            self._sinks[UP].add(to_target)
            ways = self._pump(reader, to_target, UP), self._pump(from_target, writer, DOWN)
            await asyncio.gather(*ways)
        self._close(writer, DOWN)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the service."""
        if not self.narrow:
            return await asyncio.open_connection("127.0.0.1", self.target)
        kept = socket.socket()
        kept.settimeout(0)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
        kept.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        await asyncio.get_running_loop().sock_connect(kept, ("127.0.0.1", self.target))
        return await asyncio.open_connection(sock=kept, limit=_NARROW)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: str
    ) -> None:
        with suppress(OSError):
            while chunk := await source.read(65_536):
                await self._flows[way].wait()
                sink.write(self._allowed(chunk, way))
                await sink.drain()
        self._close(sink, way)

    def _allowed(self, chunk: bytes, way: str) -> bytes:
        """What may pass of a piece before the cut that is due, if one is: it comes right after."""
        if way not in self._left:
            return chunk
        may = chunk[: self._left[way]]
        self._left[way] -= len(may)
        if not self._left[way]:
            asyncio.get_running_loop().call_soon(self.cut)
        return may

    def _close(self, sink: asyncio.StreamWriter, way: str) -> None:
        self._sinks[way].discard(sink)
        sink.close()

    def _reset(self, *ways: str) -> None:
        """Reset the connections that these ways lead to; nothing passes any more."""
        for task in self._serving:
            task.cancel()
        for way in ways:
            for sink in self._sinks[way]:
                if not sink.is_closing():
                    kept: socket.socket = sink.get_extra_info("socket")
                    kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                sink.transport.abort()
            self._sinks[way].clear()


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
