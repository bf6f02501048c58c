"""A client of the Engine.IO server: what is sent to it, and how its connection ends.

tests/transport/test_contract.py holds what this leans on of engineio.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket

from service.sessions.attachment import Pulse
from service.tasks import Tasks
from service.transport.socketio.packet_queue import PacketQueue
from service.transport.websocket.close_codes import POLICY_VIOLATION
from service.transport.websocket.websocket import MOST_UNREAD, WebSocket
from service.wire.packets import EVENT

_AT_ONCE = {"protocol_error", "overloaded"}
"""Endings of which a client that polls need not fetch word: its next request is refused."""


@dataclass(eq=False, slots=True)
class Client:
    """Sends packets to one client; `cut` ends its connection.

    Args:
        socket: the libraries' connection.
        tasks: run the end.
        ended: told why, once the connection is cut.
    """

    socket: Any
    tasks: Tasks
    ended: Callable[[str], None]
    connection: Any = None
    """What the connection's handler keeps of it."""
    asked: set[str] = field(default_factory=set)
    """The namespaces that the client has asked to connect to."""
    known: bool = False
    """Whether the client's token has been found good."""
    deaf: bool = False
    """Whether nothing more that the client sends is handled."""
    cut_off: bool = False
    why: str = ""
    """What ended the connection, once it is cut."""
    polling: Any = None
    """The `Polling` that serves it, if it has polled."""
    websocket: Any = None
    """The `WebSocketTransport` that serves it, or is to replace polling, if there is one."""
    writer: WebSocket | None = None
    """Where packets are written without a queue, once the connection is a WebSocket."""

    @property
    def pulse(self) -> Pulse:
        """How the client shows that it lives."""
        pulse: Pulse = self.socket
        return pulse

    def admit(self) -> None:
        """The client's token has been found good."""
        self.known = True
        if self.websocket is not None:
            self.websocket.known()

    def write(self, packet: bytes) -> None:
        """Send an encoded Socket.IO packet; after the end it goes nowhere."""
        if self.cut_off or self.socket.closed:
            return
        if self.writer is not None:
            if not self.writer.send(b"4" + packet):
                self.cut("slow")
            return
        self.socket.queue.put_nowait(EnginePacket(MESSAGE, packet.decode()))
        if self.queued() > MOST_UNREAD:
            self.cut("slow")

    def emit(self, event: str, payload: bytes) -> None:
        """Write one event to a client that has no session, its JSON payload ready."""
        self.write(EVENT % (event.encode(), payload))

    def queued(self) -> int:
        """How much waits for the client, in bytes or characters, before the kernel has it."""
        if self.writer is not None:
            return self.writer.queued()
        size: int = self.socket.queue.size
        return size

    def waiting(self) -> int:
        """Bytes that wait for the client, and frames of it that wait for their turn."""
        frames: int = 0 if self.websocket is None else self.websocket.waiting
        return self.queued() + frames

    def cut(self, why: str, code: int = POLICY_VIOLATION) -> None:
        """End the connection, whatever the client does; `why` is one of a few words."""
        if not self.cut_off:
            self.why = self.why or why
            self.cut_off = self.deaf = True
            self.ended(self.why)
            self.tasks.spawn(self._end(code))

    async def over(self, *, by_client: bool) -> None:
        """The client's WebSocket is gone, or the client has said goodbye."""
        reason = self.socket.server.reason
        await self._close(reason.CLIENT_DISCONNECT if by_client else reason.TRANSPORT_CLOSE)

    async def _close(self, reason: str | None = None) -> None:
        socket = self.socket
        await socket.close(wait=False, abort=True, reason=reason)
        socket.server.sockets.pop(socket.sid, None)

    async def _end(self, code: int) -> None:
        """Send what is queued, then a close frame or the CLOSE packet of polling."""
        socket = self.socket
        if self.websocket is not None:
            self.websocket.finish(code)
        at_once = self.why in _AT_ONCE
        if not (socket.upgraded or socket.closing or (at_once and socket.queue.empty())):
            await self.polling.finish()
        await self._close()
        if not socket.upgrading:
            self._untie()

    def _untie(self) -> None:
        """Let go of all that holds this, so that a connection that is over is freed at once.

        The collector of cyclic garbage stops everything for as long as it takes: for 500 ms where
        strangers came and went.
        """
        if self.polling is not None:
            self.polling.forget()
        self.socket.queue = PacketQueue()  # a `WriteThrough` holds what holds the connection
        self.socket.client = self.connection = self.polling = self.websocket = None
