"""Running a node: open the ports, say so, serve, and on a signal drain and stop.

uvicorn by itself would close the listener first, which kills long-polling, ignore a second
SIGTERM and exit 143; so the signals are ours (signals.py).
"""

import asyncio
import contextlib
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
import uvicorn
import uvloop

from service.clock import wall_clock
from service.node import Node
from service.ports import Clock
from service.settings import Settings
from service.signals import Signals
from service.transport.http1 import WITHIN_S, BoundedHttp
from service.transport.listeners import BACKLOG, Unlistenable, listening, shown
from service.transport.tcp import TcpConnections
from service.transport.websocket import BoundedProtocol

_log = structlog.get_logger(__name__)

_COLLECT_AFTER = 10_000, 2, 2
"""New containers between two looks for cyclic garbage, and how many of the young go to one of the
older: a connection leaves some dozens, which go after 1,000 more at the latest."""
_POLL_S = 0.01

Tls = tuple[str, str]
"""Paths of a certificate chain and its key, PEM."""

Reread = Callable[[], Settings]
"""The settings as they are set now; raises `SettingsError` when something is wrong with them."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, and with bounds on what comes over TCP."""

    def __init__(self, config: uvicorn.Config, tcp: TcpConnections) -> None:
        super().__init__(config)
        self._tcp = tcp

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
        self.servers = [
            await loop.create_server(
                protocol, sock=one, ssl=tls, ssl_handshake_timeout=within, backlog=BACKLOG
            )
            for one in sockets or []
        ]
        self.started = True


def run(
    settings: Settings,
    *,
    ready: Callable[[], None] | None = None,
    tls: Tls | None = None,
    reread: Reread | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT; the exit status: 0 after a drain.

    Args:
        settings: already checked as a whole.
        ready: called once clients can connect.
        tls: serve https and wss with these files.
        reread: reads the settings anew, for those that may change while it runs.
    """
    try:
        uvloop.run(_serve(settings, ready, tls, reread, Signals()))
    except (Unlistenable, ValueError) as error:
        print(f"ringline: {error}", file=sys.stderr)  # noqa: T201 - an operator reads it
        return 2
    return 0


async def _serve(
    settings: Settings,
    ready: Callable[[], None] | None,
    tls: Tls | None,
    reread: Reread | None,
    signals: Signals,
) -> None:
    signals.listen()
    async with serving(settings, tls=tls, reread=reread) as running:
        _log.info(
            "node.ready",
            port=running.port,
            admin_port=running.admin_port,
            addresses=running.addresses,
            admin_addresses=running.admin_addresses,
        )
        _spare_the_collector()
        if ready is not None:
            ready()
        await signals.stopping.wait()
        _log.info("node.draining")
    _log.info("node.stopped")


def _spare_the_collector() -> None:
    """Have it pass over what was loaded, and look seldom at what lives as long as a client stays.

    With its defaults it was a sixth of what connecting costs.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    gc.enable()


class Running:
    """A node that serves, and where."""

    def __init__(
        self, node: Node, public: list[socket.socket], private: list[socket.socket]
    ) -> None:
        self.node = node
        self.port: int = public[0].getsockname()[1]
        self.admin_port: int = private[0].getsockname()[1]
        self.addresses = [*map(shown, public)]
        self.admin_addresses = [*map(shown, private)]


@asynccontextmanager
async def serving(
    settings: Settings,
    *,
    clock: Clock = wall_clock,
    tls: Tls | None = None,
    reread: Reread | None = None,
) -> AsyncIterator[Running]:
    """A node that serves inside the `async with`, and is drained and stopped at its end.

    Raises:
        Unlistenable: a port is taken, or the interface is not this machine's.
        ValueError: the identity settings do not fit together.
    """
    node = Node(settings, clock, reread)
    with (
        listening(settings.host, settings.port, "PORT") as public,
        listening(settings.admin_host, settings.admin_port, "ADMIN_PORT") as private,
    ):
        servers = {
            _Server(_config(node, settings, tls), node.tcp): public,
            _Server(uvicorn.Config(node.admin, **_COMMON), TcpConnections()): private,
        }
        tasks = [asyncio.create_task(s.serve(at)) for s, at in servers.items()]
        sweeping = asyncio.create_task(node.sweeper.run())
        try:
            await _started(servers, tasks)
            node.status = "ready"
            yield Running(node, public, private)
        finally:
            node.status = "draining"
            node.tcp.drain()
            await _drain(node, settings.drain_window)
            sweeping.cancel()
            for server in servers:
                server.should_exit = True
            await asyncio.gather(sweeping, *tasks, return_exceptions=True)


_COMMON: dict[str, Any] = {
    "http": "httptools",
    "lifespan": "off",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "timeout_graceful_shutdown": 5,
}


def _config(node: Node, settings: Settings, tls: Tls | None) -> uvicorn.Config:
    return uvicorn.Config(
        node.app,
        timeout_keep_alive=settings.keep_alive,
        ws=_websocket_protocol(settings),
        ws_max_size=settings.max_message_bytes,
        ws_ping_interval=None,  # Engine.IO has heartbeats of its own
        ws_per_message_deflate=False,  # a bomb would unfold here
        proxy_headers=False,  # the node reads them
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
        **_COMMON,
    )


def _websocket_protocol(settings: Settings) -> type[asyncio.Protocol]:
    if settings.websockets == "picows":
        try:
            from service.transport.wire_speed import WireSpeed  # noqa: PLC0415  it may not be there
        except ImportError:
            _log.warning("websockets.slow", hint="picows is not installed; uvicorn stands in.")
        else:
            return WireSpeed
    return BoundedProtocol


async def _started(
    servers: dict[_Server, list[socket.socket]], tasks: list[asyncio.Task[None]]
) -> None:
    while not all(server.started for server in servers):
        for task in tasks:
            if task.done():
                task.result()
                raise Unlistenable("The HTTP server ended before it started.")
        await asyncio.sleep(_POLL_S)


async def _drain(node: Node, window_s: int) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(window_s):
            await node.calls_over()
    await node.end_calls()
    await node.close()
