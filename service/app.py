"""Running a node: open the ports, say so, serve, and on a signal drain and stop.

uvicorn by itself would close the listener first, which kills long-polling, ignore a second
SIGTERM and exit 143; so the signals are ours (unix_signals.py).
"""

import asyncio
import contextlib
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvloop

from service.clock import wall_clock
from service.node import Membership, Node
from service.ports import Clock
from service.settings import Settings
from service.transport.server.admin_port import admin_port
from service.transport.server.listeners import Unlistenable, listening, shown
from service.transport.server.open_files import TooFewFiles, check_limit, raise_limit
from service.transport.server.server import PortFailed, Server, first_of
from service.unix_signals import Signals

_log = structlog.get_logger(__name__)

_COLLECT_AFTER = 10_000, 2, 2
"""New containers between two looks for cyclic garbage, and how many of the young go to one of the
older: a connection leaves some dozens, which go after 1,000 more at the latest."""
_SWITCH_S = 0.0005
"""How long a thread waits for one that computes: what a scrape adds to a relay, once or twice. By
default it would be 5 ms."""

Tls = tuple[str, str]
"""Paths of a certificate chain and its key, PEM."""

Reread = Callable[[], Settings]
"""The settings as they are set now; raises `SettingsError` when something is wrong with them."""


def run(
    settings: Settings,
    *,
    ready: Callable[[], None] | None = None,
    tls: Tls | None = None,
    reread: Reread | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT; the exit status: 0 after a drain, 1 where a port failed.

    Args:
        settings: already checked as a whole.
        ready: called once clients can connect.
        tls: serve https and wss with these files.
        reread: reads the settings anew, for those that may change while it runs.
    """
    sys.setswitchinterval(_SWITCH_S)
    raise_limit()
    try:
        check_limit(settings.max_connections)
        uvloop.run(_serve(settings, ready, tls, reread, Signals()))
    except (PortFailed, TooFewFiles, Unlistenable, ValueError) as error:
        print(f"ringline: {error}", file=sys.stderr)  # noqa: T201 - an operator reads it
        return 1 if isinstance(error, PortFailed) else 2
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
        signals.on_hangup(running.node.reread)
        _spare_the_collector()
        if ready is not None:
            ready()
        await running.over(signals.stopping)
        _log.info("node.draining", window_s=settings.drain_window, **running.node.present())
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
        self,
        node: Node,
        public: list[socket.socket],
        private: list[socket.socket],
        ports: tuple[asyncio.Future[Any], ...],
    ) -> None:
        self.node = node
        self._ports = ports
        self.port: int = public[0].getsockname()[1]
        self.admin_port: int = private[0].getsockname()[1]
        self.addresses = [*map(shown, public)]
        self.admin_addresses = [*map(shown, private)]

    async def over(self, stopping: asyncio.Event) -> None:
        """Wait until it is to stop.

        Raises:
            PortFailed: one of its ports is not served any more.
        """
        await first_of(asyncio.ensure_future(stopping.wait()), *self._ports)
        if not stopping.is_set():
            for port in self._ports:
                if port.done():
                    _log.error("port.failed", exc_info=port.exception())
            raise PortFailed("A port was served no more; the log has why.")


@asynccontextmanager
async def serving(
    settings: Settings,
    *,
    clock: Clock = wall_clock,
    tls: Tls | None = None,
    reread: Reread | None = None,
    membership: Membership | None = None,
) -> AsyncIterator[Running]:
    """A node that serves inside the `async with`, and is drained and stopped at its end.

    Raises:
        Unlistenable: a port is taken, or the interface is not this machine's.
        ValueError: the identity settings do not fit together.
    """
    node = Node(settings, clock, reread, membership)
    with (
        listening(settings.host, settings.port, "PORT") as public,
        listening(settings.admin_host, settings.admin_port, "ADMIN_PORT") as private,
    ):
        async with (
            _beside(node.loop.run()),
            admin_port(node.admin, private) as admin_over,
            _public_port(node, settings, tls, public) as public_over,
            _beside(node.sweeper.run()),
            _beside(node.guard.run()),
        ):
            try:
                node.status = "ready"
                yield Running(node, public, private, (admin_over, public_over))
            finally:
                node.drain()
                await _drain(node, settings.drain_window)


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have it run during the block, and cancel it at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def _public_port(
    node: Node, settings: Settings, tls: Tls | None, sockets: list[socket.socket]
) -> AsyncIterator[asyncio.Future[Any]]:
    """Serve clients for the block; what is yielded is done if that ends by itself before."""
    begun = asyncio.get_running_loop().create_future()
    server = Server(
        node.app,
        node.tcp,
        lambda: begun.set_result(None),
        timeout_keep_alive=settings.keep_alive,
        ws_max_size=settings.max_message_bytes,
        proxy_headers=False,  # the node reads them
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )
    serving = asyncio.create_task(server.serve(sockets))
    try:
        await first_of(serving, begun)
        if serving.done():
            raise serving.exception() or PortFailed("The port ended before it began.")
        yield serving
    finally:
        server.end()
        await asyncio.wait({serving})


async def _drain(node: Node, window_s: int) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(window_s):
            await node.calls_over()
    await node.end_calls()
    await node.close()
