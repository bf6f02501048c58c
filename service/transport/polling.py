"""Long-polling of one connection: a GET that waits for packets, a POST that brings some.

Engine.IO v4, "HTTP long-polling": one of each at a time. Nothing leaves the mailbox for a client
that has hung up, so that its next GET has it.

Leaned on, beside what engine.py and frames.py name: `AsyncSocket.schedule_ping`, at a pong.
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import structlog
from engineio.packet import CLOSE, NOOP
from engineio.packet import Packet as EnginePacket
from starlette.responses import Response
from starlette.types import Receive, Scope

from service import errors
from service.transport.body import whole_body
from service.transport.frames import acceptable
from service.transport.http.problems import problem
from service.transport.mailbox import Mailbox
from service.transport.requests import BAD_REQUEST, MALFORMED

if TYPE_CHECKING:
    from service.transport.engine import Engine

_log = structlog.get_logger(__name__)

MOST_PACKETS = 16
"""Packets of one response: clients on python-engineio refuse more."""
_SEPARATOR = "\x1e"
_NUDGE_S = 0.1
"""How long a poll waits while a WebSocket is being tried, so that the client can pause polling."""
_HANG_UP_S = 0.1
"""How long a second poll waits for the first, which the client may have hung up unheard as yet."""
_LAST_WORDS_S = 0.5
"""How long a client has to fetch what was queued for it before it is cut."""


class Polling:
    """The GET that waits and the POST that is read, if there are any."""

    __slots__ = (
        "_engine", "_fetched", "_instead", "_mailbox", "_peer", "_posting", "_probed", "_socket",
        "_turn", "_wake",
    )  # fmt: skip

    def __init__(self, engine: "Engine", socket: Any) -> None:
        self._engine = engine
        self._socket = socket
        self._peer = engine.peer(socket.sid)
        self._mailbox: Mailbox = socket.queue
        self._turn = asyncio.Lock()
        self._wake: asyncio.Event | None = None
        self._instead: int | None = None
        self._fetched: asyncio.Event | None = None
        self._posting = False
        self._probed = False

    async def get(self, receive: Receive) -> Response | None:
        """Wait for packets; None when the client has hung up.

        A second poll at a time is refused, and the connection ended.
        """
        try:
            async with asyncio.timeout(_HANG_UP_S):
                await self._turn.acquire()
        except TimeoutError:
            self._break()
            return BAD_REQUEST.response()
        try:
            packets = await self._packets(receive)
        finally:
            self._turn.release()
        return text(_SEPARATOR.join(packet.encode() for packet in packets)) if packets else None

    async def post(self, scope: Scope, receive: Receive, most_bytes: int) -> Response:
        """Handle the packets of a body, in order.

        A second body at a time is refused, and the connection ended; so is a malformed one.
        """
        if self._posting:
            self._break()
            return BAD_REQUEST.response()
        self._posting = True
        try:
            body = await whole_body(scope, receive, most_bytes)
            good = await self._handle(body.decode().split(_SEPARATOR))
        except UnicodeDecodeError:
            good = False
        except errors.InvalidPayload as error:
            self._break()
            return problem(error)
        finally:
            self._posting = False
        if good:
            return text("ok")
        self._break()
        return MALFORMED.response()

    def probed(self) -> None:
        """A WebSocket is being tried: polls end soon, so that the client can pause polling."""
        self._probed = True
        self._answer(NOOP)

    def settled(self) -> None:
        """The WebSocket has taken over, or has failed."""
        self._probed = False
        if self._wake is not None:
            self._wake.set()

    async def finish(self) -> None:
        """Have what is queued fetched, and a CLOSE packet behind it; bounded by half a second."""
        self._fetched = asyncio.Event()
        self._mailbox.put_nowait(EnginePacket(CLOSE))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._fetched.wait()

    def over(self, *, by_client: bool) -> None:
        """The connection has ended; a poll that waits is answered."""
        self._answer(NOOP if by_client else CLOSE)

    def _answer(self, kind: int) -> None:
        """Have the poll that waits, if there is one, answered with this when there is nothing."""
        if self._wake is not None:
            self._instead = kind
            self._wake.set()

    async def _packets(self, receive: Receive) -> list[EnginePacket]:
        self._instead = None
        self._wake = wake = asyncio.Event()
        self._mailbox.filled = wake.set
        hanging_up = asyncio.create_task(_hung_up(receive))
        hanging_up.add_done_callback(lambda _: wake.set())
        try:
            while not hanging_up.done():
                if packets := self._now():
                    return packets
                wake.clear()
                async with asyncio.timeout(_NUDGE_S if self._probed else None):
                    await wake.wait()
        except TimeoutError:
            return [EnginePacket(NOOP)]
        finally:
            hanging_up.cancel()
            self._wake = self._mailbox.filled = None
        return []

    def _now(self) -> list[EnginePacket]:
        """What there is to answer at once."""
        if self._socket.upgraded:
            return [EnginePacket(NOOP)]
        packets = self._mailbox.take(MOST_PACKETS)
        if self._fetched is not None and self._mailbox.empty():
            self._fetched.set()
        if not packets and self._instead is not None:
            packets = [EnginePacket(self._instead)]
        return packets

    async def _handle(self, packets: list[str]) -> bool:
        """Handle what a body brought, up to what is malformed; whether all was good."""
        for packet in packets:
            if not acceptable(packet):
                return False
            if packet == "3":
                if self._socket.last_ping is not None:  # a pong answers a ping
                    self._socket.schedule_ping()
            elif packet == "1":
                await self._engine.over(self._socket, by_client=True)
            elif not self._peer.wire.cut_off:
                await self._message(packet)
        return self._peer.wire.why != "protocol_error"

    async def _message(self, packet: str) -> None:
        if self._engine.switchboard.relayed(self._peer, packet):
            return
        try:
            if work := self._engine.message(self._socket.sid, self._peer, packet[1:]):
                await work
        except Exception:  # noqa: BLE001 - the boundary: logged, and the next packet is handled
            _log.exception("socket.receive_failed")

    def _break(self) -> None:
        self._peer.wire.cut("protocol_error")


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def text(body: str | bytes) -> Response:
    """Packets as a response, or that theirs have been handled."""
    return Response(
        body, headers={"Cache-Control": "no-store"}, media_type="text/plain; charset=UTF-8"
    )
