"""Where Ringline meets python-socketio and python-engineio.

The libraries keep the opening of a connection and the CONNECT exchange; requests, long-polling and
WebSockets are ours (endpoint.py, polling.py, websocket_transport.py). Everything else goes to the
`ConnectionHandler`: events are decoded, queued and answered there, since the libraries would decode
each payload, run handlers out of order (`async_handlers=True`) or block heartbeats behind a handler
(`False`), and keep a connection whose peer does not speak the protocol.

tests/transport/test_contract.py holds what this folder leans on of the libraries, which
are pinned to a minor version.
"""

import logging
from collections.abc import Callable
from typing import Any

import engineio.async_socket
import socketio
from socketio.exceptions import ConnectionRefusedError as ConnectRefused
from starlette.types import Scope

from service.pace import paced
from service.tasks import Tasks
from service.transport.socketio.client import Client
from service.transport.socketio.endpoint import Endpoint
from service.transport.socketio.heartbeat import Heartbeat
from service.transport.socketio.one_room import OneRoom
from service.transport.socketio.packet_queue import PacketQueue
from service.transport.socketio.packet_receiver import ConnectionHandler, PacketReceiver, Refusal
from service.transport.socketio.polling import Polling
from service.transport.websocket.close_codes import GOING_AWAY, NORMAL_CLOSURE

_NEVER_S = 365 * 86_400


class Engine(socketio.AsyncServer):  # type: ignore[misc]
    """A Socket.IO server for one namespace, text only, whose events go to the handler."""

    def __init__(
        self,
        handler: ConnectionHandler,
        *,
        ping_interval: int,
        ping_timeout: int,
        transports: tuple[str, ...],
        max_message_bytes: int,
        ended: Callable[[str], None],
    ) -> None:
        super().__init__(
            client_manager=OneRoom(),
            async_mode="asgi",
            async_handlers=False,
            namespaces=["/"],
            # Given none, each would add a handler of its own to the log.
            logger=logging.getLogger("socketio.server"),
            engineio_logger=logging.getLogger("engineio.server"),
            cors_allowed_origins=[],  # the gate decides on origins
            http_compression=False,
            # The heartbeat says who is gone. The libraries wait for a client as long as the first
            # of the two, and tell it their sum.
            ping_interval=(_NEVER_S, ping_interval - _NEVER_S),
            ping_timeout=ping_timeout,
            monitor_clients=False,
            transports=list(transports),
            allow_upgrades="websocket" in transports,
            max_http_buffer_size=max_message_bytes,
        )
        self._handler = handler
        self._ended = ended
        self._tasks = Tasks()
        self._clients: dict[str, Client] = {}
        self._receiver = PacketReceiver(self, handler)
        self.handle_request = endpoint = Endpoint(
            self.eio, self._receiver, transports, max_message_bytes
        )
        engineio.async_socket.AsyncSocket = Heartbeat
        self.eio.heartbeat = (ping_interval, ping_timeout)
        self.eio.create_queue = PacketQueue
        self.eio.serve = endpoint.serve
        self.on("connect", self._connecting)

    def __len__(self) -> int:
        return len(self._clients)

    def clients(self) -> tuple[Client, ...]:
        """Those whose connection is open."""
        return tuple(self._clients.values())

    async def close_all(self) -> None:
        """End every connection."""
        async for client in paced(self.clients()):
            client.cut("shutdown", GOING_AWAY)
        await self._tasks.done()
        await self.eio.shutdown()

    async def _connecting(self, socket_id: str, environ: dict[str, Any], auth: Any) -> None:
        try:
            await self._handler.connecting(environ["ringline.connection"], socket_id, auth)
        except Refusal as refusal:
            raise ConnectRefused(*refusal.args) from None

    async def _handle_eio_connect(self, eio_sid: str, environ: Scope) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        socket = self.eio.sockets[eio_sid]
        socket.client = client = Client(socket, self._tasks, self._ended)
        client.connection = self._handler.opened(client, environ)
        self._clients[eio_sid] = client
        if environ["type"] == "http":
            client.polling = Polling(client, self._receiver)
        # Of the request nothing else is kept.
        self.environ[eio_sid] = {"ringline.connection": client.connection}

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        client = self._clients.get(eio_sid)
        if client is not None and not client.cut_off:
            await super()._send_packet(eio_sid, pkt)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        socket_id = self.manager.sid_from_eio_sid(eio_sid, "/")
        if socket_id is not None:  # its CONNECT is still being decided on
            await self.manager.disconnect(socket_id, "/")
        client = self._clients.pop(eio_sid, None)
        if client is None:
            return
        if client.polling is not None:
            client.polling.over(by_client=reason == self.reason.CLIENT_DISCONNECT)
        timed_out = reason == self.reason.PING_TIMEOUT
        client.cut("ping_timeout" if timed_out else "transport", NORMAL_CLOSURE)
        self._handler.closed(client.connection)
