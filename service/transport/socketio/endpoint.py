"""Engine.IO's requests, answered: connections opened, polled, and taken over by a WebSocket.

tests/transport/test_contract.py holds what this leans on of engineio.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service import errors
from service.transport.guard.waiting import SHARE
from service.transport.http.denial import respond
from service.transport.http.problems import problem
from service.transport.socketio.client import Client
from service.transport.socketio.packet_receiver import PacketReceiver
from service.transport.socketio.polling import Polling
from service.transport.socketio.posting import text
from service.transport.socketio.requests import Asked, asked_by, fault_of
from service.transport.socketio.websocket_transport import WebSocketTransport
from service.transport.websocket.handshake import HANDSHAKE, Handshake

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Answers requests for Engine.IO.

    Args:
        eio: python-engineio's server, whose connections they are.
        receiver: takes what comes over a WebSocket.
        transports: which may be used.
        most_bytes: what a body may have.
    """

    eio: Any
    receiver: PacketReceiver
    transports: Collection[str]
    most_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it, or say what is wrong with it."""
        asked = asked_by(scope)
        socket = self.eio.sockets.get(asked.sid)
        response: Response | None
        if fault := fault_of(asked, socket, self.transports):
            if asked.sid is None:  # a client that will never get in; else one from before a restart
                _log.info("socket.rejected", code=fault.word)
            response = fault.response()
        elif socket is None:
            response = await self._opened(asked, scope)
        elif asked.websocket:
            await self.serve(socket, scope)
            return
        else:
            response = await self._polled(asked, socket, scope, receive)
        if response is not None:
            await respond(response, scope, receive, send)

    async def _opened(self, asked: Asked, scope: Scope) -> Response | None:
        """Open a connection; the answer to one that polls."""
        opened = await self.eio._handle_connect(scope, asked.transport)  # noqa: SLF001
        if opened is None:  # a WebSocket has taken over
            return None
        if not opened["status"].startswith("200"):
            return problem(errors.Internal())
        return text(opened["response"])

    async def _polled(
        self, asked: Asked, socket: Any, scope: Scope, receive: Receive
    ) -> Response | None:
        socket.heard = asyncio.get_running_loop().time()
        client: Client = socket.client
        if client.known:
            scope["extensions"][SHARE].spare()
        polling: Polling = client.polling
        if asked.method == "GET":
            return await polling.get(scope, receive)
        return await polling.posting.post(scope, receive, self.most_bytes)

    async def serve(self, socket: Any, scope: Scope) -> None:
        """Have a connection's frames come and go by a WebSocket; the request is over."""
        client: Client = socket.client
        handshake: Handshake = scope["extensions"][HANDSHAKE]
        if websocket := handshake.accept():
            WebSocketTransport(client, self.receiver, websocket)
        elif not socket.connected:  # an upgrade that is given up leaves a connection that polls
            await client.over(by_client=False)
