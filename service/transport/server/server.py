"""uvicorn's server without its signal handlers, and with bounds on what comes over TCP.

tests/transport/test_contract.py holds what this leans on of uvicorn.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from service.transport.guard.tcp import TcpConnections
from service.transport.server.http1 import BoundedHttp
from service.transport.server.listeners import BACKLOG
from service.transport.server.request_parser import WITHIN_S
from service.transport.websocket.handshake import Handshake

_TICK_S = 0.1
"""What uvicorn's own ticks are apart."""


class PortFailed(Exception):
    """Nobody serves a port that should be served."""


class Server(uvicorn.Server):
    """Serves one application on sockets that listen already.

    Args:
        app: what answers.
        tcp: counts its connections.
        begun: called once it serves.
        options: uvicorn's, beside those that are the same for each.
    """

    def __init__(
        self, app: ASGIApp, tcp: TcpConnections, begun: Callable[[], None], **options: Any
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws=Handshake,  # uvicorn looks whether there is one; http1.py hands over to it
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
                **options,
            )
        )
        self._tcp = tcp
        self._begun = begun
        self._told_to_end = asyncio.Event()
        self.servers = []

    def end(self) -> None:
        """Have `serve` end, in the loop that it runs in."""
        self._told_to_end.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the end, and then take no more connections, whatever has ended it."""
        try:
            await super().serve(sockets)
        finally:
            for server in self.servers:
                server.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; for a TLS handshake uvicorn would leave a client a minute."""
        protocol = partial(
            BoundedHttp,
            self._tcp,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        loop, tls = asyncio.get_running_loop(), self.config.ssl
        within = WITHIN_S if tls else None
        for one in sockets or []:
            server = await loop.create_server(
                protocol, sock=one, ssl=tls, ssl_handshake_timeout=within, backlog=BACKLOG
            )
            self.servers.append(server)
        self.started = True
        self._begun()

    async def main_loop(self) -> None:
        """Tick as uvicorn does, and end as soon as it is told to."""
        ticks = 0
        while not self._told_to_end.is_set():
            await self.on_tick(ticks)
            ticks += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._told_to_end.wait()


async def first_of(*futures: asyncio.Future[Any]) -> None:
    """Wait until one of them is done, well or not."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
