"""An Engine.IO connection on a WebSocket: no reading task, no queue, no writing task.

Frames are handled as they are read. What must wait (a CONNECT, a crowded queue, an end) is a task
for as long as it takes, and the frames that come meanwhile wait behind it, in order.

tests/transport/test_contract.py holds that the libraries write to a connection by `send` alone,
which the heartbeat has.
"""

import asyncio
from collections import deque
from typing import NamedTuple

import structlog
from engineio.packet import Packet as EnginePacket

from service.tasks import Work
from service.transport.socketio.client import Client
from service.transport.socketio.packet_receiver import PacketReceiver, acceptable, rule_against
from service.transport.websocket.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from service.transport.websocket.websocket import FrameReceiver, WebSocket
from service.wire.violations import Rule

_log = structlog.get_logger(__name__)

UPGRADE_WITHIN_S = 10
"""How long a WebSocket may take to replace polling, from its handshake on; else polling goes on."""
MOST_WAITING = 64
"""Frames that wait behind one, before no more is read."""
MOST_WAITING_BYTES = 64 * 1024
"""And characters of them."""
MOST_OF_A_READ = 1_024
"""Frames that wait although no more is read, since they had come already; more is a flood."""


class Broken(NamedTuple):
    """A frame that may not come: the rule that it breaks, and the code to close with."""

    rule: Rule
    code: int


class WriteThrough:
    """Stands where the libraries have a queue; every packet is written in this turn."""

    __slots__ = ("_transport",)

    def __init__(self, transport: "WebSocketTransport") -> None:
        self._transport = transport

    def put_nowait(self, packet: EnginePacket) -> None:
        """Write a packet."""
        self._transport.send(packet.encode())


class WebSocketTransport(FrameReceiver):
    """One client's frames in, its packets out."""

    __slots__ = (
        "_client", "_connection", "_ending", "_later", "_now", "_open", "_paused", "_probed",
        "_receiver", "_relayed", "_socket", "_upgrade_by", "_websocket", "_working", "known",
        "waiting",
    )  # fmt: skip

    def __init__(self, client: Client, receiver: PacketReceiver, websocket: WebSocket) -> None:
        self._client = client
        self._connection = client.connection
        self._receiver = receiver
        self._relayed = receiver.relayed
        self._socket = socket = client.socket
        self._websocket = websocket
        self.known = websocket.known
        """Called when the client's token has been found good."""
        self._now = asyncio.get_running_loop().time
        self._open = False
        self._later: deque[str | Broken | None] | None = None
        self.waiting = 0
        """Characters of the frames that wait."""
        self._paused = False
        self._probed = False
        self._upgrade_by: asyncio.TimerHandle | None = None
        self._working: asyncio.Task[None] | None = None
        self._ending = False
        client.websocket = self
        websocket.serve(self)
        if client.known:
            websocket.known()
        if socket.connected:
            socket.upgrading = True
            loop = asyncio.get_running_loop()
            self._upgrade_by = loop.call_later(UPGRADE_WITHIN_S, self._give_up, NORMAL_CLOSURE)
        else:
            socket.connected = True
            self._take_over()

    def send(self, packet: str) -> None:
        """Write an Engine.IO packet; a client that does not read is cut."""
        if not self._websocket.send(packet.encode()):
            self.slow()

    def finish(self, code: int) -> None:
        """Close, behind what is to be written; what is waited for concerns nobody any more."""
        if self._socket.upgrading:
            self._give_up(code)
        else:
            self._websocket.close(code)
        if self._later is not None:
            self._later.clear()
            self.waiting = 0
        if self._working is not None and not self._ending:
            self._working.cancel()

    # What a `FrameReceiver` is told.

    def received(self, text: str) -> None:
        """A frame came."""
        self._socket.heard = self._now()
        if self._later is not None:
            self._wait(self._later, text)
        elif not (self._open and self._relayed(self._connection, text)) and (
            work := self._text(text)
        ):
            self._later = deque()
            self._working = self._client.tasks.spawn(self._work(work))

    def broken(self, rule: Rule, code: int) -> None:
        """A frame came that may not; what came before is handled first."""
        broken = Broken(rule, code)
        if self._later is not None:
            self._later.append(broken)
            self._websocket.ignore()  # of what follows nothing would be handled
        else:
            self._fail(broken)

    def crowded(self) -> None:
        """Too much waits of the client's address."""
        self._websocket.ignore()
        self._client.cut("overloaded")

    def slow(self) -> None:
        """The client reads too little of what is written."""
        self._client.cut("slow")

    def lost(self) -> None:
        """The transport is gone; what came before is still handled."""
        if self._later is not None:
            self._later.append(None)
        else:
            self._client.tasks.spawn(self._end())

    def _wait(self, later: "deque[str | Broken | None]", text: str) -> None:
        """Keep a frame until those before it are handled."""
        later.append(text)
        self.waiting += len(text)
        if len(later) > MOST_OF_A_READ:
            self._websocket.ignore()
            self._client.cut("flood")
        elif not self._paused and (
            len(later) >= MOST_WAITING or self.waiting >= MOST_WAITING_BYTES
        ):
            self._paused = True
            self._websocket.pause_reading()

    def _next(self, later: "deque[str | Broken | None]") -> "str | Broken | None":
        """The next frame of those that waited; when few are left, more are read."""
        frame = later.popleft()
        if isinstance(frame, str):
            self.waiting -= len(frame)
        if self._paused and len(later) < MOST_WAITING and self.waiting < MOST_WAITING_BYTES:
            self._paused = False
            self._websocket.resume_reading()
        return frame

    def _text(self, frame: str) -> Work | None:
        socket = self._socket
        if self._client.deaf:
            return None
        if socket.upgrading:
            self._upgrade(frame)
        elif frame.startswith("4") and acceptable(frame):
            return self._receiver.receive(self._client, frame[1:])
        elif frame == "1":
            return self._end(by_client=True)
        elif frame == "3" and socket.last_ping is not None:  # a pong answers a ping
            socket.schedule_ping()
        else:
            self._fail(Broken(rule_against(frame), POLICY_VIOLATION))
        return None

    async def _work(self, work: Work | None) -> None:
        later = self._later
        assert later is not None  # noqa: S101 - it is what `received` has begun
        while True:
            if work is not None:
                try:
                    await work
                except Exception:  # noqa: BLE001 - the boundary: logged, and the next frame is read
                    _log.exception("socket.receive_failed")
            if not later:
                break
            work, frame = None, self._next(later)
            if isinstance(frame, Broken):
                self._fail(frame)
            else:
                work = self._end() if frame is None else self._text(frame)
        self._later = self._working = None

    def _upgrade(self, frame: str) -> None:
        """From polling, by a probe and an answer (Engine.IO v4, "Upgrade")."""
        if not self._probed and frame == "2probe":
            self._probed = True
            self._websocket.send(b"3probe")
            self._client.polling.probed()
        elif self._probed and frame == "5":
            self._take_over()
            self._settle()
        else:
            self._fail(Broken(Rule.UPGRADE, POLICY_VIOLATION))

    def _give_up(self, code: int) -> None:
        """Close a WebSocket that is not going to replace polling, which goes on."""
        self._websocket.close(code)
        self._settle()
        self._client.websocket = None

    def _settle(self) -> None:
        """The upgrade is over, well or not."""
        if self._upgrade_by is not None:
            self._upgrade_by.cancel()
            self._upgrade_by = None
        self._socket.upgrading = False
        self._client.polling.settled()

    def _take_over(self) -> None:
        """Write what is queued, then have everything written here."""
        socket = self._socket
        queue, socket.queue = socket.queue, WriteThrough(self)
        socket.upgraded, self._client.writer = True, self._websocket
        self._open = True
        while not queue.empty():
            self.send(queue.get_nowait().encode())

    def _fail(self, broken: Broken) -> None:
        """End the connection, or the upgrade alone."""
        if self._socket.upgrading:
            self._receiver.violated(self._connection, broken.rule)
            self._give_up(broken.code)
        else:
            self._websocket.ignore()
            self._receiver.broken(self._client, broken.rule, broken.code)

    async def _end(self, *, by_client: bool = False) -> None:
        """The WebSocket is over, and the connection with it, unless that still polls."""
        self._ending = True
        socket = self._socket
        if socket.upgraded:
            await self._client.over(by_client=by_client)
        elif self._client.websocket is self:
            self._client.websocket = None
            self._settle()
