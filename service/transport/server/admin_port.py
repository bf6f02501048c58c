"""The admin port in a thread and an event loop of its own: it answers while the node is busy."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from threading import Thread

import uvloop
from starlette.types import ASGIApp

from service.transport.guard.tcp import TcpConnections
from service.transport.server.server import PortFailed, Server, first_of

MOST_CONNECTIONS = 64
"""Of probes and scrapers at a time."""
_ENDS_WITHIN_S = 10
"""More than the thread takes to end; a thread that hangs is left."""


@asynccontextmanager
async def admin_port(
    app: ASGIApp, sockets: list[socket.socket]
) -> AsyncIterator[asyncio.Future[None]]:
    """Serve `app` for the block; what is yielded is done if that ends by itself before.

    Raises:
        PortFailed: it could not begin.
    """
    begun: Future[asyncio.AbstractEventLoop] = Future()
    ended: Future[None] = Future()
    tcp = TcpConnections(MOST_CONNECTIONS)
    server = Server(app, tcp, lambda: begun.set_result(asyncio.get_running_loop()))

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(server.serve(sockets))
        except BaseException as error:  # noqa: BLE001 - the main thread is told
            failure = PortFailed("The admin port's thread has ended.")
            failure.__cause__ = error
            ended.set_exception(failure)
        else:
            ended.set_result(None)

    over = asyncio.wrap_future(ended)
    Thread(target=run, name="admin", daemon=True).start()
    try:
        await first_of(over, asyncio.wrap_future(begun))
        if over.done():
            raise over.exception() or PortFailed("The admin port ended before it began.")
        yield over
    finally:
        if begun.done():
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                begun.result().call_soon_threadsafe(server.end)
        await asyncio.wait({over}, timeout=_ENDS_WITHIN_S)
