"""A client of the Engine.IO server, and the Protocol of what handles its connection.

Leaned on, and held by tests/transport/test_contract.py: `AsyncSocket.queue`, which is a `Mailbox`
(mailbox.py), and `.closed`.
"""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket

from service.sessions.session import Pulse
from service.transport.websocket.close_codes import POLICY_VIOLATION
from service.transport.websocket.line import MOST_UNREAD, Line
from service.wire.packets import EventPacket
from service.wire.rules import Rule

if TYPE_CHECKING:
    from service.transport.socketio.engine import Engine

Work = Coroutine[Any, Any, None]
"""What must be over before more is handled."""


class Peer(Protocol):
    """What the handler keeps of a connection, as far as the engine knows it."""

    @property
    def client(self) -> "Client":
        """Sends to the client."""
        ...

    @property
    def waiting(self) -> int:
        """Bytes that wait, of what it sent and of what it is sent."""
        ...


class ConnectionHandler(Protocol):
    """Hears what connections do."""

    def opened(self, client: "Client", environ: dict[str, Any]) -> Peer:
        """A transport is open; what is returned stands for the connection from now on."""
        ...

    async def connecting(self, peer: Any, socket_id: str, auth: object) -> None:
        """The client asks to connect; raises `ConnectionRefusedError` to refuse.

        `auth` is what it sent, or the error with which that is refused.
        """
        ...

    def relayed(self, peer: Any, frame: str) -> bool:
        """Take an Engine.IO frame that is a relay; False when it is none, or not the usual."""
        ...

    def received(self, peer: Any, packet: EventPacket) -> Work | None:
        """An event came in. Returns what to wait for before more is read.

        Raises:
            ProtocolError: it may not come yet.
        """
        ...

    def violated(self, peer: Any, rule: Rule) -> None:
        """The client broke a rule: its connection ends, or its try to upgrade one."""
        ...

    async def answered(self, peer: Any) -> None:
        """Wait until everything that came so far is answered."""
        ...

    def closed(self, peer: Any) -> None:
        """The connection is gone."""
        ...


class Client:
    """Sends packets to one client; `cut` ends its connection."""

    __slots__ = ("_engine", "_socket", "asked", "cut_off", "deaf", "known", "line", "why")

    def __init__(self, engine: "Engine", socket: Any) -> None:
        self._engine = engine
        self._socket = socket
        self.asked: set[str] = set()
        """The namespaces that the client has asked to connect to."""
        self.known = False
        """Whether the client's token has been found good."""
        self.deaf = False
        """Whether nothing more that the client sends is handled."""
        self.cut_off = False
        self.why = ""
        """What ended the connection, once it is cut."""
        self.line: Line | None = None
        """What writes without a queue, if the connection has come to that."""

    @property
    def pulse(self) -> Pulse:
        """How the client shows that it lives."""
        pulse: Pulse = self._socket
        return pulse

    @property
    def on_websocket(self) -> bool:
        """Whether the connection is a WebSocket, rather than long-polling."""
        upgraded: bool = self._socket.upgraded
        return upgraded

    def admit(self) -> None:
        """The client's token has been found good."""
        self.known = True
        if self._socket.frames is not None:
            self._socket.frames.known()

    def write(self, packet: bytes) -> None:
        """Send an encoded Socket.IO packet; after the end it goes nowhere."""
        if self.cut_off or self._socket.closed:
            return
        if self.line is not None:
            if not self.line.send(b"4" + packet):
                self.cut("slow")
            return
        self._socket.queue.put_nowait(EnginePacket(MESSAGE, packet.decode()))
        if self.queued() > MOST_UNREAD:
            self.cut("slow")

    def queued(self) -> int:
        """How much waits for the client, in bytes or characters, before the kernel has it."""
        if self.line is not None:
            return self.line.queued()
        size: int = self._socket.queue.size
        return size

    def waiting(self) -> int:
        """Bytes that wait for the client, and frames of it that wait for their turn."""
        frames = self._socket.frames
        return self.queued() + (0 if frames is None else frames.waiting)

    def cut(self, why: str, code: int = POLICY_VIOLATION) -> None:
        """End the connection, whatever the client does; `why` is one of a few words."""
        if not self.cut_off:
            self.why = self.why or why
            self.cut_off = self.deaf = True
            self._engine.ended(self.why)
            self._engine.spawn(self._engine.cut(self._socket, code))
