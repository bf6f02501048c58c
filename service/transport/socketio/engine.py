"""Where Ringline meets python-socketio and python-engineio.

The libraries keep the opening of a connection and the CONNECT exchange; requests, long-polling and
WebSockets are ours (endpoint.py, polling.py, direct.py). Everything else of a client goes to the
`ConnectionHandler`: events are decoded, queued and answered here, since the libraries would decode
each payload, run handlers out of order (`async_handlers=True`) or block heartbeats behind a handler
(`False`), and keep a connection whose peer does not speak the protocol.

Leaned on, pinned to a minor version in pyproject.toml, and held by
tests/transport/test_contract.py: `AsyncServer._handle_eio_connect`, `_handle_eio_disconnect`,
`_handle_connect`, `_handle_disconnect`, `_send_packet`, `.eio`, `.manager`, `eio._async`,
`eio.create_queue`, `eio.sockets`, `AsyncSocket.close`, `.closing`; that ASGI's requests come to
`AsyncServer.handle_request`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import socketio
import structlog
from msgspec import Raw
from starlette.types import Receive, Scope, Send

from service import errors
from service.pace import paced
from service.transport.socketio import heartbeat
from service.transport.socketio.client import Client, ConnectionHandler, Peer, Work
from service.transport.socketio.endpoint import SERVED, Requests
from service.transport.socketio.mailbox import Mailbox
from service.transport.socketio.polling import Polling
from service.transport.websocket.close_codes import GOING_AWAY, NORMAL_CLOSURE, POLICY_VIOLATION
from service.wire.packets import PacketType, crowded, decode_event, packet_type
from service.wire.rules import ProtocolError, Rule

_log = structlog.get_logger(__name__)

_ANSWERED_WITHIN_S = 1.0
"""How long what came before a broken frame may take to be answered."""
MOST_NAMESPACES = 8  # all but one are refused, each once
_AT_ONCE = {"protocol_error", "overloaded"}
"""Endings of which a client that polls need not fetch word: its next request is refused."""
_NEVER_S = 365 * 86_400


class _Auth(msgspec.Struct):
    """What a CONNECT may tell: of anything else, 64 KiB would be megabytes of Python's objects."""

    token: Raw = Raw(b"null")
    traceparent: Raw = Raw(b"null")


_auth_in = msgspec.json.Decoder(_Auth).decode
_text_in = msgspec.json.Decoder(str).decode


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
        self.handler = handler
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout
        self.ended = ended
        self._peers: dict[str, Peer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        heartbeat.install()
        self.eio._async = {**self.eio._async, **SERVED}  # noqa: SLF001
        self.eio.create_queue = Mailbox
        self.eio.ringline = self
        self._requests = Requests(self, transports, max_message_bytes)
        self.on("connect", self._connecting)

    def __len__(self) -> int:
        return len(self._peers)

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for Engine.IO."""
        await self._requests(scope, receive, send)

    def peers(self) -> tuple[Peer, ...]:
        """What stands for each open connection."""
        return tuple(self._peers.values())

    def spawn(self, work: Work) -> asyncio.Task[None]:
        """Run a coroutine that nobody waits for, and hold it until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def cut(self, socket: Any, code: int) -> None:
        """End a transport: what is queued, then a close frame or the CLOSE packet of polling."""
        if socket.frames is not None:
            socket.frames.finish(code)
        at_once = socket.client.why in _AT_ONCE
        if not (socket.upgraded or socket.closing or (at_once and socket.queue.empty())):
            await socket.polling.finish()
        await socket.close(wait=False, abort=True)
        self.eio.sockets.pop(socket.sid, None)
        _untie(socket)

    async def over(self, socket: Any, *, by_client: bool) -> None:
        """A connection's WebSocket is gone, or its client has said goodbye."""
        reason = self.reason
        why = reason.CLIENT_DISCONNECT if by_client else reason.TRANSPORT_CLOSE
        await socket.close(wait=False, abort=True, reason=why)
        self.eio.sockets.pop(socket.sid, None)

    def broken(self, eio_sid: str, rule: Rule, code: int = POLICY_VIOLATION) -> None:
        """Hear no more of a client that broke a rule, and end it once it has its answers."""
        peer = self._peers.get(eio_sid)
        if peer is None or peer.client.deaf:
            return
        peer.client.deaf, peer.client.why = True, "protocol_error"
        self.handler.violated(peer, rule)
        self.spawn(self._fail(peer, code))

    async def _fail(self, peer: Peer, code: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                await self.handler.answered(peer)
        peer.client.cut("protocol_error", code)

    async def close_all(self) -> None:
        """End every connection."""
        async for peer in paced(self.peers()):
            peer.client.cut("shutdown", GOING_AWAY)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.eio.shutdown()

    async def _connecting(self, socket_id: str, environ: dict[str, Any], auth: object) -> None:
        await self.handler.connecting(environ["ringline.peer"], socket_id, auth)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        socket = self.eio.sockets[eio_sid]
        socket.client = client = Client(self, socket)
        peer = self.handler.opened(client, environ)
        self._peers[eio_sid] = peer
        if environ["asgi.scope"]["type"] == "http":
            socket.polling = Polling(self, socket)
        self.environ[eio_sid] = {"ringline.peer": peer}  # of the request nothing else is kept

    def peer(self, eio_sid: str) -> Peer:
        """What stands for an open connection."""
        return self._peers[eio_sid]

    def message(self, eio_sid: str, peer: Peer, packet: str) -> Work | None:
        """Handle a Socket.IO packet now, or return what there is to wait for before the next."""
        if peer.client.deaf:
            return None
        try:
            return self._packet(eio_sid, peer, packet)
        except ProtocolError as error:
            self.broken(eio_sid, error.rule)
            return None

    def _packet(self, eio_sid: str, peer: Peer, packet: str) -> Work | None:
        kind = packet_type(packet)
        if kind is PacketType.EVENT:
            return self.handler.received(peer, decode_event(packet))
        if kind is PacketType.CONNECT:
            return self._connect(eio_sid, peer.client, packet)
        if packet not in {"1", "1/,"}:
            raise ProtocolError(Rule.NAMESPACE if packet[1:2] == "/" else Rule.PACKET)
        return self._leave(eio_sid, peer.client)

    async def _leave(self, eio_sid: str, client: Client) -> None:
        await self._handle_disconnect(eio_sid, "/")
        client.cut("client", NORMAL_CLOSURE)

    def _connect(self, eio_sid: str, client: Client, packet: str) -> Work | None:
        """A client asks once for a namespace, so that no retry can mend a refusal."""
        namespace, auth = _connect_packet(packet)
        if namespace in client.asked or len(client.asked) == MOST_NAMESPACES:
            raise ProtocolError(Rule.CONNECT_ONCE)
        client.asked.add(namespace)
        if namespace == "/":
            return self._handle_connect(eio_sid, namespace, auth)  # type: ignore[no-any-return]
        client.write(f'4{namespace},{{"message":"Invalid namespace"}}'.encode())
        return None

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        peer = self._peers.get(eio_sid)
        if peer is not None and not peer.client.cut_off:
            await super()._send_packet(eio_sid, pkt)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        socket_id = self.manager.sid_from_eio_sid(eio_sid, "/")
        if socket_id is not None:  # its CONNECT is still being decided on
            await self.manager.disconnect(socket_id, "/")
        peer = self._peers.pop(eio_sid, None)
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None and socket.polling is not None:
            socket.polling.over(by_client=reason == self.reason.CLIENT_DISCONNECT)
        if peer is not None:
            timed_out = reason == self.reason.PING_TIMEOUT
            peer.client.cut("ping_timeout" if timed_out else "transport", NORMAL_CLOSURE)
            self.handler.closed(peer)


def _untie(socket: Any) -> None:
    """Let a connection that is over go of what holds it, so that it is freed at once.

    The collector of cyclic garbage stops everything for as long as it takes: for 500 ms where
    strangers came and went.
    """
    if socket.upgrading:
        return
    if socket.polling is not None:
        socket.polling.forget()
    socket.queue = Mailbox()  # a `WriteThrough` holds what holds the connection
    socket.client = socket.polling = socket.frames = None


def _connect_packet(packet: str) -> tuple[str, object]:
    """The namespace, without its query, and the auth payload of a CONNECT packet.

    A payload that is no JSON is the refusal of it.
    """
    namespace, rest = "/", packet[1:]
    if rest.startswith("/"):
        namespace, _, rest = rest.partition(",")
        namespace = namespace.partition("?")[0]
    if not rest:
        return namespace, None
    if crowded(rest):
        return namespace, errors.InvalidPayload("The payload of CONNECT has too many values.")
    try:
        return namespace, _told(rest)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return namespace, errors.InvalidPayload("The payload of CONNECT is not valid JSON.")


def _told(payload: str) -> dict[str, str] | None:
    """What an auth payload tells, empty where it should be text; None when it is no object."""
    try:
        auth = _auth_in(payload)
    except msgspec.ValidationError:
        msgspec.json.decode(payload)  # is it JSON at all?
        return None
    fields = {"token": auth.token, "traceparent": auth.traceparent}
    return {name: _text(raw) for name, raw in fields.items() if bytes(raw) != b"null"}


def _text(raw: Raw) -> str:
    try:
        return _text_in(raw)
    except msgspec.ValidationError:
        return ""
