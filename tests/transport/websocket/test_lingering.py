"""Closing a connection whose client is gone already, over a real socket."""

import asyncio
import socket
import struct

from service.transport.websocket.lingering import Lingering
from tests.support.waiting import until

RESET = struct.pack("ii", 1, 0)
"""`SO_LINGER` for no time: `close` sends RST."""


class _Open(asyncio.Protocol):
    """Reads nothing."""

    def __init__(self) -> None:
        self.made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self.made.set_result(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.lost.set()


async def test_a_client_that_has_reset_the_connection():
    served = _Open()
    server = await asyncio.get_running_loop().create_server(lambda: served, "127.0.0.1", 0)
    async with server:
        client = socket.create_connection(server.sockets[0].getsockname())
        transport = await served.made
        listener = transport.get_extra_info("socket")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
        await until(lambda: _gone(listener), "the reset")
        Lingering(transport).close()
        await asyncio.wait_for(served.lost.wait(), 10)


def _gone(connection: socket.socket) -> bool:
    try:
        connection.getpeername()
    except OSError:
        return True
    return False
