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
    port = _AdminPort(app, sockets)
    over, begun = asyncio.wrap_future(port.over), asyncio.wrap_future(port.loop)
    port.thread.start()
    try:
        await first_of(over, begun)
        if over.done():
            raise over.exception() or PortFailed("The admin port ended before it began.")
        yield over
    finally:
        port.end()
        await asyncio.wait({over}, timeout=_ENDS_WITHIN_S)


class _AdminPort:
    """The thread, and how it is spoken to."""

    def __init__(self, app: ASGIApp, sockets: list[socket.socket]) -> None:
        self.thread = Thread(target=self._run, name="admin", daemon=True)
        self.loop: Future[asyncio.AbstractEventLoop] = Future()
        """The thread's loop, once it serves."""
        self.over: Future[None] = Future()
        self._server = Server(app, TcpConnections(MOST_CONNECTIONS), self._begun)
        self._sockets = sockets

    def end(self) -> None:
        """Have the thread end."""
        if self.loop.done():
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self.loop.result().call_soon_threadsafe(self._server.end)

    def _begun(self) -> None:
        self.loop.set_result(asyncio.get_running_loop())

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._server.serve(self._sockets))
        except BaseException as error:  # noqa: BLE001 - the main thread is told
            failure = PortFailed("The admin port's thread has ended.")
            failure.__cause__ = error
            self.over.set_exception(failure)
        else:
            self.over.set_result(None)
