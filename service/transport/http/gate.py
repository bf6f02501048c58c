"""What is decided before a request gets anywhere: its size, its origin, whether there is room.

A pure ASGI middleware around everything that clients reach.
"""

from collections.abc import Sized
from dataclasses import dataclass
from urllib.parse import parse_qs

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import errors
from service.pace import STARTS, Pace
from service.telemetry.metrics import Metrics
from service.transport.guard.budget import Budget
from service.transport.guard.tcp import TcpConnections
from service.transport.http.body import whole_body
from service.transport.http.cors import ADMITTED
from service.transport.http.denial import respond
from service.transport.http.problems import RETRY_MS, Full, Unserved, problem

_log = structlog.get_logger(__name__)

SOCKET_PATH = "/socket.io/"


@dataclass
class Gate:
    """Lets through what may pass.

    Args:
        app: what stands behind.
        clients: those that are connected.
        max_body: bytes a request body may have.
        max_connections: clients that may be connected; 0 is no limit.
        tcp: whose connections count as long as they have not sent a request; the longest silent
            gives way. While they drain, nobody gets in.
        budget: the memory; while it is short, nobody does either.
        metrics: told who was turned away.
    """

    app: ASGIApp
    clients: Sized
    max_body: int
    max_connections: int
    tcp: TcpConnections
    budget: Budget
    metrics: Metrics

    def __post_init__(self) -> None:
        self._starts = Pace(STARTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        try:
            if f"{scope['path']}/".startswith(SOCKET_PATH):  # the libraries' router needs no slash
                await self._admit_socket(scope)
            else:
                receive = await self._admit_request(scope, receive)
        except errors.RinglineError as error:
            await respond(problem(error), scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _admit_request(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body, and have few requests begin in a turn of the loop, as connections do.

        Each takes near a millisecond, and a hundred may come at once.
        """
        if scope["type"] == "websocket":
            raise Unserved(f"WebSockets are at {SOCKET_PATH}, for Socket.IO.")
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
            receive = _replay(await whole_body(scope, receive, self.max_body), receive)
        await self._starts.turn()
        return receive

    async def _admit_socket(self, scope: Scope) -> None:
        """Say why an Engine.IO request may not pass, which opens a connection or is of one."""
        opens = "sid" not in parse_qs(scope["query_string"].decode("latin-1"))
        if opens:
            await self._starts.turn()
        refusal: errors.RinglineError
        if not scope[ADMITTED]:
            refusal = errors.Forbidden("The origin is not one of RINGLINE_CORS_ORIGINS.")
        elif not opens:
            return
        elif self.tcp.draining:
            refusal = errors.ServerDraining(retry_after_ms=RETRY_MS)
        elif self.max_connections and not self._has_room():
            refusal = Full()
        elif self.budget.over:
            refusal = Full("The server is short of memory; try again.")
        else:
            return
        reason = "overloaded" if isinstance(refusal, Full) else refusal.code
        self.metrics.connections.refused(reason)
        _log.info("socket.rejected", code=reason)
        raise refusal

    def _has_room(self) -> bool:
        """Whether there is room for one more client, or is made by closing who says nothing."""
        room = self.max_connections - len(self.clients)
        return self.tcp.silent < room or (room > 0 and self.tcp.make_room())


def _replay(body: bytes, receive: Receive) -> Receive:
    bodies = [body]

    async def again() -> Message:
        if not bodies:
            return await receive()
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    return again
