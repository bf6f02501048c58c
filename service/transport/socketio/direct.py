"""An Engine.IO connection on a WebSocket (line.py): no reading task, no queue, no writer.

Frames are handled as they are read. What must wait (a CONNECT, a crowded queue, an end) is a task
for as long as it takes, and the frames that come meanwhile wait behind it, in order.

Leaned on, beside what engine.py names, and held by tests/transport/test_contract.py:
`AsyncSocket.queue`, `.connected`, `.upgrading`, `.upgraded`, `.last_ping`, `.schedule_ping`, and
that the libraries write to a connection by `queue.put` and `.put_nowait` alone.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from engineio.packet import Packet as EnginePacket

from service.transport.socketio.client import Work
from service.transport.socketio.frames import acceptable, rule_against
from service.transport.websocket.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from service.transport.websocket.line import FrameReceiver, Line
from service.wire.rules import Rule

if TYPE_CHECKING:
    from service.transport.socketio.engine import Engine

_log = structlog.get_logger(__name__)

UPGRADE_WITHIN_S = 10
"""How long a WebSocket may take to replace polling, from its handshake on; else polling goes on."""
MOST_WAITING = 64
"""Frames that wait behind one, before no more is read."""
MOST_WAITING_BYTES = 64 * 1024
"""And characters of them."""
MOST_OF_A_READ = 1_024
"""Frames that wait although no more is read, since they had come already; more is a flood."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What stands where a frame should: which rule that broke, and what the line closes with."""

    rule: Rule
    code: int


class WriteThrough:
    """Stands where the libraries have a queue, and has everything written in this turn."""

    __slots__ = ("_direct",)

    def __init__(self, direct: "Direct") -> None:
        self._direct = direct

    def put_nowait(self, packet: EnginePacket) -> None:
        """Write a packet."""
        self._direct.send(packet.encode())

    async def put(self, packet: EnginePacket) -> None:
        """The same."""
        self.put_nowait(packet)


class Direct(FrameReceiver):
    """One connection: its frames in, its packets out."""

    __slots__ = (
        "_ending", "_engine", "_later", "_line", "_now", "_open", "_paused", "_peer", "_probed",
        "_relayed", "_socket", "_upgrade_by", "_working", "waiting",
    )  # fmt: skip

    def __init__(self, engine: "Engine", socket: Any, line: Line) -> None:
        self._engine = engine
        self._socket = socket
        self._peer = engine.peer(socket.sid)
        self._relayed = engine.handler.relayed
        self._now = asyncio.get_running_loop().time
        self._line = line
        self._open = False
        self._later: deque[str | Broken | None] | None = None
        self.waiting = 0
        """Characters of the frames that wait."""
        self._paused = False
        self._probed = False
        self._upgrade_by: asyncio.TimerHandle | None = None
        self._working: asyncio.Task[None] | None = None
        self._ending = False
        socket.frames = self
        line.serve(self)
        if self._peer.client.known:
            line.known()
        if socket.connected:
            socket.upgrading = True
            loop = asyncio.get_running_loop()
            self._upgrade_by = loop.call_later(UPGRADE_WITHIN_S, self._give_up, NORMAL_CLOSURE)
        else:
            socket.connected = True
            self._take_over()

    def send(self, packet: str) -> None:
        """Write an Engine.IO packet; a client that does not read is cut."""
        if not self._line.send(packet.encode()):
            self._peer.client.cut("slow")

    def known(self) -> None:
        """The client's token has been found good."""
        self._line.known()

    def finish(self, code: int) -> None:
        """Close, behind what is to be written; what is waited for concerns nobody any more."""
        if self._socket.upgrading:
            self._give_up(code)
        else:
            self._line.close(code)
        if self._later is not None:
            self._later.clear()
            self.waiting = 0
        if self._working is not None and not self._ending:
            self._working.cancel()

    # A `FrameReceiver`, which the line calls.

    def received(self, text: str) -> None:
        """A frame came."""
        self._socket.heard = self._now()
        if self._later is not None:
            self._wait(self._later, text)
        elif not (self._open and self._relayed(self._peer, text)) and (work := self._take(text)):
            self._later = deque()
            self._working = self._engine.spawn(self._work(work))

    def broken(self, rule: Rule, code: int) -> None:
        """A frame came that may not; what came before is handled first."""
        broken = Broken(rule, code)
        if self._later is not None:
            self._later.append(broken)
            self._line.ignore()  # of what follows nothing would be handled
        else:
            self._fail(broken)

    def crowded(self) -> None:
        """Too much waits of the client's address."""
        self._line.ignore()
        self._peer.client.cut("overloaded")

    def lost(self) -> None:
        """The transport is gone; what came before is still handled."""
        if self._later is not None:
            self._later.append(None)
        else:
            self._engine.spawn(self._end())

    def _wait(self, later: "deque[str | Broken | None]", text: str) -> None:
        """Keep a frame until those before it are handled."""
        later.append(text)
        self.waiting += len(text)
        if len(later) > MOST_OF_A_READ:
            self._line.ignore()
            self._peer.client.cut("flood")
        elif not self._paused and (
            len(later) >= MOST_WAITING or self.waiting >= MOST_WAITING_BYTES
        ):
            self._paused = True
            self._line.pause_reading()

    def _next(self, later: "deque[str | Broken | None]") -> "str | Broken | None":
        """The next frame of those that waited; when few are left, more are read."""
        frame = later.popleft()
        if isinstance(frame, str):
            self.waiting -= len(frame)
        if self._paused and len(later) < MOST_WAITING and self.waiting < MOST_WAITING_BYTES:
            self._paused = False
            self._line.resume_reading()
        return frame

    def _take(self, frame: "str | Broken | None") -> Work | None:
        """Handle a frame now, or return what there is to wait for."""
        if frame is None:
            return self._end()
        if isinstance(frame, Broken):
            self._fail(frame)
        elif not self._peer.client.deaf:
            return self._text(frame)
        return None

    def _text(self, frame: str) -> Work | None:
        socket = self._socket
        if socket.upgrading:
            self._upgrade(frame)
        elif frame.startswith("4") and acceptable(frame):
            return self._engine.message(socket.sid, self._peer, frame[1:])
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
            work = self._take(self._next(later))
        self._later = self._working = None

    def _upgrade(self, frame: str) -> None:
        """From polling, by a probe and an answer (Engine.IO v4, "Upgrade")."""
        socket = self._socket
        if not self._probed and frame == "2probe":
            self._probed = True
            self._line.send(b"3probe")
            socket.polling.probed()
        elif self._probed and frame == "5":
            self._take_over()
            self._settle()
        else:
            self._fail(Broken(Rule.UPGRADE, POLICY_VIOLATION))

    def _give_up(self, code: int) -> None:
        """Close a WebSocket that is not going to replace polling, which goes on."""
        self._line.close(code)
        self._settle()
        self._socket.frames = None

    def _settle(self) -> None:
        """The upgrade is over, well or not."""
        if self._upgrade_by is not None:
            self._upgrade_by.cancel()
            self._upgrade_by = None
        self._socket.upgrading = False
        self._socket.polling.settled()

    def _take_over(self) -> None:
        """Write what is queued, then have everything written here."""
        socket = self._socket
        queue, socket.queue = socket.queue, WriteThrough(self)
        socket.upgraded, socket.client.line = True, self._line
        self._open = True
        while not queue.empty():
            self.send(queue.get_nowait().encode())

    def _fail(self, broken: Broken) -> None:
        """End the connection, or the upgrade alone."""
        if self._socket.upgrading:
            self._engine.handler.violated(self._peer, broken.rule)
            self._give_up(broken.code)
        else:
            self._line.ignore()
            self._engine.broken(self._socket.sid, broken.rule, broken.code)

    async def _end(self, *, by_client: bool = False) -> None:
        """The WebSocket is over, and the connection with it, unless that still polls."""
        self._ending = True
        socket = self._socket
        if socket.upgraded:
            await self._engine.over(socket, by_client=by_client)
        elif socket.frames is self:
            socket.frames = None
            self._settle()
