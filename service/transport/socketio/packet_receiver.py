"""What clients send, over either transport: Engine.IO and Socket.IO packets, and broken rules.

Leaned on, and held by tests/transport/test_contract.py: `AsyncServer._handle_connect`, which
decides on a CONNECT, and `._handle_disconnect`.
"""

import asyncio
import contextlib
from typing import Any, Protocol

from starlette.types import Scope

from service.errors import InvalidPayload
from service.tasks import Work
from service.transport.socketio.client import Client
from service.transport.socketio.connect_packet import Auth, decode_connect
from service.transport.websocket.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from service.wire.packets import EventPacket, PacketType, decode_event, packet_type
from service.wire.violations import ProtocolError, Rule

MOST_NAMESPACES = 8  # all but one are refused, each once
_ANSWERED_WITHIN_S = 1.0
"""How long what came before a broken frame may take to be answered."""


class Refusal(Exception):
    """A CONNECT is refused: a message, and data for the client where there are any."""


class ConnectionHandler(Protocol):
    """Hears what clients do: `Connections`. What that keeps of one is opaque to this folder."""

    def opened(self, client: Client, scope: Scope) -> Any:
        """A transport is open, by this request; what is returned stands for the connection."""

    async def connecting(
        self, connection: Any, socket_id: str, auth: Auth | InvalidPayload
    ) -> None:
        """The client asks to connect; raises `Refusal` to refuse.

        `auth` is what it sent, or the error with which that is refused.
        """

    def relayed(self, connection: Any, frame: str) -> bool:
        """Take an Engine.IO frame that is a relay; False when it is none, or not the usual."""

    def received(self, connection: Any, packet: EventPacket) -> Work | None:
        """An event came in. Returns what to wait for before more is read.

        Raises:
            ProtocolError: it may not come yet.
        """

    def violated(self, connection: Any, rule: Rule) -> None:
        """The client broke a rule: its connection ends, or its try to upgrade one."""

    async def answered(self, connection: Any) -> None:
        """Wait until everything that came so far is answered."""

    def closed(self, connection: Any) -> None:
        """The connection is gone."""


class PacketReceiver:
    """Takes the packets of every client.

    Args:
        server: python-socketio's, which has the CONNECT exchange.
        handler: hears of events and broken rules.
    """

    def __init__(self, server: Any, handler: ConnectionHandler) -> None:
        self._server = server
        self._handler = handler
        self.relayed = handler.relayed
        self.violated = handler.violated

    def receive(self, client: Client, packet: str) -> Work | None:
        """Handle a Socket.IO packet now, or return what there is to wait for before the next."""
        if client.deaf:
            return None
        try:
            kind = packet_type(packet)
            if kind is PacketType.EVENT:
                return self._handler.received(client.connection, decode_event(packet))
            if kind is PacketType.CONNECT:
                return self._connect(client, packet)
            if packet in {"1", "1/,"}:
                return self._leave(client)
        except ProtocolError as error:
            self.broken(client, error.rule)
        else:
            self.broken(client, Rule.NAMESPACE if packet[1:2] == "/" else Rule.PACKET)
        return None

    def broken(self, client: Client, rule: Rule, code: int = POLICY_VIOLATION) -> None:
        """Hear no more of a client that broke a rule, and end it once it has its answers."""
        if not client.deaf:
            client.deaf, client.why = True, "protocol_error"
            self.violated(client.connection, rule)
            client.tasks.spawn(self._fail(client, client.connection, code))

    async def _fail(self, client: Client, connection: Any, code: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                await self._handler.answered(connection)
        client.cut("protocol_error", code)

    def _connect(self, client: Client, packet: str) -> Work | None:
        """A client asks once for a namespace, so that no retry can mend a refusal."""
        namespace, auth = decode_connect(packet)
        if namespace in client.asked or len(client.asked) == MOST_NAMESPACES:
            raise ProtocolError(Rule.CONNECT_ONCE)
        client.asked.add(namespace)
        if namespace == "/":
            work: Work = self._server._handle_connect(client.socket.sid, namespace, auth)  # noqa: SLF001
            return work
        client.write(f'4{namespace},{{"message":"Invalid namespace"}}'.encode())
        return None

    async def _leave(self, client: Client) -> None:
        await self._server._handle_disconnect(client.socket.sid, "/")  # noqa: SLF001
        client.cut("client", NORMAL_CLOSURE)


def acceptable(frame: str) -> bool:
    """Whether a client may send this Engine.IO v4 packet: text, of a known kind, not empty.

    A message begins with a digit: what else there is, the libraries would parse as JSON.
    """
    return (frame[:1] == "4" and "0" <= frame[1:2] <= "9") or frame in {"1", "3"}


def rule_against(frame: str) -> Rule:
    """The rule that a frame breaks which no client may send now."""
    if frame == "3":
        return Rule.PONG
    return Rule.BINARY if frame.startswith("b") else Rule.ENGINE_PACKET
